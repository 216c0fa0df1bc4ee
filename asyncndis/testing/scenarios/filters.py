"""Filters: which frames a computer hears, of its own ones too, and which of two protocols hears which."""

from itertools import combinations

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet, PacketFlags
from asyncndis.ndis import BROADCAST_ADDRESS, Binding, Oid, PacketFilter
from asyncndis.nic import BusMasterNic, Dice, Wire
from asyncndis.testing.checks import check_equal, check_that
from asyncndis.testing.computers import Computer, Talker, open_computer, open_pair
from asyncndis.testing.playing import Scenario, scenario
from asyncndis.testing.times import let_pass

__all__ = ["FILTERS"]

_SUCCESS = NdisStatus.SUCCESS
_FLAGS = (
    PacketFilter.DIRECTED,
    PacketFilter.MULTICAST,
    PacketFilter.ALL_MULTICAST,
    PacketFilter.BROADCAST,
    PacketFilter.PROMISCUOUS,
)
_LISTED, _UNLISTED, _STRANGER = b"\x01\x00\x5e\x00\x00\x01", b"\x01\x00\x5e\x00\x00\x02", b"\x02\x00\x00\x00\xff\x01"


@scenario()
async def packet_filter_matrix(seed: int) -> None:
    """Each combination of packet filters against a frame of each kind of destination."""
    dice = Dice(seed)
    async with open_pair() as (left, right):
        await right.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, (_LISTED,))
        kinds = {
            right.address: PacketFilter.DIRECTED,
            _STRANGER: PacketFilter(0),
            _LISTED: PacketFilter.MULTICAST | PacketFilter.ALL_MULTICAST,
            _UNLISTED: PacketFilter.ALL_MULTICAST,
            BROADCAST_ADDRESS: PacketFilter.BROADCAST,
        }
        for count in range(len(_FLAGS) + 1):
            for flags in combinations(_FLAGS, count):
                packet_filter = PacketFilter(sum(flags))
                await right.binding.set_filter(packet_filter)
                start = dice.below("number", 1000)
                frames = {left.frame_to(kind, start + number): let for number, (kind, let) in enumerate(kinds.items())}
                heard = await said_and_heard(left, frames, right.talker)
                wanted = [frame for frame, let in frames.items() if packet_filter & (let | PacketFilter.PROMISCUOUS)]
                check_that(f"{packet_filter!r} lets pass what it should", heard == wanted)


@scenario()
async def two_protocols_filters(seed: int) -> None:
    """Two protocols on one adapter, one of which waits: each hears what its own filter lets pass, and no more."""
    dice = Dice(seed)
    waiting = _Waiting(name="waiting")
    wire = Wire()
    async with (
        open_computer(wire, nic=BusMasterNic("left")) as left,
        open_computer(wire, nic=BusMasterNic("right"), others=(waiting,)) as right,
    ):
        frames = [left.frame_to(to, number) for number, to in enumerate((right.address, BROADCAST_ADDRESS, _LISTED))]
        directed, broadcast, multicast = frames
        await waiting.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, (_LISTED,))
        for one, other, hears_one, hears_other in (
            (PacketFilter.DIRECTED, PacketFilter.BROADCAST, [directed], [broadcast]),
            (PacketFilter.MULTICAST, PacketFilter.MULTICAST, [], [multicast]),
            (PacketFilter.ALL_MULTICAST, PacketFilter(0), [multicast], []),
            (PacketFilter.PROMISCUOUS, PacketFilter.DIRECTED, frames, [directed]),
            (PacketFilter(0), PacketFilter(0), [], []),
        ):
            await right.binding.set_filter(one)
            await waiting.binding.set_filter(other)
            unwanted = right.nic.statistics().rx_filtered
            times = 1 + dice.below("times", 3)
            before = len(waiting.heard)
            heard = await said_and_heard(left, frames * times, right.talker)
            check_equal(f"heard with {one!r}", heard, hears_one * times)
            check_equal(f"heard with {other!r}", waiting.heard[before:], hears_other * times)
            wanted = [frame for frame in frames if frame in [*hears_one, *hears_other]]
            filtered = right.nic.statistics().rx_filtered - unwanted
            check_equal("frames that the NIC has filtered", filtered, times * (3 - len(wanted)))


@scenario()
async def loopback_rules(seed: int) -> None:
    """A sent frame comes back to the protocols of its adapter by its destination and by the flags of its packet."""
    dice = Dice(seed)
    other = Talker(name="other")
    wire = Wire()
    async with (
        open_computer(wire, nic=BusMasterNic("left"), others=(other,)) as left,
        open_computer(wire, nic=BusMasterNic("right")) as right,
    ):
        await left.binding.set_filter(PacketFilter(0))
        await other.binding.set_filter(PacketFilter.DIRECTED | PacketFilter.BROADCAST)
        keeps, only = PacketFlags.DONT_LOOPBACK, PacketFlags.LOOPBACK_ONLY
        for destination, flags, comes_back, goes_out in (
            (BROADCAST_ADDRESS, 0, True, True),
            (BROADCAST_ADDRESS, keeps, False, True),
            (BROADCAST_ADDRESS, only, True, False),
            (right.address, 0, False, True),
            (right.address, only, False, False),
            (left.address, 0, True, False),
            (left.address, keeps, False, False),
        ):
            frame = left.frame_to(destination, dice.below("number", 1000))
            looped, heard = len(other.heard), len(right.talker.heard)
            check_equal("how it was sent", await send_flagged(left.binding, frame, flags), _SUCCESS)
            await let_pass(0.01)
            what = f"a frame to {destination.hex(':')} with flags {flags:#x}"
            check_equal(f"{what} comes back", other.heard[looped:], [frame] if comes_back else [])
            check_equal(f"{what} goes out", right.talker.heard[heard:], [frame] if goes_out else [])
        check_equal("what the silent protocol heard", left.talker.heard, [])


async def said_and_heard(
    sender: Computer, frames: dict[bytes, PacketFilter] | list[bytes], hearer: Talker
) -> list[bytes]:
    """Have a computer say frames; the answer is what a protocol of another one has heard of them."""
    before = len(hearer.heard)
    await sender.talker.say(frames)
    await let_pass(0.01)
    return hearer.heard[before:]


async def send_flagged(binding: Binding, frame: bytes, flags: int) -> NdisStatus:
    """Send a frame in a packet with flags."""
    async with binding.frames.borrow(frame) as packet:
        packet.set_flags(flags)
        return await binding.send(packet)


class _Waiting(Talker):
    """A protocol that takes its time."""

    async def receive(self, binding: Binding, packet: Packet) -> None:
        await let_pass(0.0001)
        self.heard.append(packet.to_bytes())


FILTERS: tuple[Scenario, ...] = (packet_filter_matrix, two_protocols_filters, loopback_rules)
