"""Losses: what a bad wire and a full ring do to frames, and whether everybody's counters agree about it."""

from asyncndis.base import NdisStatus
from asyncndis.ndis import BROADCAST_ADDRESS, Oid
from asyncndis.nic import Conditions, Dice, Wire
from asyncndis.testing.checks import check_equal, check_that, check_traffic
from asyncndis.testing.computers import Computer, Hoarder, open_pair
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["LOSSES"]

_SUCCESS = NdisStatus.SUCCESS
_GROUP = b"\x01\x00\x5e\x00\x00\x01"
_KINDS = ("DIRECTED", "MULTICAST", "BROADCAST")


@scenario()
async def receive_low_resources(seed: int) -> None:
    """A small receive ring whose packets are kept: frames are lost and counted, and it recovers when they are back."""
    dice = Dice(seed)
    hoarder = Hoarder(name="hoarder")
    async with open_pair(right=hoarder, rx_ring=8) as (left, right):
        for _ in range(3):
            lost, heard = await right.binding.query(Oid.GEN_RCV_NO_BUFFER), len(hoarder.heard)
            count = 64 + dice.below("frames", 64)
            await left.talker.say(left.frames_to(right, count))
            await let_pass(1)
            check_that("some packets are kept, and not all that there are", 0 < hoarder.hoarded < 8)
            lost = await right.binding.query(Oid.GEN_RCV_NO_BUFFER) - lost
            check_that("frames are lost", lost)
            check_equal("frames heard or lost", len(hoarder.heard) - heard + lost, count)
            hoarder.give_back()
            await let_pass(0.01)
            await check_traffic(left, right, dice, 4)
            hoarder.give_back()
            await let_pass(0.01)
            hoarder.outcomes.clear()


@scenario()
async def lossy_wire(seed: int) -> None:
    """A wire that loses, doubles, corrupts and holds back frames: each of them is accounted for at both ends."""
    conditions = Conditions(loss=0.1, corruption=0.05, duplication=0.1, reordering=0.1, latency_us=50, jitter_us=100)
    wire = Wire(conditions, seed=seed)
    async with open_pair(wire, rx_ring=256) as (left, right):
        frames = list(left.frames_to(right, 300))
        await left.talker.say(frames)
        await let_pass(1)
        check_equal("how sends ended", left.talker.outcomes, {_SUCCESS: len(frames)})
        paths, nic = wire.statistics().paths, right.nic.statistics()
        check_equal("frames that entered the wire", paths.entered, len(frames))
        check_that(
            f"everything happened: {paths}", all((paths.lost, paths.duplicated, paths.corrupted, paths.reordered))
        )
        arrived = paths.entered + paths.duplicated - paths.lost
        counted = nic.rx_frames + nic.rx_filtered + nic.rx_no_buffer + nic.rx_errors
        check_equal("frames that arrived", counted, arrived)
        check_equal("frames that the wire delivered", paths.delivered, nic.rx_frames)
        unharmed = [frame for frame in right.talker.heard if frame in set(frames)]
        harmed = arrived - nic.rx_no_buffer - len(unharmed)
        check_that(f"{harmed} frames that were not sent were corrupted: {paths}, {nic}", harmed <= 2 * paths.corrupted)
        check_that("most frames arrive", len(set(unharmed)) > len(frames) // 2)


@scenario()
async def statistics_match_wire(seed: int) -> None:
    """The statistics OIDs of both computers, over a reset, equal what went over the wire, in frames and in bytes."""
    dice = Dice(seed)
    wire = Wire()
    async with open_pair(wire, rx_ring=256) as (left, right):
        await right.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, (_GROUP,))
        sent = {kind: [0, 0] for kind in _KINDS}
        for _ in range(3):
            for _ in range(40):
                kind = dice.below("kind", len(_KINDS))
                destination = (right.address, _GROUP, BROADCAST_ADDRESS)[kind]
                frame = left.frame_to(destination, 0, 60 + dice.below("length", 1455))
                await left.talker.say((frame,))
                sent[_KINDS[kind]][0] += 1
                sent[_KINDS[kind]][1] += len(frame)
            await let_pass(0.1)
            await check_counters(left, right, sent)
            await (left, right)[dice.below("who is reset", 2)].binding.reset()
        wire.set_up(False)
        await let_pass(0.1)
        await left.talker.say(left.frames_to(right, 5))
        await let_pass(0.1)
        wire.set_up(True)
        await check_counters(left, right, sent)
        check_equal(
            "frames that the wire has carried", wire.statistics().frames, sum(count for count, _ in sent.values())
        )
        check_equal("frames that could not be sent", await left.binding.query(Oid.GEN_XMIT_ERROR), 5)


async def check_counters(sender: Computer, hearer: Computer, sent: dict[str, list[int]]) -> None:
    """What was sent is what the sender says it has sent, and the hearer that it has received."""
    total = sum(frames for frames, _ in sent.values())
    check_equal("frames sent", await sender.binding.query(Oid.GEN_XMIT_OK), total)
    check_equal("frames received", await hearer.binding.query(Oid.GEN_RCV_OK), total)
    for computer, way in ((sender, "XMIT"), (hearer, "RCV")):
        for kind, (frames, octets) in sent.items():
            for unit, wanted in (("FRAMES", frames), ("BYTES", octets)):
                oid = Oid[f"GEN_{kind}_{unit}_{way}"]
                check_equal(oid.name, await computer.binding.query(oid), wanted)
    for oid in (Oid.GEN_RCV_ERROR, Oid.GEN_RCV_NO_BUFFER):
        check_equal(oid.name, await hearer.binding.query(oid), 0)


LOSSES: tuple[Scenario, ...] = (receive_low_resources, lossy_wire, statistics_match_wire)
