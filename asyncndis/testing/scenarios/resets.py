"""Resets: in the middle of sends, of receives, pended, and asked for by the check for hang."""

from typing import Any

from anyio import create_task_group

from asyncndis.base import NdisStatus
from asyncndis.drivers import BusMasterMiniport
from asyncndis.kernel import Timer
from asyncndis.ndis import Adapter, Oid, OidRequest, RequestType
from asyncndis.nic import Control, Dice, Register
from asyncndis.testing.checks import check_equal, check_load, check_that, check_traffic
from asyncndis.testing.computers import Computer, Hoarder, open_pair
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["RESETS"]

_SLOW = 10_000_000  # bit/s: a frame takes a noticeable time
_FRAMES = 200
_ABORTED = NdisStatus.REQUEST_ABORTED
_IN_PROGRESS = NdisStatus.RESET_IN_PROGRESS
_START, _END = NdisStatus.RESET_START, NdisStatus.RESET_END


@scenario()
async def reset_under_send(seed: int) -> None:
    """An adapter is reset again and again while it sends: each send ends once, and it sends and hears afterwards."""
    dice = Dice(seed)
    async with open_pair(bits_per_second=_SLOW) as (left, right):
        async with create_task_group() as tasks:
            tasks.start_soon(left.talker.say, left.frames_to(right, _FRAMES))
            await reset_often(left, dice)
        await let_pass(1)
        check_equal("what the protocol was told", left.talker.told, [_START, _END] * 4)
        check_that("a reset met sends", left.talker.outcomes[_ABORTED])
        check_load(left, right, _FRAMES, endings=frozenset({_ABORTED, _IN_PROGRESS}))
        await check_traffic(left, right, dice)
        await check_traffic(right, left, dice)


@scenario()
async def reset_under_receive(seed: int) -> None:
    """An adapter is reset while it receives and its packets are lent: they come home later, and it hears again."""
    dice = Dice(seed)
    hoarder = Hoarder(name="hoarder")
    async with open_pair(bits_per_second=_SLOW, right=hoarder) as (left, right):
        async with create_task_group() as tasks:
            tasks.start_soon(left.talker.say, left.frames_to(right, _FRAMES))
            await reset_often(right, dice)
        await let_pass(1)
        check_equal("how sends ended", left.talker.outcomes, {NdisStatus.SUCCESS: _FRAMES})
        check_equal("numbers heard", hoarder.numbers, sorted(set(hoarder.numbers)))
        check_that("packets are lent over resets", hoarder.hoarded)
        hoarder.give_back()
        await check_traffic(left, right, dice)
        hoarder.give_back()
        await check_traffic(right, left, dice)


@scenario()
async def reset_pended(seed: int) -> None:
    """A miniport pends its reset: sends, requests and further resets are refused until it is complete."""
    dice = Dice(seed)
    slow = _SlowReset(milliseconds=100 + dice.below("milliseconds", 400))
    async with open_pair(miniport=slow) as (left, right):
        async with create_task_group() as tasks:
            tasks.start_soon(left.binding.reset)
            await let_pass(0.01)
            check_equal("the adapter", left.stack.link, "resetting")
            check_equal("a second reset", left.binding.reset_nowait(), _IN_PROGRESS)
            request = OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_LINK_SPEED, bytearray(4))
            check_equal("a request", left.binding.request_nowait(request), _IN_PROGRESS)
            await left.talker.say(left.frames_to(right, 10))
            check_equal("how sends ended", left.talker.outcomes, {_IN_PROGRESS: 10})
        check_equal("resets", (slow.resets, left.adapter.statistics().resets), (1, 1))
        check_equal("what the protocol was told", left.talker.told, [_START, _END])
        await check_traffic(left, right, dice)
        await check_traffic(right, left, dice)


@scenario()
async def hang_and_recover(seed: int) -> None:
    """A NIC stops fetching frames: the check for hang finds out, and a reset brings it back."""
    dice = Dice(seed)
    async with open_pair() as (left, right):
        await check_traffic(left, right, dice)
        left.nic.write(Register.CONTROL, Control.RX_ENABLE)  # the transmitter is off, as by a fault of the hardware
        count = 1 + dice.below("frames", 60)
        await left.talker.say(left.frames_to(right, count))
        check_equal("sends in flight", left.adapter.statistics().sends.in_flight, count)
        await let_pass(10)
        check_equal("sends given up", left.talker.outcomes[_ABORTED], count)
        check_equal("resets", left.adapter.statistics().resets, 1)
        await check_traffic(left, right, dice)
        await check_traffic(right, left, dice)


async def reset_often(computer: Computer, dice: Dice) -> None:
    """Reset an adapter four times, while frames of a slow link are on their way."""
    for _ in range(4):
        await let_pass((1 + dice.below("pause", 2000)) / 1_000_000)
        await computer.binding.reset()


class _SlowReset(BusMasterMiniport):
    """Needs a while for a reset."""

    _timer: Timer

    def __init__(self, *, milliseconds: int) -> None:
        super().__init__(name="slow to reset")
        self._milliseconds = milliseconds
        self.resets = 0

    async def initialize(self, adapter: Adapter) -> None:
        await super().initialize(adapter)
        self._timer = adapter.timer(self._finish, name="reset")

    async def halt(self) -> None:
        self._timer.cancel()
        await super().halt()

    def reset(self) -> Any:
        self._timer.set(self._milliseconds)
        return NdisStatus.PENDING

    def _finish(self) -> None:
        self.resets += 1
        status, addressing_reset = super().reset()
        self.adapter.reset_complete(status, addressing_reset=addressing_reset)


RESETS: tuple[Scenario, ...] = (reset_under_send, reset_under_receive, reset_pended, hang_and_recover)
