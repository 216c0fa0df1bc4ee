"""Read/write locks: many readers or one writer, first come, first served.

Source: the NdisInitializeReadWriteLock, NdisAcquireReadWriteLock and NdisReleaseReadWriteLock pages. Like a spin lock
it raises to DISPATCH_LEVEL and is released in reverse order; each acquire has a LOCK_STATE of its own, which stands on
the processor's stack of held locks (LOCK-13). A waiting writer holds back the readers behind it, or it would starve,
and readers in a row enter together. That makes a second read by a holder a deadlock in waiting: it is refused, as is
an upgrade. A waiter that was let in and is then cancelled lets the next ones in, in the same step.
"""

from collections import OrderedDict
from dataclasses import dataclass
from types import TracebackType

from anyio import WouldBlock

from asyncndis.base import RuleViolation, check_instance, current_probe

from .host import Seat, current_host
from .processors import HeldLock, Irql, Processor, current_processor, irql_name, raised
from .waiting import preempt

__all__ = ["LockState", "ReadWriteAccess", "ReadWriteLock", "ReadWriteLockStatistics"]

_ACQUIRE = "NdisAcquireReadWriteLock"
_RELEASE = "NdisReleaseReadWriteLock"


@dataclass(frozen=True, slots=True)
class ReadWriteLockStatistics:
    """The state of a read/write lock at one moment.

    :ivar readers: how many hold it for reading
    :ivar writing: whether somebody holds it for writing
    :ivar waiting: how many tasks wait for it
    :ivar contended: how often an acquire had to wait, since the lock was made
    """

    readers: int
    writing: bool
    waiting: int
    contended: int


class LockState:
    """One acquire of a read/write lock (LOCK_STATE); it may serve again after the release.

    :ivar lock: the lock that it is used with now, or None
    :ivar processor: the processor that holds the lock through it, or None
    :ivar write: whether that is for writing
    :ivar below: the lock that the same processor took before this one, if it still holds it
    """

    __slots__ = ("below", "irql", "lock", "processor", "write")

    def __init__(self) -> None:
        self.lock: ReadWriteLock | None = None
        self.processor: Processor | None = None
        self.write = False
        self.irql: int = Irql.PASSIVE
        self.below: HeldLock | None = None

    def __repr__(self) -> str:
        if self.lock is None:
            return "<LockState unused>"
        use = "waits for" if self.processor is None else "holds"
        return f"<LockState {use} {self.lock.name!r} for {'writing' if self.write else 'reading'}>"

    @property
    def name(self) -> str:
        """The name of the lock, for messages."""
        return "unused lock state" if self.lock is None else self.lock.name


class ReadWriteLock:
    """A read/write lock of a driver (NdisInitializeReadWriteLock). IRQL: any.

    ``async with lock.read():`` and ``async with lock.write():`` take it; in a handler that is a plain function,
    ``with lock.read():`` does, and raises ``anyio.WouldBlock`` where that would have to wait.

    :param name: for messages and the lock graph
    """

    __slots__ = ("__weakref__", "_contended", "_holders", "_probe", "_waiting", "_writing", "name")

    def __init__(self, name: str = "rwlock") -> None:
        check_instance("name", name, str)
        self.name = name
        self._probe = current_probe()
        self._holders: dict[LockState, None] = {}
        self._writing = False
        self._waiting: OrderedDict[LockState, Seat[None]] = OrderedDict()
        self._contended = 0

    def __repr__(self) -> str:
        now = self.statistics()
        state = "held for writing" if now.writing else f"{now.readers} reading" if now.readers else "free"
        return f"<ReadWriteLock {self.name!r} {state}, {now.waiting} waiting>"

    def statistics(self) -> ReadWriteLockStatistics:
        """The state of the lock. IRQL: any."""
        readers = 0 if self._writing else len(self._holders)
        return ReadWriteLockStatistics(readers, self._writing, len(self._waiting), self._contended)

    def read(self) -> "ReadWriteAccess":
        """Reading, for a block: ``async with lock.read():``, or ``with`` where nothing can be awaited."""
        return ReadWriteAccess(self, write=False)

    def write(self) -> "ReadWriteAccess":
        """Writing, for a block: ``async with lock.write():``, or ``with`` where nothing can be awaited."""
        return ReadWriteAccess(self, write=True)

    async def acquire(self, state: LockState, *, write: bool) -> None:
        """Take the lock, after those who asked before. IRQL: <= DISPATCH; leaves at DISPATCH.

        :param state: a lock state that is not in use
        :param write: whether to keep everybody else out
        :raises RuleViolation: LOCK-13 the state is in use, or the caller holds the lock for reading and wants to write;
            LOCK-02 the caller holds it already; LOCK-04 a holder ended without releasing it; IRQL-01 above
            DISPATCH_LEVEL
        """
        if self._probe is not None:
            await preempt(self._probe, _ACQUIRE, self)
        processor = self._check(state, write=write)
        state.lock, state.write = self, write
        if self._waiting or not self._admits(state):
            await self._spin(state, processor)
        else:
            self._let_in(state)
        self._grant(state, processor)

    def acquire_nowait(self, state: LockState, *, write: bool) -> None:
        """Take the lock if that needs no waiting; otherwise as :meth:`acquire`.

        :raises anyio.WouldBlock: when it does
        """
        processor = self._check(state, write=write)
        state.lock, state.write = self, write
        if self._waiting or not self._admits(state):
            state.lock = None
            raise WouldBlock
        self._let_in(state)
        self._grant(state, processor)

    def release(self, state: LockState) -> None:
        """Release the lock and restore the IRQL that was saved in ``state``. IRQL: DISPATCH.

        :param state: the state that the lock was acquired with
        :raises RuleViolation: LOCK-03 not held through this state; LOCK-13 held through a state of another lock;
            LOCK-07 a lock taken later is still held; LOCK-10 held by another task
        """
        processor = self._check_release(state)
        if self._probe is not None:
            self._probe.before(_RELEASE, self, processor)
        processor.top, state.below = state.below, None
        processor.irql, state.irql = state.irql, Irql.PASSIVE
        state.processor = None
        processor.settle()
        self._let_out(state)
        if self._probe is not None:
            self._probe.after(_RELEASE, self, processor)

    def _admits(self, state: LockState) -> bool:
        return not self._holders or not (state.write or self._writing)

    def _let_in(self, state: LockState) -> None:
        self._holders[state] = None
        self._writing = state.write

    def _let_out(self, state: LockState) -> None:
        """A holder goes, and those who may enter now do."""
        del self._holders[state]
        self._writing = False
        state.lock = None
        self._serve()

    def _serve(self) -> None:
        """Let in who may enter, from the head of the line on; whoever was cancelled there has left it."""
        while self._waiting:
            state, seat = next(iter(self._waiting.items()))
            if not seat.done():
                if not self._admits(state):
                    return
                self._let_in(state)
                seat.set_result(None)
            del self._waiting[state]

    async def _spin(self, state: LockState, processor: Processor) -> None:
        self._refuse_a_dead_holder(state)
        self._contended += 1
        seat = self._waiting[state] = current_host().new_seat()
        processor.spinning = True
        try:
            await seat
        except BaseException:
            self._give_up(state)
            raise
        finally:
            processor.spinning = False

    def _give_up(self, state: LockState) -> None:
        """A waiter was cancelled, before or after it was let in."""
        if state in self._holders:
            self._let_out(state)
        else:
            self._waiting.pop(state, None)
            state.lock = None
            self._serve()

    def _grant(self, state: LockState, processor: Processor) -> None:
        state.processor = processor
        state.irql, processor.irql = processor.irql, Irql.DISPATCH
        state.below, processor.top = processor.top, state
        raised[processor.task] = processor
        if self._probe is not None:
            self._probe.after(_ACQUIRE, self, processor)

    def _check(self, state: LockState, *, write: bool) -> Processor:
        """Refuse an acquire that breaks a rule; nothing has changed yet."""
        check_instance("state", state, LockState)
        processor = current_processor()
        if state.lock is not None:
            raise RuleViolation(
                "LOCK-13",
                f"{processor.name} acquires {self.name} with a lock state that is in use for {state.lock.name}; "
                "give each acquire a LockState of its own",
                self,
            )
        if processor.irql > Irql.DISPATCH:
            raise RuleViolation(
                "IRQL-01",
                f"{self.name} is acquired at {irql_name(processor.irql)}; a lock may be taken at or below "
                "DISPATCH_LEVEL, share data with an ISR through synchronize_with_interrupt",
                self,
            )
        for held in processor.held_locks:
            if isinstance(held, LockState) and held.lock is self:
                raise self._reentry(processor, held, write=write)
        if self._probe is not None:
            self._probe.before(_ACQUIRE, self, processor, write)
        return processor

    def _reentry(self, processor: Processor, held: LockState, *, write: bool) -> RuleViolation:
        if write and not held.write:
            return RuleViolation(
                "LOCK-13",
                f"{processor.name} acquires {self.name} for writing while it reads: it would wait for itself; "
                "release it first, or write from the start",
                self,
            )
        return RuleViolation(
            "LOCK-02",
            f"{processor.name} acquires {self.name}, which it holds already: it would spin for ever",
            self,
        )

    def _refuse_a_dead_holder(self, state: LockState) -> None:
        is_done = current_host().task_is_done
        for holder in self._holders:
            if holder.processor is not None and is_done(holder.processor.task):
                state.lock = None
                raise RuleViolation(
                    "LOCK-04",
                    f"{self.name} can never be acquired: its holder, {holder.processor.name}, ended without "
                    "releasing it",
                    self,
                )

    def _check_release(self, state: LockState) -> Processor:
        """Refuse a release that breaks a rule; nothing has changed yet."""
        check_instance("state", state, LockState)
        if state.lock is not None and state.lock is not self:
            raise RuleViolation(
                "LOCK-13",
                f"{self.name} is released with the lock state of {state.lock.name}; use the one it was acquired with",
                self,
            )
        holder = state.processor
        if holder is None:
            raise RuleViolation("LOCK-03", f"{self.name} is released, but it is not held through this lock state", self)
        processor = current_processor()
        if processor is not holder:
            raise RuleViolation(
                "LOCK-10", f"{self.name} is released by {processor.name}, but {holder.name} holds it", self
            )
        if processor.irql != Irql.DISPATCH:
            raise RuleViolation(
                "IRQL-01",
                f"{self.name} is released at {irql_name(processor.irql)}; it is to be released at the DISPATCH_LEVEL "
                "that acquiring it raised to",
                self,
            )
        if processor.top is not state and processor.top is not None:
            raise RuleViolation(
                "LOCK-07",
                f"{self.name} is released while {processor.top.name}, taken later, is held; release in reverse order",
                self,
            )
        return processor


class ReadWriteAccess:
    """One block's hold of a read/write lock; made by :meth:`ReadWriteLock.read` and :meth:`ReadWriteLock.write`."""

    __slots__ = ("_lock", "_state", "_write")

    def __init__(self, lock: ReadWriteLock, *, write: bool) -> None:
        check_instance("lock", lock, ReadWriteLock)
        self._lock = lock
        self._state = LockState()
        self._write = write

    async def __aenter__(self) -> LockState:
        await self._lock.acquire(self._state, write=self._write)
        return self._state

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release(self._state)

    def __enter__(self) -> LockState:
        self._lock.acquire_nowait(self._state, write=self._write)
        return self._state

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._lock.release(self._state)
