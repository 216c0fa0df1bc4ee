"""Fairness: nobody is overtaken, and whoever keeps asking is served as often as the others.

The second is for asyncio's loops: trio runs the tasks of one step in random order, so that they ask in random order.
"""

from collections.abc import Callable
from random import Random

import anyio
import pytest
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from asyncndis.memory import BufferPool

ROUNDS = 60


async def served(tasks: int, capacity: int, need_of: Callable[[int], int]) -> list[int]:
    """How often each of some tasks is served while all of them ask again and again.

    It stops at the first task that was served often enough, since the last rounds of the others would even it out.
    """
    counts = [0] * tasks

    async def ask(number: int, pool: BufferPool, group: TaskGroup) -> None:
        need = need_of(number)
        while True:
            buffers = await pool.allocate_many(need) if need > 1 else [await pool.allocate()]
            counts[number] += 1
            if counts[number] == ROUNDS:
                group.cancel_scope.cancel()
            try:
                await checkpoint()
            finally:
                for buffer in buffers:
                    buffer.free()

    async with BufferPool.create(capacity) as pool:
        async with anyio.create_task_group() as group:
            for number in range(tasks):
                group.start_soon(ask, number, pool, group)
        assert pool.statistics().outstanding == 0
    return counts


@pytest.mark.asyncio
@pytest.mark.parametrize("tasks", [2, 5, 17, 100, 500])
async def test_single_requests(tasks: int) -> None:
    counts = await served(tasks, 4, lambda _: 1)
    assert max(counts) - min(counts) <= 1


@pytest.mark.asyncio
@pytest.mark.parametrize("tasks", [5, 17, 100])
async def test_bulk_requests_among_single_ones(tasks: int) -> None:
    counts = await served(tasks, 4, lambda number: 1 + number % 4)
    assert max(counts) - min(counts) <= 1


@pytest.mark.every_loop
async def test_nobody_is_overtaken() -> None:
    random = Random(11)
    asked: list[int] = []
    got: list[int] = []

    async def ask(number: int, pool: BufferPool) -> None:
        need = random.choice((1, 1, 2, 3))
        asked.append(number)
        buffers = await pool.allocate_many(need)
        got.append(number)
        await checkpoint()
        for buffer in buffers:
            buffer.free()

    async with BufferPool.create(3) as pool:
        held = await pool.allocate_many(3)
        async with anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(ask, number, pool)
            await anyio.wait_all_tasks_blocked()
            assert not got
            for buffer in held:
                buffer.free()
    # trio runs the tasks that one step has woken in random order: those are at most the pool's three
    assert sorted(got) == sorted(asked)
    assert all(abs(place - asked.index(number)) <= 2 for place, number in enumerate(got))
