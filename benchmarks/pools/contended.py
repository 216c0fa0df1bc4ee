"""Everything is out and many wait: what handing over costs, and whether everybody gets a turn.

For the cost, each task takes and gives back again and again and never yields by itself: each take waits in line, each
give hands over. All the compared serve in order, so that one turn of one task is one hand-off for every task: a single
task is timed, in the midst of the others.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from time import process_time
from typing import Any, TypeVar

import anyio

from asyncndis.memory import Buffer, BufferPool
from benchmarks.harness import Contender, Effort, Sample, Turns, settle, take_turns
from benchmarks.results import Row, at_least, at_most

from .peers import psycopg_pool

__all__ = ["SLOTS", "Work", "fairness", "hand_off", "hand_offs_sample", "our_work"]

T = TypeVar("T")

SLOTS = 16
TASKS = 1000
TURNS = 3

Work = Callable[[Iterable[object], Awaitable[object] | None], Coroutine[Any, Any, None]]
"""A task's work: take and give back for each of some turns, each time holding until the gate opens if there is one."""


@asynccontextmanager
async def our_work() -> AsyncGenerator[Work]:
    """Buffers of a pool."""
    pool = await BufferPool.create(SLOTS)

    async def work(turns: Iterable[object], gate: Awaitable[object] | None) -> None:
        allocate = pool.allocate
        for _ in turns:
            buffer = await allocate()
            if gate is not None:
                await gate
            buffer.free()

    yield work


def work_with_tokens(acquire: Callable[[], Awaitable[object]], release: Callable[[], object]) -> Work:
    """What is taken has no identity."""

    async def work(turns: Iterable[object], gate: Awaitable[object] | None) -> None:
        for _ in turns:
            await acquire()
            if gate is not None:
                await gate
            release()

    return work


@asynccontextmanager
async def semaphore_work() -> AsyncGenerator[Work]:
    """The semaphore of asyncio alone, without a list of what it counts."""
    semaphore = asyncio.Semaphore(SLOTS)
    yield work_with_tokens(semaphore.acquire, semaphore.release)


@asynccontextmanager
async def limiter_work() -> AsyncGenerator[Work]:
    """The capacity limiter of anyio alone."""
    limiter = anyio.CapacityLimiter(SLOTS)
    yield work_with_tokens(limiter.acquire, limiter.release)


@asynccontextmanager
async def stream_work() -> AsyncGenerator[Work]:
    """A memory object stream of what is free."""
    giver, taker = anyio.create_memory_object_stream[object](SLOTS)
    async with giver, taker:
        for _ in range(SLOTS):
            giver.send_nowait(object())

        async def work(turns: Iterable[object], gate: Awaitable[object] | None) -> None:
            receive, send = taker.receive, giver.send_nowait
            for _ in turns:
                item = await receive()
                if gate is not None:
                    await gate
                send(item)

        yield work


@asynccontextmanager
async def psycopg_work() -> AsyncGenerator[Work]:
    """Connections of psycopg's pool."""
    async with psycopg_pool(SLOTS) as pool:

        async def work(turns: Iterable[object], gate: Awaitable[object] | None) -> None:
            take, give = pool.getconn, pool.putconn
            for _ in turns:
                item = await take()
                if gate is not None:
                    await gate
                await give(item)

        yield work


def hand_offs_sample(enter: Callable[[], AbstractAsyncContextManager[Work]], tasks: int, turns: int) -> Sample:
    """A sample of seconds per hand-off among so many tasks, over so many turns of each."""

    async def sample() -> float:
        gate = asyncio.get_running_loop().create_future()
        async with enter() as work:
            crowd = [asyncio.create_task(work(range(1), gate)) for _ in range(SLOTS)]
            await settle()
            common = iter(range(tasks * (turns + 2)))
            crowd += [asyncio.create_task(work(common, None)) for _ in range(tasks - 1)]
            await settle()
            gate.set_result(None)
            await work(range(1), None)
            started = process_time()
            await work(range(turns), None)
            taken = process_time() - started
            await asyncio.gather(*crowd)
        return taken / (turns * tasks)

    return sample


SIDES = (
    Contender("ours", our_work),
    Contender("asyncio.Semaphore", semaphore_work),
    Contender("anyio.CapacityLimiter", limiter_work),
    Contender("anyio memory stream", stream_work),
    Contender("psycopg_pool", psycopg_work, "psycopg_pool"),
)


def hand_off(effort: Effort) -> Iterator[Row]:
    """Handing over among many waiters."""
    turns = asyncio.run(_hand_offs(effort))
    subject = f"hand-off, {TASKS} tasks on {SLOTS} descriptors"
    yield turns.cost(subject, "ours", "asyncio.Semaphore", at_most(1.0, 0.85))
    yield turns.speed(subject, "ours", "anyio.CapacityLimiter", at_least(1.6))
    yield turns.speed(subject, "ours", "anyio memory stream", at_least(3))
    yield turns.speed(subject, "ours", "psycopg_pool", at_least(3))


async def _hand_offs(effort: Effort) -> Turns:
    samples = {side.name: hand_offs_sample(side.enter, TASKS, TURNS) for side in SIDES if side.is_here}
    return await take_turns(samples, 4 * effort.scene_rounds)


def fairness(effort: Effort) -> Iterator[Row]:
    """Whether everybody gets a turn."""
    crowds = (SLOTS + 1, 64, 250, TASKS // effort.shrink)
    subject = f"most - least served, {min(crowds)} to {max(crowds)} tasks"
    for name, unfairness, goal in (
        ("one descriptor each", _our_unfairness, at_most(1)),
        ("1 to 4 descriptors each", _our_bulk_unfairness, at_most(1)),
        ("asyncio.Queue instead", _queue_unfairness, None),
    ):
        yield Row(subject, name, max(asyncio.run(unfairness(tasks)) for tasks in crowds), goal, unit="")


async def _our_unfairness(tasks: int) -> int:
    pool = await BufferPool.create(SLOTS)
    return await _unfairness(lambda _: pool.allocate(), Buffer.free, tasks)


async def _our_bulk_unfairness(tasks: int) -> int:
    pool = await BufferPool.create(SLOTS)

    def give(buffers: list[Buffer]) -> None:
        for buffer in buffers:
            buffer.free()

    return await _unfairness(lambda number: pool.allocate_many(1 + number % 4), give, tasks)


async def _queue_unfairness(tasks: int) -> int:
    queue = asyncio.Queue[int]()
    for item in range(SLOTS):
        queue.put_nowait(item)
    return await _unfairness(lambda _: queue.get(), queue.put_nowait, tasks)


async def _unfairness(take: Callable[[int], Awaitable[T]], give: Callable[[T], object], tasks: int) -> int:
    """Let tasks take, hold until the next turn of the loop, and give back: most served minus least served."""
    served = [0] * tasks
    enough = asyncio.Event()

    async def work(number: int) -> None:
        while not enough.is_set():
            item = await take(number)
            served[number] += 1
            await asyncio.sleep(0)
            give(item)
            if sum(served) >= 50 * tasks:
                enough.set()

    workers = [asyncio.create_task(work(number)) for number in range(tasks)]
    await enough.wait()
    spread = max(served) - min(served)
    for worker in workers:
        worker.cancel()
    await asyncio.gather(*workers, return_exceptions=True)
    return spread
