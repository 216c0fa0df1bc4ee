"""Virtual processors: who is at which IRQL and holds which spin locks.

A task is a processor by default; it starts at PASSIVE_LEVEL, and a child task inherits neither its parent's IRQL nor
its locks. One task may also drive processors of its own making, one after the other, with ``with processor:``.
Only what is raised, holds a lock or is driven stands in the table ``raised``: while that is empty, every task is
known to be at PASSIVE_LEVEL without a lock, which makes the commonest question one test of a dictionary. A processor
stands there under its task, or under itself while nobody drives it.
"""

from collections.abc import Generator
from contextlib import contextmanager
from enum import IntEnum
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from asyncndis.base import RuleViolation, check_integer
from asyncndis.base.context import raised_processors

from .host import current_task, find_host

if TYPE_CHECKING:
    from .spinlock import SpinLock

__all__ = ["HeldLock", "Irql", "Processor", "at_irql", "current_irql", "current_processor"]


class Irql(IntEnum):
    """Interrupt request levels (reference: the WDM headers). DIRQL is 3 to 26; a device's own level lies in between."""

    PASSIVE = 0
    APC = 1
    DISPATCH = 2
    DIRQL = 3
    DIRQL_MAX = 26
    HIGH = 31


_PASSIVE, _HIGH = int(Irql.PASSIVE), int(Irql.HIGH)


class HeldLock(Protocol):
    """What a processor knows of a lock that it holds."""

    @property
    def name(self) -> str:
        """The lock's name, for messages."""
        ...

    @property
    def below(self) -> "HeldLock | None":
        """The lock that the same processor took before this one, if it still holds it."""
        ...


class Processor:
    """A virtual processor: an IRQL and a stack of held spin locks.

    :param name: for messages; a task's own processor is named after the task
    :ivar spinning: set while its task waits for a spin lock, the one thing it may await at DISPATCH_LEVEL
    :ivar lender: the lock that lends this object to its holders (see spinlock.py)
    """

    __slots__ = ("_driver", "_name", "irql", "lender", "spinning", "task", "top")

    def __init__(self, name: str | None = None) -> None:
        self._name = name
        self._driver: Processor | None = None
        self.irql: int = _PASSIVE
        self.spinning = False
        self.task: object = self
        self.top: HeldLock | None = None
        self.lender: SpinLock | None = None

    def __repr__(self) -> str:
        held = ", ".join(lock.name for lock in self.held_locks) or "no lock"
        return f"<Processor {self.name} at {irql_name(self.irql)}, holds {held}>"

    @property
    def name(self) -> str:
        """The given name, or that of the task behind it."""
        if self._name is not None:
            return self._name
        host = find_host()
        return "no task" if host is None or self.task is self else host.task_name(self.task)

    @property
    def held_locks(self) -> tuple[HeldLock, ...]:
        """The spin locks held now, the last taken first."""
        locks: list[HeldLock] = []
        lock = self.top
        while lock is not None:
            locks.append(lock)
            lock = lock.below
        return tuple(locks)

    def raise_irql(self, level: int) -> int:
        """Raise the IRQL, and return the level to lower it to afterwards.

        :param level: the new level, at or above the present one
        :raises RuleViolation: IRQL-01, when that would lower it (bugcheck 0xC4, reason 0x30)
        :raises RuntimeError: when its task has come to act as another processor since
        """
        if type(level) is not Irql:
            check_integer("an IRQL", level, _PASSIVE, _HIGH)
        before = self.irql
        if level < before:
            raise RuleViolation(
                "IRQL-01",
                f"{self.name} raises its IRQL from {irql_name(before)} to the lower {irql_name(level)}; "
                "lower_irql is for that",
                self,
            )
        if raised.setdefault(self.task, self) is not self:
            raise RuntimeError(f"{self.name} acts as another processor by now; ask current_processor() for it")
        self.irql = level
        self.settle()
        return before

    def lower_irql(self, level: int) -> None:
        """Lower the IRQL to a level that :meth:`raise_irql` returned.

        :raises RuleViolation: IRQL-01, when that would raise it (bugcheck 0xC4, reason 0x31)
        """
        check_integer("an IRQL", level, _PASSIVE, _HIGH)
        if level > self.irql:
            raise RuleViolation(
                "IRQL-01",
                f"{self.name} lowers its IRQL from {irql_name(self.irql)} to the higher {irql_name(level)}; "
                "raise_irql is for that",
                self,
            )
        self.irql = level
        self.settle()

    def settle(self) -> None:
        """Leave the table when nothing is raised, held or driven any more."""
        if self.irql == _PASSIVE and self.top is None and self._driver is None and raised.get(self.task) is self:
            del raised[self.task]

    def __enter__(self) -> Self:
        """Let the current task act as this processor until the block ends.

        :raises RuntimeError: when a task does so already
        """
        if self._driver is not None:
            raise RuntimeError(f"{self.name} is driven already; a processor acts in one place at a time")
        self._driver = driver = current_processor()
        if driver.lender is not None:  # whose short way out would overlook that another processor acts now
            driver.lender._lent = None
        self.task = driver.task
        raised[self.task] = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        driver = self._driver
        assert driver is not None
        self._driver = None
        raised[self.task] = driver
        driver.settle()
        self.task = self
        raised[self] = self
        self.settle()


raised: dict[object, Processor] = raised_processors
MANY = 64
"""Processors in the table from which on those of tasks that have ended are looked for."""


def current_processor() -> Processor:
    """The processor that the current task acts as."""
    task = current_task()
    processor = raised.get(task)
    if processor is None:
        if len(raised) >= MANY:
            _forget_the_ended()
        processor = Processor()
        processor.task = task
    return processor


def _forget_the_ended() -> None:
    """Tasks that ended raised or holding a lock are a driver's fault; they shall not pile up in the table."""
    for task in [task for task in raised if _has_ended(task)]:
        del raised[task]


def _has_ended(task: object) -> bool:
    """Whether a task of any loop, also of one that is gone, has ended."""
    is_done = getattr(task, "done", None)  # asyncio's
    coroutine = getattr(task, "coro", None)  # trio's
    return bool(is_done()) if is_done is not None else coroutine is not None and coroutine.cr_frame is None


def current_irql() -> int:
    """The IRQL of the current task. IRQL: any."""
    if not raised:
        return _PASSIVE
    processor = raised.get(current_task())
    return _PASSIVE if processor is None else processor.irql


def irql_name(level: int) -> str:
    """A level as the documentation writes it."""
    if Irql.DIRQL <= level < Irql.HIGH:
        return f"DIRQL {level}"
    return f"{Irql(level).name}_LEVEL"


@contextmanager
def at_irql(level: int) -> Generator[Processor]:
    """Run a block at a raised IRQL, as a DPC (DISPATCH_LEVEL) or an ISR (DIRQL) runs.

    :param level: the level, at or above the present one
    :raises RuleViolation: IRQL-04, when the block ends at another level than it began with
    """
    processor = current_processor()
    before = processor.raise_irql(level)
    try:
        yield processor
    finally:
        left_at, processor.irql = processor.irql, before
        processor.settle()
    if left_at != level:
        raise RuleViolation(
            "IRQL-04",
            f"a handler entered at {irql_name(level)} left at {irql_name(left_at)}; restore the level on every way out",
            processor,
        )
