"""Injections: what the world may do to a program at any moment, as further answers to the choice of who runs.

A task may be cancelled at any of its awaits, by itself (``task.cancel()``) or by the innermost anyio scope around it;
the earliest timer may fire although others are ready. A run has a budget of them. A task that has not begun is left
alone, and so is one that has been asked to cancel already.
"""

import asyncio
import inspect
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

from .loop import ControlledLoop

__all__ = ["Injection", "possible_injections"]


class Injection(NamedTuple):
    """Something that can be done to the program now.

    :ivar deed: in words, without the task's name
    :ivar target: the number of the task it meets; -1 for a timer
    :ivar act: does it
    """

    deed: str
    target: int
    act: Callable[[], object]

    def text(self, loop: ControlledLoop) -> str:
        """What it does, in words."""
        return self.deed if self.target < 0 else f"{self.deed} {loop.names()[self.target]}"


def possible_injections(loop: ControlledLoop) -> list[Injection]:
    """What can be injected now, in a stable order."""
    found: list[Injection] = []
    for task in loop.tasks:
        if task.done() or task.cancelling() or _has_not_begun(task):
            continue
        number = loop.number_of(task)
        found.append(Injection("cancel", number, task.cancel))
        scope = _innermost_scope(task)
        if scope is not None and not scope.cancel_called:
            found.append(Injection("cancel the scope of", number, scope.cancel))
    if loop.timers and loop.ready:
        found.append(Injection("let the earliest timer fire", -1, loop.move_clock))
    return found


def _has_not_begun(task: "asyncio.Task[Any]") -> bool:
    coroutine = task.get_coro()
    return inspect.iscoroutine(coroutine) and inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED


def _innermost_scope(task: "asyncio.Task[Any]") -> Any:
    """The innermost anyio scope around the task that is no shield: nobody else can reach a shield to cancel it."""
    backend: Any = sys.modules.get("anyio._backends._asyncio")
    if backend is None:
        return None
    state = backend._task_states.get(task)
    scope = None if state is None else state.cancel_scope
    while scope is not None and scope.shield:
        scope = scope._parent_scope
    return scope
