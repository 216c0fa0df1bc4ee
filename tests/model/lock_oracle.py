"""What spin locks promise: who holds which, at which level everybody is, and which rule a step breaks."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["LockOracle", "Who"]

P = TypeVar("P", bound=Hashable)
DISPATCH = 2


@dataclass
class Held:
    """A lock in somebody's hands."""

    lock: int
    is_dpr: bool
    saved: int
    depth: int = 0


@dataclass
class Who:
    """A processor: its level, and what it holds, the last taken last."""

    irql: int = 0
    held: list[Held] = field(default_factory=list[Held])


class LockOracle(Generic[P]):
    """Locks by number, processors by any name. ``raises`` is whether a lock raises the level (not on CE)."""

    def __init__(self, locks: int, *, raises: bool) -> None:
        self.raises = raises
        self.who: dict[P, Who] = {}
        self.line: list[list[tuple[P, bool]]] = [[] for _ in range(locks)]
        self.freed = [False] * locks

    def of(self, name: P) -> Who:
        return self.who.setdefault(name, Who())

    def holder(self, lock: int) -> P | None:
        return next((name for name, who in self.who.items() if any(held.lock == lock for held in who.held)), None)

    def _held(self, name: P, lock: int) -> Held:
        return next(held for held in self.of(name).held if held.lock == lock)

    def why_not_acquire(self, name: P, lock: int, *, is_dpr: bool) -> str:
        """The rule that an acquire breaks, "busy" where it has to wait, or nothing."""
        who, holder = self.of(name), self.holder(lock)
        if self.freed[lock]:
            return "LOCK-09"
        if who.irql > DISPATCH:
            return "IRQL-01"
        if self.raises and holder == name:
            return "LOCK-02"
        if self.raises and is_dpr and who.irql != DISPATCH:
            return "LOCK-06"
        return "busy" if holder not in {None, name} else ""

    def acquire(self, name: P, lock: int, *, is_dpr: bool) -> None:
        who = self.of(name)
        if self.holder(lock) == name:
            self._held(name, lock).depth += 1
            return
        who.held.append(Held(lock, is_dpr, who.irql))
        if self.raises:
            who.irql = DISPATCH

    def wait(self, name: P, lock: int, *, is_dpr: bool) -> None:
        self.line[lock].append((name, is_dpr))

    def cancel(self, name: P, lock: int) -> None:
        self.line[lock] = [(waiter, is_dpr) for waiter, is_dpr in self.line[lock] if waiter != name]

    def why_not_release(self, name: P, lock: int, *, is_dpr: bool) -> str:
        who, holder = self.of(name), self.holder(lock)
        if holder is None:
            return "LOCK-03"
        if holder != name:
            return "LOCK-10"
        held = self._held(name, lock)
        if held.is_dpr is not is_dpr:
            return "LOCK-05"
        if self.raises and who.irql != DISPATCH:
            return "IRQL-01"
        return "LOCK-07" if who.held[-1] is not held and not held.depth else ""

    def release(self, name: P, lock: int) -> None:
        """Give it back, to the first in line."""
        who, held = self.of(name), self._held(name, lock)
        if held.depth:
            held.depth -= 1
            return
        who.held.remove(held)
        if self.raises:
            who.irql = held.saved

    def hand_over(self, lock: int) -> P | None:
        """Who is first in line has it, if it is free."""
        if self.holder(lock) is not None or not self.line[lock]:
            return None
        name, is_dpr = self.line[lock].pop(0)
        self.acquire(name, lock, is_dpr=is_dpr)
        return name

    def why_not_free(self, lock: int) -> str:
        return "LOCK-09" if self.freed[lock] or self.holder(lock) is not None else ""
