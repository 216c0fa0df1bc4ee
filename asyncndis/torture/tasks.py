"""What waits in the controlled loop's queue: steps of C tasks, jobs of executors, and the program's own callbacks.

A C task queues its own steps, so there is nothing of ours to mark them with; but the callable it queues belongs to the
task, and the task has a number. Tasks hash by that number, so that a set of tasks (asyncio's and anyio's task groups
keep some) is walked in the same order in each run.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVar

from .escapes import allowed_ways, inside_job
from .footprints import touch, touch_call

__all__ = ["ControlledTask", "Entry", "Job", "StepType", "WakeupType"]

Entry = tuple[Callable[..., object], object, Context]
"""A callable, its argument or None for none, and the context it runs in."""

T = TypeVar("T")


class ControlledTask(asyncio.Task[T]):
    """A task that knows its number in the run.

    :ivar number: 0 for the program itself, then in order of creation
    """

    __slots__ = ("number",)
    number: int

    def __hash__(self) -> int:
        return self.number


class Job:
    """A function given to an executor: runs inline, at once, when the job's turn comes.

    :ivar number: its number among the actors
    """

    __slots__ = ("_allowed", "_arguments", "_function", "_future", "number")

    def __init__(
        self, number: int, function: Callable[..., object], arguments: tuple[object, ...], future: asyncio.Future[Any]
    ) -> None:
        self.number = number
        self._function = function
        self._arguments = arguments
        self._future = future
        self._allowed = allowed_ways()

    def __call__(self) -> None:
        """Run the function and settle the future; a job whose future was cancelled before does nothing."""
        touch(self._future)
        if self._future.cancelled():
            return
        touch_call(self._function, self._arguments)
        try:
            with inside_job(self._allowed):
                result = self._function(*self._arguments)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - whatever a job raises belongs to who waits for it
            if not self._future.cancelled():
                self._future.set_exception(error)
        else:
            if not self._future.cancelled():
                self._future.set_result(result)


class _Peek:
    """As much of a loop as one task needs; it keeps what is queued."""

    get_debug = bool  # called for each future: a type that answers False costs least

    def __init__(self) -> None:
        self.queued: list[tuple[Callable[..., object], tuple[object, ...]]] = []

    def call_soon(self, callback: Callable[..., object], *arguments: object, context: Context | None = None) -> None:
        """Keep the callback."""
        self.queued.append((callback, arguments))


def _step_types() -> tuple[type[Any], type[Any]]:
    """The types of the callables that a C task queues for its steps, and for being woken by a future."""
    peek: Any = _Peek()
    future: asyncio.Future[None] = asyncio.Future(loop=peek)

    async def wait() -> None:
        await future

    task: asyncio.Task[None] = asyncio.Task(wait(), loop=peek)
    step, _ = peek.queued.pop()
    step()
    future.set_result(None)
    wakeup, arguments = peek.queued.pop()
    wakeup(*arguments)
    assert task.done()
    return step.__class__, wakeup.__class__


StepType, WakeupType = _step_types()
