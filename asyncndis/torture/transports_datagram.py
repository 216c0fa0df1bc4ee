"""Datagrams in memory, as an asyncio transport.

Each is under way by itself, so any may overtake any other; a datagram to an address that nobody has is lost, and only a
connected sender hears of it. None arrives twice.
"""

import asyncio
import errno
from collections.abc import Callable
from typing import Any, cast

from .bookkeeping import mark_step
from .deliveries import Deliveries
from .network_addresses import Address, place_of, source_of
from .transports_buffer import WriteBuffer, check_bytes

__all__ = ["DatagramEnd"]

LARGEST = 65_507
"""Bytes in a UDP datagram over IPv4."""


class _Datagram:
    """A datagram on its way."""

    def __init__(self, data: bytes, sender: "DatagramEnd", address: Address) -> None:
        self._data = data
        self._sender = sender
        self._address = address

    def __str__(self) -> str:
        return f"a datagram of {len(self._data)} bytes arrives at {place_of(self._address)}"

    def arrive(self) -> None:
        self._sender.sent(self._data, self._address)


class DatagramEnd(WriteBuffer, asyncio.DatagramTransport):
    """A bound address that sends and receives datagrams.

    :param deliveries: where datagrams are under way
    :param find: gives the end that has an address
    :param forget: frees the address of this end
    :param extra: what ``get_extra_info`` tells
    """

    def __init__(
        self,
        deliveries: Deliveries,
        find: Callable[[Address], "DatagramEnd | None"],
        forget: Callable[[], object],
        extra: dict[str, Any],
    ) -> None:
        super().__init__(extra)
        self._deliveries = deliveries
        self._find = find
        self._forget = forget
        self._protocol: asyncio.DatagramProtocol | None = None
        self._remote: Address | None = extra["peername"]
        self._source = source_of(extra["sockname"])
        self._is_closing = False

    def begin(self, protocol: asyncio.DatagramProtocol) -> None:
        """Give the end to its protocol."""
        self._protocol = protocol
        protocol.connection_made(self)

    def sent(self, data: bytes, address: Address) -> None:
        """Let a datagram of this end arrive, if somebody is there."""
        receiver = self._find(address)
        if receiver is not None:
            receiver.arrived(data, self._source)
        elif self._protocol is not None and self._remote is not None:
            self._protocol.error_received(ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"))

    def arrived(self, data: bytes, address: Address) -> None:
        """Give a datagram to the protocol; a connected end takes those of its peer only."""
        if self._protocol is not None and self._remote in {None, address}:
            self._protocol.datagram_received(data, cast("tuple[str, int]", address))

    def get_write_buffer_size(self) -> int:
        """A datagram waits for no room: 0 bytes."""
        return 0

    def sendto(self, data: bytes | bytearray | memoryview, addr: Any = None) -> None:
        """Send a datagram, to the connected peer unless an address is given.

        :raises TypeError: for anything but bytes
        :raises ValueError: without an address where none is known, or with another than the connected one
        """
        check_bytes(data)
        if self._remote is not None and addr not in {None, self._remote}:
            raise ValueError(f"Invalid address: must be None or {self._remote}")
        address: Address | None = self._remote if addr is None else addr
        if address is None:
            raise ValueError("this endpoint is not connected: sendto() needs an address")
        if self._is_closing or self._protocol is None:
            return
        if len(data) > LARGEST:
            self._protocol.error_received(OSError(errno.EMSGSIZE, "Message too long"))
            return
        self._deliveries.send(_Datagram(bytes(data), self, address))

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._is_closing

    def close(self) -> None:
        """Free the address; what is under way still arrives."""
        if not self._is_closing:
            self._is_closing = True
            self._forget()
            self._deliveries.soon(self.tell_lost)

    def abort(self) -> None:
        """The same as ``close``: nothing waits here."""
        self.close()

    def tell_lost(self) -> None:
        """Tell the protocol that the end is closed."""
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(None)

    mark_step(tell_lost)
