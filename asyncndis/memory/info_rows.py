"""Information slots of packets in a row, in less time than one by one. The outcome is the same. IRQL: any."""

from collections.abc import Iterable, Sequence

from .oob import EMPTY_SLOTS, PerPacketInfo
from .packet import Packet

__all__ = ["carry_info", "clear_info", "info_of", "set_info"]


def set_info(packets: Iterable[Packet], slot: PerPacketInfo, values: Iterable[object]) -> None:
    """Put something into a slot of each packet; see ``Packet.set_info``."""
    for packet, value in zip(packets, values, strict=False):
        if value is not None:
            packet.oob._slots[slot] = value
        elif packet._oob is not None:
            packet._oob._slots[slot] = None


def clear_info(packets: Iterable[Packet], *slots: PerPacketInfo) -> None:
    """Empty some slots of each packet."""
    for packet in packets:
        if packet._oob is not None:
            for slot in slots:
                packet._oob._slots[slot] = None


def info_of(packets: Sequence[Packet], slot: PerPacketInfo) -> list[object] | None:
    """What a slot of each packet holds; None where all are empty."""
    for packet in packets:
        if packet._oob is not None and packet._oob._slots[slot]:
            return [None if packet._oob is None else packet._oob._slots[slot] for packet in packets]
    return None


def carry_info(sources: Iterable[Packet], packets: Iterable[Packet]) -> None:
    """Let packets have what others have in their slots; see ``Packet.copy_send_info_from``. Rule: PKT-14."""
    for source, packet in zip(sources, packets, strict=True):
        slots = EMPTY_SLOTS if source._oob is None else source._oob._slots
        if packet._oob is not None:
            packet._oob._slots[:] = slots
        elif slots != EMPTY_SLOTS:
            packet.oob._slots[:] = slots
