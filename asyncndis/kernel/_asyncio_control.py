"""What the kernel asks of asyncio beyond being a host (see control.py)."""

import asyncio

from asyncndis.base import RuleViolation

# A task that ends wakes others through a callback or two of the loop, and each of them takes a pass.
_QUIET_PASSES = 3


class RefusedAwait(RuleViolation, asyncio.CancelledError):
    """The violation in the dress of a cancellation: much code tidies up after an await only when it is cancelled."""


def call_off(request: object, _refusal: RuleViolation) -> bool:
    """Undo what an await asked for, as ``task.cancel()`` does: cancel the future that was yielded, if any."""
    if isinstance(request, asyncio.Future):
        request._asyncio_future_blocking = False  # the task that takes the request would say so; others may await it
        request.cancel()
    return True


_settling: set["asyncio.Task[object]"] = set()


async def settle() -> None:
    """Let the other tasks run until each of them waits for something, if only for this."""
    this = asyncio.current_task()
    assert this is not None
    _settling.add(this)
    try:
        quiet = 0
        while quiet < _QUIET_PASSES:
            await asyncio.sleep(0)
            quiet = 0 if any(map(_can_run, asyncio.all_tasks())) else quiet + 1
    finally:
        _settling.remove(this)


def _can_run(task: "asyncio.Task[object]") -> bool:
    waits_for: asyncio.Future[object] | None = getattr(task, "_fut_waiter", None)
    return task not in _settling and (waits_for is None or waits_for.done())
