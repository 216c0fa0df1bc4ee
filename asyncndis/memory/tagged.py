"""Memory that drivers allocate and free by hand, with the books of who has what.

Source: the pages of NdisAllocateMemoryWithTag, NdisAllocateMemory and NdisFreeMemory. What is freed is described as it
was allocated: memory with a tag by length 0 and no flags, other memory by its length and flags (POOL-18). The kind of
memory decides on the IRQL. NDIS asks for no handle here, so the probe is that of each call, not that of the object.
"""

from dataclasses import dataclass
from enum import IntFlag

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_instance, check_integer, current_probe
from asyncndis.kernel.processors import Irql, current_irql, irql_name

from .provider import PAGE_SIZE, Block, MemoryProvider, default_provider

__all__ = ["DriverMemory", "DriverMemoryStatistics", "MemoryFlags", "driver_memory"]


class MemoryFlags(IntFlag):
    """Kinds of memory other than plain non-paged memory."""

    CONTIGUOUS = 1
    NONCACHED = 2


@dataclass(frozen=True, slots=True)
class DriverMemoryStatistics:
    """What drivers have allocated, at one moment.

    :ivar blocks: blocks that are out
    :ivar used: their bytes
    :ivar max_used: the highest number of bytes ever out at once
    """

    blocks: int
    used: int
    max_used: int


@dataclass(frozen=True, slots=True)
class _Allocation:
    length: int
    flags: MemoryFlags
    tag: int | None


class DriverMemory:
    """Gives drivers memory and keeps the books.

    :param provider: where the bytes come from
    :param name: for messages
    """

    __slots__ = ("_max_used", "_out", "_provider", "_used", "name")

    def __init__(self, provider: MemoryProvider = default_provider, *, name: str = "driver memory") -> None:
        check_instance("name", name, str)
        self.name = name
        self._provider = provider
        self._out: dict[int, _Allocation] = {}
        self._used = 0
        self._max_used = 0

    def __repr__(self) -> str:
        return f"<DriverMemory {self.name!r} {self._used} bytes out in {len(self._out)} blocks>"

    def statistics(self) -> DriverMemoryStatistics:
        """What is out now, in O(1). IRQL: any."""
        return DriverMemoryStatistics(len(self._out), self._used, self._max_used)

    def usage(self) -> dict[int | None, int]:
        """The bytes that are out under each tag, None for memory without a tag. IRQL: any."""
        bytes_of: dict[int | None, int] = {}
        for allocation in self._out.values():
            bytes_of[allocation.tag] = bytes_of.get(allocation.tag, 0) + allocation.length
        return bytes_of

    def allocate_with_tag(self, length: int, tag: int) -> Block:
        """Allocate plain non-paged memory (NdisAllocateMemoryWithTag). IRQL: <= DISPATCH.

        :param length: in bytes
        :param tag: 32 bits that name the driver, for its leaks
        :raises NdisError: FAILURE, when there is none
        """
        check_integer("tag", tag)
        return self._allocate("NdisAllocateMemoryWithTag", length, MemoryFlags(0), tag, None)

    def allocate(self, length: int, flags: int = 0, highest_acceptable: int | None = None) -> Block:
        """Allocate memory of a kind (NdisAllocateMemory). IRQL: <= DISPATCH; PASSIVE for a kind other than plain.

        :param length: in bytes
        :param flags: the kind, see :class:`MemoryFlags`; 0 for plain memory
        :param highest_acceptable: the highest physical address that the memory may have; None for any
        :raises NdisError: FAILURE, when there is none
        :raises RuleViolation: POOL-18 above the IRQL for its kind
        """
        check_integer("flags", flags, 0, MemoryFlags.CONTIGUOUS | MemoryFlags.NONCACHED)
        if highest_acceptable is not None:
            check_integer("highest_acceptable", highest_acceptable, 0, (1 << 64) - 1)
        return self._allocate("NdisAllocateMemory", length, MemoryFlags(flags), None, highest_acceptable)

    def free(self, block: Block, length: int, flags: int = 0) -> None:
        """Free memory (NdisFreeMemory). IRQL: <= DISPATCH plain, < DISPATCH noncached, PASSIVE contiguous.

        :param block: the memory, all of it
        :param length: what it was allocated with; 0 where it has a tag
        :param flags: what it was allocated with; 0 where it has a tag
        :raises RuleViolation: POOL-18 when any of it differs, or it is not out, or the IRQL does not fit its kind
        """
        check_instance("block", block, Block)
        allocation = self._out.get(block.address)
        if allocation is None or len(block) != allocation.length:
            raise RuleViolation(
                "POOL-18", f"{block!r} is freed, but no such memory is out; free whole blocks, once", block
            )
        due = (0 if allocation.tag is not None else allocation.length, allocation.flags)
        if (length, flags) != due:
            raise RuleViolation(
                "POOL-18",
                f"{block!r} is freed with length {length} and flags {flags}; it has to be length {due[0]} and "
                f"flags {int(due[1])}, as it was allocated",
                block,
            )
        _check_irql("NdisFreeMemory", _highest_level_to_free(allocation.flags))
        probe = current_probe()
        if probe is not None:
            probe.before("NdisFreeMemory", block, length, flags)
        del self._out[block.address]
        self._used -= allocation.length
        self._provider.free(block)
        if probe is not None:
            probe.after("NdisFreeMemory", block, length, flags)

    def _allocate(
        self, operation: str, length: int, flags: MemoryFlags, tag: int | None, highest_acceptable: int | None
    ) -> Block:
        check_integer("length", length, 1)
        if flags:
            _check_irql(operation, Irql.PASSIVE)
        probe = current_probe()
        if probe is not None:
            probe.before(operation, self, length)
        if probe is not None and probe.fails(operation, self):
            raise self._none_left(length)
        block = self._provide(length, PAGE_SIZE if flags else 16, highest_acceptable)
        self._out[block.address] = _Allocation(length, flags, tag)
        self._used += length
        self._max_used = max(self._max_used, self._used)
        if probe is not None:
            probe.after(operation, self, block)
        return block

    def _provide(self, length: int, alignment: int, highest_acceptable: int | None) -> Block:
        try:
            block = self._provider.allocate(length, alignment=alignment)
        except NdisError as refusal:
            raise self._none_left(length) from refusal
        if highest_acceptable is not None and block.physical_address + length - 1 > highest_acceptable:
            self._provider.free(block)
            raise self._none_left(length)
        return block

    def _none_left(self, length: int) -> NdisError:
        return NdisError(f"{self!r} has no {length} bytes of the kind asked for; free some", NdisStatus.FAILURE)


def _highest_level_to_free(flags: MemoryFlags) -> Irql:
    if flags & MemoryFlags.CONTIGUOUS:
        return Irql.PASSIVE
    return Irql.APC if flags & MemoryFlags.NONCACHED else Irql.DISPATCH


def _check_irql(operation: str, highest: Irql) -> None:
    if current_irql() > highest:
        raise RuleViolation(
            "POOL-18",
            f"{operation} is called at {irql_name(current_irql())}; memory of this kind needs {irql_name(highest)} "
            "or below",
        )


driver_memory = DriverMemory()
"""The memory behind the NDIS calls, which name no allocator."""
