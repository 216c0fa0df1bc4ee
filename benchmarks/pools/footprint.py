"""Bytes of memory, as tracemalloc counts them."""

import asyncio
import gc
import tracemalloc
from collections.abc import Iterator

from benchmarks.harness import Effort
from benchmarks.results import Row, at_most

from .cancelled import Wait, cancel_all, exhausted_pool, park
from .peers import filled_pool

__all__ = ["footprint"]

COUNT = 10_000


def footprint(effort: Effort) -> Iterator[Row]:
    """Memory of a waiter and of a descriptor."""
    waiter, semaphore_waiter, descriptor = asyncio.run(_measure(COUNT // effort.shrink))
    subject = "memory of a waiter"
    yield Row(subject, "a task parked on a future", waiter, at_most(300, 220), unit="bytes more")
    yield Row(subject, "asyncio.Semaphore instead", semaphore_waiter, unit="bytes more")
    yield Row("memory of a descriptor", "nothing", descriptor, at_most(128, 104), unit="bytes")


async def _measure(count: int) -> tuple[float, float, float]:
    pool = await exhausted_pool()
    tracemalloc.start()
    try:
        await _bytes_of_waiter(pool.allocate, count)  # asyncio's own set of tasks grows to this size once
        bare = await _bytes_of_waiter(asyncio.get_running_loop().create_future, count)
        ours = await _bytes_of_waiter(pool.allocate, count)
        theirs = await _bytes_of_waiter(asyncio.Semaphore(0).acquire, count)
        return ours - bare, theirs - bare, await _bytes_of_descriptor(count)
    finally:
        tracemalloc.stop()


async def _bytes_of_waiter(wait: Wait, count: int) -> float:
    before = _bytes_now()
    tasks = await park(wait, count)
    size = (_bytes_now() - before) / count
    await cancel_all(tasks)
    return size


async def _bytes_of_descriptor(count: int) -> float:
    before = _bytes_now()
    pool = await filled_pool(count)
    size = (_bytes_now() - before) / count
    await pool.aclose()
    return size


def _bytes_now() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
