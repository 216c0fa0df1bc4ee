"""The floor: what drives coroutines of asyncio and does nothing else.

It resumes them in turn until all have ended. There are no tasks, no contexts, no handles, no choice, no clock and no
record. Futures insist on a loop, so there is one that has what they ask for: it puts back in line what a future calls
when it is done, which is the waiting coroutine itself.
"""

import asyncio
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, cast

from .scenarios import Coroutines

__all__ = ["drive"]


class _Line(deque[Coroutine[Any, Any, None]]):
    """The coroutines that can go on, in order; and as much of a loop as a future needs."""

    def get_debug(self) -> bool:
        """Whether futures should note where they were made."""
        return False

    def create_future(self) -> asyncio.Future[Any]:
        """A future of this loop."""
        return asyncio.Future(loop=cast(asyncio.AbstractEventLoop, self))

    def call_soon(self, waiting: Coroutine[Any, Any, None], _future: object, context: object) -> None:
        """A future is done."""
        self.append(waiting)


def drive(make: Callable[[], Coroutines]) -> None:
    """Run the coroutines that this makes until all have ended."""
    line = _Line()
    events._set_running_loop(cast(asyncio.AbstractEventLoop, line))
    try:
        line.extend(make())
        append, popleft = line.append, line.popleft
        while line:
            coroutine = popleft()
            try:
                future = coroutine.send(None)
            except StopIteration:
                continue
            if future is None:
                append(coroutine)
            else:
                future._asyncio_future_blocking = False
                future.add_done_callback(coroutine)
    finally:
        events._set_running_loop(None)
