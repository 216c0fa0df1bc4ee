"""A spin lock of a driver against asyncio's lock, both free and entered with ``async with``."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

import anyio

from asyncndis import SpinLock
from benchmarks.harness import Contender, Effort, Loop, race
from benchmarks.results import Row, at_most

__all__ = ["spin_lock"]


@asynccontextmanager
async def ours() -> AsyncGenerator[Loop]:
    """A spin lock."""
    lock = SpinLock()

    async def loop(count: int) -> None:
        for _ in range(count):
            async with lock:
                pass

    yield loop


@asynccontextmanager
async def asyncio_lock() -> AsyncGenerator[Loop]:
    """The lock of asyncio, which checks neither owner nor order."""
    lock = asyncio.Lock()

    async def loop(count: int) -> None:
        for _ in range(count):
            async with lock:
                pass

    yield loop


@asynccontextmanager
async def anyio_lock() -> AsyncGenerator[Loop]:
    """The lock of anyio, which knows its owner, told not to yield where it need not."""
    lock = anyio.Lock(fast_acquire=True)

    async def loop(count: int) -> None:
        for _ in range(count):
            async with lock:
                pass

    yield loop


LOCKS = (
    Contender("ours", ours),
    Contender("asyncio.Lock", asyncio_lock),
    Contender("anyio.Lock(fast)", anyio_lock),
)


def spin_lock(effort: Effort) -> Iterator[Row]:
    """A spin lock."""
    turns = asyncio.run(race(LOCKS, effort))
    yield turns.cost("async with SpinLock()", "ours", "asyncio.Lock", at_most(1.5, 1.1))
    yield turns.cost("async with SpinLock()", "ours", "anyio.Lock(fast)", None)
