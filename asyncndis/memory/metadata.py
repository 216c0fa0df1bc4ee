"""What a packet carries besides its bytes: flags, out-of-band data, information slots, reserved areas.

Source: the pages of NDIS_PACKET, NDIS_PACKET_STACK, NdisSetPacketFlags, NdisIMCopySendPerPacketInfo,
NdisIMGetCurrentPacketStack and the packet macros. Blocks and areas are made, as zeroes, when they are first asked for,
so that a packet which needs none costs nothing. Reserved areas are bytes of real size, for pointers of 64 bits.
"""

from typing import TYPE_CHECKING, Any, Self, cast

from asyncndis.base import RuleViolation, check_instance, check_integer

from .chain import Chain
from .layout import NATIVE_LAYOUT
from .oob import EMPTY_SLOTS, NdisPacketFlags, OutOfBandData, PacketFlags, PerPacketInfo, WatchedOutOfBandData

if TYPE_CHECKING:
    from .packet import Packet
    from .pool import DescriptorPool

__all__ = ["PACKET_STACKS", "Metadata"]

PACKET_STACKS = 2
"""Intermediate drivers that may reuse one packet, one above the other, before they need packets of their own."""

_POINTER = NATIVE_LAYOUT.pointer
_STACKS_START = 4 * _POINTER
_STACK_BYTES = 2 * _POINTER
_PROTOCOL_START = _STACKS_START + PACKET_STACKS * _STACK_BYTES
_PROTOCOL_ID = int(PacketFlags.PROTOCOL_ID_MASK)


class Metadata(Chain):
    """The part of a packet that describes it."""

    __slots__ = ("_areas", "_flags", "_layer", "_oob")

    def __init__(self, pool: "DescriptorPool[Any]") -> None:
        super().__init__(pool)
        self._areas: bytearray | None = None
        self._flags = 0
        self._layer = 0
        self._oob: OutOfBandData | None = None

    @property
    def flags(self) -> PacketFlags:
        """The packet's flags, with the protocol id in the lowest bits (NdisGetPacketFlags). IRQL: any."""
        return PacketFlags(self._flags)

    @property
    def flag_bits(self) -> int:
        """The same as a plain integer, for who looks at every packet. IRQL: any."""
        return self._flags

    @property
    def protocol_id(self) -> int:
        """The protocol id that the flags carry. IRQL: any."""
        return self._flags & _PROTOCOL_ID

    @property
    def ndis_flags(self) -> NdisPacketFlags:
        """The byte in which NDIS notes what the packet is. IRQL: any."""
        has_info = self._oob is not None and self._oob.media_specific_info is not None
        info = NdisPacketFlags.CONTAINS_MEDIA_SPECIFIC_INFO if has_info else NdisPacketFlags(0)
        return NdisPacketFlags.ALLOCATED_BY_NDIS | info

    def set_flags(self, flags: int) -> None:
        """Set flags (NdisSetPacketFlags). IRQL: any.

        :param flags: those to set, see :class:`PacketFlags`
        :raises RuleViolation: PKT-15 when that would change the protocol id, PKT-03 the packet is free
        """
        check_integer("flags", flags)
        self._change_flags(self._flags | flags)

    def clear_flags(self, flags: int) -> None:
        """Clear flags (NdisClearPacketFlags). IRQL: any.

        :param flags: those to clear, see :class:`PacketFlags`
        :raises RuleViolation: as :meth:`set_flags`
        """
        check_integer("flags", flags)
        self._change_flags(self._flags & ~flags)

    @property
    def oob(self) -> OutOfBandData:
        """The block of out-of-band data (NDIS_OOB_DATA_FROM_PACKET), until the packet is freed. IRQL: any."""
        oob = self._oob
        if oob is None:
            self._require_live()
            probe = self._pool._probe
            oob = self._oob = OutOfBandData() if probe is None else WatchedOutOfBandData(probe, self)
            oob._header_size = self._usual_header_size()
        return oob

    def clear_oob(self) -> None:
        """Zero the out-of-band data and the information slots, before the packet is used again (PKT-08). IRQL: any."""
        self._oob = None
        if self._usual_header_size():  # which only a new packet has
            self.oob.header_size = 0

    def info(self, slot: PerPacketInfo) -> object:
        """What an information slot holds, None for nothing (NDIS_PER_PACKET_INFO_FROM_PACKET). IRQL: any.

        :param slot: which
        """
        slot = PerPacketInfo(slot)
        return None if self._oob is None else self._oob._slots[slot]

    def set_info(self, slot: PerPacketInfo, value: object) -> None:
        """Put something into an information slot (NDIS_PER_PACKET_INFO_FROM_PACKET). IRQL: any.

        :param slot: which
        :param value: what its user and the driver at the other end agree on; None for nothing
        """
        slot = PerPacketInfo(slot)
        self.oob._slots[slot] = value

    @property
    def original_packet(self) -> "Packet | None":
        """The packet that this one was made from (NDIS_GET_ORIGINAL_PACKET). IRQL: any."""
        packet = self.info(PerPacketInfo.ORIGINAL_PACKET)
        return cast("Packet", packet) if isinstance(packet, Metadata) else None

    @original_packet.setter
    def original_packet(self, packet: "Packet | None") -> None:
        if packet is not None:
            check_instance("the original packet", packet, Metadata)
        self.set_info(PerPacketInfo.ORIGINAL_PACKET, packet)

    @property
    def cancel_id(self) -> int:
        """By which a send can be cancelled, 0 for none (NDIS_GET_PACKET_CANCEL_ID). IRQL: any."""
        cancel_id = self.info(PerPacketInfo.PACKET_CANCEL_ID)
        return cancel_id if isinstance(cancel_id, int) else 0

    @cancel_id.setter
    def cancel_id(self, cancel_id: int) -> None:
        check_integer("cancel_id", cancel_id, 0, (1 << 8 * _POINTER) - 1)
        self.set_info(PerPacketInfo.PACKET_CANCEL_ID, cancel_id)

    def copy_send_info_from(self, source: Self) -> None:
        """Take over all information slots of the packet that is sent on (NdisIMCopySendPerPacketInfo). IRQL: any.

        Rule: PKT-14.

        :param source: the packet that the driver above sent
        """
        self._copy_slots("NdisIMCopySendPerPacketInfo", source)

    def copy_send_complete_info_from(self, source: Self) -> None:
        """Take over all information slots of a sent packet (NdisIMCopySendCompletePerPacketInfo). IRQL: any.

        Rule: PKT-14.

        :param source: the packet that the driver below completed
        """
        self._copy_slots("NdisIMCopySendCompletePerPacketInfo", source)

    @property
    def miniport_reserved(self) -> memoryview:
        """Two pointers for the miniport that has the packet (PKT-11). IRQL: any."""
        self._touching("MiniportReserved")
        return self._area(0, 2 * _POINTER)

    @property
    def miniport_reserved_ex(self) -> memoryview:
        """Three pointers for a deserialized miniport; the third is the first of :attr:`wrapper_reserved`. IRQL: any."""
        self._touching("MiniportReservedEx")
        return self._area(0, 3 * _POINTER)

    @property
    def wrapper_reserved(self) -> memoryview:
        """Two pointers for NDIS, behind those of the miniport. IRQL: any."""
        return self._area(2 * _POINTER, 4 * _POINTER)

    @property
    def wrapper_reserved_ex(self) -> memoryview:
        """The pointer that NDIS has while a deserialized miniport has three. IRQL: any."""
        return self._area(3 * _POINTER, 4 * _POINTER)

    @property
    def mac_reserved(self) -> memoryview:
        """The four pointers of miniport and NDIS together. IRQL: any."""
        return self._area(0, 4 * _POINTER)

    @property
    def protocol_reserved(self) -> memoryview:
        """The bytes reserved to the protocol that allocated the packet, as many as its pool says. IRQL: any."""
        self._touching("ProtocolReserved")
        return self._area(_PROTOCOL_START, None)

    @property
    def stacks_remaining(self) -> int:
        """How many intermediate drivers may still reuse it (StacksRemaining of NdisIMGetCurrentPacketStack). IRQL: any.

        With 0, the driver that has it now sends or indicates a packet of its own instead.
        """
        return max(0, PACKET_STACKS - self._layer)

    @property
    def current_stack(self) -> memoryview | None:
        """Two pointers for the intermediate driver that has the packet now (NdisIMGetCurrentPacketStack). IRQL: any.

        None when no stack location is left: the driver then allocates a packet of its own. Handing the packet on
        moves to the next location, and handing it back to the one before.
        """
        start = _STACKS_START + self._layer * _STACK_BYTES
        return self._area(start, start + _STACK_BYTES) if self._layer < PACKET_STACKS else None

    def _touching(self, area: str) -> None:
        """Tell the probe that somebody wants a reserved area."""
        probe = self._pool._probe
        if probe is not None:
            probe.before(area, self)

    def _area(self, start: int, stop: int | None) -> memoryview:
        areas = self._areas
        if areas is None:
            self._require_live()
            areas = self._areas = bytearray(_PROTOCOL_START + self._protocol_reserved_length())
        return memoryview(areas)[start:stop]

    def _change_flags(self, flags: int) -> None:
        self._require_live()
        if (flags ^ self._flags) & _PROTOCOL_ID:
            raise RuleViolation(
                "PKT-15",
                f"the flags of {self!r} lose their protocol id {self.protocol_id}; leave the bits of "
                "PROTOCOL_ID_MASK alone, the pool sets them",
                self,
            )
        self._flags = int(flags)

    def _copy_slots(self, operation: str, source: "Metadata") -> None:
        check_instance("the source of the information", source, Metadata)
        self._before_reading(operation, source)
        source._require_live()
        if source._oob is not None:
            self.oob._slots[:] = source._oob._slots
        elif self._oob is not None:
            self._oob._slots[:] = EMPTY_SLOTS
        self._after(operation, source)

    if TYPE_CHECKING:  # what a packet knows of itself

        def _protocol_reserved_length(self) -> int: ...
        def _usual_header_size(self) -> int: ...
