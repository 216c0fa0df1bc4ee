"""The way into the queue that C takes at each step: ``call_soon`` for steps of tasks and for callbacks of futures.

It decides how many schedules a second can run. So it is a closure, which looks nothing up in a loop; C's own callbacks
get no handle, since C looks at none; and which code is a library's bookkeeping is found out once.
"""

from asyncio import Future, Handle
from collections import deque
from collections.abc import Callable
from types import CodeType
from typing import Any

from .bookkeeping import is_bookkeeping
from .tasks import Entry, StepType, WakeupType

__all__ = ["quick_call_soon"]

_MISSING: Any = object()
_BOOKKEEPING: dict[int, tuple[CodeType, bool]] = {}
"""Of the code of callbacks that were told of a future: whether they run at once; by id, for code hashes slowly."""


def quick_call_soon(ready: list[Entry], settling: deque[Entry | None], call_soon: Callable[..., Handle]) -> Any:
    """Make a loop's ``call_soon``; its type is that of the slow one.

    :param ready: takes the steps of tasks
    :param settling: takes bookkeeping
    :param call_soon: queues everything else
    """
    queue_step, queue_bookkeeping = ready.append, settling.append

    def quick(callback: Callable[..., object], argument: Any = _MISSING, *more: object, context: Any = None) -> Any:
        kind = type(callback)
        if kind is StepType:
            return queue_step((callback, None, context))
        if kind is WakeupType and callback.__name__ == "task_wakeup":
            return queue_step((callback, argument, context))
        # A future calls with itself and a context, and looks at no handle.
        if context is not None and _is_bookkeeping(callback, argument):
            return queue_bookkeeping((callback, argument, context))
        return call_soon(callback, *(() if argument is _MISSING else (argument, *more)), context=context)

    return quick


def _is_bookkeeping(callback: Any, argument: Any) -> bool:
    """Whether a callback runs at once, and a future calls it; that is found out once for each function."""
    if not isinstance(argument, Future) or argument._exception is not None:
        return False
    code: CodeType | None = getattr(callback, "__code__", None)
    known = _BOOKKEEPING.get(id(code))
    if known is not None:
        return known[1]
    answer = code is not None and is_bookkeeping(callback, [argument])
    if code is not None:
        _BOOKKEEPING[id(code)] = (code, answer)
    return answer
