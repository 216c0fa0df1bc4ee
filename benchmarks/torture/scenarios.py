"""The programs that are explored for speed: plain asyncio, or anyio, and nothing wrong with any of them.

A program is an async callable without arguments. Its tasks are made by a function of their own, which a bare trampoline
can drive, too.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import anyio

__all__ = ["SCENARIOS", "Coroutines", "Program", "Scenario", "sleepers"]

Program = Callable[[], Coroutine[Any, Any, object]]
Coroutines = Sequence[Coroutine[Any, Any, None]]


@dataclass(frozen=True)
class Scenario:
    """A program, and what it consists of.

    :ivar name: as QUALITY calls it
    :ivar program: the whole
    :ivar tasks: makes the coroutines of its tasks, where that is all it does
    """

    name: str
    program: Program
    tasks: Callable[[], Coroutines] | None = None


def at_a_lock() -> Coroutines:
    """S1: three tasks take a lock three times each."""
    lock = asyncio.Lock()

    async def work() -> None:
        for _ in range(3):
            async with lock:
                await asyncio.sleep(0)

    return [work() for _ in range(3)]


class FuturePool:
    """A pool as one writes it by hand: what is free in a list, who waits in a deque of futures."""

    def __init__(self, size: int) -> None:
        self._free = list(range(size))
        self._waiters = deque[asyncio.Future[int]]()

    async def allocate(self) -> int:
        """Take what is free, or wait in line."""
        if self._free:
            return self._free.pop()
        waiter: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return await waiter

    def free(self, item: int) -> None:
        """Hand it to the first in line, or put it back."""
        if self._waiters:
            self._waiters.popleft().set_result(item)
        else:
            self._free.append(item)


class EventPool:
    """The same with events, which loops of either kind have; a waiter looks again when it has been woken."""

    def __init__(self, size: int) -> None:
        self._free = list(range(size))
        self._waiters = deque[anyio.Event]()

    async def allocate(self) -> int:
        """Take what is free, or wait in line."""
        while not self._free:
            waiter = anyio.Event()
            self._waiters.append(waiter)
            await waiter.wait()
        return self._free.pop()

    def free(self, item: int) -> None:
        """Put it back and wake the first in line."""
        self._free.append(item)
        if self._waiters:
            self._waiters.popleft().set()


async def _allocate_often(pool: FuturePool | EventPool, sleep: Callable[[float], Awaitable[object]]) -> None:
    for _ in range(5):
        item = await pool.allocate()
        await sleep(0)
        pool.free(item)


def at_a_pool() -> Coroutines:
    """S2: five tasks take one of two items five times each."""
    pool = FuturePool(2)
    return [_allocate_often(pool, asyncio.sleep) for _ in range(5)]


async def locking() -> None:
    """S1."""
    await asyncio.gather(*at_a_lock())


async def pooling() -> None:
    """S2."""
    await asyncio.gather(*at_a_pool())


async def queueing() -> None:
    """S3: five producers, five consumers, a queue of four, a hundred items; and two time-outs that fire."""
    queue: asyncio.Queue[int] = asyncio.Queue(4)
    expired = 0

    async def produce() -> None:
        for item in range(20):
            await queue.put(item)

    async def consume() -> None:
        for _ in range(20):
            await queue.get()

    async def expire() -> None:
        nonlocal expired
        try:
            async with asyncio.timeout(1.0):
                await asyncio.Event().wait()
        except TimeoutError:
            expired += 1

    await asyncio.gather(*(work() for work in (produce, consume) for _ in range(5)), expire(), expire())
    assert expired == 2


async def pooling_with_anyio() -> None:
    """S2A: S2 in a task group of anyio, with its events."""
    pool = EventPool(2)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(_allocate_often, pool, anyio.sleep)


def sleepers(tasks: int, steps: int) -> Program:
    """A program whose tasks do nothing but let others go first, so many times each."""

    async def sleep() -> None:
        for _ in range(steps):
            await asyncio.sleep(0)

    async def program() -> None:
        await asyncio.gather(*(sleep() for _ in range(tasks)))

    return program


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        Scenario("S1", locking, at_a_lock),
        Scenario("S2", pooling, at_a_pool),
        Scenario("S3", queueing),
        Scenario("S2A", pooling_with_anyio),
        Scenario("sleep(0), 1 task", sleepers(1, 200)),
        Scenario("sleep(0), 3 tasks", sleepers(3, 200)),
    )
}
