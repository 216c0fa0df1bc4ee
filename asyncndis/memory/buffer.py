"""One buffer descriptor: what it describes, how long, and in which chain it is.

Source: the pages of NdisAdjustBufferLength, NdisQueryBuffer, NdisQueryBufferSafe, NdisQueryBufferOffset,
NDIS_BUFFER_TO_SPAN_PAGES and NdisFreeBuffer. The bytes are a view over memory that the allocator owns; a change of
length never copies. Plain bytes have no address and count as starting at a page.
"""

from enum import IntEnum
from typing import TYPE_CHECKING, Any, cast

from asyncndis.base import RuleViolation, check_instance, check_integer

from .descriptor import AWAY, Descriptor
from .provider import PAGE_SIZE, Block
from .states import BufferState

if TYPE_CHECKING:
    from .chain import Chain
    from .packet import Packet
    from .pool import DescriptorPool

__all__ = ["Buffer", "Memory", "Priority", "described"]

Memory = bytes | bytearray | memoryview | Block
"""What a buffer can describe: contiguous bytes, or a block of a memory provider, which has addresses."""


class Priority(IntEnum):
    """How much a caller of a Safe form needs the mapping when resources are low."""

    LOW = 0
    NORMAL = 16
    HIGH = 32


class Buffer(Descriptor):
    """A buffer descriptor (NDIS_BUFFER): made by its pool, never by hand."""

    __slots__ = ("_memory", "_next", "_packet")

    def __init__(self, pool: "DescriptorPool[Any]") -> None:
        super().__init__(pool)
        self._memory: Memory = b""
        self._next: Buffer | None = None
        self._packet: Chain | None = None

    def __repr__(self) -> str:
        return f"<Buffer of {self._pool.name!r} {self.state.value}, {self.length} of {self.capacity} bytes>"

    @property
    def pool(self) -> "DescriptorPool[Any]":
        """The pool that it belongs to."""
        return self._pool

    @property
    def length(self) -> int:
        """The number of bytes it describes now (NdisBufferLength)."""
        return len(self._memory)

    @property
    def capacity(self) -> int:
        """The number of bytes it was allocated over; the length can be adjusted up to it."""
        return len(self._whole)

    @property
    def memory(self) -> Memory | None:
        """The memory it was allocated over; None for a buffer that describes none yet."""
        return self._whole or None

    @property
    def next(self) -> "Buffer | None":
        """The next buffer of its chain (NdisGetNextBuffer). IRQL: any."""
        return self._next

    @property
    def packet(self) -> "Packet | None":
        """The packet in whose chain it is."""
        return cast("Packet | None", self._packet)

    @property
    def address(self) -> int | None:
        """The virtual address of its first byte; None over plain bytes."""
        return self._memory.address if isinstance(self._memory, Block) else None

    @property
    def state(self) -> BufferState:
        """Where it is in its life."""
        is_adjusted = self._special is not None and self._special.whole is not None
        if self._packet is not None:
            return BufferState.CHAINED_ADJUSTED if is_adjusted else BufferState.CHAINED
        if is_adjusted:
            return BufferState.ADJUSTED
        is_free = self._home is AWAY and self._special is None
        return BufferState.FREE if is_free else BufferState.ALLOCATED

    @property
    def offset(self) -> int:
        """The byte offset of its start within a page (NdisQueryBufferOffset). IRQL: <= DISPATCH."""
        return (self.address or 0) % PAGE_SIZE

    @property
    def span_pages(self) -> int:
        """The number of pages it touches, 1 for length 0 (NDIS_BUFFER_TO_SPAN_PAGES). IRQL: any.

        It is also the upper bound of its physical fragments (NdisGetBufferPhysicalArraySize).
        """
        return max(1, (self.offset + self.length + PAGE_SIZE - 1) // PAGE_SIZE)

    def view(self) -> memoryview:
        """The bytes that it describes (NdisQueryBuffer); writable where the memory is. IRQL: <= DISPATCH.

        :raises RuleViolation: BUF-05 when the buffer is free
        """
        if self._pool._probe is not None or (self._home is AWAY and self._packet is None):  # a chained one is live
            self._before("NdisQueryBuffer")
        memory = self._memory
        return memory.view if isinstance(memory, Block) else memoryview(memory)

    def view_safe(self, priority: Priority = Priority.NORMAL) -> memoryview | None:
        """The bytes, or None where the system cannot map them now (NdisQueryBufferSafe). IRQL: <= DISPATCH.

        NDIS 5.1 miniports use this form only (BUF-13), and test the answer (BUF-12).

        :param priority: how badly it is needed
        """
        probe = self._pool._probe
        if probe is not None or (self._home is AWAY and self._packet is None):
            self._before("NdisQueryBufferSafe")
            if probe is not None and probe.fails("NdisQueryBufferSafe", self):
                return None
        memory = self._memory
        return memory.view if isinstance(memory, Block) else memoryview(memory)

    def describe(self, memory: Memory) -> None:
        """Give memory to a buffer that was allocated without: descriptor first, bytes later. IRQL: <= DISPATCH.

        :param memory: the bytes to describe; they stay the caller's and outlive the buffer
        :raises RuleViolation: BUF-05 when the buffer is free, BUF-06 when it describes memory already
        """
        self._require_live("BUF-05")
        if self._whole:
            raise RuleViolation("BUF-06", f"{self!r} describes memory already; free it and allocate it anew", self)
        self._memory = described(memory)

    def adjust_length(self, length: int) -> None:
        """Change the number of bytes it describes (NdisAdjustBufferLength). IRQL: <= DISPATCH, no spin lock held.

        In a chain, the packet's counts are recalculated by hand afterwards (BUF-11).

        :param length: from 0 to the length it was allocated with, in bytes; restore that before freeing (BUF-08)
        :raises RuleViolation: BUF-07 beyond what was allocated, BUF-06 when the buffer is free, SEND-01 or RCV-01 while
            its packet is with another driver
        """
        self._before("NdisAdjustBufferLength", length, rule="BUF-06")
        if self._packet is not None:
            self._packet._require_owned("NdisAdjustBufferLength on a buffer")
        check_integer("length", length, -1 << 63, 1 << 64)
        whole = self._whole
        if not 0 <= length <= len(whole):
            raise RuleViolation(
                "BUF-07",
                f"{self!r} is adjusted to {length} bytes; it was allocated over {len(whole)}, "
                "allocate a buffer over more memory instead",
                self,
            )
        is_whole = length == len(whole)
        self._memory = whole if is_whole else _first(whole, length)
        self._pool.special(self).whole = None if is_whole else whole
        self._become_plain()
        if self._pool._probe is not None:
            self._pool._probe.after("NdisAdjustBufferLength", self, length)

    def restore_length(self) -> None:
        """Give it back the length it was allocated with. IRQL: <= DISPATCH."""
        if self._special is not None and self._special.whole is not None:
            self.adjust_length(len(self._special.whole))

    def flush(self, *, write_to_device: bool) -> None:
        """Make caches and memory agree before a DMA out of the buffer, or after one into it (NdisFlushBuffer).

        IRQL: <= DISPATCH. Rule: DMA-07. The model's memory is coherent; the call exists to be checked.

        :param write_to_device: True before the device reads, False after it wrote
        """
        if self._pool._probe is not None or (self._home is AWAY and self._packet is None):
            self._before("NdisFlushBuffer", write_to_device)

    def link(self, following: "Buffer") -> None:
        """Let ``following`` (and what it is linked to) come after this one, before a packet has either.

        The writable form of the MDL's Next field (NDIS_BUFFER_LINKAGE). Chaining the first then chains them all.

        :raises RuleViolation: BUF-10 when either is in a chain already, or a cycle would arise
        """
        check_instance("what follows a buffer", following, Buffer)
        self._before("NDIS_BUFFER_LINKAGE", following)
        is_taken = following._packet is not None or (following._special is not None and following._special.follows)
        if self._packet is not None or self._next is not None or is_taken:
            raise RuleViolation("BUF-10", f"{self!r} or {following!r} is in a chain already; unchain it first", self)
        buffer: Buffer | None = following
        while buffer is not None:
            if buffer is self:
                raise RuleViolation("BUF-10", f"linking {following!r} behind {self!r} would make a cycle", self)
            buffer = buffer._next
        following._require_live("BUF-05")
        self._next = following
        self._pool.special(self).linked = True
        special = following._pool.special(following)
        special.linked = special.follows = True

    def part(self, offset: int, length: int | None = None) -> Memory:
        """The memory behind a part of the buffer, for a descriptor of its own (NdisCopyBuffer). IRQL: any.

        :param offset: first byte, counted from the start of the buffer
        :param length: number of bytes; by default all that follow
        :raises ValueError: when the part lies outside the buffer
        """
        if self._packet is None:  # in a chain it is live
            self._require_live("BUF-05")
        memory = self._memory
        size = len(memory)
        if length is None:
            length = size - offset
        if not 0 <= offset <= size or not 0 <= length <= size - offset:
            raise ValueError(f"bytes {offset} to {offset + length} lie outside {self!r}")
        if length == size:
            return memory
        if isinstance(memory, Block):
            return memory[offset : offset + length]
        return memoryview(memory)[offset : offset + length]

    def free(self) -> None:
        """Give the descriptor back to its pool (NdisFreeBuffer); the memory stays the caller's. IRQL: <= DISPATCH.

        :raises RuleViolation: BUF-05 free already, BUF-08 its length is still adjusted, BUF-09 chained or linked
        """
        self._home._returns.append(self)
        self._home = AWAY
        self._memory = b""

    @property
    def _whole(self) -> Memory:
        """The memory it was allocated over, whatever its length now."""
        special = self._special
        return self._memory if special is None or special.whole is None else special.whole

    def _bytes(self) -> memoryview:
        memory = self._memory
        return memory.view if isinstance(memory, Block) else memoryview(memory)

    def _before(self, operation: str, *arguments: object, rule: str = "BUF-05") -> None:
        if self._home is AWAY:
            self._require_live(rule)
        if self._pool._probe is not None:
            self._pool._probe.before(operation, self, *arguments)

    def _require_live(self, rule: str = "BUF-05", what: str = "used after it was freed; allocate it anew") -> None:
        if self.state is BufferState.FREE:
            raise RuleViolation(
                rule,
                f"a buffer of pool {self._pool.name!r} is {what}",
                self,
                other=self._freed_at,
            )

    def _free_carefully(self) -> None:
        self._check_free()
        self._pool._returns.append(self)
        self._end_special()

    def _check_free(self) -> None:
        """Refuse to free a buffer that may not be freed now."""
        self._require_live("BUF-05", "freed twice; whoever freed it first had given it up")
        if self._packet is not None or (self._special is not None and self._special.linked):
            raise RuleViolation("BUF-09", f"{self!r} is freed while it is in a chain; unchain it first", self)
        if self._special is not None and self._special.whole is not None:
            raise RuleViolation(
                "BUF-08",
                f"{self!r} is freed with its length adjusted; restore_length() comes first",
                self,
            )

    def _become_plain(self) -> None:
        """Back to the state in which freeing is one append, if nothing special is left."""
        if not self._special:
            self._special = None
            if self._packet is None:
                self._home = self._pool


def described(memory: object, length: int | None = None) -> Memory:
    """The memory that a buffer is to describe, cut to its first ``length`` bytes if that is given.

    :raises TypeError: when it has no bytes, or the length is no integer
    :raises ValueError: when it is not contiguous, or shorter than ``length``
    """
    whole = memory if isinstance(memory, (bytes, bytearray, Block)) else _bytes_of(memory)
    if length is None:
        return whole
    check_integer("length", length, 0, len(whole))
    return whole if length == len(whole) else _first(whole, length)


def _first(memory: Memory, length: int) -> Memory:
    return memory[:length] if isinstance(memory, Block) else memoryview(memory)[:length]


def _bytes_of(memory: object) -> memoryview:
    try:
        view = memoryview(memory)  # type: ignore[arg-type]  # the point is to find out
    except TypeError:
        raise TypeError(
            f"a buffer describes bytes, a bytearray, a memoryview or a Block, not {type(memory).__name__}"
        ) from None
    if not view.c_contiguous:
        raise ValueError("a buffer describes contiguous bytes; this memoryview has a stride")
    return view.cast("B") if view.format != "B" or view.ndim != 1 else view
