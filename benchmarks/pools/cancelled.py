"""Many wait and all are cancelled, in random order, as a task group cancels the set of its tasks.

The clock runs from the first ``cancel()`` to the end of the last task. The floor is an async function that awaits a
future of its own: a waiter in no queue at all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from random import Random
from time import process_time

import anyio

from asyncndis import PoolExhausted
from asyncndis.memory import BufferPool
from benchmarks.harness import Effort, Sample, Turns, settle, take_turns
from benchmarks.results import Row, at_least, at_most

__all__ = ["cancel_all", "cancel_storm", "conservation", "exhausted_pool", "park"]

Wait = Callable[[], Awaitable[object]]

STORM = 100_000
GREAT_STORM = 1_000_000
QUADRATIC_STORM = 30_000
SLOTS = 16


async def park(wait: Wait, count: int) -> list[asyncio.Task[None]]:
    """So many tasks that wait."""

    async def waiter() -> None:
        await wait()

    tasks = [asyncio.create_task(waiter()) for _ in range(count)]
    await settle()
    return tasks


async def cancel_all(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel them in this order, which is the order in which they end."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks[-1:])


async def exhausted_pool(count: int = 1) -> BufferPool:
    """A pool of which everything is out."""
    pool = await BufferPool.create(count)
    await pool.allocate_many(count)
    return pool


def cancel_storm(effort: Effort) -> Iterator[Row]:
    """Cancelling many waiters at once."""
    for count, rounds in ((STORM // effort.shrink, effort.scene_rounds), (GREAT_STORM // effort.shrink, 1)):
        turns = asyncio.run(_storms(_floor_and_ours, count, rounds))
        yield turns.cost(f"cancel {count:,} waiters", "ours", "a bare future each", at_most(1.15))
    count = QUADRATIC_STORM // effort.shrink
    turns = asyncio.run(_storms(_ours_and_peers, count, rounds=1))
    for peer in ("asyncio.Semaphore", "asyncio.Queue", "anyio.Semaphore"):
        yield turns.speed(f"cancel {count:,} waiters", "ours", peer, at_least(6))


async def _storms(sides: Callable[[], Awaitable[Mapping[str, Wait]]], count: int, rounds: int) -> Turns:
    return await take_turns({name: _storm(wait, count) for name, wait in (await sides()).items()}, rounds)


def _storm(wait: Wait, count: int) -> Sample:
    async def sample() -> float:
        tasks = await park(wait, count)
        Random(1).shuffle(tasks)  # noqa: S311  # an order that is nobody's secret
        started = process_time()
        await cancel_all(tasks)
        return (process_time() - started) / count

    return sample


async def _floor_and_ours() -> Mapping[str, Wait]:
    loop = asyncio.get_running_loop()

    async def bare() -> None:
        await loop.create_future()

    return {"ours": (await exhausted_pool()).allocate, "a bare future each": bare}


async def _ours_and_peers() -> Mapping[str, Wait]:
    return {
        "ours": (await exhausted_pool()).allocate,
        "asyncio.Semaphore": asyncio.Semaphore(0).acquire,
        "asyncio.Queue": asyncio.Queue[object]().get,
        "anyio.Semaphore": anyio.Semaphore(0).acquire,
    }


def conservation(effort: Effort) -> Iterator[Row]:
    """Whether any descriptor is lost or handed out twice in a storm."""
    count = STORM // effort.shrink
    lost, too_many = asyncio.run(_lost_and_too_many(count))
    yield Row(f"lost, {count:,} waiters cancelled under hand-off", "nothing", lost, at_most(0), unit="")
    yield Row(f"handed out twice, {count:,} waiters", "nothing", too_many, at_most(0), unit="")


async def _lost_and_too_many(count: int) -> tuple[int, int]:
    """Cancel waiters in line while others free: who is handed a descriptor is among the next to be cancelled."""
    pool = await BufferPool.create(SLOTS)
    out = most = 0

    async def use() -> None:
        nonlocal out, most
        buffer = await pool.allocate()
        out += 1
        most = max(most, out)
        try:
            await asyncio.sleep(0)
        finally:
            out -= 1
            buffer.free()

    users = [asyncio.create_task(use()) for _ in range(count)]
    for number, user in enumerate(users):
        if number % 8 == 0:
            await asyncio.sleep(0)
        if number % 16:
            user.cancel()
    await asyncio.wait(users)
    return SLOTS - _free_now(pool), max(0, most - SLOTS)


def _free_now(pool: BufferPool) -> int:
    """How many descriptors can be had."""
    count = 0
    try:
        while True:
            pool.allocate_nowait()
            count += 1
    except PoolExhausted:
        return count
