"""The waiting room of a pool: who may wait, for how long they did, and the alarm when nobody is served.

Waiting is backpressure, which NDIS does not have, and legal only where the original could block: below DISPATCH_LEVEL
with no spin lock held (IRQL-02, LOCK-11). Order and hand-off are the waiter queue's; the room keeps the books. On
asyncio, anyio does not cancel a task whose wait has just ended; so that one which is served at every turn of the loop
can be cancelled all the same, it asks for that once in a while before it takes what it was handed.
"""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

from asyncndis.kernel.host import Cancellable, Host, Seat
from asyncndis.kernel.processors import Irql
from asyncndis.kernel.waiters import Bulk, WaiterQueue
from asyncndis.kernel.waiting import check_may_wait

from .statistics import WaitHistogram

__all__ = ["WaitingRoom", "refuse_waiting"]

logger = logging.getLogger("asyncndis.memory")

D = TypeVar("D")

_PERIODS = 61 + 67  # in turns, so that no number of tasks that are served in a circle keeps one of them from its turn


class WaitingRoom(Generic[D]):
    """Where tasks wait for descriptors.

    :param name: the pool's name
    :param host: the loop that the pool was made on
    :param starvation_seconds: how long nobody may be served before a log line says who holds the descriptors
    :param holders: says who does
    :ivar time: the clock of that loop, in seconds
    :ivar queue: the waiters
    :ivar delayed: how many ever had to wait
    :ivar waits: how long they waited
    """

    __slots__ = (
        "_alarm",
        "_holders",
        "_host",
        "_period",
        "_seconds",
        "_until_look",
        "delayed",
        "name",
        "queue",
        "time",
        "waits",
    )

    def __init__(self, name: str, host: Host, starvation_seconds: float, holders: Callable[[], object]) -> None:
        self.name = name
        self.time = host.time
        self._host = host
        self.queue: WaiterQueue[D] = WaiterQueue(host)
        self.delayed = 0
        self.waits = WaitHistogram()
        self._seconds = starvation_seconds
        self._holders = holders
        self._alarm: Cancellable | None = None
        self._period = self._until_look = 61

    def enter(self) -> Seat[D | None]:
        """Line up for one descriptor."""
        if self._alarm is None:
            self._arm()
        self.delayed += 1
        return self.queue.join()

    def enter_for(self, count: int) -> Bulk[D]:
        """Line up for several."""
        if self._alarm is None:
            self._arm()
        self.delayed += 1
        return self.queue.join_bulk(count)

    def check_loop(self) -> None:
        """Refuse a task of another event loop. asyncio finds out by itself, when the task awaits its seat.

        :raises RuntimeError: naming the pool
        """
        if not self._host.runs_here():
            raise RuntimeError(f"pool {self.name!r} belongs to another event loop; create one in this loop")

    def is_to_look_up(self) -> bool:
        """Whether the task that was just served asks if it is cancelled; once in 64 times or so."""
        self._until_look -= 1
        if self._until_look:
            return False
        self._period = self._until_look = _PERIODS - self._period
        return True

    def arrived(self, count: int, started: float) -> None:
        """Book the end of a wait that brought ``count`` descriptors."""
        self.queue.in_hand -= count
        self.waits.add(self.time() - started)

    def close(self) -> list[D]:
        """Send everybody home; what bulk waiters had collected is returned."""
        if self._alarm is not None:
            self._alarm.cancel()
        return self.queue.close()

    def _arm(self) -> None:
        self.check_loop()
        arrivals = self.waits.total()
        self._alarm = self._host.call_later(self._seconds, lambda: self._ring(arrivals))

    def _ring(self, arrivals: int) -> None:
        """Report starvation, once, unless somebody was served since the alarm was armed."""
        self._alarm = None
        if len(self.queue) <= 0:
            return
        if arrivals != self.waits.total():
            self._arm()
            return
        logger.warning(
            "%d waiting, and none was served for %g s; the descriptors are held here: %s",
            len(self.queue),
            self._seconds,
            self._holders(),
        )


def refuse_waiting(name: str, subject: object) -> None:
    """Refuse a call that may wait where waiting is illegal.

    :param name: the pool's name
    :raises RuleViolation: LOCK-11 with a spin lock held, IRQL-02 at or above DISPATCH_LEVEL
    """
    check_may_wait(
        f"may wait for a descriptor of {name!r}",
        subject,
        "use allocate_nowait() there, or wait in a work item",
        Irql.APC,
    )
