"""Selectively uniform random walk: the more steps an actor has before it, the likelier it is that it goes next.

Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing", ASPLOS 2025. A plain random walk lets
actors with many steps come late; weighted by what each has left, all interleavings are equally likely. In every other
schedule this holds for the steps of a few actors only, and the others go between as they like. How many steps each has
is learnt from earlier runs.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from asyncndis.torture.points import Kind, Point, Step

from .base import Run, Strategy
from .random_walk import number_below, pick, random_bytes

__all__ = ["Surw"]

SELECTED_MAX = 3


class Surw(Strategy):
    """Draws actors by what they have left."""

    name = "surw"
    wants_steps = True

    def __init__(self, seed: int = 0, schedules: int = 1000) -> None:
        super().__init__(seed, schedules)
        self._expected: dict[int, int] = {}
        """How many steps each actor takes, as a moving average in sixteenths."""
        self._draw: Callable[[], int] = random_bytes(seed, 0)

    def begin(self, number: int) -> bool:
        """Draw whose steps shall be uniform."""
        draw = self._draw = random_bytes(self.seed, number)
        self._taken: dict[int, int] = {}
        self._intended: int | None = None
        known = sorted(self._expected)
        self._selected: set[int] | None = None
        if len(known) > 2 and draw() & 1:
            count = 2 + draw() % (SELECTED_MAX - 1)
            self._selected = {known[number_below(draw, len(known))] for _ in range(count)}
        return True

    def choose(self, point: Point) -> int:
        """Let somebody run by weight."""
        if point.kind is not Kind.RUN:
            return pick(self._draw, point.options)
        return point.actors.index(self._among(point.actors))

    def _among(self, actors: Sequence[int]) -> int:
        selected = self._selected
        if selected is None:
            return self._by_weight(actors)
        waiting = [actor for actor in actors if actor in selected]
        if self._intended not in waiting:
            self._intended = self._by_weight(waiting) if waiting else None
        free = [actor for actor in actors if actor not in selected or actor == self._intended]
        chosen = free[pick(self._draw, len(free))]
        if chosen == self._intended:
            self._intended = None
        return chosen

    def _by_weight(self, actors: Sequence[int]) -> int:
        weights = [max(self._expected.get(actor, 16) - 16 * self._taken.get(actor, 0), 4) for actor in actors]
        place = number_below(self._draw, sum(weights))
        for actor, weight in zip(actors, weights, strict=True):
            place -= weight
            if place < 0:
                return actor
        raise AssertionError("the weights were added up wrongly")

    def stepped(self, step: Step) -> None:
        """Count the steps of each actor, those without a choice among them."""
        self._taken[step.actor] = self._taken.get(step.actor, 0) + 1

    def end(self, run: Run) -> None:
        """Learn how many steps each actor takes, also from the run of another strategy."""
        if run.bounded:
            return
        taken = Counter(step.actor for step in run.steps)
        for actor in self._expected.keys() | taken.keys():
            old = self._expected.get(actor)
            new = 16 * taken[actor]
            self._expected[actor] = new if old is None else (3 * old + new) // 4
