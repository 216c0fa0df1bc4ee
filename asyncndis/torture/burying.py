"""Ends the tasks that a run has left behind, quietly: the run is over, and how a coroutine minds that is no news.

A coroutine that is closed may await once more: a task group waits for its tasks. Whoever closes it from outside then
drops what it awaits, and Python complains of that; so chains are closed from the inside, one coroutine at a time.
"""

import asyncio
from asyncio.tasks import _enter_task as enter_task
from asyncio.tasks import _leave_task as leave_task
from typing import Any

from .loop import ControlledLoop

__all__ = ["bury"]

CLOSINGS_MAX = 1000
"""A coroutine that never lets itself be closed is given up after so many attempts."""


def bury(loop: ControlledLoop, task: "asyncio.Task[Any]") -> None:
    """End a task that is not done.

    :param loop: the task's; it is told of Ctrl-C
    :param task: none of whose steps will run any more
    """
    task._log_destroy_pending = False  # type: ignore[attr-defined]  # it will never run to its end, and nobody is to hear of it
    coroutine: Any = task.get_coro()
    enter_task(loop, task)  # so that what it gives back now, such as a lock, knows whose it was
    for _ in range(CLOSINGS_MAX):
        try:
            _innermost(coroutine).close()
        except KeyboardInterrupt as interruption:
            loop.interrupt(interruption)
        except BaseException:  # noqa: BLE001, S110 - the run is over
            pass
        if _frame_of(coroutine) is None:
            break
    leave_task(loop, task)


def _innermost(coroutine: Any) -> Any:
    """The last coroutine or generator of a chain that is not over."""
    while True:
        inner = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
        if inner is None or _frame_of(inner) is None:
            return coroutine
        coroutine = inner


def _frame_of(coroutine: Any) -> object:
    return getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
