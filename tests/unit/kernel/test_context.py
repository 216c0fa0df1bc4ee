"""What the kernel tells the towers: the raised processor, a callback soon, and where a task waits."""

from collections.abc import Generator
from types import coroutine

import anyio
import pytest

from asyncndis.kernel import Irql, KernelContext, SpinLock, at_irql, current_task

context = KernelContext()


@pytest.mark.every_loop
async def test_raised_processor() -> None:
    lock = SpinLock("tx")
    assert context.raised_processor() is None
    async with lock:
        processor = context.raised_processor()
        assert processor is not None
        assert (processor.irql, processor.held_locks, processor.task) == (Irql.DISPATCH, (lock,), current_task())
    with at_irql(Irql.DIRQL):
        processor = context.raised_processor()
        assert processor is not None
        assert (processor.irql, processor.held_locks) == (Irql.DIRQL, ())
    assert context.raised_processor() is None


@pytest.mark.every_loop
async def test_call_soon() -> None:
    called = anyio.Event()
    context.call_soon(called.set)
    assert not called.is_set()
    await called.wait()


@coroutine
def old_style(event: anyio.Event) -> Generator[object, None, None]:
    yield from event.wait().__await__()


@pytest.mark.every_loop
async def test_suspended_frames() -> None:
    tasks: list[object] = []
    event = anyio.Event()

    async def inner() -> None:
        await old_style(event)

    async def outer() -> None:
        tasks.append(current_task())
        await inner()

    async with anyio.create_task_group() as group:
        group.start_soon(outer)
        await anyio.wait_all_tasks_blocked()
        functions = [frame.f_code.co_name for frame in context.suspended_frames(tasks[0])]
        start = functions.index("outer")
        assert functions[start : start + 3] == ["outer", "inner", "old_style"]
        event.set()
    assert context.suspended_frames(tasks[0]) == []


@pytest.mark.every_loop
async def test_a_callback_has_no_frames() -> None:
    assert context.suspended_frames(None) == []


def test_irql_name() -> None:
    assert context.irql_name(Irql.DISPATCH) == "DISPATCH_LEVEL"
