"""How large a packet descriptor is in memory, on 32 and on 64 bits.

Source: the NDIS 5 header and the NdisPacketSize page. A packet is its private part, the areas reserved to miniport,
wrapper and protocol, the block of out-of-band data, and the information slots behind it.
"""

from dataclasses import dataclass
from typing import Final

from asyncndis.base import check_integer

__all__ = ["NATIVE_LAYOUT", "PACKET_LAYOUTS", "PacketLayout", "packet_size"]


@dataclass(frozen=True, slots=True)
class PacketLayout:
    """Sizes in bytes.

    :ivar pointer: a pointer
    :ivar private: the private part, in front of all others
    :ivar protocol_reserved_offset: where the area reserved to the protocol begins
    :ivar oob: the block of out-of-band data
    :ivar extension: the information slots
    """

    pointer: int
    private: int
    protocol_reserved_offset: int
    oob: int
    extension: int


PACKET_LAYOUTS: Final = {
    32: PacketLayout(pointer=4, private=32, protocol_reserved_offset=56, oob=32, extension=48),
    64: PacketLayout(pointer=8, private=48, protocol_reserved_offset=96, oob=40, extension=96),
}
NATIVE_LAYOUT: Final = PACKET_LAYOUTS[64]


def packet_size(protocol_reserved_length: int, *, bits: int = 64) -> int:
    """The bytes that one packet descriptor takes (NdisPacketSize). IRQL: any.

    :param protocol_reserved_length: bytes reserved to the protocol
    :param bits: 32 or 64, the width of a pointer
    :raises ValueError: for another width
    """
    check_integer("protocol_reserved_length", protocol_reserved_length)
    if bits not in PACKET_LAYOUTS:
        raise ValueError(f"packets are laid out for 32 and 64 bits, not for {bits!r}")
    layout = PACKET_LAYOUTS[bits]
    size = layout.protocol_reserved_offset + protocol_reserved_length + layout.oob + layout.extension
    return -(-size // layout.pointer) * layout.pointer
