"""Cutting IPv4 packets to an MTU, and putting fragments together again (RFC 791, RFC 815).

Rules: fragments that overlap, contradict each other or reach beyond the longest packet take the whole packet with them
(a repeated one is ignored), and so do those that come too late, too many, or for too many packets at once.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace

from asyncndis.base import check_instance, check_integer
from asyncndis.drivers.ageing import AgeingTable
from asyncndis.kernel import Clock

from .ipv4 import HEADER_SIZE, PAYLOAD_MAX, Ipv4Packet

__all__ = ["MTU_MIN", "Reassembly", "ReassemblyStatistics", "fragment"]

MTU_MIN = 68
"""The MTU that every IPv4 link has at least."""

_Key = tuple[int, int, int, int]


def fragment(packet: Ipv4Packet, mtu: int) -> list[Ipv4Packet]:
    """Cut a packet into as many as an MTU needs. IRQL: any.

    :param packet: what to cut; it may be a fragment itself
    :param mtu: the longest packet of the link, in bytes, header included
    :returns: the packet alone where it fits
    :raises ValueError: when it does not fit, and says that it may not be fragmented
    """
    check_instance("packet", packet, Ipv4Packet)
    check_integer("mtu", mtu, MTU_MIN)
    payload = packet.payload
    if HEADER_SIZE + len(payload) <= mtu:
        return [packet]
    if packet.dont_fragment:
        raise ValueError(f"a packet of {HEADER_SIZE + len(payload)} bytes may not be fragmented to an MTU of {mtu}")
    step = (mtu - HEADER_SIZE) // 8 * 8
    return [
        replace(
            packet,
            payload=payload[start : start + step],
            offset=packet.offset + start,
            more_fragments=packet.more_fragments or start + step < len(payload),
        )
        for start in range(0, len(payload), step)
    ]


@dataclass(frozen=True, slots=True)
class ReassemblyStatistics:
    """What became of the packets that came in fragments.

    :ivar waiting: those of which some fragments are missing now
    :ivar complete: those that were put together
    :ivar expired: those whose time was over
    :ivar evicted: those that had to make room for younger ones
    :ivar refused: those whose fragments did not fit together, or were too many
    """

    waiting: int
    complete: int
    expired: int
    evicted: int
    refused: int


class _Partial:
    """The fragments of one packet, in the order of their offsets, without overlaps."""

    __slots__ = ("length", "offsets", "payloads", "received")

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.payloads: list[bytes] = []
        self.received = 0
        self.length: int | None = None  # of the whole, once the last fragment is there

    def take(self, packet: Ipv4Packet) -> bool:
        """Keep a fragment; False where it does not fit to the others."""
        start, payload = packet.offset, packet.payload
        end = start + len(payload)
        at = bisect_left(self.offsets, start)
        if self.offsets[at : at + 1] == [start] and self.payloads[at] == payload:
            return True
        is_free = (at == 0 or self.offsets[at - 1] + len(self.payloads[at - 1]) <= start) and (
            at == len(self.offsets) or end <= self.offsets[at]
        )
        if not is_free or not self._fits_the_end(packet, end):
            return False
        self.offsets.insert(at, start)
        self.payloads.insert(at, payload)
        self.received += len(payload)
        return True

    def _fits_the_end(self, packet: Ipv4Packet, end: int) -> bool:
        """Whether a fragment agrees with what is known of the length, and note the length if it is the last."""
        is_cut_well = len(packet.payload) % 8 == 0 or not packet.more_fragments
        if not packet.payload or not is_cut_well or end > PAYLOAD_MAX:
            return False
        if packet.more_fragments:
            return self.length is None or end < self.length
        if self.length is not None or (self.offsets and self.offsets[-1] > packet.offset):
            return False
        self.length = end
        return True


class Reassembly:
    """Puts fragments together.

    :param clock: tells the time
    :param max_packets: how many packets may wait for fragments at once; the oldest goes first
    :param max_fragments: how many fragments one packet may have
    :param timeout_seconds: how long a packet may take, from its first fragment that comes
    """

    __slots__ = ("_complete", "_max_fragments", "_partials", "_refused")

    def __init__(
        self, clock: Clock, *, max_packets: int = 16, max_fragments: int = 2048, timeout_seconds: float = 30.0
    ) -> None:
        check_integer("max_fragments", max_fragments, 2)
        self._partials: AgeingTable[_Key, _Partial] = AgeingTable(max_packets, timeout_seconds, clock)
        self._max_fragments = max_fragments
        self._complete = 0
        self._refused = 0

    def __repr__(self) -> str:
        return f"<Reassembly {len(self._partials)} packets waiting, {self._complete} complete, {self._refused} refused>"

    def statistics(self) -> ReassemblyStatistics:
        """What became of all packets so far. IRQL: any."""
        partials = self._partials
        return ReassemblyStatistics(len(partials), self._complete, partials.expired, partials.evicted, self._refused)

    def add(self, packet: Ipv4Packet) -> Ipv4Packet | None:
        """Take a fragment. IRQL: any.

        :param packet: the fragment; a whole packet is given back as it is
        :returns: the whole packet, with the fragment's other fields, once nothing is missing
        """
        check_instance("packet", packet, Ipv4Packet)
        if not packet.is_fragment:
            return packet
        key = (int(packet.source), int(packet.destination), packet.protocol, packet.identification)
        partial = self._partials.get(key)
        if partial is None:
            partial = _Partial()
            self._partials.put(key, partial)
        if not partial.take(packet) or len(partial.offsets) > self._max_fragments:
            self._partials.pop(key)
            self._refused += 1
            return None
        if partial.received != partial.length:
            return None
        self._partials.pop(key)
        self._complete += 1
        return replace(packet, payload=b"".join(partial.payloads), offset=0, more_fragments=False)
