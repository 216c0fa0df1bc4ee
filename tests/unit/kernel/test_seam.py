"""The seam that calls handlers."""

import asyncio
import functools
import sys
from collections.abc import Awaitable, Callable

import anyio
import pytest
import trio
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from asyncndis.base import Profile, RuleViolation, observe
from asyncndis.kernel import (
    Irql,
    KernelContext,
    LockState,
    Processor,
    ReadWriteLock,
    SpinLock,
    current_host,
    current_irql,
    current_processor,
    current_task,
    invoke,
    invoke_nowait,
)
from asyncndis.kernel.processors import raised
from tests.unit.kernel.expecting import Recorder, breaks
from tests.unit.kernel.tasks import WAYS, settle, start

pytestmark = pytest.mark.every_loop


def plain(*arguments: int) -> tuple[int, ...]:
    return (*arguments, current_irql())


async def awaited(*arguments: int) -> tuple[int, ...]:
    return plain(*arguments)


async def test_plain_functions_and_coroutine_functions_alike() -> None:
    for handler in (plain, awaited, functools.partial(plain), functools.partial(awaited)):
        assert await invoke(handler, 7, irql=Irql.DISPATCH) == (7, Irql.DISPATCH)
        assert await invoke(handler) == (Irql.PASSIVE,)
    assert invoke_nowait(plain, 7, irql=Irql.DIRQL) == (7, Irql.DIRQL)
    assert invoke_nowait(plain) == (Irql.PASSIVE,)
    assert not raised


async def test_an_exception_restores_the_level() -> None:
    def fails() -> None:
        raise KeyError

    async def fails_later() -> None:
        await checkpoint()
        raise KeyError

    for handler, irql in ((fails, Irql.DISPATCH), (fails_later, Irql.PASSIVE)):
        with pytest.raises(KeyError):
            await invoke(handler, irql=irql)
    with pytest.raises(KeyError):
        invoke_nowait(fails, irql=Irql.DISPATCH)
    assert not raised


async def test_a_handler_is_not_called_below_the_present_level() -> None:
    def outer() -> None:
        invoke_nowait(plain, irql=Irql.PASSIVE)

    with breaks("IRQL-01", "to the lower PASSIVE_LEVEL"):
        await invoke(outer, irql=Irql.DISPATCH)
    assert not raised


async def test_handlers_nest() -> None:
    async def outer() -> list[int]:
        levels = [current_irql()]
        levels += await invoke(awaited, irql=Irql.DISPATCH)
        levels += invoke_nowait(plain, irql=Irql.DIRQL)
        return [*levels, current_irql()]

    assert await invoke(outer, irql=Irql.DISPATCH) == [2, 2, 3, 2]
    assert await invoke(outer) == [0, 2, 3, 0]


async def test_a_coroutine_function_cannot_be_called_where_nothing_can_be_awaited() -> None:
    with pytest.raises(TypeError, match="awaited is a coroutine function, but its caller cannot await it; use invoke"):
        _ = invoke_nowait(awaited, irql=Irql.DISPATCH)
    assert not raised


async def test_leaving_with_a_lock() -> None:
    lock, other = SpinLock("ring"), SpinLock("list")

    async def forgets() -> None:
        await lock.acquire()

    async def swaps() -> None:
        lock.release()
        await other.acquire()

    with breaks("LOCK-04", "forgets was entered holding no lock and left holding ring; pair") as caught:
        await invoke(forgets)
    assert caught.value.site.line == forgets.__code__.co_firstlineno
    assert caught.value.site.file == __file__
    assert caught.value.subject is forgets
    with breaks("LOCK-04", "entered holding ring and left holding list"):
        await invoke(swaps, irql=Irql.DISPATCH)
    other.release()
    assert not raised


async def test_leaving_at_another_level() -> None:
    def raises() -> None:
        current_processor().raise_irql(Irql.DISPATCH)

    def lowers() -> None:
        current_processor().lower_irql(Irql.PASSIVE)

    with breaks("IRQL-04", "raises was entered at PASSIVE_LEVEL and left at DISPATCH_LEVEL; restore"):
        await invoke(raises)
    with breaks("IRQL-04", "lowers was entered at DISPATCH_LEVEL and left at PASSIVE_LEVEL"):
        invoke_nowait(lowers, irql=Irql.DISPATCH)
    with breaks("IRQL-04", "lowers was entered at DISPATCH_LEVEL and left at PASSIVE_LEVEL"):
        invoke_nowait(functools.partial(lowers), irql=Irql.DISPATCH)
    assert not raised


def current_line() -> int:
    return sys._getframe(1).f_lineno


def awaits_of_this_loop() -> list[Callable[[], Awaitable[object]]]:
    """Ways to wait that a driver might think of; every one of them can be called off."""
    common: list[Callable[[], Awaitable[object]]] = [
        checkpoint,
        lambda: anyio.sleep(3600),
        anyio.sleep_forever,
        lambda: anyio.Event().wait(),
    ]
    if current_host().name == "trio":
        return [*common, trio.lowlevel.checkpoint, trio.sleep_forever, lambda: trio.Event().wait()]
    return [*common, lambda: asyncio.sleep(0), lambda: asyncio.sleep(3600), lambda: asyncio.Event().wait()]


async def test_an_await_at_dispatch_level_is_refused_on_its_line() -> None:
    lines: list[int] = []

    async def careless(wait: Callable[[], Awaitable[object]]) -> None:
        lines.append(current_line() + 1)
        await wait()

    for wait in awaits_of_this_loop():
        with breaks("IRQL-02", "awaits at DISPATCH_LEVEL; leave that to a work item") as caught:
            await invoke(careless, wait, irql=Irql.DISPATCH)
        assert (caught.value.site.file, caught.value.site.line) == (__file__, lines[-1])
        assert type(caught.value) is RuleViolation
        assert any(entry.name == "careless" for entry in caught.traceback)
        await invoke(awaited)  # the task goes on as if nothing had been asked of the loop
    assert not raised
    await checkpoint()


async def test_an_await_with_a_lock_held_is_refused_at_any_level() -> None:
    outer, inner = SpinLock("outer"), SpinLock("inner")

    async def careless() -> None:
        async with outer, inner:
            await checkpoint()

    with breaks("LOCK-11", "awaits while it holds inner, outer; release it first"):
        await invoke(careless)
    assert not raised
    assert not inner.statistics().locked
    section = SpinLock("section", profile=Profile.CE)  # which does not raise the level

    async def careless_on_ce() -> None:
        async with section:
            await checkpoint()

    with breaks("LOCK-11", "awaits while it holds section"):
        await invoke(careless_on_ce)


async def test_at_passive_level_a_handler_waits_as_it_likes() -> None:
    async def patient() -> str:
        await checkpoint()
        async with SpinLock("ring"):
            pass
        await checkpoint()
        return "done"

    assert await invoke(patient) == "done"


async def test_the_refusal_can_be_tidied_up_after_but_not_hidden() -> None:
    steps: list[str] = []

    async def stubborn() -> None:
        try:
            await checkpoint()
        except RuleViolation:
            steps.append("refused")
        await checkpoint()
        steps.append("went on")

    with breaks("IRQL-02"):
        await invoke(stubborn, irql=Irql.DISPATCH)
    assert steps == ["refused", "went on"]

    async def failing() -> None:
        try:
            await checkpoint()
        except RuleViolation as violation:
            raise KeyError from violation

    with pytest.raises(KeyError):
        await invoke(failing, irql=Irql.DISPATCH)
    assert not raised


async def test_a_violation_of_the_handlers_own_passes() -> None:
    async def wrong() -> None:
        SpinLock("ring").release()

    with breaks("LOCK-03"):
        await invoke(wrong, irql=Irql.DISPATCH)


async def test_a_refused_wait_for_a_lock_of_anyio_leaves_that_lock_whole() -> None:
    lock = anyio.Lock()

    async def careless() -> None:
        async with lock:
            pass

    async def holder() -> None:
        async with lock:
            await go.wait()

    go = anyio.Event()
    async with create_task_group() as group:
        await start(group, holder)
        with breaks("IRQL-02"):
            await invoke(careless, irql=Irql.DISPATCH)
        assert lock.statistics().tasks_waiting == 0
        go.set()
    async with lock:
        assert lock.locked()


@pytest.mark.parametrize("irql", [Irql.PASSIVE, Irql.DISPATCH])
async def test_a_handler_spins_for_locks_while_others_run(irql: Irql) -> None:
    lock, rwlock, state = SpinLock("ring"), ReadWriteLock("table"), LockState()
    steps: list[str] = []

    async def handler() -> str:
        async with lock:
            steps.append("ring")
            async with rwlock.read():
                steps.append("table")
        return "done"

    async with create_task_group() as group:
        rwlock.acquire_nowait(state, write=True)
        lock.acquire_nowait()
        watched = await start(group, lambda: invoke(handler, irql=irql))
        assert watched.waits
        lock.release()
        await settle()
        assert steps == ["ring"]
        rwlock.release(state)
        await settle()
        assert watched.results == ["done"]
    assert not raised


@pytest.mark.parametrize("way", WAYS)
async def test_cancelling_a_handler_that_spins(way: str) -> None:
    lock = SpinLock("ring")

    async def handler() -> None:
        async with lock:
            pass

    async with create_task_group() as group:
        lock.acquire_nowait()
        watched = await start(group, lambda: invoke(handler, irql=Irql.DISPATCH))
        watched.cancel(way)
        await settle()
        assert watched.cancelled
        lock.release()
    assert not raised
    assert lock.statistics().waiting == 0


async def test_a_scheduler_may_step_in_at_any_level() -> None:
    class Yielding(Recorder):
        async def preempt(self, operation: str, subject: object) -> None:
            await checkpoint()
            await super().preempt(operation, subject)

    probe = Yielding()
    with observe(probe):
        lock, rwlock = SpinLock("ring"), ReadWriteLock("table")

    async def handler() -> None:
        async with lock, rwlock.read():
            pass

    await invoke(handler, irql=Irql.DISPATCH)
    assert [call for call in probe.calls if call[0] == "preempt"] == [
        ("preempt", "NdisAcquireSpinLock"),
        ("preempt", "NdisAcquireReadWriteLock"),
    ]

    async def careless() -> None:
        async with rwlock.write():
            pass
        await checkpoint()

    with breaks("IRQL-02"):
        await invoke(careless, irql=Irql.DISPATCH)


async def test_a_suspended_handler_can_be_found() -> None:
    lines: list[int] = []
    tasks: list[object] = []

    async def handler() -> None:
        tasks.append(current_task())
        lines.append(current_line() + 1)
        await anyio.sleep_forever()

    async with create_task_group() as group:
        watched = await start(group, lambda: invoke(handler))
        site = KernelContext().awaiting_site(tasks[0])
        assert site is not None
        assert (site.function.rpartition(".")[2], site.line) == ("handler", lines[0])
        watched.cancel()


async def test_a_handler_that_is_dropped_is_closed() -> None:
    steps: list[str] = []

    async def handler() -> None:
        try:
            await checkpoint()
        finally:
            steps.append("closed")

    driver = invoke(handler)
    driver.send(None)
    driver.close()
    assert steps == ["closed"]


async def test_a_library_function_as_handler() -> None:
    with breaks("IRQL-02"):
        await invoke(checkpoint, irql=Irql.DISPATCH)


async def test_a_task_may_drive_a_processor_of_its_own() -> None:
    processor = Processor("cpu1")
    with processor:
        assert await invoke(awaited, irql=Irql.DISPATCH) == (Irql.DISPATCH,)
        with breaks("IRQL-02", "cpu1 awaits at DISPATCH_LEVEL"):
            await invoke(checkpoint, irql=Irql.DISPATCH)
    assert not raised


async def test_a_coroutine_function_is_not_called_where_nothing_can_be_awaited() -> None:
    for irql in (Irql.PASSIVE, Irql.DISPATCH):
        with pytest.raises(TypeError, match="awaited is a coroutine function, but its caller cannot await it"):
            assert invoke_nowait(awaited, irql=irql) is None
    assert not raised
