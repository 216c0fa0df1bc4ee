"""Lines of steps: the program's own, also where a coroutine goes on in the middle of one; and who holds what."""

import asyncio
import sys
from types import FrameType
from typing import Any

from asyncndis.torture import explore
from asyncndis.torture.lines import LINES_MAX
from asyncndis.torture.points import Step


def steps_of(program: Any) -> tuple[Step, ...]:
    failure = explore(program, schedules=1).failure
    assert failure is not None
    return failure.minimal


def lines_of(program: Any) -> list[list[int]]:
    """By step, the lines that ran, counted from the program's ``async def``."""
    first = program.__code__.co_firstlineno
    return [[line.number - first for line in step.lines] for step in steps_of(program)]


async def two_steps() -> None:
    one = 1
    await asyncio.sleep(0)
    assert one == 2


async def within_a_line() -> None:
    await asyncio.sleep(await asyncio.sleep(0, 0))
    raise ValueError


async def in_a_library() -> None:
    await asyncio.gather(asyncio.sleep(0))
    raise ValueError


def test_lines_are_those_that_ran() -> None:
    assert lines_of(two_steps) == [[1, 2], [2, 3]]


def test_a_coroutine_goes_on_in_the_middle_of_a_line() -> None:
    assert lines_of(within_a_line) == [[1], [1], [1, 2]]


def test_lines_of_libraries_are_left_out() -> None:
    assert lines_of(in_a_library) == [[1], [], [], [1, 2]]


def test_of_a_long_step_so_many_are_kept() -> None:
    async def program() -> None:
        for _ in range(100):
            await asyncio.sleep(0) if _ < 0 else None
            len("x")
        raise ValueError

    (step,) = steps_of(program)
    assert len(step.lines) == LINES_MAX


def test_who_released_a_lock_holds_it_no_more() -> None:
    async def program() -> None:
        lock, other = asyncio.Lock(), asyncio.Semaphore(1)

        async def pass_by() -> None:
            async with lock, other:
                pass

        await asyncio.create_task(pass_by(), name="guest")
        await other.acquire()
        async with lock:
            await other.acquire()

    failure = explore(program, schedules=1).failure
    assert failure is not None
    assert "waits for Semaphore other, held by Task-0" in str(failure.error)


def test_a_trace_function_that_was_there_is_put_back() -> None:
    seen: list[str] = []

    def trace(frame: FrameType, _event: str, _argument: object) -> None:
        seen.append(frame.f_code.co_name)

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        steps_of(two_steps)
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is trace
    assert seen
