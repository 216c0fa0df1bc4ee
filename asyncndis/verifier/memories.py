"""Rules of the memory behind descriptors: what still uses it when it is freed.

BUF-03: memory goes while a buffer describes it. DMA-02: a buffer goes while a map register maps it, a mapping outlives
the send of its packet, or is never completed. DMA-07: a buffer is mapped, or read after that, and was not flushed.
POOL-17: a lookaside list is deleted while entries are out.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asyncndis.base import Site, caller_site

from .reports import Reports
from .watch import Guarded, WhileAny

if TYPE_CHECKING:
    from asyncndis.memory import Block, Buffer, DescriptorPool, LookasideList, MapRegisters, Packet

__all__ = ["MemoryWatch"]


class MemoryWatch:
    """Watches memory that has an address, and who uses it."""

    rules = frozenset({"BUF-03", "DMA-02", "DMA-07", "POOL-17"})

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._described: dict[Buffer, Site] = {}
        self._mapped: dict[Buffer, Site] = {}
        self._flushed: set[Buffer] = set()  # for DMA out of them
        self._written: dict[Buffer, Site | None] = {}  # by DMA into them: where the mapping ended, None until then
        self.before: Mapping[str, Any] = {
            "NdisFreeBuffer": Guarded(self._mapped, self._freeing_buffer),
            "NdisFreeMemory": self._freeing,
            "NdisMFreeSharedMemory": self._freeing_part,
            "NdisFreeToNPagedLookasideList": self._freeing_part,
            "NdisDeleteNPagedLookasideList": self._deleting_list,
            "NdisFlushBuffer": self._flushing,
            "NdisMStartBufferPhysicalMapping": self._starting,
            "NdisMSendComplete": WhileAny(self._mapped, self._completing_send),
            "NdisQueryBuffer": Guarded(self._written, self._reading),
            "NdisQueryBufferSafe": Guarded(self._written, self._reading),
            "NdisChainBufferAtFront": WhileAny(self._written, self._chaining),
            "NdisChainBufferAtBack": WhileAny(self._written, self._chaining),
        }
        self.after: Mapping[str, Any] = {
            "NdisAllocateBuffer": self._allocated,
            "NdisFreeBuffer": tuple(
                Guarded(noted, self._freed_buffer) for noted in (self._described, self._flushed, self._written)
            ),
            "NdisMStartBufferPhysicalMapping": self._started,
            "NdisMCompleteBufferPhysicalMapping": self._completed,
        }

    def finish(self) -> None:
        """The run is over: no mapping may be left."""
        for buffer, site in self._mapped.items():
            self._reports.report_late(
                "DMA-02",
                f"the mapping of {buffer!r} was never completed; complete it before its send completion",
                buffer,
                site=site,
            )

    def _allocated(self, _pool: "DescriptorPool[Any]", buffer: "Buffer") -> None:
        if buffer.address is not None:
            self._described[buffer] = caller_site()

    def _freed_buffer(self, buffer: "Buffer") -> None:
        self._described.pop(buffer, None)
        self._flushed.discard(buffer)
        self._written.pop(buffer, None)

    def _flushing(self, buffer: "Buffer", write_to_device: bool) -> None:
        if write_to_device:
            self._flushed.add(buffer)
        else:
            self._written.pop(buffer, None)

    def _starting(self, _registers: "MapRegisters", buffer: "Buffer", _register: int, write_to_device: bool) -> None:
        if write_to_device and buffer not in self._flushed:
            self._reports.report(
                "DMA-07",
                f"{buffer!r} is mapped for the device to read and was not flushed; call flush(write_to_device=True) "
                "first",
                buffer,
            )

    def _reading(self, buffer: "Buffer", *_: object) -> None:
        if self._written[buffer] is not None:
            ended = self._written.pop(buffer)
            self._reports.report(
                "DMA-07",
                f"{buffer!r} is used after the device wrote to it, and was not flushed; call "
                "flush(write_to_device=False) first",
                buffer,
                other=ended,
            )

    def _chaining(self, _packet: "Packet", buffer: "Buffer") -> None:
        if buffer in self._written:
            self._reading(buffer)

    def _completing_send(self, _adapter: object, packet: "Packet", _status: int) -> None:
        for buffer in packet:
            if buffer in self._mapped:
                self._reports.report(
                    "DMA-02",
                    f"the send of {packet!r} is completed while a map register maps {buffer!r}; complete the mapping "
                    "first",
                    buffer,
                    other=self._mapped[buffer],
                )

    def _freeing_buffer(self, buffer: "Buffer") -> None:
        self._reports.report(
            "DMA-02",
            f"{buffer!r} is freed while a map register maps it; complete the mapping first",
            buffer,
            other=self._mapped[buffer],
        )

    def _freeing_part(self, _owner: object, block: "Block") -> None:
        self._freeing(block)

    def _freeing(self, block: "Block", *_: object) -> None:
        for buffer, allocated in self._described.items():
            start = buffer.address
            if start is not None and start < block.address + len(block) and block.address < start + buffer.capacity:
                self._reports.report(
                    "BUF-03",
                    f"{block!r} is freed while {buffer!r} describes it; free the buffer first",
                    buffer,
                    other=allocated,
                )

    def _deleting_list(self, entries: "LookasideList") -> None:
        if entries.statistics().outstanding:
            self._reports.report(
                "POOL-17", f"{entries!r} is deleted before its entries are back; free them first", entries
            )

    def _started(self, _registers: "MapRegisters", buffer: "Buffer", _register: int, write_to_device: bool) -> None:
        self._mapped[buffer] = caller_site()
        self._flushed.discard(buffer)
        if not write_to_device:
            self._written[buffer] = None

    def _completed(self, _registers: "MapRegisters", buffer: "Buffer", _register: int) -> None:
        self._mapped.pop(buffer, None)
        if buffer in self._written:
            self._written[buffer] = caller_site()
