"""A port: a device whose other end is outside, such as a TAP, a socket or a capture file.

Hardware, which knows nothing of NDIS. A driver plugs in and lets frames in; the port then says that some wait, and the
driver takes as many as it has room for. What a driver gives away is written at once, up to the first frame for which
there is no room now. A link that is down is no error; a device that is gone ends :meth:`Port.run` with one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from asyncndis.base import NdisError, NdisStatus
from asyncndis.kernel import NdisEvent

__all__ = ["BATCH", "LONGEST_FRAME", "Frame", "Port", "PortDriver", "PortStatistics"]

BATCH = 64
"""Frames that a port reads in one go, before others have their turn."""

LONGEST_FRAME = 65535 + 18
"""Of the largest MTU that Linux has, with header and VLAN tag, in bytes."""

Frame = bytes | bytearray | memoryview


@dataclass(frozen=True, slots=True)
class PortStatistics:
    """A port at one moment.

    :ivar link_up: whether it has a link
    :ivar received_frames: frames that came in
    :ivar received_bytes: their bytes
    :ivar sent_frames: frames that went out
    :ivar sent_bytes: their bytes
    :ivar dropped: frames that could not go out, for want of a link or of an other end
    :ivar full: how often there was no room for a frame
    """

    link_up: bool
    received_frames: int
    received_bytes: int
    sent_frames: int
    sent_bytes: int
    dropped: int
    full: int


class PortDriver(Protocol):
    """What a port tells its driver, by calls that do not wait."""

    def readable(self) -> None:
        """Frames wait to be taken, perhaps."""
        ...

    def has_room(self) -> None:
        """Frames can be sent again."""
        ...

    def link_changed(self) -> None:
        """The link came or went."""
        ...


class Port:
    """What all kinds of ports have in common; made by ``open_port`` of ``asyncndis.real``. Only ``run`` waits.

    :ivar name: as it was asked for, for messages
    :ivar mac: the address of the station at this end, six bytes; never that of the other end
    :ivar mtu: the longest frame without its header, in bytes, as the device said when it was opened
    :ivar link_bits_per_second: the speed that it claims
    """

    link_bits_per_second = 10_000_000_000
    offloads = False
    """Whether a header (``nic.offload``) stands in front of every frame, both ways."""

    def __init__(self, name: str, mac: bytes, mtu: int = 1500) -> None:
        self.name = name
        self.mac = mac
        self.mtu = mtu
        self._link_up = True
        self._driver: PortDriver | None = None
        self._lets_in = False
        self._is_closed = False
        self._end = NdisEvent(f"end of {name}")
        self._failure: Exception | None = None
        self._frames_in: int = 0
        self._bytes_in: int = 0
        self._frames_out: int = 0
        self._bytes_out: int = 0
        self._dropped: int = 0
        self._full: int = 0

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "up" if self.link_up else "down"
        return f"<{type(self).__name__} {self.name} {state}, {self._frames_in} in, {self._frames_out} out>"

    def statistics(self) -> PortStatistics:
        """The state of it now. IRQL: any."""
        return PortStatistics(
            self.link_up,
            self._frames_in,
            self._bytes_in,
            self._frames_out,
            self._bytes_out,
            self._dropped,
            self._full,
        )

    @property
    def link_up(self) -> bool:
        """Whether it has a link. IRQL: any."""
        return self._link_up

    @property
    def lets_in(self) -> bool:
        """Whether its driver wants to hear of frames. IRQL: any."""
        return self._lets_in

    def plug(self, driver: PortDriver) -> None:
        """Tell a driver of what happens from now on. IRQL: PASSIVE.

        :raises NdisError: RESOURCE_CONFLICT when another one drives it
        """
        if self._driver is not None:
            raise NdisError(f"{self.name} has a driver already; open it once more", NdisStatus.RESOURCE_CONFLICT)
        self._driver = driver

    def unplug(self) -> None:
        """Tell nobody any more. IRQL: any."""
        self.let_in(False)
        self._driver = None

    def let_in(self, wanted: bool) -> None:
        """Say whether the driver is to hear of frames that wait; what it does not take waits in the device. IRQL: any.

        :param wanted: no at first
        """
        self._lets_in = wanted

    def let_in_unfinished(self, wanted: bool) -> None:
        """Say, to a port that offloads, whether what comes in may be large, or lack its checksum. IRQL: any.

        :param wanted: no at first
        """

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """Take frames that wait, the oldest first; none where none do. IRQL: any.

        :param limit: how many at most
        """
        raise AssertionError("each kind of port receives in its own way")

    def transmit(self, frames: Sequence[Frame]) -> int:
        """Send frames, in order, up to one that cannot be sent. IRQL: any.

        :param frames: with header, without check sequence
        :returns: how many were sent; the one behind them waits where :attr:`is_full`, otherwise it is lost
        """
        raise AssertionError("each kind of port sends in its own way")

    @property
    def is_full(self) -> bool:
        """Whether there is no room for a frame; ``has_room`` of the driver is called when there is. IRQL: any."""
        return False

    async def run(self) -> None:
        """Move frames until cancelled. IRQL: PASSIVE.

        :raises NdisError: when the device is gone
        """
        await self._end.wait()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Give the device back. Closing again does nothing. IRQL: PASSIVE."""
        self._is_closed = True

    def _fail(self, error: Exception) -> None:
        """The port is at its end: :meth:`run` raises why."""
        if self._failure is None:
            self._failure = error
            self._set_link(False)
        self._end.set()

    def _set_link(self, up: bool) -> None:
        if up is not self._link_up:
            self._link_up = up
            if self._driver is not None:
                self._driver.link_changed()

    def _count_in(self, frames: Sequence[bytes]) -> None:
        self._frames_in += len(frames)
        self._bytes_in += sum(map(len, frames))
