"""Many tasks, few descriptors, and waits that are cancelled at any moment: nothing is lost, nobody is forgotten.

A hundred thousand requests in all, single and in bulk, on each loop and by each means of cancelling. Some are cancelled
by a reaper while they sleep, some in the very step in which a descriptor was handed to them.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.memory import Buffer, BufferPool
from tests.support.loops import run_on
from tests.support.worlds import assert_conserved, assert_pool_at_rest

REQUESTS = 100_000
SIZES = [(32, 1), (64, 2), (128, 4), (256, 8)]
WAYS = [("asyncio", "native"), ("asyncio", "scope"), ("uvloop", "native"), ("uvloop", "scope"), ("trio", "scope")]
EACH = REQUESTS // (len(SIZES) * len(WAYS))


class Storm:
    """Workers that take, hold and free; and a reaper among those who wait.

    :ivar served: requests that got what they asked for
    :ivar cancelled: those that were cancelled instead
    """

    def __init__(self, pool: BufferPool, means: str, seed: int) -> None:
        self._pool = pool
        self._take = self._take_natively if means == "native" else self._take_in_scope
        self._dice = Random(seed)
        self._left = EACH
        self._out = 0
        self._waiting: dict[object, Callable[[], object]] = {}
        self.served = 0
        self.cancelled = 0

    async def run(self, workers: int) -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._reap)
            async with anyio.create_task_group() as group:
                for _ in range(workers):
                    group.start_soon(self._work)
            tasks.cancel_scope.cancel()

    async def _work(self) -> None:
        while self._left > 0:
            self._left -= 1
            count = self._dice.randint(1, self._pool.capacity) if self._dice.random() < 0.2 else 1
            taken = await self._take(partial(self._allocate, count))
            if taken is None:
                self.cancelled += 1
                continue
            self.served += 1
            for _ in range(self._dice.randint(0, 2)):
                await checkpoint()
            self._give_back(taken)

    async def _allocate(self, count: int) -> list[Buffer]:
        taken = [await self._pool.allocate()] if count == 1 else await self._pool.allocate_many(count)
        self._out += count
        assert_conserved(self._pool, out=self._out)
        return taken

    def _give_back(self, taken: list[Buffer]) -> None:
        for buffer in taken:
            buffer.free()
            self._out -= 1
            assert_conserved(self._pool, out=self._out)
            if self._waiting and self._dice.random() < 0.05:
                self._waiting.pop(next(iter(self._waiting)))()  # the oldest: it was served this very moment
                assert_conserved(self._pool, out=self._out)

    async def _take_in_scope(self, take: Callable[[], Awaitable[list[Buffer]]]) -> list[Buffer] | None:
        with anyio.CancelScope() as scope:
            self._waiting[scope] = scope.cancel
            try:
                return await take()
            finally:
                self._waiting.pop(scope, None)
        return None

    async def _take_natively(self, take: Callable[[], Awaitable[list[Buffer]]]) -> list[Buffer] | None:
        task = asyncio.ensure_future(take())
        self._waiting[task] = task.cancel
        try:
            return await task
        except asyncio.CancelledError:
            return None
        finally:
            self._waiting.pop(task, None)

    async def _reap(self) -> None:
        while True:
            await checkpoint()
            for _ in range(self._dice.randint(0, 1 + self._pool.capacity // 2)):
                if self._waiting:
                    victim = self._dice.choice([*self._waiting])
                    self._waiting.pop(victim)()


@pytest.mark.parametrize(("workers", "descriptors"), SIZES)
@pytest.mark.parametrize(("loop", "means"), WAYS)
def test_nothing_is_lost_in_a_storm(loop: str, means: str, workers: int, descriptors: int) -> None:
    async def storm() -> None:
        pool = await BufferPool.create(descriptors)
        storm = Storm(pool, means, workers)
        await storm.run(workers)
        assert storm.served + storm.cancelled == EACH
        assert storm.cancelled >= pool.statistics().delayed // 10
        assert pool.statistics().max_outstanding <= descriptors
        await assert_pool_at_rest(pool)

    run_on(loop, storm)
