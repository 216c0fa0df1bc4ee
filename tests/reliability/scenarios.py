"""What tasks do with the public coroutines, as scenarios to be cancelled at every await (see test_every_await.py).

Each world is made in two ways: bare, and under a probe that makes every awaited call a scheduling point.
"""

from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from asyncndis.base import PoolClosed, PoolExhausted, observe
from asyncndis.kernel import Irql, SpinLock, at_irql
from asyncndis.memory import Buffer, BufferPool, Packet, PacketPool
from tests.support.cancelling import Scenario
from tests.support.loops import settle
from tests.support.worlds import Yielding, assert_lock_at_rest, assert_pool_at_rest

__all__ = ["SCENARIOS"]


@dataclass
class PoolWorld:
    """A pool of four, all of them out."""

    pool: BufferPool
    out: list[Buffer] = field(default_factory=list[Buffer])
    source: Buffer | None = None

    def free(self, count: int) -> None:
        for _ in range(count):
            self.out.pop().free()


async def full_pool() -> PoolWorld:
    pool = await BufferPool.create(4)
    return PoolWorld(pool, [pool.allocate_nowait(b"frame") for _ in range(4)])


async def check_pool(world: PoolWorld) -> None:
    world.free(len(world.out))
    await assert_pool_at_rest(world.pool)


async def free_one_by_one(world: PoolWorld) -> None:
    while world.out:
        await settle()
        world.free(1)
    await settle()


async def allocate(world: PoolWorld) -> None:
    buffer = await world.pool.allocate(b"one")
    buffer.free()


async def allocate_many(world: PoolWorld) -> None:
    for buffer in await world.pool.allocate_many(3):
        buffer.free()


async def allocate_many_of_those_there(world: PoolWorld) -> None:
    world.free(2)
    await allocate_many(world)


async def allocate_beside_others(world: PoolWorld) -> None:
    """One for itself, while two more wait, one of them for several."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(allocate_many, world)
        tasks.start_soon(allocate, world)
        await allocate(world)


async def borrow(world: PoolWorld) -> None:
    async with world.pool.borrow(b"one") as buffer:
        buffer.adjust_length(1)
        await checkpoint()


async def copy(world: PoolWorld) -> None:
    source = world.out[0]
    (await world.pool.copy(source, 1, 2)).free()


async def allocate_while_closing(world: PoolWorld) -> None:
    try:
        await allocate(world)
    except PoolClosed:
        return


async def allocate_many_while_closing(world: PoolWorld) -> None:
    try:
        await allocate_many(world)
    except PoolClosed:
        return


async def allocate_many_while_shrinking(world: PoolWorld) -> None:
    try:
        await allocate_many(world)
    except PoolExhausted:
        return


async def hand_over_and_close(world: PoolWorld) -> None:
    await settle()
    world.free(1)
    await world.pool.aclose()
    await settle()


async def check_closed(world: PoolWorld) -> None:
    world.free(len(world.out))
    seen = world.pool.statistics()
    assert (seen.outstanding, seen.in_hand, seen.waiting) == (0, 0, 0)


async def shrink_and_free(world: PoolWorld) -> None:
    await settle()
    world.free(1)
    world.pool.resize(2)
    await free_one_by_one(world)


@dataclass
class PacketWorld:
    """A packet pool of two, one of them an overflow descriptor, both of them out."""

    pool: PacketPool
    out: list[Packet]


async def full_packet_pool() -> PacketWorld:
    pool = await PacketPool.create(1, overflow=1)
    return PacketWorld(pool, [pool.allocate_nowait(), pool.allocate_nowait()])


async def allocate_packet(world: PacketWorld) -> None:
    packet = await world.pool.allocate()
    packet.free()


async def borrow_packet(world: PacketWorld) -> None:
    async with world.pool.borrow():
        await checkpoint()


async def allocate_packets_side_by_side(world: PacketWorld) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(allocate_packet, world)
        await allocate_packet(world)


async def free_packets_one_by_one(world: PacketWorld) -> None:
    while world.out:
        await settle()
        world.out.pop().free()
    await settle()


async def check_packet_pool(world: PacketWorld) -> None:
    seen = world.pool.statistics()
    assert (seen.free, seen.outstanding, seen.in_hand, seen.waiting) == (2, 0, 0, 0)
    packets = [world.pool.allocate_nowait(), world.pool.allocate_nowait()]
    for packet in packets:
        packet.free()


async def nothing() -> list[BufferPool]:
    return []


async def nobody(_world: object) -> None:
    await settle()


async def create(made: list[BufferPool]) -> None:
    made.append(await BufferPool.create(2, name="awaited"))


async def create_and_enter(made: list[BufferPool]) -> None:
    async with BufferPool.create(2, name="entered") as pool:
        made.append(pool)
        await checkpoint()


async def enter_and_close(made: list[BufferPool]) -> None:
    pool = await BufferPool.create(2)
    async with pool:
        made.append(pool)
    await pool.aclose()


async def check_made(made: list[BufferPool]) -> None:
    for pool in made:
        if not pool.closed:
            await assert_pool_at_rest(pool)
            pool.close()


@dataclass
class LockWorld:
    """A lock that somebody holds until two others wait as well."""

    lock: SpinLock
    inner: SpinLock
    entered: int = 0

    async def enter(self) -> None:
        """Nobody else is in here."""
        self.entered += 1
        assert self.entered == 1
        try:
            async with self.inner:
                pass
        finally:
            self.entered -= 1


async def free_lock() -> LockWorld:
    return LockWorld(SpinLock("outer"), SpinLock("inner"))


async def contend(world: LockWorld) -> None:
    """Hold the lock while another waits; then that one has it, and it is asked for once more."""

    async def take() -> None:
        async with world.lock:
            await world.enter()

    async with anyio.create_task_group() as tasks:
        await world.lock.acquire()
        tasks.start_soon(take)
        with ExitStack() as held:
            held.callback(world.lock.release)
            await settle()
        await take()


async def acquire(world: LockWorld) -> None:
    await checkpoint()  # so that the others are first
    await world.lock.acquire()
    try:
        await world.enter()
    finally:
        world.lock.release()


async def acquire_with(world: LockWorld) -> None:
    await checkpoint()
    async with world.lock:
        await world.enter()


async def acquire_dpr(world: LockWorld) -> None:
    await checkpoint()
    with at_irql(Irql.DISPATCH):
        await world.lock.acquire_dpr()
        try:
            await world.enter()
        finally:
            world.lock.release_dpr()


async def check_lock(world: LockWorld) -> None:
    await assert_lock_at_rest(world.lock)
    await assert_lock_at_rest(world.inner)


def bare_and_observed(
    make: Callable[[], Awaitable[Any]],
    acts: list[Callable[[Any], Coroutine[Any, Any, object]]],
    others: Callable[[Any], Awaitable[object]],
    check: Callable[[Any], Awaitable[object]],
) -> list[Scenario[Any]]:
    async def make_observed() -> Any:
        with observe(Yielding()):
            return await make()

    def observed(act: Callable[[Any], Coroutine[Any, Any, object]]) -> Callable[[Any], Coroutine[Any, Any, object]]:
        async def act_observed(world: Any) -> None:
            with observe(Yielding()):
                await act(world)

        return act_observed

    bare = [Scenario(act.__name__, make, act, others, check) for act in acts]
    return bare + [Scenario(f"{act.__name__}, observed", make_observed, observed(act), others, check) for act in acts]


SCENARIOS: list[Scenario[Any]] = [
    *bare_and_observed(
        full_pool,
        [allocate, allocate_many, allocate_many_of_those_there, allocate_beside_others, borrow, copy],
        free_one_by_one,
        check_pool,
    ),
    *bare_and_observed(
        full_pool, [allocate_while_closing, allocate_many_while_closing], hand_over_and_close, check_closed
    ),
    *bare_and_observed(full_pool, [allocate_many_while_shrinking], shrink_and_free, check_pool),
    *bare_and_observed(
        full_packet_pool,
        [allocate_packet, borrow_packet, allocate_packets_side_by_side],
        free_packets_one_by_one,
        check_packet_pool,
    ),
    *bare_and_observed(nothing, [create, create_and_enter, enter_and_close], nobody, check_made),
    *bare_and_observed(free_lock, [acquire, acquire_with, acquire_dpr], contend, check_lock),
]
