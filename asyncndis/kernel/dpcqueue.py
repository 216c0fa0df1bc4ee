"""The queue of a processor's deferred procedure calls, and the task that runs them.

One after another, in the order in which they were queued, each at DISPATCH_LEVEL. What is queued while they run waits
for the next round, and other tasks get a turn in between: a call that queues itself again does not stop the loop.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from anyio.lowlevel import checkpoint

from .host import Seat, current_host
from .processors import Irql
from .seam import invoke

if TYPE_CHECKING:
    from .dpc import Dpc

__all__ = ["DpcQueue"]


class DpcQueue:
    """The calls that one processor owes.

    :param name: of the processor, and of the task that acts as it
    :param one_is_done: called after each call
    """

    __slots__ = ("_one_is_done", "_pending", "_seat", "name")

    def __init__(self, name: str, one_is_done: Callable[[], None]) -> None:
        self.name = name
        self._one_is_done = one_is_done
        self._pending: deque[Dpc] = deque()
        self._seat: Seat[None] | None = None

    def append(self, dpc: "Dpc") -> None:
        """Queue a call, and wake the processor."""
        self._pending.append(dpc)
        if self._seat is not None and not self._seat.done():
            self._seat.set_result(None)

    def drop(self) -> int:
        """Forget the calls that have not begun, and say how many these were."""
        dropped = len(self._pending)
        while self._pending:
            self._pending.popleft().queued = False
            self._one_is_done()
        return dropped

    async def serve(self) -> None:
        """Act as the processor, until cancelled."""
        while True:
            for _ in range(len(self._pending)):
                await self._run(self._pending.popleft())
            await (checkpoint() if self._pending else self._idle())

    async def _idle(self) -> None:
        self._seat = current_host().new_seat()
        try:
            await self._seat
        finally:
            self._seat = None

    async def _run(self, dpc: "Dpc") -> None:
        dpc.queued, dpc.running = False, True
        try:
            await invoke(dpc.function, *dpc.arguments, irql=Irql.DISPATCH)
        finally:
            dpc.running = False
            self._one_is_done()
