"""Unmodified asyncio and anyio programs on the controlled loop: they behave as they do on stock asyncio."""

import asyncio
import contextvars
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest

from asyncndis.torture import FailureKind, explore

Program = Callable[[], Awaitable[object]]


async def locks_and_events() -> object:
    lock, event, condition, bell = asyncio.Lock(), asyncio.Event(), asyncio.Condition(), asyncio.Semaphore(2)
    seen: list[str] = []

    async def wait() -> None:
        await event.wait()
        async with condition:
            await condition.wait_for(lambda: len(seen) >= 2)
        seen.append("waited")

    async def work(name: str) -> None:
        async with bell, lock:
            await asyncio.sleep(0)
        async with condition:
            seen.append(name)
            condition.notify_all()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wait())
        for name in "abc":
            tasks.create_task(work(name))
        event.set()
    return sorted(seen)


async def queues() -> object:
    queue: asyncio.Queue[int] = asyncio.Queue(2)
    got: list[int] = []

    async def consume() -> None:
        while True:
            got.append(await queue.get())
            queue.task_done()

    consumers = [asyncio.create_task(consume()) for _ in range(3)]
    for number in range(10):
        await queue.put(number)
    await queue.join()
    for consumer in consumers:
        consumer.cancel()
    await asyncio.gather(*consumers, return_exceptions=True)
    return sorted(got)


async def timeouts() -> object:
    results: list[str] = []
    try:
        async with asyncio.timeout(1):
            await asyncio.sleep(2)
    except TimeoutError:
        results.append("late")
    try:
        await asyncio.wait_for(asyncio.sleep(3), 1)
    except TimeoutError:
        results.append("too late")
    done, waiting = await asyncio.wait([asyncio.create_task(asyncio.sleep(5))], timeout=1)
    results.append(f"{len(done)} {len(waiting)}")
    await asyncio.wait(waiting)
    return results


async def barriers() -> object:
    barrier = asyncio.Barrier(3)
    return sorted(await asyncio.gather(*(barrier.wait() for _ in range(3))))


async def shields_and_cancellations() -> object:
    log: list[str] = []

    async def inner() -> None:
        await asyncio.sleep(0)
        log.append("inner ended")

    async def outer() -> None:
        try:
            await asyncio.shield(kept)
        except asyncio.CancelledError:
            log.append("cancelled")
            raise

    kept = asyncio.create_task(inner())
    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    await kept
    return log.count("inner ended")


async def failing_group() -> object:
    async def fail() -> None:
        raise ValueError("no")

    async def wait() -> None:
        await asyncio.Event().wait()

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(wait())
            tasks.create_task(fail())
    except ExceptionGroup as group:
        return [str(error) for error in group.exceptions]
    return []


async def executors() -> object:
    loop = asyncio.get_running_loop()
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)
    variable.set(7)
    one = await loop.run_in_executor(None, pow, 2, 5)
    with pytest.raises(ZeroDivisionError):
        await loop.run_in_executor(None, lambda: 1 // 0)
    return one, await asyncio.to_thread(variable.get)


async def callbacks_keep_their_order() -> object:
    loop, order = asyncio.get_running_loop(), list[int]()
    for number in range(4):
        loop.call_soon(order.append, number)
    loop.call_soon(order.append, 9).cancel()
    loop.call_soon_threadsafe(order.append, 4)
    loop.call_later(1, order.append, 6)
    loop.call_at(loop.time() + 0.5, order.append, 5)
    await asyncio.sleep(2)
    return order


async def generators() -> object:
    closed: list[str] = []

    async def count() -> AsyncGenerator[int, None]:
        try:
            for number in range(9):
                await asyncio.sleep(0)
                yield number
        finally:
            closed.append("closed")

    async for number in count():
        if number == 2:
            break
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return closed


async def anyio_groups_and_streams() -> object:
    send, receive = anyio.create_memory_object_stream[int](1)
    got: list[int] = []

    async def take() -> None:
        async with receive:
            got.extend([number async for number in receive])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        async with send:
            for number in range(5):
                await send.send(number)
    return got


async def anyio_scopes() -> object:
    ended: list[str] = []

    async def wait(name: str) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.sleep(1)
            ended.append(name)

    with anyio.move_on_after(10) as scope:
        async with anyio.create_task_group() as tasks:
            for name in "ab":
                tasks.start_soon(wait, name)
    return sorted(ended), scope.cancelled_caught


async def anyio_primitives() -> object:
    limiter, lock, event = anyio.CapacityLimiter(1), anyio.Lock(), anyio.Event()
    ended = 0

    async def work() -> None:
        nonlocal ended
        async with limiter, lock:
            await anyio.lowlevel.checkpoint()
        await event.wait()
        ended += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(work)
        await anyio.wait_all_tasks_blocked()
        event.set()
    return ended, await anyio.to_thread.run_sync(lambda: 5)


async def a_factory_of_its_own() -> object:
    loop, made = asyncio.get_running_loop(), list[str]()

    def factory(loop: asyncio.AbstractEventLoop, coro: object, **options: object) -> asyncio.Task[object]:
        made.append("task")
        return asyncio.Task(coro, loop=loop, **options)  # type: ignore[arg-type]  # what asyncio hands to a factory

    loop.set_task_factory(factory)  # type: ignore[arg-type]  # what asyncio takes
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    assert loop.get_task_factory() is factory
    loop.set_task_factory(None)
    return made


SAME: list[Program] = [
    locks_and_events,
    queues,
    timeouts,
    barriers,
    shields_and_cancellations,
    failing_group,
    executors,
    callbacks_keep_their_order,
    generators,
    anyio_groups_and_streams,
    anyio_scopes,
    anyio_primitives,
    a_factory_of_its_own,
]


@pytest.mark.parametrize("program", SAME, ids=lambda program: program.__name__)
def test_a_program_does_what_it_does_on_asyncio(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    results: list[object] = []

    async def run() -> None:
        results.append(await program())

    result = explore(run, strategy="random", schedules=200)
    assert result.failure is None, result.failure.report()
    real_sleep = asyncio.sleep

    async def sleep_less(delay: float, result: object = None) -> object:
        return await real_sleep(delay / 100, result)

    monkeypatch.setattr(asyncio, "sleep", sleep_less)
    if program not in {timeouts, anyio_scopes, callbacks_keep_their_order}:
        results.append(asyncio.run(_main(program)))
    assert all(seen == results[-1] for seen in results)


async def _main(program: Program) -> object:
    return await program()


def test_order_zero_is_asyncios_own() -> None:
    def log_of(order: list[str]) -> Program:
        async def program() -> None:
            order.clear()
            event = asyncio.Event()

            async def work(name: str) -> None:
                order.append(f"{name} begins")
                await event.wait()
                order.append(f"{name} goes on")
                await asyncio.sleep(0)
                order.append(f"{name} ends")

            tasks = [asyncio.create_task(work(name)) for name in "abc"]
            await asyncio.sleep(0)
            event.set()
            await asyncio.gather(*tasks)

        return program

    here: list[str] = []
    there: list[str] = []
    explore(log_of(here), strategy="each", schedules=1)
    asyncio.run(_main(log_of(there)))
    assert here == there


def test_sets_of_tasks_are_walked_in_order_of_creation() -> None:
    async def program() -> None:
        tasks = {asyncio.create_task(asyncio.sleep(0), name=str(number)) for number in range(40)}
        names = [task.get_name() for task in tasks]
        await asyncio.gather(*tasks)
        assert names == [str(number) for number in range(40)]

    assert explore(program, schedules=20).failure is None


def test_names_of_tasks_are_the_same_in_every_run() -> None:
    async def program() -> None:
        current = asyncio.current_task()
        assert current is not None
        assert current.get_name() == "Task-0"
        assert asyncio.create_task(asyncio.sleep(0)).get_name() == "Task-1"

    result = explore(program, schedules=20)
    assert result.failure is None


def test_what_runs_the_loop_is_refused() -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        coroutine = asyncio.sleep(0)
        for call, way_out in (
            (loop.stop, "return from the program"),
            (loop.close, "must not close"),
            (loop.run_forever, "await instead"),
            (lambda: loop.run_until_complete(coroutine), "await the coroutine"),
        ):
            with pytest.raises(RuntimeError, match=way_out):
                call()
        await coroutine
        assert loop.is_running()
        assert not loop.is_closed()
        with pytest.raises(TypeError, match="make a task of a coroutine"):
            loop.call_soon(asyncio.sleep, 0)
        with pytest.raises(TypeError, match="plain functions"):
            loop.call_soon(3)  # type: ignore[arg-type]  # that is what is tested
        with pytest.raises(TypeError, match="in seconds, not None"):
            loop.call_later(None, print)  # type: ignore[arg-type]  # None is refused
        with pytest.raises(TypeError, match="in seconds, not None"):
            loop.call_at(None, print)  # type: ignore[arg-type]  # None is refused

    result = explore(program, schedules=3)
    assert result.failure is None, result.failure.report()


def test_a_callback_that_fails_is_a_failure() -> None:
    async def program() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    failure = explore(program, schedules=3).failure
    assert failure is not None
    assert failure.kind is FailureKind.UNRETRIEVED
    assert isinstance(failure.error, ZeroDivisionError)


def test_a_programs_own_exception_handler_hears_instead() -> None:
    heard: list[object] = []

    async def program() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _loop, context: heard.append(context["exception"]))
        assert loop.get_exception_handler() is not None
        loop.call_soon(lambda: 1 // 0)
        await asyncio.sleep(1)

    assert explore(program, schedules=3).failure is None
    assert heard


def test_user_timers_due_at_once_come_in_any_order() -> None:
    orders: set[tuple[int, ...]] = set()

    async def program() -> None:
        order: list[int] = []
        for number in range(3):
            asyncio.get_running_loop().call_later(1, order.append, number)
        await asyncio.sleep(2)
        orders.add(tuple(order))

    explore(program, strategy="random", schedules=200)
    assert len(orders) == 6


def test_a_sleep_that_is_lost_in_rounding_still_passes_time() -> None:
    async def wait_a_second() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0.4)
        began = loop.time()
        await asyncio.sleep(0.01)
        while loop.time() - began < 1:  # noqa: ASYNC110 - as programs that keep a rate do
            await asyncio.sleep(1 - (loop.time() - began))

    assert explore(wait_a_second).failure is None


def test_a_job_can_be_cancelled_before_its_turn() -> None:
    async def program() -> None:
        ran: list[int] = []
        future = asyncio.get_running_loop().run_in_executor(None, ran.append, 1)
        future.cancel()
        await asyncio.sleep(1)
        assert not ran

    assert explore(program, schedules=20).failure is None


def test_the_loop_is_an_event_loop() -> None:
    from asyncndis.torture.loop import ControlledLoop

    assert not inspect.isabstract(ControlledLoop)
    loop = ControlledLoop()
    assert isinstance(loop, asyncio.AbstractEventLoop)
    assert (loop.time(), loop.get_debug()) == (0.0, False)
