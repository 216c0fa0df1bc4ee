"""Memory that a driver and its NIC share, and lookahead buffers in it.

Source: the pages of NdisMAllocateSharedMemory, NdisMAllocateSharedMemoryAsync, NdisMFreeSharedMemory and
NdisCreateLookaheadBufferFromSharedMemory. It is allocated at PASSIVE_LEVEL (IRQL-07), or later on request; it is freed
once, as a whole, with the arguments it was allocated with (DMA-04).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from asyncndis.base import NdisError, NdisStatus, RuleViolation, check_instance, check_integer, current_probe
from asyncndis.kernel.host import current_host
from asyncndis.kernel.processors import Irql, current_irql, irql_name

from .provider import Block, MemoryProvider, default_provider

__all__ = ["SharedMemory", "SharedMemoryStatistics", "create_lookahead_buffer", "destroy_lookahead_buffer"]

Complete = Callable[[Block | None, int, object], object]


@dataclass(frozen=True, slots=True)
class SharedMemoryStatistics:
    """The shared memory of one adapter at one moment.

    :ivar blocks: blocks that are out
    :ivar used: their bytes
    :ivar pending: requests that are not completed yet
    """

    blocks: int
    used: int
    pending: int


@dataclass(frozen=True, slots=True)
class _Allocation:
    length: int
    cached: bool
    physical_address: int


@dataclass(frozen=True, slots=True)
class _Request:
    length: int
    cached: bool
    complete: Complete
    context: object


class SharedMemory:
    """Gives one adapter shared memory and keeps the books.

    :param provider: where the bytes and their addresses come from
    :param name: for messages
    """

    __slots__ = ("_out", "_probe", "_provider", "_requests", "_used", "name")

    def __init__(self, provider: MemoryProvider = default_provider, *, name: str = "shared memory") -> None:
        check_instance("name", name, str)
        self.name = name
        self._provider = provider
        self._probe = current_probe()
        self._out: dict[int, _Allocation] = {}
        self._used = 0
        self._requests: deque[_Request] = deque()

    def __repr__(self) -> str:
        return (
            f"<SharedMemory {self.name!r} {self._used} bytes out in {len(self._out)} blocks, "
            f"{len(self._requests)} pending>"
        )

    def statistics(self) -> SharedMemoryStatistics:
        """The state of it now, in O(1). IRQL: any."""
        return SharedMemoryStatistics(len(self._out), self._used, len(self._requests))

    def allocate(self, length: int, *, cached: bool) -> Block:
        """Allocate shared memory (NdisMAllocateSharedMemory). IRQL: PASSIVE.

        :param length: in bytes
        :param cached: whether it may be cached; NdisFlushBuffer is then the driver's to call
        :returns: the memory with its virtual address and that which the NIC uses
        :raises NdisError: RESOURCES, where the NDIS call returns NULL
        :raises RuleViolation: IRQL-07 above PASSIVE_LEVEL
        """
        operation = "NdisMAllocateSharedMemory"
        check_integer("length", length, 1)
        if current_irql() != Irql.PASSIVE:
            raise RuleViolation(
                "IRQL-07",
                f"{self.name} is allocated at {irql_name(current_irql())}; do it at PASSIVE_LEVEL, or with "
                "allocate_later()",
                self,
            )
        self._before(operation, length)
        if self._fails(operation):
            raise NdisError(f"{self!r} cannot have {length} bytes more now", NdisStatus.RESOURCES)
        block = self._take(length, cached=cached)
        self._after(operation, block)
        return block

    def allocate_later(self, length: int, *, cached: bool, complete: Complete, context: object = None) -> None:
        """Ask for shared memory (NdisMAllocateSharedMemoryAsync). IRQL: <= DISPATCH. Not in halt.

        :param length: in bytes
        :param cached: whether it may be cached
        :param complete: called at PASSIVE_LEVEL with the memory, or None, and with ``length`` and ``context``, when the
            current task next gives way (MiniportAllocateComplete)
        :param context: the driver's own
        :raises NdisError: FAILURE, when it cannot even be asked for
        """
        operation = "NdisMAllocateSharedMemoryAsync"
        check_integer("length", length, 1)
        host = current_host()
        self._before(operation, length)
        if self._fails(operation):
            raise NdisError(f"{self!r} takes no request now", NdisStatus.FAILURE)
        self._requests.append(_Request(length, cached, complete, context))
        host.call_soon(self._complete_oldest)
        self._after(operation, length)

    def free(
        self, block: Block, *, cached: bool, length: int | None = None, physical_address: int | None = None
    ) -> None:
        """Free shared memory (NdisMFreeSharedMemory). IRQL: <= DISPATCH. Not from the shutdown handler.

        :param block: the memory, all of it
        :param cached: as it was allocated
        :param length: as it was allocated; None for the block's own
        :param physical_address: as it was allocated; None for the block's own
        :raises RuleViolation: DMA-04 when any of it differs, or the memory is not out
        """
        operation = "NdisMFreeSharedMemory"
        check_instance("block", block, Block)
        given = _Allocation(
            len(block) if length is None else length,
            bool(cached),
            block.physical_address if physical_address is None else physical_address,
        )
        allocation = self._out.get(block.address)
        if allocation is None or len(block) != allocation.length:
            raise RuleViolation(
                "DMA-04", f"{block!r} is freed, but {self!r} has no such block out; free whole blocks, once", self
            )
        if given != allocation:
            raise RuleViolation(
                "DMA-04",
                f"{block!r} is freed as {_in_words(given)}, and was allocated as {_in_words(allocation)}; "
                "free it with the same arguments",
                self,
            )
        self._before(operation, block)
        del self._out[block.address]
        self._used -= allocation.length
        self._provider.free(block)
        self._after(operation, block)

    def _take(self, length: int, *, cached: bool) -> Block:
        block = self._provider.allocate(length)
        self._out[block.address] = _Allocation(length, bool(cached), block.physical_address)
        self._used += length
        return block

    def _complete_oldest(self) -> None:
        request = self._requests.popleft()
        try:
            block = self._take(request.length, cached=request.cached)
        except NdisError:
            block = None
        request.complete(block, request.length, request.context)

    def _fails(self, operation: str) -> bool:
        return self._probe is not None and self._probe.fails(operation, self)

    def _before(self, operation: str, *arguments: object) -> None:
        if self._probe is not None:
            self._probe.before(operation, self, *arguments)

    def _after(self, operation: str, *arguments: object) -> None:
        if self._probe is not None:
            self._probe.after(operation, self, *arguments)


def create_lookahead_buffer(shared: Block, length: int) -> Block:
    """Let shared memory be looked ahead in (NdisCreateLookaheadBufferFromSharedMemory): the same bytes. IRQL: DISPATCH.

    :param shared: where it begins
    :param length: in bytes
    :raises ValueError: when the memory is shorter
    """
    check_instance("shared", shared, Block)
    check_integer("length", length, 0, len(shared))
    return shared[:length]


def destroy_lookahead_buffer(lookahead: Block) -> None:
    """Give a lookahead buffer up (NdisDestroyLookaheadBufferFromSharedMemory); the shared memory stays. IRQL: DISPATCH.

    :param lookahead: what :func:`create_lookahead_buffer` returned
    """
    check_instance("lookahead", lookahead, Block)


def _in_words(allocation: _Allocation) -> str:
    cached = "cached" if allocation.cached else "not cached"
    return f"{allocation.length} bytes, {cached}, at physical {allocation.physical_address:#x}"
