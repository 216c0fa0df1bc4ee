"""Random delays: the order of stock asyncio, in which a few actors are held back for a while.

After Emmi, Qadeer and Rakamaric, "Delay-bounded scheduling", POPL 2011: few delays find most bugs. Here they come at
random moments and last for a random time, at most until nobody else is ready. It finds what needs one actor to be very
slow while all others go on as usual.
"""

from collections.abc import Callable

from asyncndis.torture.points import Kind, Point

from .base import Run, Strategy
from .random_walk import number_below, pick, random_bytes

__all__ = ["Delays"]

DELAYS_MAX = 4


class Delays(Strategy):
    """Takes the oldest who is not held back."""

    name = "delays"

    def __init__(self, seed: int = 0, schedules: int = 1000) -> None:
        super().__init__(seed, schedules)
        self._length = 16
        self._draw: Callable[[], int] = random_bytes(seed, 0)

    def begin(self, number: int) -> bool:
        """Draw the moments of the delays."""
        draw = self._draw = random_bytes(self.seed, number)
        self._moments = {number_below(draw, self._length) for _ in range(1 + draw() % DELAYS_MAX)}
        self._held: dict[int, int] = {}
        self._passed = 0
        return True

    def choose(self, point: Point) -> int:
        """Go on in the usual order; a delay holds back whoever would be next."""
        if point.kind is not Kind.RUN:
            return pick(self._draw, point.options)
        moment = self._passed
        self._passed = moment + 1
        chosen = self._oldest(point.actors, moment)
        if moment in self._moments:
            lasts = number_below(self._draw, 1 + number_below(self._draw, 2 * self._length))  # short ones are likelier
            self._held[point.actors[chosen]] = moment + 1 + lasts
            chosen = self._oldest(point.actors, moment)
        return chosen

    def _oldest(self, actors: tuple[int, ...], moment: int) -> int:
        held = self._held
        for place, actor in enumerate(actors):
            if held.get(actor, 0) <= moment:
                return place
        return min(range(len(actors)), key=lambda place: held[actors[place]])

    def end(self, run: Run) -> None:
        """Learn how many choices a run has."""
        if not run.bounded:
            self._length = max(self._passed, self._length * 7 // 8, 1)
