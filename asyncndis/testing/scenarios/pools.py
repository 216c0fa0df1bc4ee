"""Pools, small enough to be searched to the end: two or three tasks and one or two descriptors.

Each says what is true whoever runs first: descriptors are conserved, nobody is overtaken, and nobody is forgotten.
"""

from asyncio import CancelledError, Task
from contextlib import suppress

from anyio import CancelScope, create_task_group
from anyio.lowlevel import checkpoint

from asyncndis.base import PoolClosed
from asyncndis.kernel import Mutex, NdisEvent, current_task
from asyncndis.memory import Buffer, BufferPool, PacketPool
from asyncndis.testing.checks import check_equal, check_that
from asyncndis.testing.invariants import assert_pool_at_rest
from asyncndis.testing.playing import Scenario, scenario

__all__ = ["POOLS"]


@scenario()
async def hand_off_under_cancel(_seed: int) -> None:
    """A waiter is cancelled while a descriptor is handed to it: the next one gets it, and none is lost."""
    scope = CancelScope()
    begun: list[object] = []
    served: list[str] = []
    async with BufferPool.create(1, name="rx") as pool, create_task_group() as tasks:

        async def give_up() -> None:
            begun.append(current_task())
            with scope, suppress(CancelledError):  # of asyncio, as below
                async with pool.borrow():
                    served.append("cancelled")

        async def persist() -> None:
            async with pool.borrow():
                served.append("patient")

        async with pool.borrow():
            tasks.start_soon(give_up)
            tasks.start_soon(persist)
            await checkpoint()
        _cancel(begun, scope)
        async with pool.borrow():
            check_equal("descriptors that are out", pool.outstanding, 1)
    check_that("the one that persists is served", "patient" in served)


@scenario()
async def collecting_under_cancel(_seed: int) -> None:
    """A task that wants two descriptors has got one, and is cancelled: that one goes to the next in line at once."""
    scope = CancelScope()
    served = NdisEvent("served")
    async with BufferPool.create(2, name="rx") as pool, create_task_group() as tasks:

        async def give_up() -> None:
            with scope:
                for buffer in await pool.allocate_many(2):
                    buffer.free()

        async def persist() -> None:
            async with pool.borrow():
                served.set()

        async with pool.borrow():
            async with pool.borrow():
                tasks.start_soon(give_up)
                tasks.start_soon(persist)
                await checkpoint()
            await checkpoint()
            scope.cancel()
            await served.wait()  # while the other descriptor is out
    check_equal("descriptors that are out", pool.outstanding, 0)


@scenario()
async def bulk_and_single_requests(_seed: int) -> None:
    """One task wants two descriptors and another one, while all are out: whoever asks first, both are served."""
    served: list[str] = []
    async with BufferPool.create(2, name="rx") as pool:

        async def want(name: str, count: int) -> None:
            buffers = await pool.allocate_many(count)
            served.append(name)
            for buffer in buffers:
                buffer.free()

        async with create_task_group() as tasks, pool.borrow(), pool.borrow():
            tasks.start_soon(want, "two", 2)
            tasks.start_soon(want, "one", 1)
            await checkpoint()
        check_equal("who was served", sorted(served), ["one", "two"])
        assert_pool_at_rest(pool)


@scenario()
async def close_with_waiters(_seed: int) -> None:
    """A pool is closed with waiters: each is told so, whether or not a descriptor was on its way to it."""
    told: list[str] = []
    async with BufferPool.create(1, name="rx") as pool:

        async def wait() -> None:
            try:
                buffer = await pool.allocate()
            except PoolClosed:
                told.append("closed")
            else:
                told.append("served")
                buffer.free()

        async with create_task_group() as tasks:
            async with pool.borrow():
                tasks.start_soon(wait)
                tasks.start_soon(wait)
                await checkpoint()
            pool.close()
        check_equal("how many were told", len(told), 2)
        check_equal("descriptors that are out", pool.outstanding, 0)


@scenario()
async def free_in_another_task(_seed: int) -> None:
    """What one task allocates another one frees, so that the first can go on: no descriptor is freed twice or lost."""
    passed: list[Buffer] = []
    arrived = NdisEvent("arrived")
    async with BufferPool.create(1, name="rx") as pool:

        async def make() -> None:
            for _ in range(2):
                passed.append(await pool.allocate())
                arrived.set()

        async def free() -> None:
            for _ in range(2):
                await arrived.wait()
                arrived.reset()
                passed.pop().free()

        try:
            async with create_task_group() as tasks:
                tasks.start_soon(make)
                tasks.start_soon(free)
            check_equal("what is on its way", passed, [])
        finally:
            for buffer in passed:
                buffer.free()
        assert_pool_at_rest(pool)


@scenario()
async def two_pools_opposite_order(_seed: int) -> None:
    """Two tasks take from two pools of one in opposite order, one pair at a time: nobody waits for ever."""
    guard = Mutex("pair")
    async with BufferPool.create(1, name="buffers") as buffers, PacketPool.create(1, name="packets") as packets:

        async def buffer_first() -> None:
            async with guard, buffers.borrow(), packets.borrow():
                await checkpoint()

        async def packet_first() -> None:
            async with guard, packets.borrow(), buffers.borrow():
                await checkpoint()

        async with create_task_group() as tasks:
            tasks.start_soon(buffer_first)
            tasks.start_soon(packet_first)
        assert_pool_at_rest(buffers)
        assert_pool_at_rest(packets)


@scenario()
async def growth_serves_waiters(_seed: int) -> None:
    """A pool grows while all descriptors are out and tasks wait: they are served at once; then it shrinks again."""
    served: list[int] = []
    everybody = NdisEvent("everybody")
    async with BufferPool.create(1, name="rx") as pool:

        async def use(number: int) -> None:
            async with pool.borrow():
                served.append(number)
                if len(served) == 2:
                    everybody.set()

        async with create_task_group() as tasks, pool.borrow():
            tasks.start_soon(use, 0)
            tasks.start_soon(use, 1)
            await checkpoint()
            pool.resize(2)
            await everybody.wait()
            pool.resize(1)
        check_equal("who was served", sorted(served), [0, 1])
        check_equal("descriptors", pool.capacity, 1)
        assert_pool_at_rest(pool)


def _cancel(begun: list[object], scope: CancelScope) -> None:
    """Cancel a task that has begun as asyncio does it, which strikes also when it has been handed what it waits for."""
    if begun and isinstance(begun[0], Task):
        begun[0].cancel()
    else:
        scope.cancel()


POOLS: tuple[Scenario, ...] = (
    hand_off_under_cancel,
    collecting_under_cancel,
    bulk_and_single_requests,
    close_with_waiters,
    free_in_another_task,
    two_pools_opposite_order,
    growth_serves_waiters,
)
