"""ARP for IPv4 over Ethernet (RFC 826): who has an address, and the announcement of one's own (RFC 5227).

Rules: other hardware and protocols are malformed here; what follows the 28 bytes is padding, and any operation is read.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address
from typing import Self

from asyncndis.base import check_instance, check_integer
from asyncndis.drivers.mac_address import check_mac

from .malformed import MalformedPacket

__all__ = ["ArpOperation", "ArpPacket"]

_PACKET = struct.Struct(">HHBBH6sI6sI")
_IPV4_OVER_ETHERNET = (1, 0x0800, 6, 4)
_UNKNOWN = bytes(6)


class ArpOperation(IntEnum):
    """What an ARP packet does."""

    REQUEST = 1
    REPLY = 2


@dataclass(frozen=True, slots=True)
class ArpPacket:
    """An ARP packet.

    :ivar operation: see :class:`ArpOperation`
    :ivar sender_mac: the sender's MAC address
    :ivar sender: the sender's IPv4 address; 0.0.0.0 in a probe
    :ivar target_mac: the MAC address of who is meant; zeros in a request
    :ivar target: the IPv4 address that is asked for, or answered to
    """

    operation: int
    sender_mac: bytes
    sender: IPv4Address
    target_mac: bytes
    target: IPv4Address

    def __post_init__(self) -> None:
        check_integer("operation", self.operation, 0, 0xFFFF)
        check_mac("sender_mac", self.sender_mac)
        check_instance("sender", self.sender, IPv4Address)
        check_mac("target_mac", self.target_mac)
        check_instance("target", self.target, IPv4Address)

    @classmethod
    def request(cls, mac: bytes, address: IPv4Address, target: IPv4Address) -> Self:
        """Ask who has ``target``; with one's own address for it, announce that (gratuitous ARP). IRQL: any.

        :param mac: the MAC address of who asks
        :param address: the IPv4 address of who asks
        """
        return cls(ArpOperation.REQUEST, mac, address, _UNKNOWN, target)

    def reply(self, mac: bytes) -> Self:
        """The answer to this request: its target has the MAC address ``mac``. IRQL: any."""
        return type(self)(ArpOperation.REPLY, mac, self.target, self.sender_mac, self.sender)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read an ARP packet. IRQL: any.

        :param data: the payload of a frame
        :raises MalformedPacket: when it is cut off, or not about IPv4 over Ethernet
        """
        if len(data) < _PACKET.size:
            raise MalformedPacket(f"an ARP packet has {_PACKET.size} bytes, not {len(data)}")
        *kind, operation, sender_mac, sender, target_mac, target = _PACKET.unpack_from(data)
        if tuple(kind) != _IPV4_OVER_ETHERNET:
            raise MalformedPacket(f"an ARP packet of hardware {kind[0]}, protocol {kind[1]:#06x}, not IPv4 on Ethernet")
        return cls(operation, sender_mac, IPv4Address(sender), target_mac, IPv4Address(target))

    def emit(self) -> bytes:
        """The bytes of the packet. IRQL: any."""
        return _PACKET.pack(
            *_IPV4_OVER_ETHERNET, self.operation, self.sender_mac, int(self.sender), self.target_mac, int(self.target)
        )
