"""What the kernel tells the towers: the raised processor, a callback soon, and where a task waits."""

from collections.abc import Callable, Coroutine, Generator
from types import coroutine

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.base import Site
from asyncndis.kernel import Irql, KernelContext, SpinLock, VirtualClock, at_irql, current_task, use_clock

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
async def test_after_step() -> None:
    called: list[object] = []
    context.after_step(lambda: called.append(None))
    assert called == []
    await checkpoint()
    assert called == [None]
    await checkpoint()
    assert called == [None]


@coroutine
def old_style(event: anyio.Event) -> Generator[object, None, None]:
    yield from event.wait().__await__()


async def inner(event: anyio.Event) -> None:
    await old_style(event)


async def machinery(event: anyio.Event) -> None:
    await event.wait()


async def awaits(waiting: Callable[[anyio.Event], Coroutine[None, None, None]]) -> list[Site | None]:
    """Where a task awaits, and then where it does when it has ended."""
    tasks: list[object] = []
    sites: list[Site | None] = []
    event = anyio.Event()

    async def outer() -> None:
        tasks.append(current_task())
        await waiting(event)

    async with anyio.create_task_group() as group:
        group.start_soon(outer)
        await anyio.wait_all_tasks_blocked()
        sites.append(context.awaiting_site(tasks[0]))
        event.set()
    return [*sites, context.awaiting_site(tasks[0])]


@pytest.mark.every_loop
async def test_awaiting_site_is_the_innermost_line_of_a_driver() -> None:
    site, afterwards = await awaits(inner)
    assert site is not None
    assert (site.function, site.line) == ("old_style", old_style.__code__.co_firstlineno + 2)
    assert afterwards is None


@pytest.mark.every_loop
async def test_awaiting_site_leaves_the_machinery_out() -> None:
    site, _ = await awaits(machinery)
    assert site is not None
    assert site.function == "machinery"


@pytest.mark.every_loop
async def test_a_callback_awaits_nowhere() -> None:
    assert context.awaiting_site(None) is None


def test_without_a_driver_the_innermost_line_is_told() -> None:
    waiting = anyio.sleep(1)
    task = type("Task", (), {"coro": waiting})()
    site = context.awaiting_site(task)
    waiting.close()
    assert site is not None
    assert site.function == "sleep"


@pytest.mark.every_loop
async def test_current_task() -> None:
    assert context.current_task() is current_task()


def test_irql_name() -> None:
    assert context.irql_name(Irql.DISPATCH) == "DISPATCH_LEVEL"


@pytest.mark.every_loop
async def test_the_time_is_that_of_the_clock_in_use() -> None:
    with use_clock(VirtualClock()) as clock:
        assert not clock.moving
        await clock.advance(2)
        assert context.now() == clock.now() == 20_000_000
