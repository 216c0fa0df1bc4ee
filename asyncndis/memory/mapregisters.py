"""Map registers: how a bus-master NIC finds the bytes of a buffer.

Source: the pages of NdisMAllocateMapRegisters, NdisMStartBufferPhysicalMapping and NdisMCompleteBufferPhysicalMapping.
An adapter has 64. Each base register takes as many as a buffer of the largest size can touch pages (DMA-03), and maps
one buffer at a time (DMA-01), until that mapping is completed (DMA-02). Memory that the NIC can address is seen at its
physical address; other memory, and plain bytes, through pages of the register's own, low enough for any NIC.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_instance, check_integer, current_probe

from .buffer import Buffer
from .provider import PAGE_SIZE, Block

__all__ = ["MAP_REGISTER_LIMIT", "DmaSize", "MapRegisterStatistics", "MapRegisters", "PhysicalFragment"]

MAP_REGISTER_LIMIT = 64
"""Map registers of one adapter."""

_WINDOW = 0x10_0000  # of the registers' own pages; 64 of them end far below 16 MiB, the limit of 24 bits


class DmaSize(IntEnum):
    """How wide the addresses are that a NIC can use."""

    BITS_24 = 0
    BITS_32 = 1
    BITS_64 = 2

    @property
    def limit(self) -> int:
        """The first address that is too high."""
        return 1 << (24, 32, 64)[self]


class PhysicalFragment(NamedTuple):
    """Contiguous bytes as the NIC sees them, within one page (NDIS_PHYSICAL_ADDRESS_UNIT).

    :ivar address: of the first byte
    :ivar length: in bytes
    """

    address: int
    length: int


@dataclass(frozen=True, slots=True)
class MapRegisterStatistics:
    """The map registers of one adapter at one moment.

    :ivar base_registers: buffers that can be mapped at once
    :ivar map_registers: registers that these take, of the 64
    :ivar mapped: buffers that are mapped now
    """

    base_registers: int
    map_registers: int
    mapped: int


@dataclass(frozen=True, slots=True)
class _Mapping:
    buffer: Buffer
    address: int
    view: memoryview


class MapRegisters:
    """The map registers of one adapter (NdisMAllocateMapRegisters). IRQL: PASSIVE.

    :param base_registers: how many buffers are to be mapped at once
    :param maximum_buffer_size: the longest of them, in bytes
    :param dma_size: how wide the NIC's addresses are
    :param name: for messages
    :raises NdisError: RESOURCES, when more than 64 would be needed
    """

    __slots__ = ("_base_registers", "_limit", "_mappings", "_maximum_buffer_size", "_pages", "_probe", "name")

    def __init__(
        self,
        base_registers: int,
        maximum_buffer_size: int,
        *,
        dma_size: DmaSize = DmaSize.BITS_32,
        name: str = "map registers",
    ) -> None:
        operation = "NdisMAllocateMapRegisters"
        check_integer("base_registers", base_registers)
        check_integer("maximum_buffer_size", maximum_buffer_size, 1)
        check_instance("name", name, str)
        self._limit = DmaSize(dma_size).limit
        self._pages = (maximum_buffer_size + PAGE_SIZE - 2) // PAGE_SIZE + 1  # it may start at the end of a page
        self._probe = probe = current_probe()
        if probe is not None:
            probe.before(operation, name)
        refused = probe is not None and probe.fails(operation, name)
        if refused or base_registers * self._pages > MAP_REGISTER_LIMIT:
            raise NdisError(
                f"{base_registers} base registers for {maximum_buffer_size} bytes take {self._pages} map registers "
                f"each, and an adapter has {MAP_REGISTER_LIMIT}; ask for fewer",
                NdisStatus.RESOURCES,
            )
        self.name = name
        self._base_registers = base_registers
        self._maximum_buffer_size = maximum_buffer_size
        self._mappings: dict[int, _Mapping] = {}
        if probe is not None:
            probe.after(operation, self)

    def __repr__(self) -> str:
        return f"<MapRegisters {self.name!r} {len(self._mappings)} of {self._base_registers} mapped>"

    def statistics(self) -> MapRegisterStatistics:
        """The state of them now, in O(1). IRQL: any."""
        return MapRegisterStatistics(self._base_registers, self._base_registers * self._pages, len(self._mappings))

    def start(self, buffer: Buffer, register: int, *, write_to_device: bool) -> tuple[PhysicalFragment, ...]:
        """Map a buffer (NdisMStartBufferPhysicalMapping). IRQL: <= DISPATCH. Rule: DMA-07, flush it first.

        :param buffer: a live buffer, with the bytes it describes now
        :param register: which base register, from 0
        :param write_to_device: True where the NIC reads the buffer, False where it writes it
        :returns: its bytes as the NIC sees them, page by page
        :raises RuleViolation: DMA-01 when there is no such register, it maps another buffer, or the buffer is longer
            than the registers were allocated for; BUF-05 when the buffer is free
        """
        operation = "NdisMStartBufferPhysicalMapping"
        check_instance("buffer", buffer, Buffer)
        check_integer("register", register)
        self._check_start(buffer, register)
        if self._probe is not None:
            self._probe.before(operation, self, buffer, register, write_to_device)
        view = buffer._bytes()
        address = self._device_address(buffer, register)
        self._mappings[register] = _Mapping(buffer, address, view.toreadonly() if write_to_device else view)
        if self._probe is not None:
            self._probe.after(operation, self, buffer, register, write_to_device)
        return tuple(_fragments(address, len(view)))

    def complete(self, buffer: Buffer, register: int) -> None:
        """End a mapping (NdisMCompleteBufferPhysicalMapping), before the send is completed. IRQL: <= DISPATCH.

        :param buffer: the buffer that is mapped
        :param register: the base register that maps it
        :raises RuleViolation: DMA-02 when that register does not map that buffer
        """
        operation = "NdisMCompleteBufferPhysicalMapping"
        mapping = self._mappings.get(register)
        if mapping is None or mapping.buffer is not buffer:
            raise RuleViolation(
                "DMA-02",
                f"register {register} of {self!r} does not map {buffer!r}; complete each mapping once, "
                "with its own register",
                self,
            )
        if self._probe is not None:
            self._probe.before(operation, self, buffer, register)
        del self._mappings[register]
        if self._probe is not None:
            self._probe.after(operation, self, buffer, register)

    def view_at(self, address: int, length: int) -> memoryview:
        """The bytes that the NIC finds at an address of its own; read-only in a buffer that it is to read. IRQL: any.

        :param address: within a fragment that :meth:`start` returned
        :param length: in bytes
        :raises RuleViolation: DMA-01 when no mapping covers them: the driver gave a wrong address, or too late
        """
        for mapping in self._mappings.values():
            offset = address - mapping.address
            if 0 <= offset <= len(mapping.view) - length:
                return mapping.view[offset : offset + length]
        raise RuleViolation("DMA-01", f"no mapping of {self!r} covers {length} bytes at {address:#x}", self)

    def free(self) -> None:
        """Give the registers up (NdisMFreeMapRegisters). IRQL: PASSIVE.

        :raises RuleViolation: DMA-02 while buffers are mapped
        """
        operation = "NdisMFreeMapRegisters"
        if self._mappings:
            raise RuleViolation("DMA-02", f"{self!r} are freed with mappings; complete each of them first", self)
        if self._probe is not None:
            self._probe.before(operation, self)
        self._base_registers = 0
        if self._probe is not None:
            self._probe.after(operation, self)

    def _check_start(self, buffer: Buffer, register: int) -> None:
        buffer._require_live("BUF-05")
        if register >= self._base_registers:
            raise RuleViolation("DMA-01", f"{self!r} has no register {register}; they are numbered from 0", self)
        if register in self._mappings:
            mapped = self._mappings[register].buffer
            raise RuleViolation(
                "DMA-01", f"register {register} of {self!r} maps {mapped!r} still; complete that mapping first", self
            )
        if buffer.length > self._maximum_buffer_size:
            raise RuleViolation(
                "DMA-01",
                f"{buffer!r} is longer than the {self._maximum_buffer_size} bytes that {self!r} were allocated for",
                self,
            )

    def _device_address(self, buffer: Buffer, register: int) -> int:
        memory = buffer._memory
        if isinstance(memory, Block) and memory.physical_address + len(memory) <= self._limit:
            return memory.physical_address
        return _WINDOW + register * self._pages * PAGE_SIZE + buffer.offset


def _fragments(address: int, length: int) -> "list[PhysicalFragment]":
    """Contiguous bytes, cut where pages end."""
    fragments: list[PhysicalFragment] = []
    while length:
        size = min(length, PAGE_SIZE - address % PAGE_SIZE)
        fragments.append(PhysicalFragment(address, size))
        address += size
        length -= size
    return fragments
