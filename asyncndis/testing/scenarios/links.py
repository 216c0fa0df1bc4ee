"""Links: two computers hear each other, lose each other for a short or a long time, and find each other again."""

from anyio import create_task_group

from asyncndis.base import NdisStatus
from asyncndis.nic import BusMasterNic, Dice, Wire
from asyncndis.testing.checks import check_equal, check_that, check_traffic
from asyncndis.testing.computers import Computer, open_computer, open_pair
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["LINKS"]

_CONNECT, _DISCONNECT = NdisStatus.MEDIA_CONNECT, NdisStatus.MEDIA_DISCONNECT


@scenario()
async def connect_100_packets(seed: int) -> None:
    """Both computers send a hundred frames of any length at once; each arrives once, whole and in order."""
    async with open_pair(rx_ring=128) as (left, right), create_task_group() as tasks:
        tasks.start_soon(check_traffic, left, right, Dice(seed), 100)
        tasks.start_soon(check_traffic, right, left, Dice(seed + 1), 100)


@scenario()
async def link_check_short(seed: int) -> None:
    """The wire is cut for a second, some times over: everybody is told, sends fail meanwhile and work afterwards."""
    dice = Dice(seed)
    wire = Wire()
    async with open_pair(wire) as (left, right):
        for _ in range(3):
            await check_traffic(left, right, dice)
            await cut_and_mend(wire, left, right, 1 + dice.below("pause", 1000) / 1000)
        await check_traffic(right, left, dice)
        for computer in (left, right):
            check_equal("what a protocol was told", computer.talker.told, [_DISCONNECT, _CONNECT] * 3)


@scenario(limit=120)
async def link_check_long(seed: int) -> None:
    """The wire is cut for more than half a minute: no check for hang takes that for a hang."""
    dice = Dice(seed)
    wire = Wire()
    async with open_pair(wire) as (left, right):
        await check_traffic(left, right, dice)
        await cut_and_mend(wire, left, right, 31 + dice.below("pause", 10))
        await check_traffic(left, right, dice)
        for computer in (left, right):
            check_that("checks for hang went on", computer.adapter.hang.checks >= 15)
            check_equal("resets", computer.adapter.statistics().resets, 0)


@scenario()
async def link_check_reload(seed: int) -> None:
    """The wire is cut, a driver is unloaded and loaded again, and the wire is mended."""
    dice = Dice(seed)
    wire = Wire()
    nic = BusMasterNic("left", tx_ring=32, rx_ring=32)
    async with open_computer(wire, nic=BusMasterNic("right", tx_ring=32, rx_ring=32)) as right:
        async with open_computer(wire, nic=nic) as left:
            await check_traffic(left, right, dice)
            wire.set_up(False)
            await let_pass(1)
        async with open_computer(wire, nic=nic) as left:
            check_equal("the link of one that starts without", left.stack.link, "down")
            await let_pass(1)
            wire.set_up(True)
            await let_pass(1)
            check_equal("the links", (left.stack.link, right.stack.link), ("up", "up"))
            check_equal("what a protocol was told", left.talker.told, [_CONNECT])
            await check_traffic(left, right, dice)
            await check_traffic(right, left, dice)


async def cut_and_mend(wire: Wire, left: Computer, right: Computer, seconds: float) -> None:
    """Cut a wire for a time; both computers find out, and what they send meanwhile fails."""
    failed = left.talker.outcomes[NdisStatus.FAILURE]
    wire.set_up(False)
    await let_pass(seconds / 2)
    check_equal("the links", (left.stack.link, right.stack.link), ("down", "down"))
    await left.talker.say(left.frames_to(right, 10))
    await let_pass(seconds / 2)
    check_equal("sends that failed", left.talker.outcomes[NdisStatus.FAILURE] - failed, 10)
    wire.set_up(True)
    await let_pass(0.1)
    check_equal("the links", (left.stack.link, right.stack.link), ("up", "up"))


LINKS: tuple[Scenario, ...] = (connect_100_packets, link_check_short, link_check_long, link_check_reload)
