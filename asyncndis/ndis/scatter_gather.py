"""Scatter/gather DMA: each packet comes to a bus master with the list of its bytes as the NIC finds them.

Source: the pages of NdisMInitializeScatterGatherDma and SCATTER_GATHER_LIST. The list stands in the slot
ScatterGatherListPacketInfo of the packet from MiniportSend until the send is completed. Memory that the NIC can address
is seen at its physical address; other memory, and plain bytes, through a window that the packet has meanwhile.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from asyncndis.base import check_integer
from asyncndis.memory import Block, Buffer, Packet, PerPacketInfo, PhysicalFragment

__all__ = ["ScatterGather", "ScatterGatherList", "ScatterGatherStatistics"]

_WINDOW = 0x8000_0000
_PAGE = 4096


class ScatterGatherList(NamedTuple):
    """The bytes of a packet as the NIC sees them (SCATTER_GATHER_LIST).

    :ivar elements: contiguous parts, in order
    """

    elements: tuple[PhysicalFragment, ...]

    @property
    def number_of_elements(self) -> int:
        """How many there are. IRQL: any."""
        return len(self.elements)


@dataclass(frozen=True, slots=True)
class ScatterGatherStatistics:
    """The scatter/gather DMA of one adapter at one moment.

    :ivar packets: packets that have a list now
    :ivar mapped: lists that were ever made
    """

    packets: int
    mapped: int


class ScatterGather:
    """The scatter/gather DMA of one adapter; made by ``Adapter.initialize_scatter_gather``.

    :param name: for messages
    :param maximum: the longest packet, in bytes
    :param wide: whether the NIC has addresses of 64 bits, not 32
    """

    __slots__ = ("_limit", "_mapped", "_next_page", "_parts", "maximum", "name")

    def __init__(self, name: str, maximum: int, *, wide: bool = False) -> None:
        check_integer("maximum", maximum, 1)
        self.name = name
        self.maximum = maximum
        self._limit = 1 << (64 if wide else 32)
        self._parts: dict[Packet, list[tuple[int, memoryview]]] = {}
        self._next_page = 0
        self._mapped = 0

    def __repr__(self) -> str:
        return f"<ScatterGather {self.name!r} {len(self._parts)} packets mapped>"

    def statistics(self) -> ScatterGatherStatistics:
        """The state of it now, in O(1). IRQL: any."""
        return ScatterGatherStatistics(len(self._parts), self._mapped)

    def map_all(self, packets: Iterable[Packet]) -> None:
        """Give packets their lists. IRQL: <= DISPATCH.

        :param packets: about to be handed to the miniport
        """
        for packet in packets:
            parts = self._parts[packet] = [self._part(buffer) for buffer in packet if buffer.length]
            elements = tuple(PhysicalFragment(address, len(view)) for address, view in parts)
            packet.set_info(PerPacketInfo.SCATTER_GATHER_LIST, ScatterGatherList(elements))
            self._mapped += 1

    def unmap(self, packet: Packet) -> None:
        """The send is completed: take the list away. IRQL: <= DISPATCH.

        :param packet: one that may have a list
        """
        if self._parts.pop(packet, None) is not None:
            packet.set_info(PerPacketInfo.SCATTER_GATHER_LIST, None)

    def view_at(self, address: int, length: int) -> memoryview | None:
        """The bytes that the NIC finds at an address, which it may only read. IRQL: any.

        :param address: within an element of a list
        :param length: in bytes
        :returns: None where no packet has bytes there
        """
        for parts in self._parts.values():
            for start, view in parts:
                if 0 <= address - start <= len(view) - length:
                    return view[address - start : address - start + length]
        return None

    def _part(self, buffer: Buffer) -> tuple[int, memoryview]:
        """The bytes of a buffer, and where the NIC finds them."""
        view = buffer.view().toreadonly()
        memory = buffer.memory
        if isinstance(memory, Block) and memory.physical_address + len(view) <= self._limit:
            return memory.physical_address, view
        address = _WINDOW + self._next_page * _PAGE + buffer.offset
        self._next_page = (self._next_page + buffer.span_pages) % (_WINDOW // _PAGE - 16)
        return address, view
