"""Everybody waits for something that somebody else in the circle holds."""

import asyncio
from contextlib import AsyncExitStack

from .cases import DEADLOCK, bug
from .parts import io


async def _transfer(*, sorts: bool) -> None:
    """Money goes both ways between two accounts, each with a lock."""
    locks = {name: asyncio.Lock() for name in "ab"}
    balance = {"a": 10, "b": 10}

    async def transfer(source: str, target: str, delay: int) -> None:
        await io(delay)
        first, second = sorted((source, target)) if sorts else (source, target)
        async with locks[first]:
            await io()  # looks at the limit
            async with locks[second]:
                balance[source] -= 1
                balance[target] += 1

    await asyncio.gather(transfer("a", "b", 0), transfer("b", "a", 3))
    assert balance == {"a": 10, "b": 10}


async def accounts_sorted() -> None:
    await _transfer(sorts=True)


@bug("two-accounts", fixed=accounts_sorted, depth=2, kind=DEADLOCK)
async def accounts_as_they_come() -> None:
    """Two transfers in opposite directions each hold the lock that the other needs."""
    await _transfer(sorts=False)


async def _dine(seats: int, *, left_handed: bool) -> None:
    """Philosophers sit down one after another, each between two forks."""
    forks = [asyncio.Lock() for _ in range(seats)]
    meals = 0

    async def dine(seat: int) -> None:
        nonlocal meals
        pair = [seat, (seat + 1) % seats]
        if left_handed:
            pair.sort()
        async with forks[pair[0]]:
            await io()
            async with forks[pair[1]]:
                meals += 1

    async with asyncio.TaskGroup() as tasks:
        for seat in range(seats):
            tasks.create_task(dine(seat))
            await io(2)
    assert meals == seats


async def three_with_an_order() -> None:
    await _dine(3, left_handed=True)


@bug("three-philosophers", fixed=three_with_an_order, depth=3, kind=DEADLOCK)
async def three_philosophers() -> None:
    """Each of three holds its left fork before any of them gets its right one."""
    await _dine(3, left_handed=False)


async def five_with_an_order() -> None:
    await _dine(5, left_handed=True)


@bug("five-philosophers", fixed=five_with_an_order, depth=5, kind=DEADLOCK)
async def five_philosophers() -> None:
    """Each of five holds its left fork before any of them gets its right one."""
    await _dine(5, left_handed=False)


async def six_with_an_order() -> None:
    await _dine(6, left_handed=True)


@bug("six-philosophers", fixed=six_with_an_order, depth=6, kind=DEADLOCK)
async def six_philosophers() -> None:
    """Each of six holds its left fork before any of them gets its right one."""
    await _dine(6, left_handed=False)


async def _put_under_lock(*, puts_outside: bool) -> None:
    """A producer numbers items under a lock that the consumer needs, too."""
    lock = asyncio.Lock()
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    made = taken = 0

    async def produce() -> None:
        nonlocal made
        for _ in range(3):
            async with lock:
                made += 1
                if not puts_outside:
                    await queue.put(made)
            if puts_outside:
                await queue.put(made)
            await io(4)

    async def consume() -> None:
        nonlocal taken
        for _ in range(3):
            async with lock:
                taken += 1
            await queue.get()

    await asyncio.gather(produce(), consume())
    assert made == taken == 3


async def put_outside_the_lock() -> None:
    await _put_under_lock(puts_outside=True)


@bug("full-queue-under-lock", fixed=put_outside_the_lock, depth=2, kind=DEADLOCK)
async def put_under_the_lock() -> None:
    """A producer waits for room in a queue while it holds the lock that the consumer needs to make room."""
    await _put_under_lock(puts_outside=False)


async def _join_under_lock(*, joins_outside: bool) -> None:
    """Whoever stops a worker waits for it; the worker takes the lock for its last words."""
    lock = asyncio.Lock()
    log: list[str] = []

    async def work() -> None:
        await io()
        async with lock:
            log.append("last words")

    worker = asyncio.create_task(work())
    await io(3)
    async with lock:
        log.append("stopped")
        if not joins_outside:
            await worker
    await worker
    assert sorted(log) == ["last words", "stopped"]


async def joined_outside_the_lock() -> None:
    await _join_under_lock(joins_outside=True)


@bug("join-under-lock", fixed=joined_outside_the_lock, depth=1, kind=DEADLOCK)
async def joined_under_the_lock() -> None:
    """A task is waited for under a lock that it still needs."""
    await _join_under_lock(joins_outside=False)


class _ReadWriteLock:
    """Many readers or one writer, by a condition."""

    def __init__(self) -> None:
        self.readers = 0
        self.changed = asyncio.Condition()

    async def read(self) -> None:
        async with self.changed:
            self.readers += 1

    async def stop_reading(self) -> None:
        async with self.changed:
            self.readers -= 1
            self.changed.notify_all()

    async def until_readers_are(self, count: int) -> None:
        await self.changed.wait_for(lambda: self.readers == count)


async def _upgrade(*, leaves_first: bool) -> None:
    """A counter is read, and written by whoever has found it too low."""
    lock = _ReadWriteLock()
    value = 0

    async def raise_to(target: int) -> None:
        nonlocal value
        await lock.read()
        is_low = value < target
        await io()
        if leaves_first:
            await lock.stop_reading()
        if is_low:
            async with lock.changed:
                await lock.until_readers_are(0 if leaves_first else 1)
                value = max(value, target)
        if not leaves_first:
            await lock.stop_reading()

    async with asyncio.TaskGroup() as tasks:
        for target in (1, 2):
            tasks.create_task(raise_to(target))
            await io(4)
    assert value == 2


async def reader_leaves_first() -> None:
    await _upgrade(leaves_first=True)


@bug("two-readers-upgrade", fixed=reader_leaves_first, depth=2, kind=DEADLOCK)
async def reader_upgrades() -> None:
    """Two readers each wait for all others to leave before they write."""
    await _upgrade(leaves_first=False)


async def _nested_tables(*, sorts: bool) -> None:
    """Three jobs lock two tables each, and together close a circle."""
    tables = {name: asyncio.Lock() for name in ("users", "orders", "stock")}
    jobs = [("users", "orders"), ("orders", "stock"), ("stock", "users")]
    done = 0

    async def run(names: tuple[str, ...]) -> None:
        nonlocal done
        async with AsyncExitStack() as stack:
            for name in sorted(names) if sorts else names:
                await stack.enter_async_context(tables[name])
                await io()
            done += 1

    async with asyncio.TaskGroup() as tasks:
        for job in jobs:
            tasks.create_task(run(job))
            await io(3)
    assert done == 3


async def tables_sorted() -> None:
    await _nested_tables(sorts=True)


@bug("circle-of-tables", fixed=tables_sorted, depth=3, kind=DEADLOCK)
async def tables_as_they_come() -> None:
    """Three jobs lock three tables in a circle."""
    await _nested_tables(sorts=False)
