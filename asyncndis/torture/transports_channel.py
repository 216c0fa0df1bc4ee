"""One direction of a connection in memory."""

import errno
from typing import TYPE_CHECKING

from .deliveries import Deliveries
from .network_addresses import place_of

if TYPE_CHECKING:
    from .transports import MemoryTransport

__all__ = ["WINDOW", "Channel"]

SHOWN = 20
"""So many bytes are shown of what arrives."""
WINDOW = 65_536
"""Bytes that a channel takes before its sender has to keep the rest: the kernel's buffers of a real connection."""


class Channel:
    """One direction of a connection: what was written at one end and has not arrived at the other.

    :param deliveries: where it is under way
    :param sender: the end that writes
    :param receiver: the end that reads
    """

    def __init__(self, deliveries: Deliveries, sender: "MemoryTransport", receiver: "MemoryTransport") -> None:
        self._deliveries = deliveries
        self._sender = sender
        self._receiver = receiver
        self._data = bytearray()
        self._torn = 0  # so many bytes would have arrived with those before them
        self._is_ended = False
        self._is_reset = False
        self._is_over = False
        self._is_under_way = False
        self._arrived: bytes | str = "nothing"

    def __str__(self) -> str:
        what = self._arrived
        if isinstance(what, bytes):
            what = repr(what) if len(what) <= SHOWN else f"{what[:SHOWN]!r}... ({len(what)} bytes)"
        return f"{what} arrives at {place_of(self._receiver.get_extra_info('sockname'))}"

    def __len__(self) -> int:
        return len(self._data)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Put bytes into the channel."""
        self._data += data
        self.move()

    def end(self) -> None:
        """Let nothing follow what is in the channel."""
        self._is_ended = True
        self.move()

    def cut(self) -> None:
        """Throw away what does not fit into the window."""
        del self._data[WINDOW:]

    def reset(self) -> None:
        """End with a reset, even after an end: behind what is in the channel, or at once where nobody reads."""
        self._is_ended = self._is_reset = True
        self._is_over = False
        if not self._receiver.is_reading():
            self._data.clear()
        self.move()

    def move(self) -> None:
        """Be under way if there is something to arrive and the receiver takes it."""
        is_due = bool(self._data) or (self._is_ended and not self._is_over)
        if is_due and not self._is_under_way and self._is_taken():
            self._is_under_way = True
            self._deliveries.send(self)

    def _is_taken(self) -> bool:
        if self._receiver.is_closing():
            return bool(self._data)  # nobody hears of an end there, but data is refused
        return self._receiver.has_begun and (self._receiver.is_receiving or self._is_reset)

    def hold(self) -> None:
        """Let nothing but a reset arrive for now."""
        if self._is_reset:
            self._data.clear()
        else:
            self._is_under_way = False
            self._deliveries.withdraw(self)

    def arrive(self) -> None:
        """Let some bytes arrive, or the end."""
        self._is_under_way = False
        if self._receiver.is_closing():
            self._arrive_at_closed_end()
        elif self._data:
            data = self._take()
            self._arrived = data
            self._receiver.data_arrived(data)
            self._sender.room_made()
        elif self._is_reset:
            self._arrived = "a reset"
            self._is_over = True
            self._receiver.break_off(ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
        elif self._is_ended:
            self._arrived = "the end"
            self._is_over = True
            self._receiver.end_arrived()
        self.move()

    def _arrive_at_closed_end(self) -> None:
        self._arrived = "data that nobody reads"
        self._is_over = True
        if self._data:
            refused = len(self._data) > self._torn  # an end that read what came is not to blame for the cut
            self._data.clear()
            if refused:
                self._receiver.refuse_data()
            self._sender.room_made()

    def _take(self) -> bytes:
        whole = size = min(len(self._data), WINDOW)
        sizes = sorted({size, 1, size - 1} - {0}, reverse=True)
        # All of it, all but the last byte, or the first byte alone: what programs forget is the cut near an edge.
        if len(sizes) > 1:
            size = sizes[self._deliveries.choose("how many bytes arrive", len(sizes))]
        self._torn = whole - size
        taken = bytes(self._data[:size])
        del self._data[:size]
        return taken
