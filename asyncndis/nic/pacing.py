"""The task that paces a device: it moves frames in bursts, at the speed of the link, and sleeps while there are none.

The device model stands beside it, synchronous: each burst is one call that the pacer may be cancelled before or after,
never within. A burst takes its time on the wire before the next one goes. Sleeping too long is made good afterwards,
so that the rate is right in the long run also with a clock that counts in milliseconds; idle time is not.
"""

from collections.abc import Callable

from anyio.lowlevel import checkpoint

from asyncndis.base import check_integer
from asyncndis.kernel.clock import SECOND, current_clock
from asyncndis.kernel.host import Seat, current_host
from asyncndis.kernel.waiting import sit

__all__ = ["WIRE_OVERHEAD", "Pacer"]

WIRE_OVERHEAD = 24
"""Bytes that a frame takes on the wire beyond its own: preamble, check sequence, gap."""

Move = Callable[[int], tuple[int, int]]


class Pacer:
    """Paces one device.

    :param bits_per_second: the speed of the link; None to go as fast as possible
    :param burst: frames that are moved at once
    """

    __slots__ = ("_bits_per_second", "_burst", "_is_running", "_seat")

    def __init__(self, bits_per_second: int | None, burst: int) -> None:
        if bits_per_second is not None:
            check_integer("bits_per_second", bits_per_second, 1, 10**12)
        check_integer("burst", burst, 1)
        self._bits_per_second = bits_per_second
        self._burst = burst
        self._is_running = False
        self._seat: Seat[None] | None = None

    def wake(self) -> None:
        """There is something to move."""
        if self._seat is not None and not self._seat.done():
            self._seat.set_result(None)

    async def run(self, device: object, move: Move) -> None:
        """Move frames until cancelled.

        :param device: for messages
        :param move: moves at most so many frames; returns how many it was, and what they take on the wire in bytes
        :raises RuntimeError: when another task does so already
        """
        if self._is_running:
            raise RuntimeError(f"{device!r} is run by another task already")
        self._is_running = True
        try:
            await self._run(move)
        finally:
            self._is_running = False

    async def _run(self, move: Move) -> None:
        clock = current_clock()
        bits_per_second = self._bits_per_second
        ready_at, owed = clock.now(), 0
        while True:
            frames, octets = move(self._burst)
            if not frames:
                await self._idle()
                ready_at = max(ready_at, clock.now())
            elif bits_per_second is None:
                await checkpoint()
            else:
                duration, owed = divmod(octets * 8 * SECOND + owed, bits_per_second)
                ready_at += duration
                wait = ready_at - clock.now()
                await (sit(current_host().new_seat(), wait) if wait > 0 else checkpoint())

    async def _idle(self) -> None:
        self._seat = current_host().new_seat()
        try:
            await self._seat
        finally:
            self._seat = None
