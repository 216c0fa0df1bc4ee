"""What a pool tells about itself: statistics at a glance, waiting times, and the report of what leaked."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from asyncndis.base import Site

__all__ = ["LeakReport", "PoolStatistics", "WaitHistogram"]

_BOUNDS = tuple(1e-6 * 4**step for step in range(12))


class WaitHistogram:
    """How long allocations had to wait, in buckets that grow by a factor of four from one microsecond.

    :ivar longest: the longest wait so far, in seconds
    """

    __slots__ = ("_counts", "longest")

    def __init__(self) -> None:
        self._counts = [0] * (len(_BOUNDS) + 1)
        self.longest = 0.0

    def add(self, seconds: float) -> None:
        """Count one wait."""
        self._counts[bisect_left(_BOUNDS, seconds)] += 1
        if seconds > self.longest:  # noqa: PLR1730  # every wait ends here, and max() is a call
            self.longest = seconds

    def total(self) -> int:
        """How many waits were counted."""
        return sum(self._counts)

    def buckets(self) -> tuple[tuple[float, int], ...]:
        """Pairs of (upper bound in seconds, number of waits); the last bound is infinity."""
        return tuple(zip((*_BOUNDS, float("inf")), self._counts, strict=True))


@dataclass(frozen=True, slots=True)
class PoolStatistics:
    """The state of a pool at one moment; taking it is O(1).

    :ivar capacity: descriptors that may be out at once
    :ivar free: descriptors that can still be handed out
    :ivar outstanding: descriptors that are out
    :ivar in_hand: descriptors handed to waiters that have not run since; free + outstanding + in_hand = capacity
    :ivar waiting: tasks that wait for a descriptor
    :ivar max_outstanding: the highest number ever out (and in hand) at once
    :ivar denied: requests refused because the pool was exhausted
    :ivar delayed: requests that had to wait
    :ivar longest_wait: the longest of those waits, in seconds
    :ivar waits: how long they waited: pairs of (upper bound in seconds, count)
    """

    capacity: int
    free: int
    outstanding: int
    in_hand: int
    waiting: int
    max_outstanding: int
    denied: int
    delayed: int
    longest_wait: float
    waits: tuple[tuple[float, int], ...]


@dataclass(frozen=True, slots=True)
class LeakReport:
    """Descriptors that are still out, by the line that allocated them.

    :ivar pool: the pool's name
    :ivar count: how many are out
    :ivar sites: pairs of (line, number of descriptors allocated there), most first; empty unless the pool tracks
    """

    pool: str
    count: int
    sites: tuple[tuple[Site, int], ...]

    @classmethod
    def of(cls, pool: str, count: int, sites: Iterable[Site]) -> "LeakReport":
        """Count the sites of the descriptors that are out."""
        return cls(pool, count, tuple(Counter(sites).most_common()))

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        if not self.count:
            return f"pool {self.pool!r}: nothing is out"
        head = f"pool {self.pool!r}: {self.count} out"
        if not self.sites:
            return f"{head}; create it with track=True to see the lines that allocated them"
        return "\n".join([head, *(f"  {count} x {site}" for site, count in self.sites)])
