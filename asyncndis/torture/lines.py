"""Which lines of the program a step runs, and who holds which lock: seen through Python's trace function.

Slow, and therefore used only for the few runs that a report tells of. The lines of asyncio, anyio and the explorer are
left out, the program's own are kept. A trace function that was there before (a debugger's, coverage's) is put back.
"""

import asyncio
import inspect
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from .loop import ControlledLoop
from .points import Line
from .sources import is_program

__all__ = ["LineTracer"]

LINES_MAX = 40
"""Of one step so many lines are kept."""

_SUSPENDS = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_HOLDING = (asyncio.Lock, asyncio.Semaphore)
_ACQUIRES = {kind.acquire.__code__ for kind in _HOLDING}
_RELEASES = {kind.release.__code__ for kind in _HOLDING}


class LineTracer:
    """Notes the program's lines between two calls of ``take``.

    :param loop: knows whose step runs, and who holds what
    """

    def __init__(self, loop: ControlledLoop) -> None:
        self._loop = loop
        self._lines: list[Line] = []
        self._before: Callable[..., Any] | None = None

    def start(self) -> None:
        """Begin to see lines, also of coroutines that have begun already."""
        self._before = sys.gettrace()
        sys.settrace(self._see_call)

    def stop(self) -> None:
        """Put back what was there before."""
        sys.settrace(self._before)

    def take(self, _actor: int) -> tuple[Line, ...]:
        """The lines since the last time."""
        lines = tuple(self._lines)
        self._lines.clear()
        return lines

    def _see_call(self, frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        code = frame.f_code
        if code in _RELEASES:
            self._loop.holders.pop(id(frame.f_locals.get("self")), None)
            return None
        if code in _ACQUIRES:
            frame.f_trace_lines = False
            return self._see_acquire
        if not is_program(code.co_filename):
            return None
        if (
            frame.f_lineno > code.co_firstlineno and code.co_flags & _SUSPENDS
        ):  # a coroutine goes on in the middle of a line
            self._note(frame)
        return self._see_line

    def _see_line(self, frame: FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            self._note(frame)
        return self._see_line

    def _see_acquire(self, frame: FrameType, event: str, argument: object) -> Callable[..., Any]:
        if event == "return" and argument is True:
            task = asyncio.current_task()
            if task is not None:
                self._loop.holders[id(frame.f_locals["self"])] = self._loop.number_of(task)
        return self._see_acquire

    def _note(self, frame: FrameType) -> None:
        line = Line(frame.f_code.co_qualname, frame.f_code.co_filename, frame.f_lineno)
        if len(self._lines) < LINES_MAX and (not self._lines or self._lines[-1] != line):
            self._lines.append(line)
