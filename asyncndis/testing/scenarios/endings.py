"""Endings in the middle of traffic: halt, unbind, sleep, and hardware that is pulled out."""

from anyio import create_task_group

from asyncndis.base import NdisStatus
from asyncndis.ndis import AdapterState, PnpEvent, PowerState
from asyncndis.nic import BusMasterNic, Dice, Wire
from asyncndis.testing.checks import check_equal, check_load, check_that, check_traffic
from asyncndis.testing.computers import Hoarder, Talker, open_computer, open_pair
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["ENDINGS"]

_SLOW = 10_000_000  # bit/s: a frame takes a noticeable time
_FRAMES = 200
_SUCCESS = NdisStatus.SUCCESS
_GIVEN_UP = frozenset({NdisStatus.REQUEST_ABORTED, NdisStatus.CLOSING, NdisStatus.FAILURE})


def _moment(dice: Dice) -> float:
    """A moment at which frames of a slow link are on their way, in seconds."""
    return (500 + dice.below("moment", 5000)) / 1_000_000


@scenario()
async def halt_under_send(seed: int) -> None:
    """An adapter is halted while it sends: each send ends, and its protocol is unbound first."""
    async with open_pair(bits_per_second=_SLOW) as (left, right):
        said: list[int] = []

        async def say() -> None:
            said.append(await left.talker.say(left.frames_to(right, _FRAMES)))

        async with create_task_group() as tasks:
            tasks.start_soon(say)
            await let_pass(_moment(Dice(seed)))
            await left.stack.ndis.halt_adapter(left.adapter)
        await let_pass(1)
        check_equal("the adapter", left.adapter.state, AdapterState.HALTED)
        check_that("it was halted in the middle", said[0] < _FRAMES)
        check_load(left, right, said[0], endings=_GIVEN_UP)


@scenario()
async def halt_under_receive(seed: int) -> None:
    """An adapter is halted while it receives: the halt waits for the packets that are lent."""
    dice = Dice(seed)
    hoarder = Hoarder(name="hoarder")
    defers = dice.happens("deferring", 0.5)
    async with open_pair(bits_per_second=_SLOW, right=hoarder, rx_ring=256, defers=defers) as (left, right):
        async with create_task_group() as tasks:
            tasks.start_soon(left.talker.say, left.frames_to(right, _FRAMES))
            await let_pass(_moment(dice))
            check_that("packets are lent", hoarder.hoarded)
            await right.stack.ndis.halt_adapter(right.adapter)
        await let_pass(1)
        check_equal("the adapter", right.adapter.state, AdapterState.HALTED)
        check_equal("packets that are lent", hoarder.hoarded, 0)
        check_equal("how sends ended", left.talker.outcomes, {_SUCCESS: _FRAMES})
        numbers = hoarder.numbers
        check_equal("numbers heard", numbers, list(range(len(numbers))))
        check_that("it was halted in the middle", len(numbers) < _FRAMES)


@scenario()
async def unbind_under_send(seed: int) -> None:
    """One of two protocols is unbound while both send: its sends end, the other one goes on."""
    dice = Dice(seed)
    other = Talker(name="other")
    wire = Wire()
    async with (
        open_computer(wire, nic=BusMasterNic("left", link_bits_per_second=_SLOW), others=(other,)) as left,
        open_computer(wire, nic=BusMasterNic("right", link_bits_per_second=_SLOW)) as right,
    ):
        said: list[int] = []

        async def say() -> None:
            said.append(await left.talker.say(left.frames_to(right, _FRAMES)))

        async with create_task_group() as tasks:
            tasks.start_soon(say)
            tasks.start_soon(other.say, left.frames_to(right, _FRAMES, first=_FRAMES))
            await let_pass(_moment(dice))
            await left.stack.ndis.unbind(left.binding)
        await let_pass(1)
        check_that("it was unbound in the middle", said[0] < _FRAMES)
        check_equal("sends of the first that have ended", left.talker.outcomes.total(), said[0])
        check_equal("how sends of the other ended", other.outcomes, {_SUCCESS: _FRAMES})
        numbers = [number for number in right.talker.numbers if number >= _FRAMES]
        check_equal("numbers heard of the other", numbers, list(range(_FRAMES, 2 * _FRAMES)))


@scenario()
async def power_cycle_d3_d0(seed: int) -> None:
    """An adapter falls asleep while it sends and hears, and wakes up as it was."""
    dice = Dice(seed)
    sleeper = _Sleeper(name="sleeper")
    async with open_pair(bits_per_second=_SLOW, left=sleeper) as (left, right):
        async with create_task_group() as tasks:
            tasks.start_soon(sleeper.say, left.frames_to(right, _FRAMES))
            tasks.start_soon(right.talker.say, right.frames_to(left, _FRAMES))
            await let_pass(_moment(dice))
            await left.stack.ndis.set_power(left.adapter, PowerState.D3)
            await let_pass(1)
            check_equal("the adapter", left.adapter.state, AdapterState.LOW_POWER)
            check_equal("sends in flight", left.adapter.statistics().sends.in_flight, 0)
            await left.stack.ndis.set_power(left.adapter, PowerState.D0)
        await let_pass(1)
        check_equal("what the protocol was told", sleeper.events, [PowerState.D3, PowerState.D0])
        check_load(left, right, _FRAMES, endings=_GIVEN_UP | {NdisStatus.ADAPTER_NOT_READY})
        check_equal("how sends of the other ended", right.talker.outcomes, {_SUCCESS: _FRAMES})
        await check_traffic(left, right, dice)
        await check_traffic(right, left, dice)


@scenario()
async def surprise_removal_under_load(seed: int) -> None:
    """A NIC is pulled out while it sends and hears: its driver fails what it had, and ends without touching it."""
    hoarder = Hoarder(name="hoarder")
    async with open_pair(bits_per_second=_SLOW, left=hoarder) as (left, right):
        said: list[int] = []

        async def say() -> None:
            said.append(await hoarder.say(left.frames_to(right, _FRAMES)))

        async with create_task_group() as tasks:
            tasks.start_soon(say)
            tasks.start_soon(right.talker.say, right.frames_to(left, _FRAMES))
            await let_pass(_moment(Dice(seed)))
            check_that("packets are lent", hoarder.hoarded)
            await left.stack.ndis.surprise_remove(left.adapter)
        await let_pass(1)
        check_equal("the adapter", left.adapter.state, AdapterState.HALTED)
        check_that("it was pulled out in the middle", hoarder.outcomes[_SUCCESS] < _FRAMES)
        check_load(left, right, said[0], endings=_GIVEN_UP | {NdisStatus.ADAPTER_REMOVED})
        check_equal("how sends of the other ended", right.talker.outcomes, {_SUCCESS: _FRAMES})


class _Sleeper(Talker):
    """Notes how its adapter is put to sleep."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.events: list[object] = []

    def pnp_event(self, binding: object, event: PnpEvent, data: object) -> None:
        if event is PnpEvent.SET_POWER:
            self.events.append(data)


ENDINGS: tuple[Scenario, ...] = (
    halt_under_send,
    halt_under_receive,
    unbind_under_send,
    power_cycle_d3_d0,
    surprise_removal_under_load,
)
