"""What a pool promises, in the fewest words: a number of units, and a line in which the first is served first.

It knows nothing of shelves, descriptors or seats. ``taken`` units are out or on their way to somebody; while fewer are
taken than an ordinary request may have, whoever is first in line gets one.
"""

import math
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["PoolOracle", "Request"]

T = TypeVar("T")


@dataclass(eq=False)
class Request(Generic[T]):
    """Somebody in line.

    :ivar task: who
    :ivar granted: units on their way to it
    :ivar is_live: neither served in full, nor cancelled, nor sent home
    """

    task: T
    count: int
    granted: int = 0
    is_live: bool = True
    is_cancelled: bool = False

    @property
    def is_served(self) -> bool:
        return self.granted == self.count


@dataclass
class PoolOracle(Generic[T]):
    """The promise. ``high`` and ``low`` are watermarks that may be infinite, for none."""

    nominal: int
    reserve: int = 0
    enforced: bool = True
    low: float = -1
    high: float = math.inf
    closed: bool = False
    out: int = 0
    denied: int = 0
    delayed: int = 0
    arrived: int = 0
    peak: int = 0
    calls: list[str] = field(default_factory=list[str])
    line: list[Request[T]] = field(default_factory=list[Request[T]])
    is_above: bool = False

    @property
    def limit(self) -> float:
        return self.nominal - self.reserve if self.enforced else math.inf

    @property
    def capacity(self) -> float:
        return self.nominal if self.enforced else math.inf

    @property
    def in_hand(self) -> int:
        return sum(request.granted for request in self.line)

    @property
    def taken(self) -> int:
        return self.out + self.in_hand

    @property
    def live(self) -> list[Request[T]]:
        return [request for request in self.line if request.is_live]

    def take(self, *, emergency: bool = False) -> bool:
        """One unit at once; whether it is had."""
        is_had = self.taken < self.capacity if emergency else self.taken < self.limit and not self.live
        if is_had:
            self._go_out(1)
        else:
            self.denied += 1
        return is_had

    def wait(self, task: T, count: int) -> str:
        """Ask for several, and wait if need be: "had", "denied", "closed" or "waits"."""
        if self.closed:
            return "closed"
        if count > self.limit and count != 1:
            self.denied += 1
            return "denied"
        if count == 0 or (not self.live and self.taken + count <= self.limit):
            self._go_out(count)
            return "had"
        self.delayed += 1
        self.line.append(Request(task, count))
        self._serve()
        return "waits"

    def run(self, request: Request[T]) -> str:
        """Somebody who was served, cancelled or sent home goes on: "had", "denied", "closed" or "gone"."""
        self.line.remove(request)
        if request.is_cancelled:
            self._serve()
            return "gone"
        if request.is_served:
            self.arrived += 1
            self._go_out(request.count)
            return "had"
        if self.closed:
            return "closed"
        self.denied += 1
        return "denied"

    def cancel(self, request: Request[T]) -> None:
        """Nobody waits there any more; what is on its way comes back when the task notices."""
        request.is_cancelled = True
        request.is_live = False

    def free(self) -> None:
        """A unit comes back."""
        self.out -= 1
        self._serve()
        if self.is_above and self.out <= self.low:
            self.is_above = False
            self.calls.append("low")

    def resize(self, count: int) -> None:
        """Another number of units; who waits for more than there will ever be is sent home."""
        self.nominal = count
        for request in self.live:
            if request.count > self.limit and request.count != 1:
                request.granted, request.is_live = 0, False
        self._serve()

    def close(self) -> None:
        """Everybody is sent home."""
        self.closed = True
        for request in self.live:
            request.granted, request.is_live = 0, False

    def _go_out(self, count: int) -> None:
        self.out += count
        self.peak = max(self.peak, self.taken)
        if count and not self.is_above and self.out >= self.high:
            self.is_above = True
            self.calls.append("high")

    def _serve(self) -> None:
        while self.live and self.taken < self.limit and not self.closed:
            first = self.live[0]
            first.granted += 1
            first.is_live = not first.is_served
        self.peak = max(self.peak, self.taken)
