"""The UDP datagram (RFC 768).

Rules: a checksum of 0 means none, and none is verified; what is emitted always has one. The checksum covers the two
IPv4 addresses, which are therefore asked for. What follows the length is padding.
"""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Self

from asyncndis.base import check_instance, check_integer

from .checksum import internet_checksum
from .ipv4 import PAYLOAD_MAX, IpProtocol
from .malformed import MalformedPacket

__all__ = ["UdpDatagram"]

_HEADER = struct.Struct(">HHHH")
_PSEUDO_HEADER = struct.Struct(">IIHH")


@dataclass(frozen=True, slots=True)
class UdpDatagram:
    """A UDP datagram.

    :ivar source_port: where an answer goes; 0 where none is wanted
    :ivar destination_port: which service is meant
    :ivar payload: what it carries
    """

    source_port: int
    destination_port: int
    payload: bytes

    def __post_init__(self) -> None:
        check_integer("source_port", self.source_port, 0, 0xFFFF)
        check_integer("destination_port", self.destination_port, 0, 0xFFFF)
        check_instance("payload", self.payload, bytes)
        check_integer("the length of the payload", len(self.payload), 0, PAYLOAD_MAX - _HEADER.size)

    @classmethod
    def parse(cls, data: bytes, source: IPv4Address, destination: IPv4Address) -> Self:
        """Read a datagram. IRQL: any.

        :param data: the payload of an IPv4 packet, reassembled
        :param source: the source of that packet
        :param destination: its destination
        :raises MalformedPacket: when it is cut off, or fails its checksum
        """
        if len(data) < _HEADER.size:
            raise MalformedPacket(f"a UDP header has {_HEADER.size} bytes, not {len(data)}")
        source_port, destination_port, length, checksum = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            raise MalformedPacket(f"a UDP datagram of length {length} in {len(data)} bytes")
        if checksum and internet_checksum(_pseudo_header(source, destination, length) + data[:length]):
            raise MalformedPacket("the checksum of a UDP datagram is wrong")
        return cls(source_port, destination_port, data[_HEADER.size : length])

    def emit(self, source: IPv4Address, destination: IPv4Address) -> bytes:
        """The bytes of the datagram, with its checksum. IRQL: any.

        :param source: the source of the packet that will carry it
        :param destination: the destination of that packet
        """
        length = _HEADER.size + len(self.payload)
        header = _HEADER.pack(self.source_port, self.destination_port, length, 0)
        checksum = internet_checksum(_pseudo_header(source, destination, length) + header + self.payload)
        return header[:6] + (checksum or 0xFFFF).to_bytes(2, "big") + self.payload


def _pseudo_header(source: IPv4Address, destination: IPv4Address, length: int) -> bytes:
    return _PSEUDO_HEADER.pack(int(source), int(destination), IpProtocol.UDP, length)
