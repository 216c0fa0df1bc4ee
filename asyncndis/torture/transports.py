"""The two ends of a connection in memory, as asyncio transports.

They behave as asyncio's own do over a kernel's sockets: what fits into the channel (``WINDOW``, in place of the
kernel's buffers) needs no room at the sender, more than that is the sender's write buffer, with its limits and pauses.
A closed end flushes its buffer, ends its channel, and answers what still comes with a reset. Errors of protocols are
fatal to the connection and go to the loop's exception handler.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from .bookkeeping import mark_step
from .deliveries import Deliveries
from .transports_buffer import WriteBuffer, check_bytes
from .transports_channel import WINDOW, Channel

__all__ = ["MemoryTransport"]


class MemoryTransport(WriteBuffer, asyncio.Transport):
    """One end of a connection in memory.

    :param deliveries: what is under way in its network
    :param serial: its number in the run; transports hash by it, so that sets of them have the same order in each run
    :param extra: what ``get_extra_info`` tells
    """

    def __init__(self, deliveries: Deliveries, serial: int, extra: dict[str, Any]) -> None:
        super().__init__(extra)
        self._deliveries = deliveries
        self._serial = serial
        self._protocol: asyncio.BaseProtocol | None = None
        self._server: Any = None
        self._outgoing: Channel | None = None
        self._incoming: Channel | None = None
        self._is_closing = False
        self._is_lost = False
        self._is_reading = True
        self._has_written_eof = False
        self._has_eof = False

    def __hash__(self) -> int:
        return self._serial

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        state = "closed" if self._is_lost else "closing" if self._is_closing else "open"
        ends = f"{self.get_extra_info('sockname')!r} to {self.get_extra_info('peername')!r}"
        return f"<MemoryTransport {self._serial} {ends}: {state}, {self.get_write_buffer_size()} bytes to write>"

    # The making of a connection

    def join(self, peer: "MemoryTransport") -> None:
        """Connect two ends."""
        self._outgoing = peer._incoming = Channel(self._deliveries, self, peer)
        peer._outgoing = self._incoming = Channel(self._deliveries, peer, self)

    def begin(self, protocol: asyncio.BaseProtocol, server: Any = None) -> None:
        """Give the end to its protocol; what has come meanwhile starts to arrive.

        :param protocol: is told of the connection
        :param server: asyncio's server that counts it, if one does
        """
        self._protocol = protocol
        self._server = server
        if server is not None:
            _attach(server, self)
        protocol.connection_made(self)
        if self._incoming is not None:
            self._incoming.move()

    def vanish(self) -> None:
        """Be closed without a word: the run is over."""
        self._is_closing = self._is_lost = True

    # What arrives

    @property
    def has_begun(self) -> bool:
        """Whether there is a protocol to tell."""
        return self._protocol is not None

    @property
    def is_receiving(self) -> bool:
        """Whether data may arrive, or the end."""
        return self._is_reading and not self._has_eof

    def data_arrived(self, data: bytes) -> None:
        """Give data to the protocol."""
        protocol = self._protocol
        try:
            if isinstance(protocol, asyncio.BufferedProtocol):
                _fill(protocol, data)
            else:
                cast("asyncio.Protocol", protocol).data_received(data)
        except Exception as error:  # noqa: BLE001 - asyncio's transports treat all of them as fatal
            self._fail(error, "protocol.data_received() call failed.")

    def end_arrived(self) -> None:
        """Tell the protocol that the other end writes no more; unless it wants to go on, that closes this end."""
        self._has_eof = True
        try:
            goes_on = cast("asyncio.Protocol", self._protocol).eof_received()
        except Exception as error:  # noqa: BLE001 - asyncio's transports treat all of them as fatal
            self._fail(error, "protocol.eof_received() call failed.")
            return
        if not goes_on:
            self.close()

    def room_made(self) -> None:
        """Note that some of what was written has arrived."""
        if self._protocol is not None and not self._is_lost:
            self._regulate(self._protocol)
        if self._is_closing and not self.get_write_buffer_size():
            self._lose(None)

    def refuse_data(self) -> None:
        """Answer data that nobody will read."""
        if self._outgoing is not None:
            self._outgoing.reset()

    def break_off(self, error: Exception | None) -> None:
        """Be closed at once, by an error or without; what was not sent is lost."""
        self._is_closing = True
        if self._outgoing is not None:
            self._outgoing.cut()
            self._outgoing.end()
        if self._incoming is not None:
            self._incoming.move()
        self._lose(error)

    def _fail(self, error: Exception, message: str) -> None:
        fate = {"message": f"Fatal error: {message}", "exception": error}
        self._deliveries.loop.call_exception_handler({**fate, "transport": self, "protocol": self._protocol})
        self.break_off(error)

    def _lose(self, error: Exception | None) -> None:
        if not self._is_lost:
            self._is_lost = True
            if self._protocol is not None:
                self._deliveries.soon(self.tell_lost, error)

    def tell_lost(self, error: Exception | None) -> None:
        """Tell the protocol that the connection is over."""
        protocol, self._protocol = self._protocol, None
        try:
            if protocol is not None:
                protocol.connection_lost(error)
        finally:
            if self._server is not None:
                _detach(self._server, self)
                self._server = None

    mark_step(tell_lost)

    # asyncio.Transport

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The protocol that is told what happens."""
        return cast("asyncio.BaseProtocol", self._protocol)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol be told from now on."""
        self._protocol = protocol

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._is_closing

    def is_reading(self) -> bool:
        """Whether data may arrive."""
        return self._is_reading and not self._is_closing

    def pause_reading(self) -> None:
        """Let no data arrive for now."""
        if self._is_reading and not self._is_closing:
            self._is_reading = False
            if self._incoming is not None:
                self._incoming.hold()

    def resume_reading(self) -> None:
        """Let data arrive again."""
        if not self._is_reading and not self._is_closing:
            self._is_reading = True
            if self._incoming is not None:
                self._incoming.move()

    def get_write_buffer_size(self) -> int:
        """How many bytes wait here because the channel is full."""
        return 0 if self._outgoing is None else max(0, len(self._outgoing) - WINDOW)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes; what is written to a closed connection is lost.

        :raises TypeError: for anything but bytes
        :raises RuntimeError: after ``write_eof``
        """
        check_bytes(data)
        if self._has_written_eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if data and not self._is_closing and self._outgoing is not None and self._protocol is not None:
            self._outgoing.write(data)
            self._regulate(self._protocol)

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Yes: either direction may end by itself."""
        return True

    def write_eof(self) -> None:
        """Write no more; the other direction stays open."""
        if not self._is_closing and not self._has_written_eof and self._outgoing is not None:
            self._has_written_eof = True
            self._outgoing.end()

    def close(self) -> None:
        """Read no more, and be closed once everything that was written is sent."""
        if self._is_closing:
            return
        if not self.get_write_buffer_size():
            self.break_off(None)
            return
        self._is_closing = True
        if self._outgoing is not None:
            self._outgoing.end()
        if self._incoming is not None:
            self._incoming.move()

    def abort(self) -> None:
        """Be closed at once."""
        self.break_off(None)


def _fill(protocol: asyncio.BufferedProtocol, data: bytes) -> None:
    while data:
        buffer = memoryview(protocol.get_buffer(len(data)))
        if not buffer:
            raise RuntimeError("get_buffer() returned an empty buffer")
        size = min(len(buffer), len(data))
        buffer[:size] = data[:size]
        protocol.buffer_updated(size)
        data = data[size:]


def _attach(server: Any, transport: MemoryTransport) -> None:
    if hasattr(server, "_clients"):  # since Python 3.13 a server knows its connections
        server._attach(transport)
    else:
        server._attach()


def _detach(server: Any, transport: MemoryTransport) -> None:
    if hasattr(server, "_clients"):
        server._detach(transport)
    else:
        server._detach()
