"""Rules of the memory behind descriptors: what still uses it when it is freed.

BUF-03: memory goes while a buffer describes it. DMA-02: a buffer goes while a map register maps it, or a mapping is
never completed. POOL-17: a lookaside list is deleted while entries are out.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asyncndis.base import Site, caller_site

from .reports import Reports

if TYPE_CHECKING:
    from asyncndis.memory import Block, Buffer, DescriptorPool, LookasideList, MapRegisters

__all__ = ["MemoryWatch"]


class MemoryWatch:
    """Watches memory that has an address, and who uses it."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._described: dict[Buffer, Site] = {}
        self._mapped: dict[Buffer, Site] = {}
        self.before: Mapping[str, Any] = {
            "NdisFreeBuffer": self._freeing_buffer,
            "NdisFreeMemory": self._freeing,
            "NdisMFreeSharedMemory": self._freeing_part,
            "NdisFreeToNPagedLookasideList": self._freeing_part,
            "NdisDeleteNPagedLookasideList": self._deleting_list,
        }
        self.after: Mapping[str, Any] = {
            "NdisAllocateBuffer": self._allocated,
            "NdisFreeBuffer": self._freed_buffer,
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

    def _freeing_buffer(self, buffer: "Buffer") -> None:
        if buffer in self._mapped:
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

    def _started(self, _registers: "MapRegisters", buffer: "Buffer", _register: int) -> None:
        self._mapped[buffer] = caller_site()

    def _completed(self, _registers: "MapRegisters", buffer: "Buffer", _register: int) -> None:
        self._mapped.pop(buffer, None)
