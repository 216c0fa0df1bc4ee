"""In which order locks were ever taken: a graph over the whole run, and the cycles that a new step would close.

An edge says that its later lock was taken while its earlier one was held, once, somewhere. A cycle is a deadlock that
waits for its schedule; it shows as soon as both orders were seen, in whichever task and however far apart (LOCK-08).
A step that was seen before costs one look into a dictionary.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from asyncndis.base import Site

__all__ = ["LockOrder", "Step"]

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Step:
    """The first time that one lock was taken while another was held.

    :ivar earlier: the name of the lock that was held
    :ivar later: the name of the lock that was taken then
    :ivar held_since: the line that took the earlier one, where that is known
    :ivar taken_at: the line that took the later one
    :ivar by: the name of the processor that did
    """

    earlier: str
    later: str
    held_since: Site | None
    taken_at: Site
    by: str

    def __str__(self) -> str:
        since = "" if self.held_since is None else f" (held since {_short(self.held_since)})"
        return f"{self.earlier}{since}, then {self.later} at {_short(self.taken_at)} by {self.by}"


class LockOrder(Generic[K]):
    """The orders seen so far, between whatever stands for a lock."""

    def __init__(self) -> None:
        self._steps: dict[K, dict[K, Step]] = {}

    def knows(self, earlier: K, later: K) -> bool:
        """Whether this step was seen before."""
        return later in self._steps.get(earlier, ())

    def learn(self, earlier: K, later: K, step: Step) -> None:
        """Note a step."""
        self._steps.setdefault(earlier, {})[later] = step

    def way(self, start: K, end: K) -> list[Step]:
        """The shortest chain of steps that leads from one lock to another; none where there is no such chain."""
        came_from: dict[K, K] = {}
        reached = [start]
        for lock in reached:
            for later in self._steps.get(lock, ()):
                if later not in came_from:
                    came_from[later] = lock
                    reached.append(later)
            if end in came_from:
                return self._walk_back(came_from, start, end)
        return []

    def _walk_back(self, came_from: dict[K, K], start: K, end: K) -> list[Step]:
        steps: list[Step] = []
        while True:
            before = came_from[end]
            steps.append(self._steps[before][end])
            if before == start:
                return steps[::-1]
            end = before


def _short(site: Site) -> str:
    return f"{Path(site.file).name}:{site.line}"
