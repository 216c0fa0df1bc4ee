"""What is in the network of one run: bound addresses, connections, and what is under way.

A wish to be connected travels as data does: it may be overtaken, and it finds whoever listens as it arrives. A server
hears of the connection later still, so its client may have written, or be gone again, by then.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Iterable

from .deliveries import Choose, Deliveries, Delivery
from .network_addresses import ANY, Address, AddressBook, Resolved, address_text, place_of, source_of
from .network_sockets import MemorySocket
from .transports import MemoryTransport
from .transports_datagram import DatagramEnd

__all__ = ["Network"]


class _Request:
    """A wish to be connected, on its way to whoever listens."""

    def __init__(
        self, network: "Network", client: MemoryTransport, address: Address, answer: "asyncio.Future[None]"
    ) -> None:
        self._network = network
        self._client = client
        self._address = address
        self._answer = answer

    def __str__(self) -> str:
        return f"a wish to be connected arrives at {place_of(self._address)}"

    def arrive(self) -> None:
        if self._client.is_closing() or self._answer.done():  # who asked was cancelled
            return
        listener = self._network.find(socket.SOCK_STREAM, self._address)
        if listener is None or not listener.is_listening:
            message = f"Connect call failed {address_text(self._address)}"
            self._answer.set_exception(ConnectionRefusedError(errno.ECONNREFUSED, message))
            return
        name = self._client.get_extra_info("sockname")
        end = self._network.new_end(listener.family, self._address, name)
        self._client.join(end)
        self._answer.set_result(None)
        listener.backlog.append(end)
        if listener.on_connection is not None:
            listener.on_connection()


class Network:
    """The hosts, addresses and connections of one run.

    :param loop: the event loop
    :param choose: decides the order of arrivals, and in which pieces data arrives
    :param note: hears what has arrived
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, choose: Choose, note: Callable[[Delivery], object]) -> None:
        self.addresses = AddressBook()
        self.deliveries = Deliveries(loop, choose, note)
        self._bound: list[MemorySocket] = []
        self._ends: list[MemoryTransport] = []

    def stop(self) -> None:
        """Be over: nothing arrives any more, and no end complains that it was not closed."""
        self.deliveries.stop()
        for end in self._ends:
            end.vanish()

    def bind(self, bound: MemorySocket, address: Address) -> Address:
        """Give an address to a socket, with the next port if it leaves that open.

        :raises OSError: if somebody has the address
        """
        if not isinstance(address, str):
            first = self.addresses.resolve(address[0], address[1] or self.addresses.next_port(), bound.family)[0]
            address = first.address
        if any(other.type == bound.type and _collide(other.getsockname(), address) for other in self._bound):
            message = f"error while attempting to bind on address {address_text(address)}: address already in use"
            raise OSError(errno.EADDRINUSE, message)
        self._bound.append(bound)
        return address

    def unbind(self, bound: MemorySocket) -> None:
        """Free the address of a socket."""
        if bound in self._bound:
            self._bound.remove(bound)

    def find(self, kind: socket.SocketKind, address: Address) -> MemorySocket | None:
        """Who is bound to an address, by itself or with all others."""
        return next((each for each in self._bound if each.type == kind and _collide(each.getsockname(), address)), None)

    def find_datagram_end(self, address: Address) -> DatagramEnd | None:
        """Who receives datagrams at an address."""
        found = self.find(socket.SOCK_DGRAM, address)
        return None if found is None else found.datagram_end

    def listeners(self, answers: Iterable[Resolved]) -> list[MemorySocket]:
        """A bound socket for each address; none at all if one of them cannot be had.

        :raises OSError: if somebody has one of the addresses
        """
        made: list[MemorySocket] = []
        try:
            for answer in answers:
                made.append(MemorySocket(self, answer.family))
                made[-1].bind(answer.address)
        except OSError:
            for each in made:
                each.close()
            raise
        return made

    def new_end(self, family: int, name: Address, peer: Address) -> MemoryTransport:
        """One end of a connection that is not made yet."""
        shown = MemorySocket.connected(self, family, socket.SOCK_STREAM, name, peer)
        extra = {"socket": shown, "sockname": name, "peername": peer}
        shown.transport = end = MemoryTransport(self.deliveries, len(self._ends), extra)
        self._ends.append(end)
        return end

    async def connect(self, family: socket.AddressFamily, address: Address, local: Address | None) -> MemoryTransport:
        """Ask to be connected, and wait for the answer.

        :param local: the address to come from; None for any
        :raises OSError: if nobody listens
        """
        if local is None:
            local = "" if isinstance(address, str) else source_of((ANY[family], self.addresses.next_port()))
        client = self.new_end(family, local, address)
        answer: asyncio.Future[None] = self.deliveries.loop.create_future()
        self.deliveries.send(_Request(self, client, address, answer))
        try:
            await answer
        except BaseException:
            client.abort()
            raise
        return client


def _collide(one: Address, other: Address) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one == other
    is_same_family, is_same_port = len(one) == len(other), one[1] == other[1]
    return (
        is_same_family and is_same_port and (one[0] == other[0] or one[0] in ANY.values() or other[0] in ANY.values())
    )
