"""asyncio and uvloop as hosts (see host.py)."""

import asyncio
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from .host import Cancellable, Seat


class AsyncioHost:
    """An asyncio event loop, of whatever make."""

    name = "asyncio"

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.current_task: Callable[[], object] = asyncio.current_task
        self.new_seat: Callable[[], Seat[Any]] = loop.create_future
        has_real_clock = getattr(loop.time, "__func__", None) is asyncio.BaseEventLoop.time
        self.time: Callable[[], float] = monotonic if has_real_clock else loop.time

    def runs_here(self) -> bool:
        return asyncio._get_running_loop() is self.loop

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.loop.call_soon(callback)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Cancellable:
        return self.loop.call_later(seconds, callback)

    def task_is_done(self, task: object) -> bool:
        return isinstance(task, asyncio.Task) and task.done()

    def task_name(self, task: object) -> str:
        return task.get_name() if isinstance(task, asyncio.Task) else "event loop callback"


class _Recent(threading.local):
    """The host used last in this thread: making one per call would cost more than the call."""

    host: AsyncioHost | None = None


_recent = _Recent()


def running_host() -> AsyncioHost | None:
    """The host of the asyncio loop that runs in this thread, if one does."""
    loop = asyncio._get_running_loop()
    if loop is None:
        return None
    host = _recent.host
    if host is None or host.loop is not loop:
        host = _recent.host = AsyncioHost(loop)
    return host
