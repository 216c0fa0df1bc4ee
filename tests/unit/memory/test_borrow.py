"""A borrowed buffer is free after the block, however the block is left, and no other buffer is freed instead."""

from collections.abc import Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.base import Probe, RuleViolation, StaleHandle, observe
from asyncndis.memory import Buffer, BufferPool
from tests.support.loops import settle
from tests.support.worlds import assert_conserved, assert_pool_at_rest

pytestmark = pytest.mark.every_loop


async def test_it_is_free_after_the_block() -> None:
    pool = await BufferPool.create(2)
    async with pool.borrow(b"frame") as buffer:
        assert bytes(buffer.view()) == b"frame"
        assert pool.outstanding == 1
    await assert_pool_at_rest(pool)


async def test_its_length_is_restored() -> None:
    pool = await BufferPool.create(2)
    async with pool.borrow(b"frame") as buffer:
        buffer.adjust_length(2)
    await assert_pool_at_rest(pool)


async def test_it_is_free_after_an_error() -> None:
    pool = await BufferPool.create(2)

    async def fail() -> None:
        async with pool.borrow() as buffer:
            buffer.describe(b"frame")
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    await assert_pool_at_rest(pool)


async def test_it_is_free_after_a_cancellation() -> None:
    pool = await BufferPool.create(2)
    async with anyio.create_task_group() as tasks:

        async def sleep() -> None:
            async with pool.borrow():
                await anyio.sleep_forever()

        tasks.start_soon(sleep)
        await settle()
        assert pool.outstanding == 1
        tasks.cancel_scope.cancel()
    await assert_pool_at_rest(pool)


async def test_it_is_waited_for() -> None:
    pool = await BufferPool.create(1)
    held = pool.allocate_nowait()
    got: list[str] = []

    async def borrow() -> None:
        async with pool.borrow(b"frame"):
            got.append("buffer")
            await checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(borrow)
        await settle()
        assert got == []
        held.free()
    assert got == ["buffer"]
    await assert_pool_at_rest(pool)


@pytest.mark.parametrize("probe", [None, Probe()], ids=["bare", "observed"])
async def test_a_block_that_freed_it_already_is_told(probe: Probe | None) -> None:
    """Also when the descriptor is somebody else's by then."""
    if probe is None:
        pool = await BufferPool.create(1)
    else:
        with observe(probe):
            pool = await BufferPool.create(1)
    others: list[Buffer] = []

    async def free_early() -> None:
        async with pool.borrow(b"frame") as buffer:
            buffer.free()
            others.append(pool.allocate_nowait(b"other"))

    with pytest.raises(StaleHandle, match=r"^BUF-05: buffer handle .* is stale"):
        await free_early()
    assert bytes(others[0].view()) == b"other"
    assert_conserved(pool, out=1)
    others[0].free()
    await assert_pool_at_rest(pool)


LEFT: dict[str, Callable[[Buffer, Buffer], object]] = {
    "linked": lambda buffer, other: buffer.link(other),
    "followed": lambda buffer, other: other.link(buffer),
}


@pytest.mark.parametrize("how", LEFT)
async def test_a_block_that_leaves_it_in_a_chain_is_told(how: str) -> None:
    pool = await BufferPool.create(2)

    async def chain() -> None:
        async with pool.borrow() as buffer:
            LEFT[how](buffer, pool.allocate_nowait())

    with pytest.raises(RuleViolation, match=r"^BUF-09"):
        await chain()
    assert_conserved(pool, out=2)


async def test_one_may_borrow_again_and_again() -> None:
    pool = await BufferPool.create(1)
    borrow = pool.borrow(b"frame")
    for _ in range(3):
        async with borrow as buffer:
            assert buffer.length == 5
    await assert_pool_at_rest(pool)


async def test_what_cannot_be_described_takes_nothing() -> None:
    pool = await BufferPool.create(1)
    with pytest.raises(TypeError, match="a buffer describes bytes"):
        await pool.borrow("frame").__aenter__()  # type: ignore[arg-type]  # the point of the test
    await assert_pool_at_rest(pool)
