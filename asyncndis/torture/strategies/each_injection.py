"""Strikes once in each schedule, each time elsewhere, in the order in which stock asyncio runs the program.

Cancellations and early timers: the first schedule injects nothing and shows where something could be injected; each
further one strikes at one of those places. Failures of the environment: the n-th operation fails in the n-th schedule,
until a schedule has no n-th operation. That strikes everywhere in one order, and says nothing of the others.
"""

from asyncndis.torture.points import Kind, Point

from .base import Run, Strategy

__all__ = ["EachInjection"]


class EachInjection(Strategy):
    """Cancels everywhere, then fails every operation, one after the other."""

    name = "each"
    systematic = True

    def __init__(self, seed: int = 0, schedules: int = 1000) -> None:
        super().__init__(seed, schedules)
        self._places: list[tuple[int, int]] = []
        """How many choices come before, and which answer strikes."""
        self._operations = 0
        """How many operations the last schedule had."""

    def begin(self, number: int) -> bool:
        """Take the next place, or the next operation."""
        self._looks = number == 0
        self._place = (-1, 0) if self._looks or number > len(self._places) else self._places[number - 1]
        self._failing = number - len(self._places) if number > len(self._places) else 0
        if self._failing > self._operations:
            return False
        self._passed = 0
        self._met = 0
        return True

    def choose(self, point: Point) -> int:
        """Strike at the place of this schedule; everything else is as in stock asyncio."""
        if point.kind is Kind.FAULT:
            self._met += 1
            return self._met == self._failing
        if point.kind is not Kind.RUN or point.first_injection == point.options:
            return 0
        passed = self._passed
        self._passed = passed + 1
        if self._looks:
            self._places += [(passed, answer) for answer in range(point.first_injection, point.options)]
        return self._place[1] if passed == self._place[0] else 0

    @property
    def covers_all(self) -> bool:
        """Never: other orders of the program are not tried."""
        return False

    def end(self, run: Run) -> None:
        """Learn how many operations there are: a failure may have led to more, or to fewer."""
        self._operations = self._met
