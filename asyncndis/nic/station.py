"""What all NICs have in common: an address, a cable, a filter, counters, an interrupt unit, and a task that paces them.

A frame from the wire passes here before a NIC stores it: the link is up, its length is right, it is for this station.
"""

from collections.abc import Callable, Sequence
from typing import Any

from asyncndis.base import check_instance, check_integer

from .counters import NicCounter, NicStatistics, count_frames, new_counts
from .device import FRAME_MINIMUM, HEADER_BYTES, Link, OnInterrupt, choose_mac
from .filters import AddressFilter
from .interrupts import Cause, InterruptUnit
from .pacing import WIRE_OVERHEAD, Pacer

__all__ = ["Station"]


class Station:
    """One NIC on a wire; made as one of its kinds. All calls but :meth:`run` are synchronous. IRQL: any.

    :ivar name: for messages
    :ivar mac: its permanent address
    :ivar max_frame: the longest frame, in bytes, without check sequence
    :ivar link_bits_per_second: the speed of the link
    """

    __slots__ = (
        "_cable", "_counts", "_filter", "_interrupts", "_is_plugged", "_link", "_pacer", "link_bits_per_second",
        "link_up", "mac", "max_frame", "name",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        mac: bytes | None,
        *,
        link_bits_per_second: int,
        paced: bool,
        max_frame: int,
        burst: int,
        multicast_limit: int,
    ) -> None:
        check_integer("max_frame", max_frame, FRAME_MINIMUM, 0x3FFF)
        check_integer("link_bits_per_second", link_bits_per_second, 1000, 10**12)
        self.mac = choose_mac(name, mac)
        self.name = name
        self.max_frame = max_frame
        self.link_bits_per_second = link_bits_per_second
        self.link_up = False
        self._cable = True
        self._is_plugged = False
        self._link: Link | None = None
        self._counts = new_counts()
        self._filter = AddressFilter(self.mac, multicast_limit)
        self._interrupts = InterruptUnit()
        self._pacer = Pacer(link_bits_per_second if paced else None, burst)

    def __repr__(self) -> str:
        now = self.statistics()
        plugged = "" if self._is_plugged else ", not plugged in"
        return (
            f"<{type(self).__name__} {self.name!r} {self.mac.hex(':')} link {'up' if now.link_up else 'down'}, "
            f"sent {now.tx_frames} ({now.tx_pending} pending), received {now.rx_frames}{plugged}>"
        )

    def statistics(self) -> NicStatistics:
        """What the NIC has counted, and its state now, in O(1). IRQL: any."""
        values: list[Any] = [*self._counts, self.link_up, self._interrupts.raised, *self._pending()]
        return NicStatistics(*values)

    def line(self) -> bool:
        """Whether the interrupt line is up: it is level-triggered, so look again after having served it."""
        return self._interrupts.line()

    def connect(self, link: Link | None) -> None:
        """Put the end of a cable into the NIC; the link goes up if the cable works. A wire does this.

        :param link: what to send into; None when the cable is taken out
        """
        self._link = link
        self._update_link()

    def set_link(self, up: bool) -> None:
        """Let the cable work or not; the link is up when it works and is connected to something."""
        self._cable = bool(up)
        self._update_link()

    def receive(self, frame: bytes) -> bool:
        """A frame arrives from the wire; whether it was given to the driver."""
        check_instance("frame", frame, bytes)
        return self.receive_many((frame,)) == 1

    def receive_many(self, frames: Sequence[bytes]) -> int:
        """Frames arrive from the wire, in order; how many of them were given to the driver."""
        if not frames:
            return 0
        counts = self._counts
        if not self.link_up or not self._is_listening():
            counts[NicCounter.RX_OFF] += len(frames)
            return 0
        lengths = set(map(len, frames))  # mostly one or two
        if min(lengths) < HEADER_BYTES or max(lengths) > self.max_frame:
            frames = self._sift(frames)
        admitted = self._filter.admit(frames)
        counts[NicCounter.RX_FILTERED] += len(frames) - len(admitted)
        return self._store(admitted) if admitted else 0

    def step(self, frames: int = 1) -> int:
        """Send at most so many frames now: what :meth:`run` does in bursts, and a test or an explorer by hand.

        :returns: how many left the driver's hands, whether they could be sent or not
        """
        check_integer("frames", frames, 1)
        return self._move(frames)[0]

    async def run(self) -> None:
        """Pace the NIC until cancelled: send what the driver gives, at the speed of the link. IRQL: PASSIVE.

        :raises RuntimeError: when another task runs it already
        """
        await self._pacer.run(self, self._move)

    def _plug(self, on_interrupt: OnInterrupt) -> None:
        if self._is_plugged:
            raise ValueError(f"{self!r} is plugged in already; unplug it first")
        if not callable(on_interrupt):
            raise TypeError(f"on_interrupt is a function, not {type(on_interrupt).__name__}")
        self._is_plugged = True
        self._interrupts.on_interrupt = on_interrupt

    def _reset(self) -> None:
        self._counts[:] = new_counts()
        self._filter.set_rule(0)
        self._filter.set_mac(self.mac)
        self._filter.set_multicast(())
        self._interrupts.reset()

    def _send(self, frames: Sequence[bytes], complete: Callable[[], object]) -> int:
        """Put frames on the wire, then report them; returns what they take there, in bytes."""
        if not frames:
            complete()
            return 0
        if self._link is None or not self.link_up:
            self._counts[NicCounter.TX_NO_CARRIER] += len(frames)
            complete()
            return 0
        octets = count_frames(self._counts, NicCounter.TX_DIRECTED_FRAMES, frames)
        try:
            self._link.carry(frames)
        finally:
            complete()  # they have left this NIC, whatever becomes of them at the other end
        return octets + WIRE_OVERHEAD * len(frames)

    def _sift(self, frames: Sequence[bytes]) -> Sequence[bytes]:
        """Those of a length that is allowed."""
        runts = sum(len(frame) < HEADER_BYTES for frame in frames)
        right = [frame for frame in frames if HEADER_BYTES <= len(frame) <= self.max_frame]
        self._counts[NicCounter.RX_ERRORS] += runts
        self._counts[NicCounter.RX_OVERSIZE] += len(frames) - len(right) - runts
        return right

    def _update_link(self) -> None:
        up = self._cable and self._link is not None
        if up != self.link_up:
            self.link_up = up
            self._interrupts.set(Cause.LINK_CHANGE)

    def _is_listening(self) -> bool:
        """Whether the receiver is on."""
        raise NotImplementedError

    def _pending(self) -> tuple[int, int]:
        """What waits to be sent, and what the receiver holds."""
        raise NotImplementedError

    def _store(self, frames: Sequence[bytes]) -> int:
        """Keep frames for the driver; how many there was room for."""
        raise NotImplementedError

    def _move(self, limit: int) -> tuple[int, int]:
        """Send at most so many frames; how many were moved, and what they take on the wire in bytes."""
        raise NotImplementedError
