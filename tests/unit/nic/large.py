"""Packets as a kernel leaves them to be finished, made by scapy."""

from dataclasses import dataclass

from hypothesis import strategies as st
from scapy.compat import raw
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Dot1AD, Dot1Q, Ether
from scapy.packet import Raw

from asyncndis.nic.offload import Kind, OffloadHeader

__all__ = ["Large", "large", "larges", "recomputed"]

TAGS = ((), (Dot1Q(vlan=5),), (Dot1AD(vlan=6), Dot1Q(vlan=7)))


@dataclass(frozen=True)
class Large:
    """A packet, and what is left to do to it.

    :ivar header: tells that
    :ivar frame: its checksum is that of the pseudo header
    :ivar finished: as it would be in one piece
    """

    header: bytes
    frame: bytes
    finished: bytes


def large(
    *,
    is_udp: bool,
    is_ipv6: bool,
    tags: int = 0,
    options: int = 0,
    flags: str = "A",
    sequence: int = 1,
    identification: int = 1,
    payload: bytes = b"",
    size: int = 100,
) -> Large:
    ip = IPv6(src="fd00::1", dst="fd00::2") if is_ipv6 else IP(src="10.9.0.1", dst="10.9.0.2", id=identification)
    tcp = TCP(sport=5, dport=6, seq=sequence, ack=77, flags=flags, options=[("NOP", None)] * options)
    packet = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    for tag in TAGS[tags]:
        packet /= tag.copy()
    start = len(raw(packet)) + (40 if is_ipv6 else 20)
    finished = raw(packet / ip / (UDP(sport=5, dport=6) if is_udp else tcp) / Raw(payload))
    kind = Kind.UDP if is_udp else Kind.TCP_IPV6 if is_ipv6 else Kind.TCP_IPV4
    offset = 6 if is_udp else 16
    header = OffloadHeader(1, kind | (0x80 if "C" in flags and not is_udp else 0), 0, size, start, offset)
    return Large(header.to_bytes(), with_pseudo_sum(finished, start, offset, is_ipv6=is_ipv6), finished)


def with_pseudo_sum(frame: bytes, start: int, offset: int, *, is_ipv6: bool) -> bytes:
    addresses = frame[start - 32 : start] if is_ipv6 else frame[start - 8 : start]
    words = [*addresses[::2]], [*addresses[1::2]]
    total: int = 256 * sum(words[0]) + sum(words[1]) + (17 if offset == 6 else 6) + len(frame) - start
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return frame[: start + offset] + total.to_bytes(2, "big") + frame[start + offset + 2 :]


def recomputed(frame: bytes) -> bytes:
    """A frame with the lengths and checksums that scapy thinks right."""
    packet = Ether(frame)
    for layer, fields in ((IP, ("len", "chksum")), (IPv6, ("plen",)), (TCP, ("chksum",)), (UDP, ("len", "chksum"))):
        for field in fields if layer in packet else ():
            packet[layer].delfieldval(field)
    whole: bytes = raw(packet)
    return whole


larges = st.builds(
    large,
    is_udp=st.booleans(),
    is_ipv6=st.booleans(),
    tags=st.integers(0, len(TAGS) - 1),
    options=st.sampled_from([0, 4, 12, 40]),
    flags=st.sampled_from(["A", "PA", "FPA", "CA", "EA", "FPACE", "UFPACE"]),
    sequence=st.integers(0, 2**32 - 1),
    identification=st.integers(0, 0xFFFF),
    payload=st.integers(1, 5000).flatmap(
        lambda length: st.binary(min_size=8, max_size=8).map(lambda s: (s * 700)[:length])
    ),
    size=st.integers(50, 1448),
)
