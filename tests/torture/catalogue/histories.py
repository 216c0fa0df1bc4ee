"""Shared objects whose operations have no order that would explain what they gave back."""

import asyncio
from collections import deque
from typing import Generic, TypeVar

from asyncndis.torture.histories import History, recorded
from asyncndis.torture.linearizability import assert_linearizable

from .cases import NOT_LINEARIZABLE, bug
from .parts import io

T = TypeVar("T")


class _Tickets:
    """Gives out numbers, one after the other."""

    def __init__(self, *, locks: bool) -> None:
        self.locks = locks
        self.lock = asyncio.Lock()
        self.last = 0

    async def draw(self) -> int:
        if self.locks:
            async with self.lock:
                return await self.count()
        return await self.count()

    async def count(self) -> int:
        number = self.last + 1
        await io()  # prints it
        self.last = number
        return number


class _TicketModel:
    def __init__(self) -> None:
        self.last = 0

    def draw(self) -> int:
        self.last += 1
        return self.last


async def _draw(tickets: _Tickets) -> None:
    history = History()
    machine = recorded(tickets, history, "draw")

    async def customer(delay: int) -> None:
        await io(delay)
        await machine.draw()

    async with asyncio.TaskGroup() as tasks:
        for place in range(3):
            tasks.create_task(customer(3 * place))
    assert_linearizable(history, _TicketModel)


async def tickets_drawn_under_a_lock() -> None:
    await _draw(_Tickets(locks=True))


@bug("one-number-twice", fixed=tickets_drawn_under_a_lock, depth=2, kind=NOT_LINEARIZABLE)
async def tickets_drawn_at_once() -> None:
    """Two customers draw while the machine prints, and get one number."""
    await _draw(_Tickets(locks=False))


class _TwoLists(Generic[T]):
    """A queue of two lists: writers fill one, readers empty the other, and turn them round when theirs is empty."""

    def __init__(self, *, turns_at_once: bool) -> None:
        self.turns_at_once = turns_at_once
        self.back: list[T] = []
        self.front: deque[T] = deque()

    async def put(self, item: T) -> None:
        self.back.append(item)

    async def get(self) -> T | None:
        if not self.front:
            moved = list(self.back)
            if not self.turns_at_once:
                await io()  # copies them
            del self.back[: len(moved)]
            self.front.extend(moved)
        return self.front.popleft() if self.front else None


class _QueueModel:
    def __init__(self) -> None:
        self.items: deque[int] = deque()

    def put(self, item: int) -> None:
        self.items.append(item)

    def get(self) -> int | None:
        return self.items.popleft() if self.items else None


async def _use_queue(queue: "_TwoLists[int]") -> None:
    history = History()
    shared = recorded(queue, history, "put", "get")

    async def write() -> None:
        for item in (1, 2):
            await shared.put(item)
            await io()

    async def read(delay: int) -> None:
        await io(delay)
        await shared.get()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        for delay in (4, 7):
            tasks.create_task(read(delay))
    assert_linearizable(history, _QueueModel)


async def lists_turned_at_once() -> None:
    await _use_queue(_TwoLists(turns_at_once=True))


@bug("two-readers-turn-the-lists", fixed=lists_turned_at_once, depth=2, kind=NOT_LINEARIZABLE)
async def lists_turned_slowly() -> None:
    """Two readers move the same items to the front, and one of them is read twice."""
    await _use_queue(_TwoLists(turns_at_once=False))
