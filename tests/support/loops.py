"""A coroutine on the loop of a given name, for tests that need many runs; and waiting for the others on any loop."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import anyio
import sniffio
import uvloop
from trio.testing import wait_all_tasks_blocked

__all__ = ["LOOPS", "run_on", "settle"]

T = TypeVar("T")

_BACKENDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "asyncio": ("asyncio", {}),
    "uvloop": ("asyncio", {"loop_factory": uvloop.new_event_loop}),
    "trio": ("trio", {}),
}
LOOPS = tuple(_BACKENDS)


def run_on(loop: str, main: Callable[[], Awaitable[T]]) -> T:
    """Run ``main`` to its end on a new loop."""
    backend, options = _BACKENDS[loop]
    return anyio.run(main, backend=backend, backend_options=options)


async def settle() -> None:
    """Let the other tasks run until each of them waits for something, without sleeping."""
    if sniffio.current_async_library() == "trio":
        await wait_all_tasks_blocked()
        return
    this = asyncio.current_task()
    quiet = 0
    while quiet < 3:  # a callback of the loop may stand between two tasks
        await asyncio.sleep(0)
        quiet = 0 if any(task is not this and _can_run(task) for task in asyncio.all_tasks()) else quiet + 1


def _can_run(task: "asyncio.Task[Any]") -> bool:
    awaited: asyncio.Future[Any] | None = getattr(task, "_fut_waiter", None)
    return awaited is None or awaited.done()
