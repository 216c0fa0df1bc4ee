"""Who waits for what: the sentences for a deadlock, an endless run, and tasks that outlive the program."""

import asyncio
import os.path
from types import CodeType, FrameType
from typing import Any

from .failures import FailureKind, Trouble
from .loop import ControlledLoop

__all__ = ["deadlock", "endless_run", "place_of", "tasks_left"]

_LIBRARIES = tuple(
    os.path.dirname(os.path.abspath(path)) + os.sep  # noqa: PTH100, PTH120 - compared with code paths as strings
    for path in (asyncio.__file__, __file__)
)


def deadlock(loop: ControlledLoop) -> Trouble:
    """Nobody can go on: each task that is left, and where it waits."""
    return Trouble(FailureKind.DEADLOCK, RuntimeError(f"nobody can go on: {_waiters(loop)}"))


def endless_run(loop: ControlledLoop) -> Trouble:
    """The bound of steps was reached."""
    return Trouble(FailureKind.LIVELOCK, RuntimeError(f"the run does not end: {_waiters(loop)}"))


def tasks_left(loop: ControlledLoop) -> Trouble:
    """The program is over and tasks are not."""
    return Trouble(FailureKind.LEFT, RuntimeError(f"the program ended before its tasks: {_waiters(loop)}"))


def place_of(loop: ControlledLoop, actor: int) -> str:
    """The program's own source line at which an actor stands, as ``function (file:line)``; empty if there is none."""
    if actor < 0:
        return ""
    for task in loop.tasks:
        if loop.number_of(task) == actor:
            return "" if task.done() else _place(task)
    return ""


def _waiters(loop: ControlledLoop) -> str:
    return "; ".join(f"{task.get_name()} waits in {_place(task)}" for task in loop.tasks if not task.done())


def _place(task: "asyncio.Task[Any]") -> str:
    place = ""
    awaited: Any = task.get_coro()
    while awaited is not None:
        code, line = _position(awaited)
        if code is not None and not code.co_filename.startswith(_LIBRARIES):
            place = f"{code.co_qualname} ({os.path.basename(code.co_filename)}:{line})"  # noqa: PTH119 - a name to read
        awaited = getattr(awaited, "cr_await", None) or getattr(awaited, "gi_yieldfrom", None)
    return place


def _position(awaited: Any) -> tuple[CodeType | None, int]:
    frame: FrameType | None = getattr(awaited, "cr_frame", None) or getattr(awaited, "gi_frame", None)
    return (None, 0) if frame is None else (frame.f_code, frame.f_lineno)
