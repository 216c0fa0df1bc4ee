"""Cancels each task at each of its awaits, one after the other, in the order in which stock asyncio runs the program.

The first schedule injects nothing and shows where something could be injected; each further one strikes at one of those
places. It is complete for single injections into that order.
"""

from asyncndis.torture.points import Kind, Point

from .base import Strategy

__all__ = ["EachInjection"]


class EachInjection(Strategy):
    """Strikes once in each schedule, each time elsewhere."""

    name = "each"
    systematic = True

    def __init__(self, seed: int = 0, schedules: int = 1000) -> None:
        super().__init__(seed, schedules)
        self._targets: list[tuple[int, int]] = []
        """The places: how many choices come before, and which answer strikes."""

    def begin(self, number: int) -> bool:
        """Take the next place."""
        self._looks = number == 0
        if not self._looks and number > len(self._targets):
            return False
        self._target = (-1, 0) if self._looks else self._targets[number - 1]
        self._passed = 0
        return True

    def choose(self, point: Point) -> int:
        """Strike at the place of this schedule; everything else is as in stock asyncio."""
        if point.kind is not Kind.RUN or point.first_injection == point.options:
            return 0
        place = self._passed
        self._passed = place + 1
        if self._looks:
            self._targets += [(place, answer) for answer in range(point.first_injection, point.options)]
        return self._target[1] if place == self._target[0] else 0
