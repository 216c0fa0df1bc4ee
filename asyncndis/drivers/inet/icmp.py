"""The ICMP message (RFC 792): echo, its reply, and what could not be delivered.

Rules: the checksum is verified over the whole message; of types that are not known here, every message is read.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from asyncndis.base import check_instance, check_integer

from .checksum import internet_checksum
from .ipv4 import HEADER_SIZE, Ipv4Packet
from .malformed import MalformedPacket

__all__ = ["IcmpMessage", "IcmpType"]

_HEADER = struct.Struct(">BBHI")
_PORT_UNREACHABLE = 3
_QUOTED = HEADER_SIZE + 8


class IcmpType(IntEnum):
    """What an ICMP message says."""

    ECHO_REPLY = 0
    UNREACHABLE = 3
    ECHO_REQUEST = 8


@dataclass(frozen=True, slots=True)
class IcmpMessage:
    """An ICMP message.

    :ivar kind: what it says, see :class:`IcmpType`
    :ivar code: which kind of that
    :ivar rest: the four bytes behind the checksum, as a number; of an echo, the identifier and the sequence number
    :ivar payload: what follows
    """

    kind: int
    code: int
    rest: int
    payload: bytes

    def __post_init__(self) -> None:
        check_integer("kind", self.kind, 0, 0xFF)
        check_integer("code", self.code, 0, 0xFF)
        check_integer("rest", self.rest)
        check_instance("payload", self.payload, bytes)

    @property
    def identifier(self) -> int:
        """Which sender of echo requests is meant."""
        return self.rest >> 16

    @property
    def sequence(self) -> int:
        """Which of its requests."""
        return self.rest & 0xFFFF

    @classmethod
    def echo_request(cls, identifier: int, sequence: int, payload: bytes) -> Self:
        """Ask for ``payload`` to be sent back. IRQL: any.

        :param identifier: which sender asks, in 16 bits
        :param sequence: which of its requests this is, in 16 bits
        """
        check_integer("identifier", identifier, 0, 0xFFFF)
        check_integer("sequence", sequence, 0, 0xFFFF)
        return cls(IcmpType.ECHO_REQUEST, 0, identifier << 16 | sequence, payload)

    def echo_reply(self) -> Self:
        """The answer to this echo request. IRQL: any."""
        return type(self)(IcmpType.ECHO_REPLY, 0, self.rest, self.payload)

    @classmethod
    def port_unreachable(cls, packet: Ipv4Packet) -> Self:
        """Say that nobody listens at the port that ``packet`` is for: its header and 8 bytes are quoted. IRQL: any."""
        return cls(IcmpType.UNREACHABLE, _PORT_UNREACHABLE, 0, packet.emit()[:_QUOTED])

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a message. IRQL: any.

        :param data: the payload of an IPv4 packet, reassembled
        :raises MalformedPacket: when it is cut off, or fails its checksum
        """
        if len(data) < _HEADER.size:
            raise MalformedPacket(f"an ICMP message has {_HEADER.size} bytes at least, not {len(data)}")
        if internet_checksum(data):
            raise MalformedPacket("the checksum of an ICMP message is wrong")
        kind, code, _, rest = _HEADER.unpack_from(data)
        return cls(kind, code, rest, data[_HEADER.size :])

    def emit(self) -> bytes:
        """The bytes of the message, with its checksum. IRQL: any."""
        checksum = internet_checksum(_HEADER.pack(self.kind, self.code, 0, self.rest) + self.payload)
        return _HEADER.pack(self.kind, self.code, checksum, self.rest) + self.payload
