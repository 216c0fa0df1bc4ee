"""A life: an hour of traffic in which everything that can happen to a link and a NIC happens, again and again."""

from collections.abc import Awaitable, Callable

from anyio import create_task_group

from asyncndis.ndis import PowerState
from asyncndis.nic import Control, Dice, Register, Wire
from asyncndis.testing.checks import check_equal, check_traffic
from asyncndis.testing.computers import Computer, open_pair
from asyncndis.testing.invariants import assert_stack_at_rest
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["LIFE"]

_ROUNDS = 30
_ROUND = 120.0  # in seconds
_FRAMES = 10
_RECOVERY = 15.0  # in seconds: two checks for hang, a reset, and some more

Fault = Callable[[Wire, Computer, Dice], Awaitable[None]]


async def _nothing(_wire: Wire, _computer: Computer, dice: Dice) -> None:
    await let_pass(1 + dice.below("seconds", 20))


async def _flap(wire: Wire, _computer: Computer, dice: Dice) -> None:
    wire.set_up(False)
    await let_pass((1 + dice.below("milliseconds", 30_000)) / 1000)
    wire.set_up(True)


async def _reset(_wire: Wire, computer: Computer, _dice: Dice) -> None:
    await computer.binding.reset()


async def _hang(_wire: Wire, computer: Computer, _dice: Dice) -> None:
    computer.nic.write(Register.CONTROL, Control.RX_ENABLE)


async def _sleep(_wire: Wire, computer: Computer, dice: Dice) -> None:
    ndis = computer.stack.ndis
    await ndis.set_power(computer.adapter, PowerState.D3)
    await let_pass(1 + dice.below("seconds", 20))
    await ndis.set_power(computer.adapter, PowerState.D0)


_FAULTS: tuple[Fault, ...] = (_nothing, _flap, _reset, _hang, _sleep)


@scenario(limit=2 * _ROUNDS * _ROUND)
async def day_of_life(seed: int) -> None:
    """An hour of sends, cut wires, resets, hangs and sleep: soon after each everything is at rest, and works."""
    dice = Dice(seed)
    wire = Wire()
    async with open_pair(wire) as (left, right):
        for _ in range(_ROUNDS):
            fault = _FAULTS[dice.below("fault", len(_FAULTS))]
            victim = (left, right)[dice.below("victim", 2)]
            async with create_task_group() as tasks:
                tasks.start_soon(left.talker.say, left.frames_to(right, _FRAMES))
                tasks.start_soon(right.talker.say, right.frames_to(left, _FRAMES))
                await let_pass(dice.below("microseconds", 20) / 1_000_000)
                await fault(wire, victim, dice)
            await left.talker.say(left.frames_to(right, _FRAMES))  # a NIC that hangs shows only when it is to send
            await right.talker.say(right.frames_to(left, _FRAMES))
            await let_pass(_RECOVERY)
            for computer, other in ((left, right), (right, left)):
                check_equal("sends that have ended", computer.talker.outcomes.total(), 2 * _FRAMES)
                assert_stack_at_rest(computer.stack)
                await check_traffic(computer, other, dice, 3)
            for computer in (left, right):
                computer.talker.forget()
            await let_pass(_ROUND - _RECOVERY - 1)


LIFE: tuple[Scenario, ...] = (day_of_life,)
