"""How costs grow with the number of descriptors and of waiters: they should not.

Where many tasks run in turn, the processor's caches hold ever less of them, whatever they wait for; the row with bare
futures in a deque, the least that a queue of waiters can be, shows how much of the growth that is.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from time import process_time

from asyncndis import PoolClosed
from asyncndis.memory import BufferPool
from benchmarks.harness import Effort, Loop, Sample, Turns, loop_sample, take_turns
from benchmarks.results import Row, at_most

from .cancelled import cancel_all, exhausted_pool, park
from .contended import SLOTS, Work, hand_offs_sample, our_work
from .peers import filled_pool, pool_loop

__all__ = ["closing", "descriptors", "hand_offs", "statistics", "waiters"]

MANY_DESCRIPTORS = 1_000_000
MANY_WAITERS = 100_000


def descriptors(effort: Effort) -> Iterator[Row]:
    """Growth from one descriptor to a million."""
    many = MANY_DESCRIPTORS // effort.shrink
    turns = asyncio.run(_with_descriptors(effort, many))
    yield turns.cost(f"await allocate() + free, {many:,} descriptors", "many", "1 descriptor", at_most(1.15))


async def _with_descriptors(effort: Effort, many: int) -> Turns:
    loops = {"1 descriptor": _round_trips(await filled_pool(1)), "many": _round_trips(await filled_pool(many))}
    return await _take_turns_of(loops, effort)


def _round_trips(pool: BufferPool) -> Loop:
    return pool_loop(pool.allocate, pool.free)


async def _take_turns_of(loops: dict[str, Loop], effort: Effort) -> Turns:
    samples = {name: await loop_sample(loop, effort.seconds) for name, loop in loops.items()}
    return await take_turns(samples, effort.rounds)


def waiters(effort: Effort) -> Iterator[Row]:
    """Growth from no waiter to a hundred thousand."""
    many = MANY_WAITERS // effort.shrink
    turns = asyncio.run(_past_waiters(effort, many))
    yield turns.cost(f"allocate_emergency() + free, {many:,} waiting", "many", "nobody waiting", at_most(1.15))
    turns = asyncio.run(_after_waiters(effort, many))
    yield turns.cost(f"await allocate() + free, {many:,} cancelled", "many", "nobody cancelled", at_most(1.15))


async def _past_waiters(effort: Effort, many: int) -> Turns:
    pools = [await BufferPool.create(2, reserve=1) for _ in range(2)]
    for pool in pools:
        pool.allocate_nowait()
    crowd = await park(pools[1].allocate, many)
    turns = await _take_turns_of(
        {"nobody waiting": _emergencies(pools[0]), "many": _emergencies(pools[1])},
        effort,
    )
    await cancel_all(crowd)
    return turns


def _emergencies(pool: BufferPool) -> Loop:
    async def loop(count: int) -> None:
        allocate = pool.allocate_emergency
        for _ in range(count):
            buffer = allocate()
            buffer.free()

    return loop


async def _after_waiters(effort: Effort, many: int) -> Turns:
    quiet, busy = await filled_pool(), await filled_pool()
    held = [busy.allocate_nowait() for _ in range(busy.capacity)]
    await cancel_all(await park(busy.allocate, many))
    for buffer in held:
        buffer.free()
    return await _take_turns_of({"nobody cancelled": _round_trips(quiet), "many": _round_trips(busy)}, effort)


def hand_offs(effort: Effort) -> Iterator[Row]:
    """Growth of a hand-off from a hundred waiters to a hundred thousand."""
    many = MANY_WAITERS // effort.shrink
    turns = asyncio.run(_among(effort, (100, 1000, 10_000, many)))
    for tasks in sorted({1000, 10_000, many}):
        yield turns.cost(f"hand-off among {tasks:,} tasks", f"{tasks}", "100", at_most(1.3))
    yield turns.cost(f"the same, bare futures in a deque, {many:,}", f"bare {many}", "bare 100", None)


async def _among(effort: Effort, crowds: tuple[int, ...]) -> Turns:
    samples = {f"{tasks}": hand_offs_sample(our_work, tasks, max(2, max(crowds) // tasks)) for tasks in crowds}
    for tasks in (min(crowds), max(crowds)):
        samples[f"bare {tasks}"] = hand_offs_sample(bare_work, tasks, max(2, max(crowds) // tasks))
    return await take_turns(samples, effort.scene_rounds)


@asynccontextmanager
async def bare_work() -> AsyncGenerator[Work]:
    """A count, and a deque of futures: no cancellation, no books."""
    line = deque[asyncio.Future[None]]()
    loop = asyncio.get_running_loop()
    free = SLOTS

    async def take() -> None:
        nonlocal free
        if free:
            free -= 1
            return
        future = loop.create_future()
        line.append(future)
        await future

    def give() -> None:
        nonlocal free
        if line:
            line.popleft().set_result(None)
        else:
            free += 1

    async def work(turns: Iterable[object], gate: Awaitable[object] | None) -> None:
        for _ in turns:
            await take()
            if gate is not None:
                await gate
            give()

    yield work


def closing(effort: Effort) -> Iterator[Row]:
    """Growth of closing a pool, for each waiter."""
    many, few = MANY_WAITERS // effort.shrink, 1000
    turns = asyncio.run(take_turns({"many": _closing(many), f"{few}": _closing(few)}, effort.scene_rounds))
    yield turns.cost(f"close(), for each of {many:,} waiters", "many", f"{few}", at_most(2))


def _closing(count: int) -> Sample:
    async def sample() -> float:
        pool = await exhausted_pool()

        async def wait() -> None:
            with suppress(PoolClosed):
                await pool.allocate()

        tasks = await park(wait, count)
        started = process_time()
        pool.close()
        taken = (process_time() - started) / count
        await asyncio.wait(tasks)
        return taken

    return sample


def statistics(effort: Effort) -> Iterator[Row]:
    """Growth of statistics()."""
    waiters, descriptors = MANY_WAITERS // effort.shrink, MANY_DESCRIPTORS // effort.shrink
    turns = asyncio.run(_statistics(effort, waiters, descriptors))
    subject = f"statistics(), {descriptors:,} descriptors, {waiters:,} waiters"
    yield turns.cost(subject, "large", "1 descriptor", at_most(1.15))


async def _statistics(effort: Effort, waiters: int, descriptors: int) -> Turns:
    small, large = await exhausted_pool(), await exhausted_pool(descriptors)
    crowd = await park(large.allocate, waiters)
    turns = await _take_turns_of({"1 descriptor": _looks(small), "large": _looks(large)}, effort)
    await cancel_all(crowd)
    return turns


def _looks(pool: BufferPool) -> Loop:
    async def loop(count: int) -> None:
        look = pool.statistics
        for _ in range(count):
            look()

    return loop
