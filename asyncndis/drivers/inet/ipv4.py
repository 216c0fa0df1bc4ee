"""The IPv4 packet (RFC 791).

Rules: version, lengths and header checksum are verified; what follows the total length is padding. Options are accepted
and skipped: a value has none, and what is emitted has none. The reserved flag is ignored.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address
from typing import Self

from asyncndis.base import check_instance, check_integer

from .checksum import internet_checksum
from .malformed import MalformedPacket

__all__ = ["HEADER_SIZE", "PAYLOAD_MAX", "IpProtocol", "Ipv4Packet"]

_HEADER = struct.Struct(">BBHHHBBHII")

HEADER_SIZE = 20
"""The bytes of a header without options."""

PAYLOAD_MAX = 0xFFFF - HEADER_SIZE
"""The bytes that a packet can carry at most, fragmented or not."""

_DONT_FRAGMENT = 0x4000
_MORE_FRAGMENTS = 0x2000
_OFFSET = 0x1FFF


class IpProtocol(IntEnum):
    """What the payload of an IPv4 packet is."""

    ICMP = 1
    TCP = 6
    UDP = 17


@dataclass(frozen=True, slots=True)
class Ipv4Packet:
    """An IPv4 packet, or a fragment of one.

    :ivar source: who sent it
    :ivar destination: who it is for
    :ivar protocol: what the payload is, see :class:`IpProtocol`
    :ivar payload: what it carries
    :ivar identification: the same in all fragments of one packet
    :ivar ttl: how many routers it may pass
    :ivar offset: where in the whole the payload of this fragment begins, in bytes, a multiple of 8
    :ivar more_fragments: whether this fragment is not the last
    :ivar dont_fragment: whether no router may fragment it
    :ivar service: type of service and congestion bits
    """

    source: IPv4Address
    destination: IPv4Address
    protocol: int
    payload: bytes
    identification: int = 0
    ttl: int = 64
    offset: int = 0
    more_fragments: bool = False
    dont_fragment: bool = False
    service: int = 0

    def __post_init__(self) -> None:
        check_instance("source", self.source, IPv4Address)
        check_instance("destination", self.destination, IPv4Address)
        check_integer("protocol", self.protocol, 0, 0xFF)
        check_instance("payload", self.payload, bytes)
        check_integer("the length of the payload", len(self.payload), 0, PAYLOAD_MAX)
        check_integer("identification", self.identification, 0, 0xFFFF)
        check_integer("ttl", self.ttl, 0, 0xFF)
        check_integer("offset", self.offset, 0, _OFFSET * 8)
        if self.offset % 8:
            raise ValueError(f"offset is a multiple of 8, not {self.offset}")
        check_instance("more_fragments", self.more_fragments, bool)
        check_instance("dont_fragment", self.dont_fragment, bool)
        check_integer("service", self.service, 0, 0xFF)

    @property
    def is_fragment(self) -> bool:
        """Whether it is only a part of a packet."""
        return self.more_fragments or self.offset > 0

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a packet. IRQL: any.

        :param data: the payload of a frame
        :raises MalformedPacket: when it is cut off, not of version 4, or fails its checksum
        """
        if len(data) < HEADER_SIZE:
            raise MalformedPacket(f"an IPv4 header has {HEADER_SIZE} bytes at least, not {len(data)}")
        start, service, total, identification, fragment, ttl, protocol, _, source, destination = _HEADER.unpack_from(
            data
        )
        size = (start & 0xF) * 4
        if start >> 4 != 4 or not HEADER_SIZE <= size <= total <= len(data):
            raise MalformedPacket(
                f"an IPv4 packet of version {start >> 4}, header {size}, total {total}, in {len(data)} bytes"
            )
        if internet_checksum(data[:size]):
            raise MalformedPacket("the checksum of an IPv4 header is wrong")
        return cls(
            IPv4Address(source),
            IPv4Address(destination),
            protocol,
            data[size:total],
            identification,
            ttl,
            (fragment & _OFFSET) * 8,
            fragment & _MORE_FRAGMENTS != 0,
            fragment & _DONT_FRAGMENT != 0,
            service,
        )

    def emit(self) -> bytes:
        """The bytes of the packet, with the checksum of its header. IRQL: any."""
        header = _HEADER.pack(
            4 << 4 | HEADER_SIZE // 4,
            self.service,
            HEADER_SIZE + len(self.payload),
            self.identification,
            self.offset // 8 | self.more_fragments * _MORE_FRAGMENTS | self.dont_fragment * _DONT_FRAGMENT,
            self.ttl,
            self.protocol,
            0,
            int(self.source),
            int(self.destination),
        )
        return header[:10] + internet_checksum(header).to_bytes(2, "big") + header[12:] + self.payload
