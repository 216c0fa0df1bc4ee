"""Waiting for something that another driver has until it is done, cancelled or not.

Whoever waits for a packet to be sent does not own it before: a cancellation is therefore held back until the outcome is
there, and raised then. A scope that is cancelled and a native ``task.cancel()`` are treated alike.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from anyio import CancelScope, get_cancelled_exc_class

from asyncndis.kernel import Clock, Seat, VirtualClock, current_host

__all__ = ["Outcome", "wait_patiently"]

_STEP = 0.05


class Outcome:
    """A value that will come.

    :ivar value: the value, None until it is there
    """

    __slots__ = ("_seat", "value")

    def __init__(self) -> None:
        self.value: int | None = None
        self._seat: Seat[None] | None = None

    def set(self, value: int) -> None:
        """It is there; who waits wakes up."""
        self.value = value
        if self._seat is not None and not self._seat.done():
            self._seat.set_result(None)

    async def wait(self) -> int:
        """Wait for it; a cancellation is raised when it has come."""
        try:
            while self.value is None:
                await self._sit()
        except get_cancelled_exc_class():
            await self._outlast()
            raise
        return self.value

    async def _outlast(self) -> None:
        while self.value is None:
            try:
                with CancelScope(shield=True):
                    await self._sit()
            except get_cancelled_exc_class():
                continue  # a further native cancellation; the one before is raised in the end

    async def _sit(self) -> None:
        self._seat = current_host().new_seat()
        try:
            await self._seat
        finally:
            self._seat = None


async def wait_patiently(
    clock: Clock, seconds: float, condition: Callable[[], bool], ask_to_be_woken: Callable[[Seat[Any]], object]
) -> bool:
    """Wait until a condition holds, but not for ever.

    A virtual clock is moved meanwhile, unless somebody else does so: this is how a stack ends in virtual time.

    :param seconds: at most, of the clock's time
    :param ask_to_be_woken: gets a seat to which a value is handed when the condition may have changed
    :returns: whether it holds
    """
    deadline = clock.now() + round(seconds * 10_000_000)
    while not condition():
        if clock.now() >= deadline:
            return False
        if isinstance(clock, VirtualClock) and not clock.moving:
            await clock.advance(_STEP)
            continue
        seat: Seat[Any] = current_host().new_seat()
        ask_to_be_woken(seat)
        alarm = clock.call_at(deadline, partial(_wake, seat))
        try:
            await seat
        finally:
            alarm.cancel()
    return True


def _wake(seat: Seat[Any]) -> None:
    if not seat.done():
        seat.set_result(None)
