"""VLAN tags (IEEE 802.1Q): four bytes between the addresses and the type of a frame.

Rules: a tag goes on and comes off at the outer end, so that double tags are two steps. VLAN 0 is none: the tag then
carries a priority only. A frame that is too short for the tag and the type behind it has no tag. In a chain of buffers,
only the header is copied.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from asyncndis.base import check_instance, check_integer
from asyncndis.memory import Memory, Packet

from .parts import head_of, parts_from

__all__ = ["TagProtocol", "VlanTag", "tag_frame", "tagged_parts", "untag_frame", "untagged_parts"]

_ADDRESSES = 12
_HEADER = 14
_TAGGED_HEADER = 18
_TAG = struct.Struct(">HH")


class TagProtocol(IntEnum):
    """Which kind of tag it is: the type that stands in front of it."""

    CUSTOMER = 0x8100
    SERVICE = 0x88A8


@dataclass(frozen=True, slots=True)
class VlanTag:
    """A VLAN tag.

    :ivar vlan: the number of the VLAN, from 1 to 4094; 0 for none, 4095 is reserved
    :ivar priority: from 0 to 7
    :ivar drop_eligible: whether the frame is among the first to drop
    :ivar protocol: a customer's tag, or that of a service provider around it
    """

    vlan: int
    priority: int = 0
    drop_eligible: bool = False
    protocol: TagProtocol = TagProtocol.CUSTOMER

    def __post_init__(self) -> None:
        check_integer("vlan", self.vlan, 0, 0xFFF)
        check_integer("priority", self.priority, 0, 7)
        check_instance("drop_eligible", self.drop_eligible, bool)
        check_instance("protocol", self.protocol, TagProtocol)

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Read the four bytes of a tag; None where they are none. IRQL: any."""
        if len(data) != _TAG.size:
            return None
        protocol, control = _TAG.unpack(data)
        if protocol not in (TagProtocol.CUSTOMER, TagProtocol.SERVICE):
            return None
        return cls(control & 0xFFF, control >> 13, control & 0x1000 != 0, TagProtocol(protocol))

    def emit(self) -> bytes:
        """The four bytes of the tag. IRQL: any."""
        return _TAG.pack(self.protocol, self.priority << 13 | self.drop_eligible << 12 | self.vlan)


def tag_frame(frame: bytes, tag: VlanTag) -> bytes:
    """A frame with a tag put on. IRQL: any.

    :param frame: from the destination address on, without the check sequence
    :raises ValueError: when it is shorter than a header
    """
    return _tagged_header(frame[:_HEADER], tag) + frame[_HEADER:]


def untag_frame(frame: bytes) -> tuple[VlanTag, bytes] | None:
    """The outer tag of a frame, and the frame without it; None where it has no tag. IRQL: any.

    :param frame: from the destination address on, without the check sequence
    """
    found = _untagged_header(frame[:_TAGGED_HEADER])
    return None if found is None else (found[0], found[1] + frame[_TAGGED_HEADER:])


def tagged_parts(packet: Packet, tag: VlanTag) -> list[Memory]:
    """The bytes of a packet with a tag put on: a header of its own, and parts of the packet. IRQL: <= DISPATCH.

    :param packet: it stays as it is, and must outlive the descriptors over the parts, see :func:`chain_parts`
    :raises ValueError: when it is shorter than a header
    """
    return [bytearray(_tagged_header(head_of(packet, _HEADER), tag)), *parts_from(packet, _HEADER)]


def untagged_parts(packet: Packet) -> tuple[VlanTag, list[Memory]] | None:
    """The outer tag of a packet, and its bytes without it; None where it has no tag. IRQL: <= DISPATCH.

    :param packet: as :func:`tagged_parts`
    """
    found = _untagged_header(head_of(packet, _TAGGED_HEADER))
    return None if found is None else (found[0], [bytearray(found[1]), *parts_from(packet, _TAGGED_HEADER)])


def _tagged_header(header: bytes, tag: VlanTag) -> bytes:
    check_instance("tag", tag, VlanTag)
    if len(header) < _HEADER:
        raise ValueError(f"a frame to tag has {_HEADER} bytes at least, not {len(header)}")
    return header[:_ADDRESSES] + tag.emit() + header[_ADDRESSES:]


def _untagged_header(header: bytes) -> tuple[VlanTag, bytes] | None:
    tag = VlanTag.parse(header[_ADDRESSES : _ADDRESSES + _TAG.size])
    if tag is None or len(header) < _TAGGED_HEADER:
        return None
    return tag, header[:_ADDRESSES] + header[_ADDRESSES + _TAG.size :]
