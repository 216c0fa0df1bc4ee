"""Checkpoints: what gives way and what does not, on every loop, and under an explorer that reorders callbacks."""

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from asyncndis.kernel import NdisEvent
from asyncndis.memory import BufferPool
from asyncndis.testing import assert_checkpoints, assert_no_checkpoints, exposed
from asyncndis.torture import explore

MISSING = "has not given way|did not yield"
UNWANTED = "has given way|yielded"


@pytest.mark.every_loop
async def test_a_checkpoint_is_one_though_nobody_has_to_wait() -> None:
    with assert_checkpoints():
        await checkpoint()
    with pytest.raises(AssertionError, match=UNWANTED), assert_no_checkpoints():
        await checkpoint()


@pytest.mark.every_loop
async def test_waiting_is_one() -> None:
    event = NdisEvent("ready")
    async with create_task_group() as tasks:
        tasks.start_soon(checkpoint)
        tasks.start_soon(set_it, event)
        with assert_checkpoints():
            await event.wait()
        with assert_no_checkpoints():
            await event.wait()  # it is set


@pytest.mark.every_loop
async def test_a_free_descriptor_is_taken_without_giving_way() -> None:
    async with BufferPool.create(1) as pool:
        with assert_no_checkpoints():
            buffer = await pool.allocate()
            buffer.free()
        with pytest.raises(AssertionError, match=MISSING), assert_checkpoints():
            async with pool.borrow():
                pass


@pytest.mark.every_loop
async def test_what_fails_needs_none_and_may_have_none() -> None:
    with pytest.raises(KeyError), assert_checkpoints():
        raise KeyError
    with pytest.raises(KeyError), assert_no_checkpoints():
        raise KeyError
    with pytest.raises(AssertionError, match=UNWANTED), assert_no_checkpoints():
        await checkpoint()
        raise KeyError


@pytest.mark.every_loop
async def test_what_was_before_and_comes_after_does_not_count() -> None:
    await checkpoint()
    with assert_no_checkpoints():
        pass
    await checkpoint()
    with pytest.raises(AssertionError, match=MISSING), assert_checkpoints():
        pass
    await checkpoint()


def test_an_explorer_that_reorders_callbacks_changes_nothing() -> None:
    async def program() -> None:
        async def one() -> None:
            with assert_checkpoints():
                await checkpoint()
            with assert_no_checkpoints():
                pass

        async with create_task_group() as tasks:
            tasks.start_soon(one)
            tasks.start_soon(one)

    result = explore(exposed(program), strategy="random", schedules=100)
    assert result.failure is None, result.failure.report()


async def set_it(event: NdisEvent) -> None:
    event.set()
