"""The way into the queue that C takes at each step: ``call_soon`` for steps of tasks and for callbacks of futures.

It decides how many schedules a second can run. So it is a closure, which looks nothing up in a loop; C's own callbacks
get no handle, since C looks at none; and which code is a library's bookkeeping is found out once.
"""

from asyncio import Future, Handle
from collections import deque
from collections.abc import Callable
from contextvars import Context
from types import CodeType, FunctionType, MethodType
from typing import Any

from .bookkeeping import is_bookkeeping
from .tasks import Entry, StepType, WakeupType

__all__ = ["quick_call_soon"]

_MISSING: Any = object()
_BOOKKEEPING: dict[CodeType, bool] = {}
"""Of callbacks that were told of a future that is done: whether they run at once."""


def quick_call_soon(
    ready: list[Entry], settling: deque[Entry | None], call_soon: Callable[..., Handle]
) -> Callable[..., Handle]:
    """Make a loop's ``call_soon``.

    :param ready: takes the steps of tasks
    :param settling: takes bookkeeping
    :param call_soon: queues everything else
    """
    queue_step, queue_bookkeeping = ready.append, settling.append

    def quick(callback: Any, argument: Any = _MISSING, *more: object, context: Context | None = None) -> Any:
        kind = type(callback)
        if kind is StepType:
            return queue_step((callback, None, context))  # type: ignore[arg-type]  # C always gives a context
        if kind is WakeupType and callback.__name__ == "task_wakeup":
            return queue_step((callback, argument, context))  # type: ignore[arg-type]
        if context is not None and (kind is FunctionType or kind is MethodType) and isinstance(argument, Future):
            if argument._exception is None and _is_bookkeeping(callback, argument):
                return queue_bookkeeping((callback, argument, context))
        arguments = () if argument is _MISSING else (argument, *more)
        return call_soon(callback, *arguments, context=context)

    return quick


def _is_bookkeeping(callback: FunctionType | MethodType, future: "Future[Any]") -> bool:
    code: CodeType | None = getattr(callback, "__code__", None)
    if code is None:
        return False
    known = _BOOKKEEPING.get(code)
    if known is None:
        known = _BOOKKEEPING[code] = is_bookkeeping(callback, [future])
    return known
