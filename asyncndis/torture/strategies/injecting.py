"""Adds injections to a strategy that knows of none: it answers who runs, and here is decided when the world strikes.

Cancellations and early timers come at places drawn uniformly over the length of a run, so that late awaits are met as
often as early ones: none in one schedule of eight, otherwise one or two. Failures of the environment follow a mode:
"nth" (the n-th operation of a run fails, n growing with the schedules; SQLite tests so), "sites" (each operation that
has a new name fails once; so does Driver Verifier's systematic low resources mode) or "random" (any may fail).
"""

from asyncndis.torture.points import Kind, Point, Step

from .base import Run, Strategy
from .random_walk import pick, random_bytes

__all__ = ["Injecting"]

QUIET_EVERY = 8
"""Of so many schedules one has no cancellation."""
FAULT_ODDS = 16
"""In mode "random" one of so many operations fails."""


class Injecting(Strategy):
    """Injects into the schedules of another strategy.

    :param inner: answers who runs, and what the program lets it choose
    :param faults: how operations of the environment fail; None if they do not
    """

    name = "injecting"

    def __init__(self, inner: Strategy, faults: str | None) -> None:
        super().__init__(inner.seed, inner.schedules)
        self.wants_steps = inner.wants_steps
        self.wants_footprints = inner.wants_footprints
        self._inner = inner
        self._faults = faults
        self._length = 16
        self._operations = 0
        self._known_sites: set[str] = set()

    @property
    def found_by(self) -> str:
        """The strategy that answers who runs."""
        return self._inner.found_by

    def begin(self, number: int) -> bool:
        """Draw where to strike in this schedule."""
        draw = random_bytes(self.seed, ~number)
        self._draw = draw
        strikes = 0 if number % QUIET_EVERY == 0 else 1 + (draw() < 64)
        self._strikes = {(draw() << 8 | draw()) % self._length for _ in range(strikes)}
        self._passed = 0
        self._met = 0
        self._failing = number % (self._operations + 1)
        self._new_site = ""
        return self._inner.begin(number)

    def choose(self, point: Point) -> int:
        """Strike, or let the other strategy answer."""
        if point.kind is Kind.FAULT:
            return self._fails(point.name)
        if point.first_injection < point.options:
            place = self._passed
            self._passed = place + 1
            if place in self._strikes:
                return point.first_injection + pick(self._draw, point.options - point.first_injection)
            if point.first_injection == 1:
                return 0
            point.options = point.first_injection
        return self._inner.choose(point)

    def _fails(self, name: str) -> bool:
        number = self._met
        self._met = number + 1
        if self._faults == "nth":
            return number == self._failing
        if self._faults == "random":
            return self._draw() % FAULT_ODDS == 0
        if self._new_site or name in self._known_sites:
            return False
        self._new_site = name
        self._known_sites.add(name)
        return True

    def stepped(self, step: Step) -> None:
        """The other strategy hears of it."""
        self._inner.stepped(step)

    def end(self, run: Run) -> None:
        """Learn how long runs are."""
        self._length = max(self._passed, self._length // 2, 1)
        self._operations = max(self._met, self._operations)
        self._inner.end(run)
