"""Partial order sampling: every step waits with a priority of its own, and the highest goes first.

Yuan, Yang and Gu, "Partial order aware concurrency sampling", CAV 2018. A step keeps its priority until it is taken, or
until one is taken that races with it, so that the order of racing steps is drawn evenly however many others there are.
What an await will touch is not known before; so it is drawn for each schedule how likely two steps race: never (the
paper's BasicPOS), seldom or often.
"""

from collections.abc import Callable

from asyncndis.torture.points import Kind, Point

from .base import Strategy
from .random_walk import pick, random_bytes

__all__ = ["Pos"]

RACE_ODDS = (0, 0, 32, 96)
"""How likely two steps race, in parts of 256."""
PATIENCE = 64
"""After so many choices all draw again, so that nobody starves for having drawn a very low priority."""


class Pos(Strategy):
    """Takes the waiting step of the highest priority."""

    name = "pos"

    def __init__(self, seed: int = 0, schedules: int = 1000) -> None:
        super().__init__(seed, schedules)
        self._draw: Callable[[], int] = random_bytes(seed, 0)

    def begin(self, number: int) -> bool:
        """Draw how likely two steps race."""
        self._draw = random_bytes(self.seed, number)
        self._odds = RACE_ODDS[self._draw() % len(RACE_ODDS)]
        self._priorities: dict[int, int] = {}
        self._passed = 0
        return True

    def choose(self, point: Point) -> int:
        """Take the step of the highest priority; its actor and those that race with it draw again."""
        draw, priorities = self._draw, self._priorities
        if point.kind is not Kind.RUN:
            return pick(draw, point.options)
        self._passed += 1
        if self._passed % PATIENCE == 0:
            priorities.clear()
        priorities.pop(point.last, None)  # it may have gone on without having been chosen
        for actor in point.actors:
            if actor not in priorities:
                priorities[actor] = draw() << 8 | draw()
        chosen = max(point.actors, key=priorities.__getitem__)
        del priorities[chosen]
        if self._odds:
            for actor in point.actors:
                if draw() < self._odds:
                    priorities.pop(actor, None)
        return point.actors.index(chosen)
