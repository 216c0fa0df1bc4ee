"""A table that forgets: bounded in size and in time, by a clock that is handed in.

Rules: what is put in is the youngest; the oldest goes when its time is over, or to make room. Each operation first
drops what is too old, so that nothing stale is ever seen, at O(1) each, amortised.
"""

from collections.abc import Iterator
from math import inf
from typing import Generic, TypeVar

from asyncndis.base import check_integer
from asyncndis.kernel import Clock
from asyncndis.kernel.clock import SECOND

__all__ = ["AgeingTable", "check_clock"]

Key = TypeVar("Key")
Value = TypeVar("Value")


class AgeingTable(Generic[Key, Value]):
    """Values by key, oldest first.

    :param max_entries: how many it holds
    :param ageing_seconds: how long each of them stays
    :param clock: tells the time
    :ivar expired: how many went because they were too old
    :ivar evicted: how many went to make room
    """

    __slots__ = ("_ageing", "_clock", "_entries", "_max_entries", "evicted", "expired")

    def __init__(self, max_entries: int, ageing_seconds: float, clock: Clock) -> None:
        check_integer("max_entries", max_entries, 1)
        ageing = _units(ageing_seconds)
        check_clock(clock)
        self._max_entries = max_entries
        self._ageing = ageing
        self._clock = clock
        self._entries: dict[Key, tuple[int, Value]] = {}  # in the order of their times
        self.expired = 0
        self.evicted = 0

    def __repr__(self) -> str:
        return f"<AgeingTable {len(self)} of {self._max_entries} entries>"

    def __len__(self) -> int:
        self._expire()
        return len(self._entries)

    def __iter__(self) -> Iterator[tuple[Key, Value]]:
        """The pairs of key and value as they are now, the oldest first; the table may change meanwhile."""
        self._expire()
        return iter([(key, value) for key, (_, value) in self._entries.items()])

    def put(self, key: Key, value: Value) -> None:
        """Let ``value`` be the one of ``key``, from now on until it is too old. IRQL: any."""
        now = self._expire()
        self._entries.pop(key, None)
        if len(self._entries) == self._max_entries:
            del self._entries[next(iter(self._entries))]
            self.evicted += 1
        self._entries[key] = (now, value)

    def get(self, key: Key) -> Value | None:
        """The value of ``key``, or None; its age stays as it is. IRQL: any."""
        self._expire()
        entry = self._entries.get(key)
        return None if entry is None else entry[1]

    def pop(self, key: Key) -> Value | None:
        """Take out ``key`` and its value, or None. IRQL: any."""
        self._expire()
        entry = self._entries.pop(key, None)
        return None if entry is None else entry[1]

    def _expire(self) -> int:
        """Drop what is too old, and tell the time."""
        now = self._clock.now()
        entries = self._entries
        while entries:
            oldest = next(iter(entries))
            if now - entries[oldest][0] < self._ageing:
                break
            del entries[oldest]
            self.expired += 1
        return now


def check_clock(clock: object) -> None:
    """Refuse what does not tell the time. IRQL: any.

    :raises TypeError: when it does not
    """
    if not callable(getattr(clock, "now", None)):
        raise TypeError(f"clock is a Clock, not {type(clock).__name__}")


def _units(seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise TypeError(f"an age is a number of seconds, not {type(seconds).__name__}")
    if not 0 < seconds < inf:
        raise ValueError(f"an age is more than 0 seconds, and finite, not {seconds!r}")
    return max(1, round(seconds * SECOND))
