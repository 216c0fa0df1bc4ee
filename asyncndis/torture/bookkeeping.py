"""Tells a library's bookkeeping from what the program does.

When a future is done, asyncio and anyio have callbacks of their own that pass the news on: a task group strikes a task
off its list, ``gather`` counts, a sleep wakes its task. Letting schedules choose when those run would multiply the
search without showing anything new, so they run at once, after the step that queued them. A task that failed is news
of another kind: what a group does then (it cancels the others) stays a step that others may overtake.
Anyio's cancellation delivers itself again and again until the tasks have left their scope; each such round comes after
everybody who was ready had a turn, as on a real loop, or correct programs would look livelocked.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

__all__ = ["is_bookkeeping", "is_redelivery", "mark_bookkeeping", "mark_step", "wakes_only"]

_LIBRARIES = ("asyncio.", "_asyncio", "anyio.", "asyncndis.torture.")
_MARK = "__runs_at_once__"
_ENDS_SLEEP = asyncio.futures._set_result_unless_cancelled  # type: ignore[attr-defined]  # what asyncio.sleep sets


def mark_bookkeeping(function: Callable[..., object]) -> None:
    """Say that a callback is a library's own and no step of the program.

    :param function: a plain function, or the function of a method
    """
    setattr(function, _MARK, True)


def mark_step(function: Callable[..., object]) -> None:
    """Say that a callback is a step, although a library's own: something arrives with it.

    :param function: a plain function, or the function of a method
    """
    setattr(function, _MARK, False)


def is_bookkeeping(callback: Callable[..., object], arguments: Sequence[Any]) -> bool:
    """Whether a callback runs at once: a library's own, and it does not tell of a failure."""
    function = _function_of(callback)
    mark: bool | None = getattr(function, _MARK, None)
    if mark is not None:
        return mark
    module: str | None = getattr(function, "__module__", None)
    if module is None or not (module.startswith(_LIBRARIES)):
        return False
    return not (arguments and _has_failed(arguments[0]))


def wakes_only(callback: Callable[..., object]) -> bool:
    """Whether a timer's callback just ends a sleep: the order of several of those makes no difference."""
    return callback is _ENDS_SLEEP


def is_redelivery(callback: Callable[..., object]) -> bool:
    """Whether a callback is a further round of anyio's cancellation."""
    return getattr(callback, "__name__", "") == "_deliver_cancellation"


def _function_of(callback: Callable[..., object]) -> object:
    while isinstance(callback, partial):
        callback = callback.func
    return getattr(callback, "__func__", callback)


def _has_failed(argument: Any) -> bool:
    return isinstance(argument, asyncio.Future) and argument._exception is not None  # exception() would mark it as seen
