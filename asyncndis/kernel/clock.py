"""Clocks: the time of the running loop, or a virtual time that moves only when told to.

Time is an integer in units of 100 ns, as NDIS counts it, so that equal due times are equal. Whatever waits for time
asks :func:`current_clock`; ``with use_clock(VirtualClock()) as clock:`` puts another in its place for a block and for
the tasks that are started in it. Source: the NdisGetCurrentSystemTime and NdisGetSystemUpTime pages.
"""

import heapq
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from math import inf
from time import perf_counter_ns, time_ns
from typing import Protocol, TypeVar

from asyncndis.base import check_integer

from .control import loop_control
from .host import Cancellable, current_host

__all__ = ["Clock", "RealClock", "VirtualClock", "current_clock", "use_clock"]

MICROSECOND = 10
MILLISECOND = 10_000
SECOND = 10_000_000

_YEAR_1970 = 116_444_736_000_000_000
_YEAR_2000 = 125_911_584_000_000_000
_TIME_MAX = 2**63 - 1
_FEW_DEAD = 32


class Clock(Protocol):
    """What tells the time and calls back at a time; all times are in units of 100 ns."""

    def now(self) -> int:
        """The time since an arbitrary start, such as the boot; it never goes back."""
        ...

    def system_time(self) -> int:
        """The time of day: the time since the year 1601 (UTC)."""
        ...

    def call_at(self, when: int, callback: Callable[[], object]) -> Cancellable:
        """Call back once :meth:`now` has reached ``when``."""
        ...

    def stall(self, duration: int) -> None:
        """Let a very short time go by without giving way."""
        ...


class RealClock:
    """The clock of the event loop that runs."""

    __slots__ = ()

    def now(self) -> int:
        """The time of the loop's own clock."""
        return int(current_host().time() * SECOND)

    def system_time(self) -> int:
        """The time of day of this computer."""
        return _YEAR_1970 + time_ns() // 100

    def call_at(self, when: int, callback: Callable[[], object]) -> Cancellable:
        """Have the loop call back, at once when the time has passed already.

        In whole milliseconds, rounded up: uvloop counts in these, and would take the rest for nothing.
        """
        _check_appointment(when, callback)
        delay = max(0, when - self.now())
        return current_host().call_later(-(-delay // MILLISECOND) / 1000, callback)

    def stall(self, duration: int) -> None:
        """Spin, as a processor does; the loop stands still meanwhile."""
        check_integer("duration", duration)
        end = perf_counter_ns() + duration * 100
        while perf_counter_ns() < end:
            pass


class _Appointment:
    """A callback that a virtual clock owes."""

    __slots__ = ("_clock", "callback", "order", "when")

    def __init__(self, clock: "VirtualClock", when: int, order: int, callback: Callable[[], object]) -> None:
        self._clock = clock
        self.when = when
        self.order = order
        self.callback: Callable[[], object] | None = callback

    def __lt__(self, other: "_Appointment") -> bool:
        return (self.when, self.order) < (other.when, other.order)

    def cancel(self) -> None:
        """Call it off; harmless once it has run."""
        if self.callback is not None:
            self.callback = None
            self._clock._one_is_dead()


class _Watch:
    """Somebody who wants to know when a virtual clock stands still."""

    __slots__ = ("_watches", "callback")

    def __init__(self, watches: "dict[_Watch, None]", callback: Callable[[], object]) -> None:
        self._watches = watches
        self.callback = callback
        watches[self] = None

    def cancel(self) -> None:
        """Call it off; harmless once it has run."""
        self._watches.pop(self, None)


class VirtualClock:
    """A clock that stands still until a task moves it; the same program sees the same times in each run.

    Callbacks that are due at one moment run in the order in which they were asked for; then every task runs until it
    waits for something, and only then time goes on.

    :param system_time: the time of day at the start, in units of 100 ns since 1601; by default the year 2000
    """

    __slots__ = ("_appointments", "_dead", "_moving", "_now", "_orders", "_started_at", "_watches")

    def __init__(self, system_time: int = _YEAR_2000) -> None:
        check_integer("system_time", system_time, 0, _TIME_MAX)
        self._started_at = system_time
        self._now = 0
        self._orders = 0
        self._appointments: list[_Appointment] = []
        self._dead = 0
        self._moving = False
        self._watches: dict[_Watch, None] = {}

    def __repr__(self) -> str:
        return f"<VirtualClock at {self._now / SECOND:g} s, {len(self._appointments) - self._dead} callbacks due>"

    @property
    def moving(self) -> bool:
        """Whether a task moves it now."""
        return self._moving

    def now(self) -> int:
        """The time since the clock was made."""
        return self._now

    def system_time(self) -> int:
        """The time of day, counted from the start that was given."""
        return self._started_at + self._now

    def call_at(self, when: int, callback: Callable[[], object]) -> Cancellable:
        """Call back when the clock is moved to ``when`` or beyond, never before it is moved."""
        _check_appointment(when, callback)
        self._orders += 1
        appointment = _Appointment(self, when, self._orders, callback)
        heapq.heappush(self._appointments, appointment)
        return appointment

    def when_still(self, callback: Callable[[], object]) -> Cancellable:
        """Call back once when the task that moves the clock, now or the next time, has done so."""
        return _Watch(self._watches, callback)

    def stall(self, duration: int) -> None:
        """Move on without calling anybody back: what fell due meanwhile comes late."""
        check_integer("duration", duration)
        self._now += duration

    async def advance(self, seconds: float) -> None:
        """Move the clock on. Tasks that wait for a moment on the way run at that moment. IRQL: PASSIVE.

        :param seconds: how far; 0 only runs what is due now
        :raises RuntimeError: when another task moves this clock at the same time
        """
        until = self._now + _to_units(seconds)
        await self._move(until)
        self._now = max(self._now, until)

    async def run_until_idle(self, limit: float = 3600.0) -> float:
        """Move the clock from callback to callback, until none is left. IRQL: PASSIVE.

        :param limit: how far at most, in seconds
        :returns: how far it went, in seconds
        :raises TimeoutError: when callbacks are still left at the limit, as a periodic timer always leaves one
        :raises RuntimeError: when another task moves this clock at the same time
        """
        started = self._now
        await self._move(started + _to_units(limit))
        rest = self._next()
        if rest is not None:
            raise TimeoutError(
                f"not idle after {limit:g} s: the next callback is due at {rest.when / SECOND:g} s; "
                "cancel periodic timers, or use advance()"
            )
        return (self._now - started) / SECOND

    async def _move(self, until: int) -> None:
        if self._moving:
            raise RuntimeError("two tasks move one virtual clock; let one of them do it")
        settle = loop_control().settle
        self._moving = True
        try:
            await settle()
            while (first := self._next()) is not None and first.when <= until:
                self._now = max(self._now, first.when)
                self._call_back()
                await settle()
        finally:
            self._moving = False
            for watch in tuple(self._watches):
                watch.cancel()
                watch.callback()

    def _next(self) -> _Appointment | None:
        """The live appointment that comes first."""
        appointments = self._appointments
        while appointments and appointments[0].callback is None:
            heapq.heappop(appointments)
            self._dead -= 1
        return appointments[0] if appointments else None

    def _call_back(self) -> None:
        """Run what is due now, but not what those callbacks ask for in their turn."""
        newest = self._orders
        while (first := self._next()) is not None and first.when <= self._now and first.order <= newest:
            callback, first.callback = first.callback, None
            heapq.heappop(self._appointments)
            assert callback is not None
            callback()

    def _one_is_dead(self) -> None:
        """Count what was called off, and sweep when it is half of all."""
        self._dead += 1
        if self._dead > _FEW_DEAD and self._dead * 2 > len(self._appointments):
            self._appointments = [live for live in self._appointments if live.callback is not None]
            heapq.heapify(self._appointments)
            self._dead = 0


def _check_appointment(when: int, callback: Callable[[], object]) -> None:
    check_integer("when", when, 0, _TIME_MAX)
    if not callable(callback):
        raise TypeError(f"callback is a function, not {type(callback).__name__}")


def _to_units(seconds: object) -> int:
    if not isinstance(seconds, int | float):
        raise TypeError(f"a clock moves by a number of seconds, not {type(seconds).__name__}")
    if not 0 <= seconds < inf:
        raise ValueError(f"a clock moves by 0 seconds or more, not {seconds!r}")
    return round(seconds * SECOND)


AnyClock = TypeVar("AnyClock", bound=Clock)

_real = RealClock()
_current: ContextVar[Clock] = ContextVar("asyncndis_clock", default=_real)


def current_clock() -> Clock:
    """The clock that whatever waits for time uses now. IRQL: any."""
    return _current.get()


@contextmanager
def use_clock(clock: AnyClock) -> Generator[AnyClock]:
    """Use ``clock`` in this block, and in the tasks that are started in it."""
    if not callable(getattr(clock, "call_at", None)):
        raise TypeError(f"clock is a Clock, not {type(clock).__name__}")
    token = _current.set(clock)
    try:
        yield clock
    finally:
        _current.reset(token)
