"""Tasks that a test can look at and cancel: by a scope on every loop, natively where the loop can."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

from anyio import CancelScope, get_cancelled_exc_class
from anyio.abc import TaskGroup

from asyncndis.kernel import current_task
from asyncndis.kernel.control import loop_control

T = TypeVar("T")

WAYS = ("scope", "native")
"""To cancel; on trio both mean the scope."""


class Watched(Generic[T]):
    """A task of a task group, started at once and run as far as it goes by :func:`start`."""

    def __init__(self, function: Callable[[], Awaitable[T]]) -> None:
        self._function = function
        self._scope = CancelScope()
        self._task: object = None
        self.results: list[T] = []
        self.error: Exception | None = None
        self.cancelled = False

    async def run(self) -> None:
        self._task = current_task()
        with self._scope:
            try:
                self.results.append(await self._function())
            except get_cancelled_exc_class():
                self.cancelled = True
                if self._scope.cancel_called:
                    raise
                # A native cancellation ends here: it would cancel the whole task group, and the test with it.
            except Exception as error:  # noqa: BLE001 - the test looks at it
                self.error = error

    def cancel(self, way: str = "scope") -> None:
        if way == "native" and isinstance(task := self._task, asyncio.Task):
            cast("asyncio.Task[None]", task).cancel()
        else:
            self._scope.cancel()

    @property
    def waits(self) -> bool:
        return not (self.results or self.error or self.cancelled)


async def settle() -> None:
    """Let every other task run until it waits."""
    await loop_control().settle()


async def start(group: TaskGroup, function: Callable[[], Awaitable[T]], name: str = "watched") -> Watched[T]:
    """Start a task and let it run until it waits."""
    watched = Watched(function)
    group.start_soon(watched.run, name=name)
    await settle()
    return watched
