"""Interlocked operations: lists, stacks and numbers that may be changed from anywhere, at any IRQL.

Source: the NdisInterlockedInsertTailList, NdisInterlockedPushEntrySList and NdisInterlockedAddUlong pages. A list is
used with one spin lock, always the same, which the caller does not hold (LOCK-12): the operation takes it itself.
On one event loop an operation that does not wait is atomic, so a free lock need not really be taken. A lock that
another task holds while it waits keeps the operation out: the awaited forms spin for it, the ``_nowait`` forms raise
``anyio.WouldBlock``, and nothing has changed. NdisInterlockedIncrement and its like have no lock and never wait.
"""

from collections import deque
from typing import Generic, TypeVar

from anyio import WouldBlock

from asyncndis.base import RuleViolation, check_instance, check_integer, current_probe

from .processors import current_processor
from .spinlock import SpinLock
from .waiting import preempt

__all__ = ["InterlockedList", "InterlockedLong", "InterlockedStack", "InterlockedUlong", "LargeStatistic"]

T = TypeVar("T")

_32_BITS = 0xFFFFFFFF
_64_BITS = 0xFFFFFFFFFFFFFFFF


class _Guarded:
    """What is changed under a spin lock that the operations take themselves."""

    __slots__ = ("__weakref__", "_lock", "_probe", "name")

    def __init__(self, name: str) -> None:
        check_instance("name", name, str)
        self.name = name
        self._probe = current_probe()
        self._lock: SpinLock | None = None

    async def _spin(self, operation: str, lock: SpinLock) -> None:
        """Wait until the lock can be had; it still can when the caller goes on in the same step."""
        if self._probe is not None:
            await preempt(self._probe, operation, self)
        if self._is_contended(lock):
            async with lock:
                pass

    def _enter(self, operation: str, lock: SpinLock) -> None:
        """Take the lock for one step, or refuse; nothing has changed yet."""
        if self._is_contended(lock):
            raise WouldBlock
        if self._probe is not None:
            self._probe.before(operation, self, lock)
        self._lock = lock

    def _leave(self, operation: str, lock: SpinLock) -> None:
        if self._probe is not None:
            self._probe.after(operation, self, lock)

    def _is_contended(self, lock: SpinLock) -> bool:
        """Whether another task holds the lock; a lock that must not be used here is refused."""
        check_instance("lock", lock, SpinLock)
        if lock._freed:
            raise RuleViolation("LOCK-09", f"{lock.name} was freed; initialize it anew before it is used", lock)
        if self._lock is not None and self._lock is not lock:
            raise RuleViolation(
                "LOCK-12",
                f"{self.name} is used with {lock.name}, and was used with {self._lock.name} before; "
                "use one lock for all operations on it",
                self,
            )
        holder = lock.holder
        if holder is not None and holder is current_processor():
            raise RuleViolation(
                "LOCK-12",
                f"{self.name} is used with {lock.name}, which {holder.name} holds: the operation takes it itself "
                "and would spin for ever; release it first",
                self,
            )
        return holder is not None


class InterlockedList(_Guarded, Generic[T]):
    """A list, empty at first, whose ends are changed under a spin lock (a LIST_ENTRY head). IRQL: any.

    Each operation takes the list's lock, and is refused (LOCK-12) when the caller holds it or another lock was used
    before.

    :param name: for messages
    """

    __slots__ = ("_entries",)

    def __init__(self, name: str = "list") -> None:
        super().__init__(name)
        self._entries: deque[T] = deque()

    def __repr__(self) -> str:
        return f"<InterlockedList {self.name!r}, {len(self)} entries>"

    def __len__(self) -> int:
        return len(self._entries)

    async def insert_head(self, entry: T, lock: SpinLock) -> T | None:
        """Put an entry first (NdisInterlockedInsertHeadList).

        :returns: the entry that was first before, or None
        """
        await self._spin("NdisInterlockedInsertHeadList", lock)
        return self.insert_head_nowait(entry, lock)

    def insert_head_nowait(self, entry: T, lock: SpinLock) -> T | None:
        """As :meth:`insert_head`.

        :raises anyio.WouldBlock: when another task holds the lock
        """
        self._enter("NdisInterlockedInsertHeadList", lock)
        before = self._entries[0] if self._entries else None
        self._entries.appendleft(entry)
        self._leave("NdisInterlockedInsertHeadList", lock)
        return before

    async def insert_tail(self, entry: T, lock: SpinLock) -> T | None:
        """Put an entry last (NdisInterlockedInsertTailList).

        :returns: the entry that was last before, or None
        """
        await self._spin("NdisInterlockedInsertTailList", lock)
        return self.insert_tail_nowait(entry, lock)

    def insert_tail_nowait(self, entry: T, lock: SpinLock) -> T | None:
        """As :meth:`insert_tail`.

        :raises anyio.WouldBlock: when another task holds the lock
        """
        self._enter("NdisInterlockedInsertTailList", lock)
        before = self._entries[-1] if self._entries else None
        self._entries.append(entry)
        self._leave("NdisInterlockedInsertTailList", lock)
        return before

    async def remove_head(self, lock: SpinLock) -> T | None:
        """Take the first entry (NdisInterlockedRemoveHeadList).

        :returns: the entry, or None when the list is empty
        """
        await self._spin("NdisInterlockedRemoveHeadList", lock)
        return self.remove_head_nowait(lock)

    def remove_head_nowait(self, lock: SpinLock) -> T | None:
        """As :meth:`remove_head`.

        :raises anyio.WouldBlock: when another task holds the lock
        """
        self._enter("NdisInterlockedRemoveHeadList", lock)
        entry = self._entries.popleft() if self._entries else None
        self._leave("NdisInterlockedRemoveHeadList", lock)
        return entry


class InterlockedStack(_Guarded, Generic[T]):
    """A stack, empty at first (NdisInitializeSListHead). IRQL: any.

    Each operation takes the stack's lock, and is refused (LOCK-12) when the caller holds it or another lock was used
    before.

    :param name: for messages
    """

    __slots__ = ("_entries",)

    def __init__(self, name: str = "stack") -> None:
        super().__init__(name)
        self._entries: list[T] = []

    def __repr__(self) -> str:
        return f"<InterlockedStack {self.name!r}, {self.depth} entries>"

    @property
    def depth(self) -> int:
        """How many entries there are, in 16 bits as NDIS counts them (NdisQueryDepthSList)."""
        return len(self._entries) & 0xFFFF

    async def push(self, entry: T, lock: SpinLock) -> T | None:
        """Put an entry on top (NdisInterlockedPushEntrySList).

        :returns: the entry that was on top before, or None
        """
        await self._spin("NdisInterlockedPushEntrySList", lock)
        return self.push_nowait(entry, lock)

    def push_nowait(self, entry: T, lock: SpinLock) -> T | None:
        """As :meth:`push`.

        :raises anyio.WouldBlock: when another task holds the lock
        """
        self._enter("NdisInterlockedPushEntrySList", lock)
        before = self._entries[-1] if self._entries else None
        self._entries.append(entry)
        self._leave("NdisInterlockedPushEntrySList", lock)
        return before

    async def pop(self, lock: SpinLock) -> T | None:
        """Take the entry on top (NdisInterlockedPopEntrySList).

        :returns: the entry, or None when the stack is empty
        """
        await self._spin("NdisInterlockedPopEntrySList", lock)
        return self.pop_nowait(lock)

    def pop_nowait(self, lock: SpinLock) -> T | None:
        """As :meth:`pop`.

        :raises anyio.WouldBlock: when another task holds the lock
        """
        self._enter("NdisInterlockedPopEntrySList", lock)
        entry = self._entries.pop() if self._entries else None
        self._leave("NdisInterlockedPopEntrySList", lock)
        return entry


class InterlockedUlong(_Guarded):
    """An unsigned number of 32 bits that is added to under a spin lock. IRQL: any.

    :param value: the number at first
    :param name: for messages
    :ivar value: the number now
    """

    __slots__ = ("value",)

    def __init__(self, value: int = 0, name: str = "number") -> None:
        check_integer("value", value)
        super().__init__(name)
        self.value = value

    def __repr__(self) -> str:
        return f"<InterlockedUlong {self.name!r} {self.value}>"

    async def add(self, increment: int, lock: SpinLock) -> None:
        """Add to the number, which wraps around (NdisInterlockedAddUlong). Rules: LOCK-12."""
        await self._spin("NdisInterlockedAddUlong", lock)
        self.add_nowait(increment, lock)

    def add_nowait(self, increment: int, lock: SpinLock) -> None:
        """As :meth:`add`.

        :raises anyio.WouldBlock: when another task holds the lock
        """
        check_integer("increment", increment)
        self._enter("NdisInterlockedAddUlong", lock)
        self.value = self.value + increment & _32_BITS
        self._leave("NdisInterlockedAddUlong", lock)


class InterlockedLong:
    """A signed number of 32 bits that counts up and down. IRQL: any.

    :param value: the number at first
    :ivar value: the number now
    """

    __slots__ = ("__weakref__", "value")

    def __init__(self, value: int = 0) -> None:
        check_integer("value", value, -0x80000000, 0x7FFFFFFF)
        self.value = value

    def __repr__(self) -> str:
        return f"<InterlockedLong {self.value}>"

    def increment(self) -> int:
        """Count up, and return the new number; after the greatest comes the least (NdisInterlockedIncrement)."""
        self.value = self.value + 1 if self.value < 0x7FFFFFFF else -0x80000000
        return self.value

    def decrement(self) -> int:
        """Count down, and return the new number; below the least is the greatest (NdisInterlockedDecrement)."""
        self.value = self.value - 1 if self.value > -0x80000000 else 0x7FFFFFFF
        return self.value


class LargeStatistic:
    """An unsigned number of 64 bits that statistics add to. IRQL: any.

    :param value: the number at first
    :ivar value: the number now
    """

    __slots__ = ("__weakref__", "value")

    def __init__(self, value: int = 0) -> None:
        check_integer("value", value, 0, _64_BITS)
        self.value = value

    def __repr__(self) -> str:
        return f"<LargeStatistic {self.value}>"

    def add(self, increment: int) -> None:
        """Add an unsigned number of 32 bits (NdisInterlockedAddLargeStatistic)."""
        check_integer("increment", increment)
        self.value = self.value + increment & _64_BITS
