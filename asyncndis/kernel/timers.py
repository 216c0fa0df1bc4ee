"""Timers: a function called at DISPATCH_LEVEL after some time, once or periodically.

Source: the NdisInitializeTimer, NdisSetTimer, NdisSetTimerEx, NdisMSetPeriodicTimer and NdisCancelTimer pages. A timer
is armed once at most: setting it again moves it. When its time comes it leaves the clock and its function is queued as
a DPC. From then on cancelling answers False, and the function may be yet to run: a driver that stops waits for it
(LIFE-05), for instance with ``flush_dpcs``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from asyncndis.base import check_instance, check_integer, current_probe

from .clock import MILLISECOND
from .dpc import Dpc
from .host import Cancellable
from .system import Kernel, chosen_kernel

__all__ = ["Timer", "TimerStatistics"]


@dataclass(frozen=True, slots=True)
class TimerStatistics:
    """The state of a timer at one moment.

    :ivar armed: whether it is set
    :ivar period: milliseconds between two calls, 0 when it is not periodic
    :ivar pending: whether its function is due to run, or runs
    :ivar expired: how often its time has come
    """

    armed: bool
    period: int
    pending: bool
    expired: int


class Timer:
    """A timer, not set at first (NdisInitializeTimer, NdisMInitializeTimer). IRQL: <= DISPATCH.

    :param function: a plain function or a coroutine function
    :param arguments: what it is called with
    :param kernel: whose clock and processor it uses; the one that is open here by default
    :param name: for messages
    """

    __slots__ = ("__weakref__", "_alarm", "_dpc", "_due", "_expired", "_kernel", "_period", "_probe", "name")

    def __init__(
        self,
        function: Callable[..., object],
        *arguments: object,
        kernel: Kernel | None = None,
        name: str = "timer",
    ) -> None:
        check_instance("name", name, str)
        self.name = name
        self._kernel = chosen_kernel(kernel)
        self._probe = current_probe()
        self._dpc = Dpc(function, *arguments, kernel=self._kernel, name=name)
        self._alarm: Cancellable | None = None
        self._due = 0
        self._period = 0
        self._expired = 0

    def __repr__(self) -> str:
        state = "armed" if self.armed else "not set"
        return f"<Timer {self.name!r} {state}, expired {self._expired} times{', function due' * self.pending}>"

    @property
    def armed(self) -> bool:
        """Whether the timer is set."""
        return self._alarm is not None

    @property
    def pending(self) -> bool:
        """Whether the function is due to run, or runs now."""
        return self._dpc.queued or self._dpc.running

    def statistics(self) -> TimerStatistics:
        """The state of the timer. IRQL: any."""
        return TimerStatistics(self.armed, self._period // MILLISECOND, self.pending, self._expired)

    def set(self, milliseconds: int, *arguments: object) -> None:
        """Have the function called after some time; a timer that is set already is moved. IRQL: <= DISPATCH.

        :param milliseconds: from now
        :param arguments: new ones for the function, if any (NdisSetTimerEx)
        :raises NdisError: CLOSING, when the kernel is not open
        """
        check_integer("milliseconds", milliseconds)
        self._arm("NdisSetTimer", milliseconds, arguments, period=0)

    def set_periodic(self, milliseconds: int) -> None:
        """Have the function called again and again, first after one period. IRQL: <= DISPATCH.

        Periods that go by while the loop is held up are left out, as is a call that comes before the last has begun.

        :param milliseconds: the period
        :raises NdisError: CLOSING, when the kernel is not open
        """
        check_integer("milliseconds", milliseconds, 1)
        self._arm("NdisMSetPeriodicTimer", milliseconds, (), period=milliseconds)

    def cancel(self) -> bool:
        """Call the timer off. IRQL: <= DISPATCH.

        :returns: True when it was set; False when it was not, or its time has come: the function may be due or running
        """
        if self._probe is not None:
            self._probe.before("NdisCancelTimer", self)
        cancelled = self._disarm()
        if self._probe is not None:
            self._probe.after("NdisCancelTimer", self, cancelled)
        return cancelled

    def _arm(self, operation: str, milliseconds: int, arguments: tuple[object, ...], *, period: int) -> None:
        self._kernel._require_open(self.name)
        if self._probe is not None:
            self._probe.before(operation, self, milliseconds)
        self._disarm()
        if arguments:
            self._dpc.arguments = arguments
        self._period = period * MILLISECOND
        self._due = self._kernel._clock.now() + milliseconds * MILLISECOND
        self._alarm = self._kernel._clock.call_at(self._due, self._expire)
        self._kernel._armed[self] = None
        if self._probe is not None:
            self._probe.after(operation, self, milliseconds)

    def _disarm(self) -> bool:
        if self._alarm is None:
            return False
        self._alarm.cancel()
        self._alarm = None
        del self._kernel._armed[self]
        return True

    def _expire(self) -> None:
        self._expired += 1
        self._alarm = None
        if self._period:
            late = max(0, self._kernel._clock.now() - self._due)
            self._due += self._period * (1 + late // self._period)
            self._alarm = self._kernel._clock.call_at(self._due, self._expire)
        else:
            del self._kernel._armed[self]
        self._dpc.queue()
