"""The Ethernet II frame: two addresses, a type, a payload.

Rules: any 14 bytes are a frame. Padding belongs to the payload, since only the protocol in it knows its own length; the
NIC pads what is sent. The check sequence is the NIC's as well.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from asyncndis.base import check_instance, check_integer
from asyncndis.drivers.mac_address import check_mac

from .malformed import MalformedPacket

__all__ = ["EtherType", "EthernetFrame"]

_HEADER = struct.Struct(">6s6sH")


class EtherType(IntEnum):
    """What the payload of a frame is."""

    IPV4 = 0x0800
    ARP = 0x0806


@dataclass(frozen=True, slots=True)
class EthernetFrame:
    """A frame.

    :ivar destination: MAC address of who it is for
    :ivar source: MAC address of who sent it
    :ivar ether_type: what the payload is, see :class:`EtherType`; up to 1500 it is a length (802.3)
    :ivar payload: all that follows the header
    """

    destination: bytes
    source: bytes
    ether_type: int
    payload: bytes

    def __post_init__(self) -> None:
        check_mac("destination", self.destination)
        check_mac("source", self.source)
        check_integer("ether_type", self.ether_type, 0, 0xFFFF)
        check_instance("payload", self.payload, bytes)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a frame. IRQL: any.

        :param data: from the destination address on, without the check sequence
        :raises MalformedPacket: when it is shorter than a header
        """
        if len(data) < _HEADER.size:
            raise MalformedPacket(f"an Ethernet frame has {_HEADER.size} bytes at least, not {len(data)}")
        destination, source, ether_type = _HEADER.unpack_from(data)
        return cls(destination, source, ether_type, data[_HEADER.size :])

    def emit(self) -> bytes:
        """The bytes of the frame. IRQL: any."""
        return _HEADER.pack(self.destination, self.source, self.ether_type) + self.payload
