"""Rules across locks and tasks: order (LOCK-08), what is held at an end (LOCK-04), awaiting inside (LOCK-11), LOCK-14.

Whether a task awaits while it holds a lock shows when it next gives way: a callback left behind at each acquire finds
the lock still held, and reads the awaiting line from the task's frames. Waiting for another lock is no fault. Locks are
nodes of the order graph as objects, and as names too: a name stands for all locks that have it, so that two orders
show even where they never met on the same pair. The names that locks have by default say nothing, and are left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from asyncndis.base import RuleViolation, Site, caller_site
from asyncndis.base.context import LockView, ProcessorView, raised_processor, running_context

from .order import LockOrder, Step
from .reports import Reports

__all__ = ["ANONYMOUS", "LockWatch"]

ANONYMOUS = frozenset({"lock", "rwlock"})
_DISPATCH = 2
_INTERLOCKED = (
    "NdisInterlockedInsertHeadList",
    "NdisInterlockedInsertTailList",
    "NdisInterlockedRemoveHeadList",
    "NdisInterlockedPushEntrySList",
    "NdisInterlockedPopEntrySList",
    "NdisInterlockedAddUlong",
)


@dataclass(slots=True)
class _Hold:
    """A lock being held: since which line, how often over, and what is to be said when it is released."""

    since: Site
    depth: int = 1
    violation: RuleViolation | None = None


class LockWatch:
    """Watches spin locks and read/write locks."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._holds: dict[ProcessorView, dict[LockView, _Hold]] = {}
        self._watched: set[object] = set()
        self._by_object = LockOrder[LockView]()
        self._by_name = LockOrder[str]()
        self._in_dpc: dict[LockView, Site] = {}
        self._unraised: dict[LockView, Site] = {}
        self.before: Mapping[str, Any] = {
            "NdisAcquireSpinLock": self._acquiring,
            "NdisDprAcquireSpinLock": self._acquiring_dpr,
            "NdisAcquireReadWriteLock": self._acquiring,
            **dict.fromkeys(_INTERLOCKED, self._interlocked),
        }
        self.after: Mapping[str, Any] = {
            "NdisAcquireSpinLock": self._acquired,
            "NdisDprAcquireSpinLock": self._acquired,
            "NdisAcquireReadWriteLock": self._acquired,
            "NdisReleaseSpinLock": self._released,
            "NdisDprReleaseSpinLock": self._released,
            "NdisReleaseReadWriteLock": self._released,
        }

    def since(self, processor: ProcessorView) -> Site | None:
        """The line that took the lock which a processor took last, where that is known."""
        holds = self._holds.get(processor)
        return next(reversed(holds.values())).since if holds else None

    def finish(self) -> None:
        """The run is over: nothing may be held."""
        for processor in list(self._holds):
            self._report_held(processor, "at the end of the run")

    def _acquiring(self, lock: LockView, processor: ProcessorView, *_: object) -> None:
        held = [_lock_of(holding) for holding in processor.held_locks]
        if held:
            if lock not in held:
                self._check_order(held[0], lock, processor)
        elif processor.irql >= _DISPATCH and lock not in self._in_dpc:
            self._in_dpc[lock] = caller_site()
            self._check_dpc_use(lock)

    def _acquiring_dpr(self, lock: LockView, processor: ProcessorView, *_: object) -> None:
        if processor.irql < _DISPATCH and lock not in self._unraised:
            self._unraised[lock] = caller_site()
            self._check_dpc_use(lock)
        self._acquiring(lock, processor)

    def _interlocked(self, _list: object, lock: LockView) -> None:
        """An interlocked call takes its lock by itself, which counts for the order."""
        processor = raised_processor()
        if processor is not None and processor.held_locks:
            self._check_order(_lock_of(processor.held_locks[0]), lock, processor)

    def _check_dpc_use(self, lock: LockView) -> None:
        if lock in self._in_dpc and lock in self._unraised:
            self._reports.report(
                "LOCK-14",
                f"{lock.name} is taken by a DPC, and by the Dpr form at PASSIVE_LEVEL elsewhere, where that DPC could "
                "interrupt its holder and spin for ever; use the plain form there",
                lock,
                site=self._unraised[lock],
                other=self._in_dpc[lock],
            )

    def _check_order(self, earlier: LockView, later: LockView, processor: ProcessorView) -> None:
        if self._by_object.knows(earlier, later):
            return
        hold = self._holds.get(processor, {}).get(earlier)
        step = Step(earlier.name, later.name, None if hold is None else hold.since, caller_site(), processor.name)
        named = earlier.name != later.name and not ANONYMOUS & {earlier.name, later.name}
        way = self._by_object.way(later, earlier)
        if named and not way:
            way = self._by_name.way(later.name, earlier.name)
        if way:
            self._reports.report(
                "LOCK-08",
                f"{step.by} takes {later.name} while it holds {earlier.name}, and elsewhere they are taken the other "
                f"way round; take them in one order everywhere. The cycle: {'; '.join(map(str, [step, *way]))}",
                later,
                other=way[0].taken_at,
            )
        self._by_object.learn(earlier, later, step)
        if named:
            self._by_name.learn(earlier.name, later.name, step)

    def _acquired(self, lock: LockView, processor: ProcessorView, *_: object) -> None:
        holds = self._holds.setdefault(processor, {})
        if lock in holds:
            holds[lock].depth += 1
            return
        holds[lock] = _Hold(caller_site())
        task = processor.task
        if task not in self._watched:
            self._watched.add(task)
            running_context().after_step(lambda: self._look_after(task))

    def _released(self, lock: LockView, processor: ProcessorView, *_: object) -> None:
        holds = self._holds[processor]
        hold = holds[lock]
        hold.depth -= 1
        if hold.depth:
            return
        del holds[lock]
        if not holds:
            del self._holds[processor]
        if hold.violation is not None:
            raise hold.violation

    def _look_after(self, task: object) -> None:
        """Find out whether a task that took a lock, and has given way since, holds one still, and why it waits."""
        self._watched.discard(task)
        for processor in [processor for processor in self._holds if processor.task is task]:
            site = running_context().awaiting_site(task)
            if site is None:
                self._report_held(processor, "when its task ended")
            elif not processor.spinning:
                self._report_await(processor, site)

    def _report_await(self, processor: ProcessorView, site: Site) -> None:
        names = ", ".join(lock.name for lock in processor.held_locks)
        lock, hold = next(reversed(self._holds[processor].items()))
        hold.violation = self._reports.report_late(
            "LOCK-11",
            f"{processor.name} awaits while it holds {names}; release it first, or use the forms that do not wait",
            lock,
            site=site,
            other=hold.since,
        )

    def _report_held(self, processor: ProcessorView, when: str) -> None:
        for lock, hold in self._holds.pop(processor).items():
            self._reports.report_late(
                "LOCK-04",
                f"{lock.name} is still held {when}; release it on every way out, as `async with` does",
                lock,
                site=hold.since,
            )


def _lock_of(holding: LockView) -> LockView:
    """The lock that stands on a processor's stack; a read/write lock stands there as a state of its own."""
    lock: LockView = getattr(holding, "lock", holding)
    return lock
