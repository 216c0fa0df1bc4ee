"""Waiting for something that another driver has: for as long as it takes, or patiently, which is not for ever.

Whoever waits for a packet to be sent does not own it before: a cancellation is therefore held back until the outcome is
there, and raised then. When that takes too long the packet is taken back by force. A scope that is cancelled and a
native ``task.cancel()`` are treated alike.
"""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from anyio import CancelScope, get_cancelled_exc_class

from asyncndis.kernel import Clock, Seat, VirtualClock, current_host
from asyncndis.kernel.clock import SECOND
from asyncndis.kernel.control import loop_control

__all__ = ["Outcome", "wait_patiently"]

_STEP = SECOND // 20


class Outcome:
    """A value that will come, for one task that waits.

    :ivar value: the value, None until it is there
    """

    __slots__ = ("_seat", "value")

    def __init__(self) -> None:
        self.value: int | None = None
        self._seat: Seat[Any] | None = None

    def set(self, value: int) -> None:
        """It is there; who waits wakes up."""
        self.value = value
        if self._seat is not None and not self._seat.done():
            self._seat.set_result(None)

    async def wait(self) -> int:
        """Wait for it."""
        while self.value is None:
            seat: Seat[None] = current_host().new_seat()
            self._seat = seat
            await seat
        return self.value

    async def endure(self) -> int:
        """Wait for it even when cancelled, for what is sure to come; the cancellation is raised then."""
        try:
            return await self.wait()
        except get_cancelled_exc_class():
            while self.value is None:
                with suppress(get_cancelled_exc_class()), CancelScope(shield=True):
                    await self.wait()
            raise

    async def wait_patiently(self, clock: Clock, seconds: float) -> int | None:
        """Wait for it, but not for ever; None where it has not come."""
        await wait_patiently(clock, seconds, self._is_there, self._be_woken)
        return self.value

    async def outlast(self, clock: Clock, seconds: float, take_back: Callable[[], object]) -> int:
        """Wait for it even when cancelled, as for what is one's own again only then.

        :param seconds: how long a cancellation is held back at most
        :param take_back: makes it come when that time is up
        """
        try:
            return await self.wait()
        except get_cancelled_exc_class():
            await self._hold_back(clock, seconds)
            if self.value is None:
                take_back()
            raise

    async def _hold_back(self, clock: Clock, seconds: float) -> None:
        deadline = clock.now() + round(seconds * SECOND)
        while self.value is None and clock.now() < deadline:
            try:
                with CancelScope(shield=True):
                    await self.wait_patiently(clock, (deadline - clock.now()) / SECOND)
            except get_cancelled_exc_class():
                continue  # a further native cancellation; the one before is raised in the end

    def _is_there(self) -> bool:
        return self.value is not None

    def _be_woken(self, seat: Seat[Any]) -> None:
        self._seat = seat


async def wait_patiently(
    clock: Clock, seconds: float, condition: Callable[[], bool], ask_to_be_woken: Callable[[Seat[Any]], object]
) -> bool:
    """Wait until a condition holds, but not for ever.

    A virtual clock is moved meanwhile, unless somebody else does so: this is how a stack ends in virtual time.

    :param seconds: at most, of the clock's time
    :param ask_to_be_woken: gets a seat to which a value is handed when the condition may have changed
    :returns: whether it holds
    """
    started = clock.now()
    deadline = started + round(seconds * SECOND)
    while not condition():
        if clock.now() >= deadline:
            return False
        if isinstance(clock, VirtualClock) and not clock.moving:
            # In steps that grow, since most often nothing happens until the time is up.
            step = max(_STEP, clock.now() - started)
            await _move(clock, min(step, deadline - clock.now()) / SECOND, condition)
            continue
        seat: Seat[Any] = current_host().new_seat()
        ask_to_be_woken(seat)
        wake = partial(_wake, seat)
        alarms = [clock.call_at(deadline, wake)]
        if isinstance(clock, VirtualClock):
            alarms.append(clock.when_still(wake))
        try:
            await seat
        finally:
            for alarm in alarms:
                alarm.cancel()
    return True


async def _move(clock: VirtualClock, seconds: float, condition: Callable[[], bool]) -> None:
    """Move a virtual clock, when everybody else waits and nobody moves it."""
    await loop_control().settle()
    if not condition() and not clock.moving:
        await clock.advance(seconds)


def _wake(seat: Seat[Any]) -> None:
    if not seat.done():
        seat.set_result(None)
