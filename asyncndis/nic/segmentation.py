"""What a NIC with offloads does to a packet: cut it into segments, each with headers of its own, and fill in checksums.

Sources: RFC 1071 (the sum), RFC 9293 and RFC 768 (what is summed up), RFC 3168 (CWR), and the kernel's
Documentation/networking/segmentation-offloads.rst. Every segment has the headers of the packet: IPv4 identifications
and sequence numbers count on, PSH and FIN go with the last segment, CWR with the first. Ones' complement addition is
addition modulo 65535, so a sum over bytes is the remainder of the one large number that these are.
"""

from collections.abc import Sequence
from struct import Struct

from .offload import NOTHING, Frame, Kind, OffloadHeader

__all__ = ["checksum_filled_in", "complete"]

_ONES = 0xFFFF
_TYPES_BEHIND = 12  # two addresses
_TAGS = (0x8100, 0x88A8, 0x9100)
_IPV6 = 0x86DD
_FIN, _PSH, _CWR = 0x01, 0x08, 0x80
_TCP, _UDP = 6, 17
_SHORT = Struct(">H")
_LONG = Struct(">I")


def complete(header: bytes, frame: Frame) -> Sequence[Frame]:
    """The frames that a packet stands for, each ready for any wire. IRQL: any.

    :param header: what is left to do to it
    :param frame: the packet; where its header does not fit it, it is left as it is
    """
    if header == NOTHING:
        return (frame,)
    asked = OffloadHeader.parse(header)
    start, end = asked.checksum_start, len(frame)
    if not asked.needs_checksum or not _TYPES_BEHIND < start <= end - asked.checksum_offset - 2:
        return (frame,)
    kind = asked.segments_as
    if kind == Kind.NONE or not asked.segment_size:
        return (checksum_filled_in(frame, start, asked.checksum_offset),)
    network = _network_header(frame)
    if kind == Kind.UDP and start + 8 <= end:
        return _udp_segments(frame, network, start, asked.segment_size)
    if kind in (Kind.TCP_IPV4, Kind.TCP_IPV6) and start + 20 <= end:
        return _tcp_segments(frame, network, start, asked.segment_size)
    return (frame,)


def checksum_filled_in(frame: Frame, start: int, offset: int) -> bytes:
    """A frame with its checksum, whose place holds the sum of the pseudo header. IRQL: any.

    :param start: from where to the end it is taken
    :param offset: where it belongs, counted from there
    """
    whole = bytearray(frame)
    _SHORT.pack_into(whole, start + offset, (_ONES - _sum(frame[start:])) or _ONES)
    return bytes(whole)


def _sum(data: Frame) -> int:
    """The ones' complement sum of 16-bit words, an odd byte filled up; 0 only where all is zero."""
    number = int.from_bytes(data, "big")
    if len(data) & 1:
        number <<= 8
    return number % _ONES or (_ONES if number else 0)


def _network_header(frame: Frame) -> int:
    """Where the header of IP begins, behind any tags."""
    place = _TYPES_BEHIND
    while int.from_bytes(frame[place : place + 2], "big") in _TAGS:
        place += 4
    return place + 2


class _Headers:
    """The headers of a packet, to be given to one segment after the other.

    :param bytes: of all headers; they are changed in place
    :ivar pseudo: the sum of the addresses and the protocol number
    """

    __slots__ = ("_identification", "_is_ipv4", "_network", "_plain_sum", "bytes", "pseudo")

    def __init__(self, headers: bytearray, network: int, transport: int, protocol: int) -> None:
        self.bytes = headers
        self._network = network
        self._is_ipv4 = headers[network] >> 4 == 4
        addresses = headers[network + 12 : network + 20] if self._is_ipv4 else headers[network + 8 : network + 40]
        self.pseudo = int.from_bytes(addresses, "big") + protocol
        self._identification = self._plain_sum = 0
        if self._is_ipv4:
            (self._identification,) = _SHORT.unpack_from(headers, network + 4)
            plain = headers[network:transport]
            del plain[10:12], plain[2:6]  # checksum, length and identification: an even number of bytes
            self._plain_sum = _sum(plain)

    def set_length(self, payload: int, number: int) -> None:
        """Let the header of IP be that of a segment.

        :param payload: bytes behind the headers
        :param number: of the segment, from 0 on
        """
        headers, network = self.bytes, self._network
        length = len(headers) - network + payload
        if not self._is_ipv4:
            _SHORT.pack_into(headers, network + 4, length - 40)
            return
        identification = (self._identification + number) & _ONES
        _SHORT.pack_into(headers, network + 2, length)
        _SHORT.pack_into(headers, network + 4, identification)
        rest = (self._plain_sum + length + identification) % _ONES
        _SHORT.pack_into(headers, network + 10, _ONES - (rest or _ONES))


def _tcp_segments(frame: Frame, network: int, transport: int, size: int) -> list[Frame]:
    data = transport + 4 * (frame[transport + 12] >> 4)
    headers = bytearray(frame[:data])
    (sequence,) = _LONG.unpack_from(headers, transport + 4)
    flags = headers[transport + 13]
    headers[transport + 4 : transport + 8] = bytes(4)
    headers[transport + 13] = 0
    _SHORT.pack_into(headers, transport + 16, 0)
    each = _Headers(headers, network, transport, _TCP)
    plain_sum = each.pseudo + _sum(headers[transport:])
    segments: list[Frame] = []
    last = max(data, len(frame) - 1 - (len(frame) - 1 - data) % size)
    inner = flags & ~(_FIN | _PSH)
    for number, place in enumerate(range(data, last + 1, size)):
        payload = frame[place : place + size]
        mine = flags if place == last else inner
        if number:
            mine &= ~_CWR
        each.set_length(len(payload), number)
        total = plain_sum + sequence + mine + data - transport + len(payload) + _sum(payload)
        _LONG.pack_into(headers, transport + 4, sequence)
        headers[transport + 13] = mine
        _SHORT.pack_into(headers, transport + 16, _ONES - (total % _ONES or _ONES))
        segments.append(b"".join((headers, payload)))
        sequence = (sequence + size) & 0xFFFF_FFFF
    return segments


def _udp_segments(frame: Frame, network: int, transport: int, size: int) -> list[Frame]:
    data = transport + 8
    headers = bytearray(frame[:data])
    headers[transport + 4 : transport + 8] = bytes(4)
    each = _Headers(headers, network, transport, _UDP)
    plain_sum = each.pseudo + _sum(headers[transport:])
    segments: list[Frame] = []
    for number, place in enumerate(range(data, max(len(frame), data + 1), size)):
        payload = frame[place : place + size]
        length = 8 + len(payload)
        each.set_length(len(payload), number)
        total = plain_sum + 2 * length + _sum(payload)  # the length is in the pseudo header, too
        _SHORT.pack_into(headers, transport + 4, length)
        _SHORT.pack_into(headers, transport + 6, (_ONES - (total % _ONES or _ONES)) or _ONES)
        segments.append(b"".join((headers, payload)))
    return segments
