"""The waiter queue: first come, first served, and cancelling costs nothing.

A waiter sits on a seat of the loop it runs on. What is offered goes to the oldest live waiter, directly: it is
never free in between, so nobody can barge in. A cancelled waiter is only marked dead, and the dead are swept out when
they are half of the queue, so that cancelling is O(1) amortised. A waiter that was handed something and is then
cancelled gives it back through :meth:`leave` in the same step. A request for several waits at the head and collects;
the ones behind it wait, or it would starve.
"""

from collections import deque
from contextlib import suppress
from typing import Any, Generic, TypeVar, final

from .host import Host, Seat

__all__ = ["Bulk", "WaiterQueue"]

T = TypeVar("T")

_FEW_DEAD = 32


@final
class Bulk(Generic[T]):
    """A waiter that needs several items; it collects them at the head of the queue.

    :ivar seat: where it sleeps until all are there
    :ivar items: what it has collected so far
    """

    __slots__ = ("count", "items", "seat")

    def __init__(self, count: int, seat: Seat[list[T] | None]) -> None:
        self.count = count
        self.seat = seat
        self.items: list[T] = []

    def done(self) -> bool:
        """Whether it has everything, or gave up."""
        return self.seat.done()


class WaiterQueue(Generic[T]):
    """Tasks that wait for items.

    ``None`` is what a waiter gets that is sent home.

    :param host: the loop that the waiters run on
    :ivar in_hand: items handed to waiters that have not run since, or collected by a bulk waiter
    """

    __slots__ = ("_dead", "_entries", "_new_seat", "in_hand")

    def __init__(self, host: Host) -> None:
        self._new_seat = host.new_seat
        self._entries: deque[Seat[T | None] | Bulk[T]] = deque()
        self._dead = 0
        self.in_hand = 0

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __len__(self) -> int:
        """Tasks that wait and were neither served nor cancelled; O(1)."""
        return len(self._entries) - self._dead

    def join(self) -> Seat[T | None]:
        """Line up for one item; await the seat, and call :meth:`arrived` or :meth:`leave` after it."""
        seat = self._new_seat()
        self._entries.append(seat)
        return seat

    def join_bulk(self, count: int) -> Bulk[T]:
        """Line up for ``count`` items; await its seat, and call :meth:`arrived` or :meth:`leave_bulk` after it."""
        entry: Bulk[T] = Bulk(count, self._new_seat())
        self._entries.append(entry)
        return entry

    def offer(self, item: T) -> bool:
        """Hand ``item`` to the oldest live waiter; False when nobody waits."""
        entries = self._entries
        while entries:
            entry = entries[0]
            if type(entry) is Bulk:  # not isinstance(): nearly all are futures, and for those it takes twice as long
                if self._collect(entry, item):
                    return True
            else:
                entries.popleft()
                if not entry.done():
                    entry.set_result(item)
                    self.in_hand += 1
                    return True
                self._dead -= 1
        return False

    def _collect(self, entry: Bulk[T], item: T) -> bool:
        if entry.done():
            self._entries.popleft()
            self._dead -= 1
            return False
        entry.items.append(item)
        self.in_hand += 1
        if len(entry.items) == entry.count:
            self._entries.popleft()
            entry.seat.set_result(entry.items)
        return True

    def leave(self, seat: Seat[T | None]) -> T | None:
        """The waiter gives up; what it was handed meanwhile is returned, for the next one."""
        if seat.cancelled():
            self._dead += 1  # as _mark_dead() does: in a storm of cancellations its call would be seen
            if self._dead > _FEW_DEAD and self._dead * 2 > len(self._entries):
                self._sweep()
            return None
        if not seat.done():
            _give_up(seat)
            self._mark_dead()
            return None
        item = seat.result()
        if item is not None:
            self.in_hand -= 1
        return item

    def leave_bulk(self, entry: Bulk[T]) -> list[T]:
        """The bulk waiter gives up; what it has collected is returned, for the next ones."""
        if not entry.seat.done():
            _give_up(entry.seat)
        if entry.seat.cancelled():
            self._mark_dead()
        self.in_hand -= len(entry.items)
        return entry.items

    def close(self) -> list[T]:
        """Send every waiter home with ``None``; what bulk waiters had collected is returned. O(n)."""
        collected: list[T] = []
        for entry in self._entries:
            if isinstance(entry, Bulk):
                if not entry.seat.done():
                    collected += self._send_home(entry)
                    continue
            elif not entry.done():
                entry.set_result(None)
                continue
            self._dead -= 1
        self._entries.clear()
        return collected

    def refuse(self, most: int) -> list[T]:
        """Send home who waits for more than ``most``; what they had collected is returned. O(n)."""
        collected: list[T] = []
        for entry in self._entries:
            if isinstance(entry, Bulk) and entry.count > most and not entry.seat.done():
                collected += self._send_home(entry)
                self._dead += 1
        return collected

    def _send_home(self, entry: Bulk[T]) -> list[T]:
        items, entry.items = entry.items, []
        self.in_hand -= len(items)
        entry.seat.set_result(None)
        return items

    def _mark_dead(self) -> None:
        """Count one dead entry, and sweep when half are; entries already skipped were counted in advance."""
        self._dead += 1
        if self._dead > _FEW_DEAD and self._dead * 2 > len(self._entries):
            self._sweep()

    def _sweep(self) -> None:
        live = [entry for entry in self._entries if not entry.done()]
        self._dead -= len(self._entries) - len(live)
        self._entries = deque(live)


def _give_up(seat: Seat[Any]) -> None:
    """Cancel the seat of a sleeper that was thrown out; a loop that is closed cannot wake it, and need not."""
    with suppress(RuntimeError):
        seat.cancel()
