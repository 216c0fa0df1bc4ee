"""The sentences for a deadlock, an endless run and tasks that are left: who waits for what, and who has it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from typing import Any

import anyio
import pytest

from asyncndis.torture import FailureKind, explore

Program = Callable[[], Awaitable[object]]
KEPT: list[object] = []


class Pool:
    """Knows its lock by an attribute."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()

    async def take_twice(self) -> None:
        """Waits for itself."""
        async with self.lock, self.lock:
            pass


async def a_lock_of_an_object() -> None:
    await Pool().take_twice()


async def an_event() -> None:
    event = asyncio.Event()
    await event.wait()


BELL = asyncio.Event()


async def a_global() -> None:
    await BELL.wait()


async def a_queue() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    await queue.get()


async def a_condition() -> None:
    condition = asyncio.Condition()
    async with condition:
        await condition.wait()


async def a_barrier() -> None:
    barrier = asyncio.Barrier(2)
    await barrier.wait()


async def a_lock_of_anyio() -> None:
    lock = anyio.Lock()

    async def hold() -> None:
        await lock.acquire()
        await anyio.Event().wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hold)
        await anyio.sleep(1)
        await lock.acquire()


async def a_future() -> None:
    await asyncio.get_running_loop().create_future()


async def another_task() -> None:
    await asyncio.create_task(a_future(), name="other")


async def some_tasks() -> None:
    await asyncio.wait([asyncio.create_task(a_future(), name=name) for name in "ab"])


async def gathered() -> None:
    await asyncio.gather(asyncio.create_task(a_future(), name="a"), asyncio.create_task(a_future(), name="b"))


async def grouped() -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(a_future(), name="a")
        tasks.create_task(asyncio.sleep(1), name="b")


async def through_generators() -> None:
    async def numbers() -> AsyncIterator[int]:
        await asyncio.get_running_loop().create_future()
        yield 1

    async for _ in numbers():
        pass


async def by_an_awaitable() -> None:
    class Odd:
        def __await__(self) -> Any:
            yield from asyncio.get_running_loop().create_future()

    await Odd()


DEADLOCKS: list[tuple[Program, str]] = [
    (a_lock_of_an_object, "Task-0 waits for Lock self.lock, held by Task-0 in take_twice (test_waits.py:"),
    (an_event, "Task-0 waits for Event event in an_event"),
    (a_global, "Task-0 waits for Event BELL in a_global"),
    (a_queue, "Task-0 waits for Queue queue in a_queue"),
    (a_condition, "Task-0 waits for Condition condition in a_condition"),
    (a_barrier, "Task-0 waits for Barrier barrier in a_barrier"),
    (a_lock_of_anyio, "Task-0 waits for Lock lock, held by hold in a_lock_of_anyio"),
    (a_future, "Task-0 waits for a future that nobody has settled in a_future"),
    (another_task, "Task-0 waits for other in another_task"),
    (some_tasks, "Task-0 waits for a and b in some_tasks"),
    (gathered, "Task-0 waits for a and b in gathered"),
    (grouped, "Task-0 waits for a in grouped"),
    (through_generators, "Task-0 waits for a future that nobody has settled in numbers"),
    (by_an_awaitable, "Task-0 waits for a future that nobody has settled in __await__"),
]


@pytest.mark.parametrize(("program", "sentence"), DEADLOCKS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_deadlock_says_who_waits_for_what(program: Program, sentence: str) -> None:
    failure = explore(program, schedules=1).failure
    assert failure is not None
    assert failure.kind is FailureKind.DEADLOCK
    assert sentence in str(failure.error)


async def sleepers() -> None:
    KEPT[:] = [asyncio.create_task(asyncio.sleep(2.5), name="one"), asyncio.create_task(anyio.sleep(100), name="two")]
    await asyncio.sleep(1)


def test_a_task_that_sleeps_is_said_to_wait_for_a_timer() -> None:
    failure = explore(sleepers, schedules=1).failure
    assert failure is not None
    assert failure.kind is FailureKind.LEFT
    assert "one waits for a timer, due in 1.5 s; two waits for a timer, due in 99 s" in str(failure.error)


async def spinning() -> None:
    for _ in count():
        await asyncio.sleep(0)


def test_without_anybody_who_starves_it_is_a_livelock() -> None:
    failure = explore(spinning, schedules=1, max_steps=50).failure
    assert failure is not None
    assert failure.kind is FailureKind.LIVELOCK
    assert "Task-0 is ready in spinning (test_waits.py:" in str(failure.error)


def test_who_waits_for_a_primitive_meanwhile_starves() -> None:
    async def program() -> None:
        await asyncio.gather(spinning(), an_event())

    failure = explore(program, schedules=1, max_steps=50).failure
    assert failure is not None
    assert failure.kind is FailureKind.STARVATION
