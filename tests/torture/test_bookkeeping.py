"""What runs at once is a library's, and tells of no failure."""

import asyncio
from functools import partial
from typing import Any

import pytest
from anyio._backends._asyncio import CancelScope

from asyncndis.torture import explore
from asyncndis.torture.bookkeeping import is_bookkeeping, is_redelivery, mark_bookkeeping, mark_step, wakes_only
from asyncndis.torture.loop import ControlledLoop

LOOP = ControlledLoop()


def done(error: Exception | None = None, *, is_cancelled: bool = False) -> "asyncio.Future[None]":
    future: asyncio.Future[None] = asyncio.Future(loop=LOOP)
    if is_cancelled:
        future.cancel()
    elif error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
    return future


def own(_future: object) -> None:
    """A callback of the program."""


GROUP: Any = asyncio.TaskGroup()


@pytest.mark.parametrize("callback", [GROUP._on_task_done, partial(GROUP._on_task_done)])
def test_a_librarys_callback_is_bookkeeping_unless_it_tells_of_a_failure(callback: Any) -> None:
    failed = done(ValueError())
    assert is_bookkeeping(callback, [])
    assert is_bookkeeping(callback, [done()])
    assert is_bookkeeping(callback, [done(is_cancelled=True)])
    assert not is_bookkeeping(callback, [failed])
    assert failed._log_traceback  # looking did not count as asking
    failed.exception()


def test_a_callback_of_the_program_is_a_step() -> None:
    assert not is_bookkeeping(own, [done()])
    assert not is_bookkeeping(list[object]().append, [done()])  # of no module


def test_a_mark_beats_the_module() -> None:
    class Mine:
        def told(self) -> None:
            """Marked."""

        mark_bookkeeping(told)

    def arrives() -> None:
        """Marked."""

    arrives.__module__ = "asyncio.fake"
    assert is_bookkeeping(Mine().told, [])
    assert is_bookkeeping(arrives, [])
    mark_step(arrives)
    assert not is_bookkeeping(arrives, [])


def test_a_sleep_that_ends_is_told_from_other_timers() -> None:
    callbacks: list[Any] = []

    async def program() -> None:
        loop: Any = asyncio.get_running_loop()
        callbacks.clear()
        sleeper = asyncio.create_task(asyncio.sleep(1))
        loop.call_later(2, own, None)
        await asyncio.sleep(0)
        callbacks.extend(timer._callback for _, _, timer in sorted(loop.timers._heap))
        await sleeper

    assert explore(program, schedules=1).failure is None
    assert [wakes_only(callback) for callback in callbacks] == [True, False]


def test_a_round_of_cancellation_is_known() -> None:
    scope: Any = CancelScope()
    assert is_redelivery(scope._deliver_cancellation)
    assert not is_redelivery(scope.cancel)
    assert not is_redelivery(partial(own, None))
