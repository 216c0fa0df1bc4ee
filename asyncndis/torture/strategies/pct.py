"""Probabilistic concurrency testing: strict random priorities that change at a few random moments of a run.

Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler with probabilistic guarantees of finding bugs",
ASPLOS 2010: a bug that needs d orders of steps shows with a chance of at least 1 in n k^(d-1), of n actors and k
choices. k is learnt from earlier runs; d is drawn for each schedule. Beyond the paper: whoever runs on and on while
others wait yields to them, and callbacks, such as those by which anyio cancels, always do: correct programs must not
look endless.
"""

from collections.abc import Callable

from asyncndis.torture.points import CALLBACKS, Kind, Point

from .base import Run, Strategy
from .random_walk import number_below, pick, random_bytes

__all__ = ["Pct"]

DEPTH_MAX = 5
PATIENCE = 64
"""After so many choices in a row an actor has to yield."""


class Pct(Strategy):
    """Runs the actor of the highest priority."""

    name = "pct"

    def __init__(self, seed: int = 0, schedules: int = 1000, *, depth: int | None = None) -> None:
        super().__init__(seed, schedules)
        self._depth = depth
        self._length = 16
        self._draw: Callable[[], int] = random_bytes(seed, 0)

    def begin(self, number: int) -> bool:
        """Draw the moments at which priorities change."""
        draw = self._draw = random_bytes(self.seed, number)
        depth = 1 + draw() % DEPTH_MAX if self._depth is None else self._depth
        self._changes = {number_below(draw, self._length) for _ in range(depth - 1)}
        self._ranks: dict[int, int] = {}
        self._lowest = 0
        self._passed = 0
        self._leader = -1
        self._streak = 0
        return True

    def choose(self, point: Point) -> int:
        """Let the first in rank run."""
        if point.kind is not Kind.RUN:
            return pick(self._draw, point.options)
        leader = self._first(point.actors)
        moment = self._passed
        self._passed = moment + 1
        if moment in self._changes or self._has_to_yield(leader):
            self._demote(leader)
            leader = self._first(point.actors)
        self._streak = self._streak + 1 if leader == self._leader else 0
        self._leader = leader
        return point.actors.index(leader)

    def _first(self, actors: tuple[int, ...]) -> int:
        ranks = self._ranks
        for actor in actors:
            if actor not in ranks:
                ranks[actor] = 1 + number_below(self._draw, 1 << 24)
        return max(actors, key=ranks.__getitem__)

    def _has_to_yield(self, leader: int) -> bool:
        return leader == self._leader and (leader == CALLBACKS or self._streak >= PATIENCE)

    def _demote(self, actor: int) -> None:
        self._lowest -= 1
        self._ranks[actor] = self._lowest

    def end(self, run: Run) -> None:
        """Learn how many choices a run has."""
        if not run.bounded:
            self._length = max(self._passed, self._length * 7 // 8, 1)
