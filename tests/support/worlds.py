"""What reliability tests start from and look at afterwards: pools and locks at rest, and proofs that they still are."""

from collections.abc import Generator
from contextlib import contextmanager

import anyio

from asyncndis.base import Probe
from asyncndis.kernel import SpinLock
from asyncndis.kernel.processors import raised
from asyncndis.memory import Buffer, BufferPool
from tests.support.loops import settle

__all__ = ["Yielding", "assert_conserved", "assert_lock_at_rest", "assert_pool_at_rest", "rest"]


class Yielding(Probe):
    """Makes a scheduling point of every awaited call, as a controlled scheduler does."""

    def __init__(self) -> None:
        self.preempt = _give_way


async def _give_way(_operation: str, _subject: object) -> None:
    await anyio.lowlevel.checkpoint()


@contextmanager
def rest() -> Generator[None]:
    """Nobody is raised, holds a lock or drives a processor, before and after."""
    assert not raised
    try:
        yield
        assert not raised
    finally:
        raised.clear()  # for the next test


def assert_conserved(pool: BufferPool, *, out: int) -> None:
    """Every descriptor is free, out or in hand, and ``out`` of them are out."""
    seen = pool.statistics()
    too_many = max(0, seen.outstanding + seen.in_hand - seen.capacity)
    assert seen.free + seen.outstanding + seen.in_hand == seen.capacity + too_many, seen
    assert min(seen.free, seen.outstanding, seen.in_hand, seen.waiting) >= 0, seen
    assert seen.outstanding == out, seen


async def assert_pool_at_rest(pool: BufferPool) -> None:
    """Nothing is out, in hand or waited for; all can be had at once; and the next waiter is served."""
    assert_conserved(pool, out=0)
    seen = pool.statistics()
    assert (seen.in_hand, seen.waiting, seen.free) == (0, 0, seen.capacity), seen
    buffers = [pool.allocate_nowait() for _ in range(pool.capacity)]
    assert len(set(buffers)) == pool.capacity, "one descriptor was handed out twice"
    served: list[Buffer] = []

    async def wait() -> None:
        served.append(await pool.allocate())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait)
        await settle()
        assert pool.statistics().waiting == 1
        buffers.pop().free()
    for buffer in buffers + served:
        buffer.free()
    assert_conserved(pool, out=0)


async def assert_lock_at_rest(lock: SpinLock) -> None:
    """Nobody holds it or waits for it, and it can be had."""
    seen = lock.statistics()
    assert (seen.locked, seen.holder, seen.waiting) == (False, None, 0), seen
    lock.acquire_nowait()
    lock.release()
    assert not raised
