"""The timers to come, in virtual time: earliest first, and at the same time in the order in which they were set."""

from asyncio import TimerHandle
from heapq import heappop, heappush
from typing import Any

__all__ = ["TimerHeap"]


class TimerHeap:
    """A heap of asyncio's timer handles; the cancelled ones are dropped when their time comes."""

    __slots__ = ("_heap", "_serial")

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, TimerHandle]] = []
        self._serial = 0

    def push(self, timer: TimerHandle) -> None:
        """Add a timer."""
        self._serial += 1
        heappush(self._heap, (timer.when(), self._serial, timer))

    def clear(self) -> None:
        """Forget all timers and start counting anew."""
        self._heap.clear()
        self._serial = 0

    def __bool__(self) -> bool:
        self._drop_cancelled()
        return bool(self._heap)

    def pop_due(self) -> list[TimerHandle]:
        """Take the timers of the earliest time, in the order in which they were set; empty if there are none."""
        self._drop_cancelled()
        due: list[TimerHandle] = []
        heap = self._heap
        while heap and (not due or heap[0][0] == due[0].when()):
            timer = heappop(heap)[2]
            if not timer.cancelled():
                due.append(timer)
        return due

    def due_for(self, argument: object) -> float | None:
        """When the first timer is due that passes something to its callback; None if none does."""
        return min((when for when, _, timer in self._heap if _passes(timer, argument)), default=None)

    def _drop_cancelled(self) -> None:
        heap = self._heap
        while heap and heap[0][2].cancelled():
            heappop(heap)


def _passes(timer: Any, argument: object) -> bool:
    return not timer.cancelled() and any(each is argument for each in timer._args)
