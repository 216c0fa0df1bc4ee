"""A coroutine on the loop of a given name, for tests that need many runs; and waiting for the others on any loop."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import anyio
import uvloop

from asyncndis.kernel.control import loop_control

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
    """Let the other tasks run until each of them waits for something, if only for this, without sleeping."""
    await loop_control().settle()
