"""Events: notification events of NDIS, which stay set until they are reset and release all who wait.

Source: the NdisInitializeEvent, NdisSetEvent, NdisResetEvent and NdisWaitEvent pages. Waiting above PASSIVE_LEVEL is
fatal in NDIS and refused here (IRQL-02). A waiter that was released stays released when the event is reset before the
waiter gets to run. Cancelling a waiter disturbs nobody: nothing is consumed, so nothing can be lost.
"""

from dataclasses import dataclass

from asyncndis.base import check_instance, check_integer, current_probe

from .clock import MILLISECOND
from .host import Seat, current_host
from .waiting import check_may_wait, preempt, sit

__all__ = ["EventStatistics", "NdisEvent"]


@dataclass(frozen=True, slots=True)
class EventStatistics:
    """The state of an event at one moment.

    :ivar signaled: whether it is set
    :ivar waiting: how many tasks wait for it
    """

    signaled: bool
    waiting: int


class NdisEvent:
    """A notification event, not set at first (NdisInitializeEvent). IRQL: any.

    :param name: for messages
    """

    __slots__ = ("__weakref__", "_probe", "_seats", "_signaled", "name")

    def __init__(self, name: str = "event") -> None:
        check_instance("name", name, str)
        self.name = name
        self._probe = current_probe()
        self._signaled = False
        self._seats: dict[Seat[bool], None] = {}

    def __repr__(self) -> str:
        return f"<NdisEvent {self.name!r} {'set' if self._signaled else 'not set'}, {len(self._seats)} waiting>"

    @property
    def signaled(self) -> bool:
        """Whether the event is set."""
        return self._signaled

    def statistics(self) -> EventStatistics:
        """The state of the event. IRQL: any."""
        return EventStatistics(self._signaled, len(self._seats))

    def set(self) -> None:
        """Set the event and release every task that waits for it (NdisSetEvent). IRQL: <= DISPATCH."""
        probe = self._probe
        if probe is not None:
            probe.before("NdisSetEvent", self)
        self._signaled = True
        seats, self._seats = self._seats, {}
        for seat in seats:
            if not seat.done():
                seat.set_result(True)
        if probe is not None:
            probe.after("NdisSetEvent", self)

    def reset(self) -> None:
        """Make the event not set (NdisResetEvent). IRQL: <= DISPATCH."""
        probe = self._probe
        if probe is not None:
            probe.before("NdisResetEvent", self)
        self._signaled = False
        if probe is not None:
            probe.after("NdisResetEvent", self)

    async def wait(self, milliseconds: int = 0) -> bool:
        """Wait until the event is set (NdisWaitEvent); at once where it is. IRQL: PASSIVE. Rules: IRQL-02, LOCK-11.

        :param milliseconds: how long at most; 0 means for ever
        :returns: True when the event was set, False when the time was up
        :raises RuleViolation: IRQL-02 above PASSIVE_LEVEL, LOCK-11 with a spin lock held
        """
        check_integer("milliseconds", milliseconds)
        probe = self._probe
        if probe is not None:
            await preempt(probe, "NdisWaitEvent", self)
        check_may_wait(f"waits for event {self.name!r}", self, "wait in a work item")
        if probe is not None:
            probe.before("NdisWaitEvent", self, milliseconds)
        signaled = self._signaled or await self._sleep(milliseconds)
        if probe is not None:
            probe.after("NdisWaitEvent", self, signaled)
        return signaled

    async def _sleep(self, milliseconds: int) -> bool:
        seat: Seat[bool] = current_host().new_seat()
        self._seats[seat] = None
        try:
            return await (sit(seat, milliseconds * MILLISECOND) if milliseconds else seat)
        finally:
            self._seats.pop(seat, None)
