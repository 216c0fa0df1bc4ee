"""What surrounds a search is put back, whatever ends it, and what was left behind goes without a word."""

import asyncio
import gc
import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import anyio
import pytest

from asyncndis.torture import explore, replay
from asyncndis.torture.loop import ControlledLoop
from asyncndis.torture.simulation import simulation
from tests.torture import faulty

Program = Callable[[], Awaitable[object]]


def surroundings() -> dict[str, object]:
    """What a search changes and puts back."""
    return {
        "collects": gc.isenabled(),
        "hooks": sys.get_asyncgen_hooks(),
        "hears": vars(warnings)["_warn_unawaited_coroutine"],
        "filters": list(warnings.filters),
        "loop": asyncio._get_running_loop(),
        "sleep": time.sleep,
        "socket": socket.socket,
        "open": open,
        "thread": threading.Thread.start,
        "tracing": sys.gettrace(),
        "alarm": signal.getsignal(signal.SIGALRM),
        "all tasks": vars(asyncio.tasks)["_scheduled_tasks" if sys.version_info >= (3, 12) else "_all_tasks"],
        "handlers": list(logging.getLogger().handlers),
        "disabled": logging.root.manager.disable,
    }


def test_after_a_search_everything_is_as_before() -> None:
    before = surroundings()
    explore(faulty.lost_update)
    assert surroundings() == before
    asyncio.run(asyncio.sleep(0))


def test_a_search_needs_a_thread_without_a_loop() -> None:
    async def inside() -> None:
        with simulation([]):
            pass

    with pytest.raises(RuntimeError, match="call it from plain code, not from a coroutine"):
        asyncio.run(inside())


# Interrupts


@pytest.fixture
def _ctrl_c() -> Iterator[None]:
    """Ctrl-C means KeyboardInterrupt, also where a runner ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


async def in_a_step() -> None:
    await asyncio.sleep(0)
    press()


async def in_a_step_that_takes_it_for_its_own() -> None:
    await asyncio.sleep(0)
    try:
        press()
    finally:
        await asyncio.sleep(0)


async def in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(press)
    await asyncio.sleep(1)


async def in_a_job() -> None:
    await asyncio.to_thread(press)


async def in_bookkeeping() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    task.add_done_callback(lambda _task: press())
    await asyncio.sleep(1)


async def while_the_run_is_cleared_away() -> None:
    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            press()

    await asyncio.gather(stubborn(), asyncio.Event().wait())


@pytest.mark.usefixtures("_ctrl_c")
@pytest.mark.parametrize("strategy", ["random", "dfs", "dpor"])
@pytest.mark.parametrize(
    "program",
    [
        in_a_step,
        in_a_step_that_takes_it_for_its_own,
        in_a_callback,
        in_a_job,
        in_bookkeeping,
        while_the_run_is_cleared_away,
    ],
)
def test_ctrl_c_ends_the_search_and_everything_is_as_before(program: Program, strategy: str) -> None:
    before = surroundings()
    with pytest.raises(KeyboardInterrupt):
        explore(program, strategy=strategy, schedules=50)
    assert surroundings() == before
    assert explore(faulty.careful_pool, strategy=strategy, schedules=20).failure is None  # and the next search works


# What is left behind


@pytest.fixture
def complaints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said of objects that are collected; warnings are errors."""
    said: list[str] = []

    def hear(told: Any) -> None:
        said.append(str(told.exc_value))

    monkeypatch.setattr(sys, "unraisablehook", hear)
    return said


def leave_streams() -> Any:
    """A stream in a cycle: only the collector finds it."""
    send, receive = anyio.create_memory_object_stream[int](1)
    cycle: list[object] = [send]
    cycle.append(cycle)
    return receive


async def hangs() -> None:
    await leave_streams().receive()


async def leaves_a_sleeper() -> None:
    leave_streams()
    faulty.tasks.add(asyncio.create_task(asyncio.sleep(1)))


async def passes() -> None:
    leave_streams()
    await asyncio.sleep(0)


def test_streams_do_complain_without_a_search(complaints: list[str]) -> None:
    asyncio.run(passes())
    gc.collect()
    assert "Unclosed <MemoryObject" in complaints[0]


@pytest.mark.parametrize("program", [hangs, leaves_a_sleeper, passes])
def test_what_abandoned_runs_left_is_collected_without_a_warning(program: Program, complaints: list[str]) -> None:
    failure = explore(program, schedules=20, cancel=True).failure
    if failure is not None:
        assert replay(failure.replay, program) is not None
    gc.collect()
    assert complaints == []


def test_a_program_may_still_look_at_warnings() -> None:
    async def program() -> None:
        with pytest.warns(ResourceWarning, match="unclosed"):
            warnings.warn("unclosed", ResourceWarning, stacklevel=1)

    assert explore(program, schedules=3).failure is None


def test_an_async_generator_of_a_run_that_is_over_does_nothing_in_the_next() -> None:
    ended: list[str] = []
    cycles: list[Any] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append("closed")

    async def program() -> None:
        generator = numbers()
        cycle: list[Any] = [generator]
        cycle.append(cycle)
        cycles.append(cycle)
        await anext(generator)

    with simulation([]) as loop:
        coroutine = program()
        with pytest.raises(StopIteration):
            coroutine.send(None)
        cycles.clear()
        gc.collect()
        assert (loop.ready, ended) == ([], [])


def test_a_generator_that_is_forgotten_in_a_run_is_closed_in_it() -> None:
    ended: list[str] = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0)
            ended.append("closed")

    async def program() -> None:
        ended.clear()
        async for _ in numbers():
            break
        await asyncio.sleep(1)
        assert ended == ["closed"]

    assert explore(program, schedules=50).failure is None


def test_all_tasks_are_those_of_the_run_and_those_of_other_loops() -> None:
    counts: list[int] = []

    async def program() -> None:
        other = asyncio.create_task(asyncio.sleep(0))
        counts.append(len(asyncio.all_tasks()))
        await other

    async def outside() -> None:
        await asyncio.to_thread(lambda: explore(program, schedules=5))
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(outside())
    assert set(counts) == {2}
    assert isinstance(ControlledLoop().time(), float)
