"""Spin locks: ownership and FIFO hand-off by ``anyio.Lock``, IRQL and the lock rules on top.

Source: the NdisAcquireSpinLock and NdisDprAcquireSpinLock pages. Acquiring raises the processor to DISPATCH_LEVEL and
saves the old level in the lock; releasing restores the level saved in that lock. What concerns one lock is checked
always: no second acquire by its holder (LOCK-02), release only when held (LOCK-03) by the holder (LOCK-10), plain with
plain and Dpr with Dpr (LOCK-05, LOCK-06), in reverse order (LOCK-07). Lock order belongs to the verifier.

The short way in serves a task at PASSIVE_LEVEL that holds nothing, on a lock without a probe: the lock then lends the
task the processor object that it keeps for this purpose, so that nothing has to be made.
"""

from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING

from anyio import Lock, WouldBlock

from asyncndis.base import Profile, RuleViolation, check_instance, current_probe

from .host import current_host
from .processors import Irql, Processor, current_processor, irql_name, raised
from .waiting import preempt

if TYPE_CHECKING:
    from collections.abc import Callable

    from .processors import HeldLock

__all__ = ["SpinLock", "SpinLockStatistics"]


_DISPATCH = int(Irql.DISPATCH)


@dataclass(frozen=True, slots=True)
class SpinLockStatistics:
    """The state of a spin lock at one moment.

    :ivar locked: whether somebody holds it
    :ivar holder: the name of the processor that does, or None
    :ivar waiting: how many tasks wait for it
    :ivar contended: how often an acquire had to wait, since the lock was made
    """

    locked: bool
    holder: str | None
    waiting: int
    contended: int


class SpinLock:
    """A spin lock of a driver.

    ``async with lock:`` takes it; in a handler that is a plain function, ``with lock:`` does, and raises
    ``anyio.WouldBlock`` where another task holds it. IRQL: at or below DISPATCH_LEVEL. Rules: LOCK-02 to LOCK-07,
    LOCK-09 to LOCK-11.

    :param name: for messages and the lock graph
    :param profile: under ``Profile.CE`` the lock is a critical section: no IRQL change, and its holder may re-enter it
    """

    __slots__ = (
        "__weakref__",
        "_acquire_nowait",
        "_careful",
        "_contended",
        "_current_task",
        "_depth",
        "_dpr",
        "_freed",
        "_holder",
        "_lent",
        "_lock",
        "_probe",
        "_profile",
        "_release_lock",
        "_saved_irql",
        "below",
        "name",
    )

    _lock: Lock
    _acquire_nowait: "Callable[[], None]"
    _release_lock: "Callable[[], None]"
    _current_task: "Callable[[], object]"

    def __init__(self, name: str = "lock", *, profile: Profile = Profile.STRICT) -> None:
        check_instance("name", name, str)
        check_instance("profile", profile, Profile)
        self.name = name
        self.below: HeldLock | None = None
        self._profile = profile
        self._probe = current_probe()
        self._holder: Processor | None = None
        self._saved_irql: int = Irql.PASSIVE
        self._dpr = False
        self._depth = 0
        self._contended = 0
        self._freed = False
        self._careful = True
        self._lent: Processor | None = None

    def __repr__(self) -> str:
        state = "freed" if self._freed else "free" if self._holder is None else f"held by {self._holder.name}"
        return f"<SpinLock {self.name!r} {state}, {self.statistics().waiting} waiting>"

    @property
    def holder(self) -> Processor | None:
        """The processor that holds the lock now."""
        return self._holder

    def statistics(self) -> SpinLockStatistics:
        """The state of the lock. IRQL: any."""
        holder = self._holder
        waiting = self._lock.statistics().tasks_waiting if hasattr(self, "_lock") else 0
        return SpinLockStatistics(holder is not None, None if holder is None else holder.name, waiting, self._contended)

    async def acquire(self) -> None:
        """Take the lock, after those who asked before (NdisAcquireSpinLock). IRQL: <= DISPATCH; leaves at DISPATCH.

        :raises RuleViolation: LOCK-02 held by the caller already; LOCK-09 freed; LOCK-04 its holder ended without
            releasing it; IRQL-01 above DISPATCH_LEVEL
        """
        if raised or self._careful:
            await self._acquire_carefully("NdisAcquireSpinLock", dpr=False)
            return
        try:
            self._acquire_nowait()
        except WouldBlock:
            await self._wait()
        self._holder = processor = self._lent or self._new_lent()
        processor.task = task = self._current_task()
        raised[task] = processor

    __aenter__ = acquire

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def acquire_nowait(self) -> None:
        """Take the lock if it is free. IRQL: <= DISPATCH; leaves at DISPATCH.

        :raises anyio.WouldBlock: when it is not free
        :raises RuleViolation: as :meth:`acquire`
        """
        if raised or self._careful:
            self._acquire_carefully_nowait("NdisAcquireSpinLock", dpr=False)
            return
        self._acquire_nowait()
        self._holder = processor = self._lent or self._new_lent()
        processor.task = task = self._current_task()
        raised[task] = processor

    __enter__ = acquire_nowait

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Release the lock and restore the IRQL saved in it (NdisReleaseSpinLock). IRQL: DISPATCH.

        :raises RuleViolation: LOCK-03 not held; LOCK-05 it was taken by the Dpr form; LOCK-07 a lock taken later is
            still held; LOCK-10 held by another task
        """
        processor = self._holder
        if processor is None or processor is not self._lent or processor.top is not self or processor.irql != _DISPATCH:
            self._release_carefully("NdisReleaseSpinLock", dpr=False)
            return
        try:
            self._release_lock()
        except RuntimeError:
            raise self._not_the_holder(processor) from None
        self._holder = None
        del raised[processor.task]

    async def acquire_dpr(self) -> None:
        """Take the lock without an IRQL change (NdisDprAcquireSpinLock). IRQL: exactly DISPATCH.

        :raises RuleViolation: LOCK-06 below DISPATCH_LEVEL (on CE any level is accepted); as :meth:`acquire`
        """
        await self._acquire_carefully("NdisDprAcquireSpinLock", dpr=True)

    def acquire_dpr_nowait(self) -> None:
        """The form of :meth:`acquire_dpr` that never waits.

        :raises anyio.WouldBlock: when the lock is not free
        """
        self._acquire_carefully_nowait("NdisDprAcquireSpinLock", dpr=True)

    def release_dpr(self) -> None:
        """Release a lock taken by the Dpr form (NdisDprReleaseSpinLock). IRQL: exactly DISPATCH.

        :raises RuleViolation: LOCK-05 when it was taken by the plain form; as :meth:`release`
        """
        self._release_carefully("NdisDprReleaseSpinLock", dpr=True)

    def free(self) -> None:
        """Give the lock up (NdisFreeSpinLock); a freed lock may not be acquired. IRQL: any.

        :raises RuleViolation: LOCK-09 while it is held, or when it was freed before
        """
        if self._freed:
            raise RuleViolation("LOCK-09", f"{self.name} is freed twice; initialize it anew before further use", self)
        if self._holder is not None or (hasattr(self, "_lock") and self._lock.locked()):
            holder = "the next in line" if self._holder is None else self._holder.name
            raise RuleViolation("LOCK-09", f"{self.name} is freed while {holder} holds it; release it first", self)
        if self._probe is not None:
            self._probe.before("NdisFreeSpinLock", self)
        self._freed = self._careful = True
        if self._probe is not None:
            self._probe.after("NdisFreeSpinLock", self)

    def _new_lent(self) -> Processor:
        """The processor for holders that come the short way: from PASSIVE_LEVEL, with no lock below this one."""
        processor = self._lent = Processor()
        processor.irql = Irql.DISPATCH
        processor.top = self
        processor.lender = self
        return processor

    async def _acquire_carefully(self, operation: str, *, dpr: bool) -> None:
        if self._probe is not None:
            await preempt(self._probe, operation, self)
        processor = self._check(operation, dpr=dpr)
        if not self._reenter(processor):
            try:
                self._try()
            except WouldBlock:
                await self._spin(processor)
            self._grant(processor, dpr=dpr)
        if self._probe is not None:
            self._probe.after(operation, self, processor)

    def _acquire_carefully_nowait(self, operation: str, *, dpr: bool) -> None:
        processor = self._check(operation, dpr=dpr)
        if not self._reenter(processor):
            self._try()
            self._grant(processor, dpr=dpr)
        if self._probe is not None:
            self._probe.after(operation, self, processor)

    def _check(self, operation: str, *, dpr: bool) -> Processor:
        """Refuse an acquire that breaks a rule; state is untouched."""
        if not hasattr(self, "_lock"):
            self._bind()
        processor = current_processor()
        if self._freed:
            raise RuleViolation("LOCK-09", f"{self.name} was freed; initialize it anew before it is acquired", self)
        if processor.irql > Irql.DISPATCH:
            raise RuleViolation(
                "IRQL-01",
                f"{self.name} is acquired at {irql_name(processor.irql)}; a spin lock may be taken at or below "
                "DISPATCH_LEVEL, share data with an ISR through synchronize_with_interrupt",
                self,
            )
        if self._holder is processor and self._profile.locks_raise_irql:
            raise RuleViolation(
                "LOCK-02",
                f"{processor.name} acquires {self.name}, which it holds already: it would spin for ever",
                self,
            )
        if dpr and self._profile.dpr_needs_dispatch and processor.irql != Irql.DISPATCH:
            raise RuleViolation(
                "LOCK-06",
                f"{self.name} is acquired by the Dpr form at {irql_name(processor.irql)}; "
                "use the plain form below DISPATCH_LEVEL",
                self,
            )
        if self._probe is not None:
            self._probe.before(operation, self, processor)
        return processor

    def _bind(self) -> None:
        """Take the lock of the loop that runs now; a lock may be made before any loop runs."""
        host = current_host()
        self._current_task = host.current_task
        self._lock = Lock(fast_acquire=True)
        self._acquire_nowait = self._lock.acquire_nowait
        self._release_lock = self._lock.release
        self._careful = self._freed or self._probe is not None or not self._profile.locks_raise_irql

    def _reenter(self, processor: Processor) -> bool:
        """A critical section of CE may be entered again by its holder."""
        if self._holder is processor:
            self._depth += 1
            return True
        return False

    def _try(self) -> None:
        """Take anyio's lock, which knows tasks: not the processors of one task, and not code outside any task."""
        if self._holder is None:
            self._acquire_nowait()
        else:
            raise WouldBlock

    async def _spin(self, processor: Processor) -> None:
        processor.spinning = True
        try:
            await self._wait()
        finally:
            processor.spinning = False

    async def _wait(self) -> None:
        holder = self._holder
        if holder is not None and (not self._lock.locked() or current_host().task_is_done(holder.task)):
            raise RuleViolation(
                "LOCK-04",
                f"{self.name} can never be acquired: its holder, {holder.name}, ended without releasing it",
                self,
            )
        self._contended += 1
        await self._lock.acquire()

    def _grant(self, processor: Processor, *, dpr: bool) -> None:
        self._holder = processor
        self._saved_irql = processor.irql
        self._dpr = dpr
        self.below = processor.top
        processor.top = self
        if self._profile.locks_raise_irql:
            processor.irql = Irql.DISPATCH
        raised[processor.task] = processor

    def _release_carefully(self, operation: str, *, dpr: bool) -> None:
        processor = self._check_release(dpr=dpr)
        if self._probe is not None:
            self._probe.before(operation, self, processor)
        if self._depth:
            self._depth -= 1
        else:
            try:
                self._release_lock()
            except RuntimeError:
                raise self._not_the_holder(processor) from None
            self._leave(processor)
        if self._probe is not None:
            self._probe.after(operation, self, processor)

    def _leave(self, processor: Processor) -> None:
        """Restore the processor to what it was, and the lock to the state of rest that the short way counts on."""
        self._holder = None
        processor.top, self.below = self.below, None
        if self._profile.locks_raise_irql:
            processor.irql, self._saved_irql = self._saved_irql, Irql.PASSIVE
        self._dpr = False
        processor.settle()

    def _check_release(self, *, dpr: bool) -> Processor:
        """Refuse a release that breaks a rule; state is untouched."""
        processor = self._holder
        if processor is None:
            raise RuleViolation("LOCK-03", f"{self.name} is released, but nobody holds it", self)
        if current_processor() is not processor:
            raise self._not_the_holder(processor)
        if dpr is not self._dpr:
            taken, released = ("Dpr", "plain") if self._dpr else ("plain", "Dpr")
            raise RuleViolation(
                "LOCK-05",
                f"{self.name} was acquired by the {taken} form and is released by the {released} form; pair them",
                self,
            )
        if self._profile.locks_raise_irql and processor.irql != Irql.DISPATCH:
            raise RuleViolation(
                "IRQL-01",
                f"{self.name} is released at {irql_name(processor.irql)}; it is to be released at the DISPATCH_LEVEL "
                "that acquiring it raised to",
                self,
            )
        top = processor.top
        if top is not self and top is not None and not self._depth:
            raise RuleViolation(
                "LOCK-07",
                f"{self.name} is released while {top.name}, taken later, is held; release in reverse order",
                self,
            )
        return processor

    def _not_the_holder(self, holder: Processor) -> RuleViolation:
        return RuleViolation(
            "LOCK-10",
            f"{self.name} is released by {current_processor().name}, but {holder.name} holds it",
            self,
        )
