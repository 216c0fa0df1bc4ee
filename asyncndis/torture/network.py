"""A network in memory for an event loop, so that asyncio's streams, protocols and datagrams run unmodified.

``MemoryNetwork`` gives a loop asyncio's methods for connections, servers, datagrams and names. Servers are asyncio's
own ``Server`` objects over sockets in memory, so waiting and closing are those of the Python at hand. Nothing is
connected with anything outside: only what listens in the same run can be reached, and a run begins with nobody there.
TLS is refused: its random numbers are no schedule's.
"""

import asyncio
import os
import socket
from asyncio.base_events import Server
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from .deliveries import Delivery
from .escapes import WAYS_OUT, LeftSimulation, left_simulation
from .network_addresses import place_of
from .network_closed import ClosedLoop
from .network_fabric import Network
from .network_sockets import MemorySocket
from .transports_datagram import DatagramEnd

__all__ = ["MemoryNetwork"]


class _Acceptance:
    """A connection on its way to the server that listened for it."""

    def __init__(
        self, listener: MemorySocket, protocol_factory: Callable[[], asyncio.BaseProtocol], server: Any
    ) -> None:
        self._listener = listener
        self._protocol_factory = protocol_factory
        self._server = server

    def __str__(self) -> str:
        return f"a connection arrives at the server on {place_of(self._listener.getsockname())}"

    def arrive(self) -> None:
        if self._listener.backlog:
            self._listener.backlog.popleft().begin(self._protocol_factory(), self._server)


class MemoryNetwork(ClosedLoop):
    """Gives an event loop a network of its own; mix it in before the loop's class."""

    _network: Network | None = None

    def choose_delivery(self, name: str, options: int) -> int:
        """Decide what arrives next, or how much of it; a loop that explores asks its strategy.

        :param name: what is decided
        :param options: how many answers there are
        :returns: an index; 0 is what a plain network does
        """
        return 0

    def note_delivery(self, delivery: Delivery) -> None:
        """Hear of something that has arrived; as text, it says what that was."""

    @property
    def network(self) -> Network:
        """The network of this run."""
        if self._network is None:
            loop = cast("asyncio.AbstractEventLoop", self)
            self._network = Network(loop, self.choose_delivery, self.note_delivery)
        return self._network

    def reset_network(self) -> None:
        """Forget the network: the next run begins with an empty one."""
        if self._network is not None:
            self._network.stop()
            self._network = None

    # Names

    async def getaddrinfo(
        self,
        host: Any,
        port: Any,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - asyncio's name for it
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """The addresses of a name in this network."""
        await asyncio.sleep(0)
        return [*self.network.addresses.resolve(host, port, family, type, flags)]

    async def getnameinfo(self, sockaddr: Any, flags: int = 0) -> tuple[str, str]:
        """The name of a host in this network, and the port in digits."""
        await asyncio.sleep(0)
        host = sockaddr[0] if flags & socket.NI_NUMERICHOST else self.network.addresses.name_of(sockaddr[0])
        return host, str(sockaddr[1])

    # Connections

    async def create_connection(
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        *,
        ssl: Any = None,
        family: int = 0,
        sock: Any = None,
        local_addr: Any = None,
        **options: Any,
    ) -> tuple[Any, Any]:
        """Connect to a server of this run; options of real sockets are accepted and mean nothing."""
        _refuse_tls(ssl)
        if sock is not None:
            return await self.connect_accepted_socket(protocol_factory, sock)
        if host is None and port is None:
            raise ValueError("host and port was not specified and no sock specified")
        errors: list[OSError] = []
        for answer in self.network.addresses.resolve(host, port, family, socket.SOCK_STREAM):
            try:
                transport = await self.network.connect(answer.family, answer.address, local_addr)
            except OSError as error:
                errors.append(error)
            else:
                return _begin(transport, protocol_factory)
        if len(errors) == 1:
            raise errors[0]
        raise OSError("Multiple exceptions: " + ", ".join(map(str, errors)))

    async def create_unix_connection(
        self,
        protocol_factory: Callable[[], Any],
        path: Any = None,
        *,
        ssl: Any = None,
        sock: Any = None,
        **options: Any,
    ) -> tuple[Any, Any]:
        """Connect to a Unix server of this run."""
        _refuse_tls(ssl)
        if sock is not None:
            raise _real_socket("create_unix_connection")
        if path is None:
            raise ValueError("no path and sock were specified")
        return _begin(await self.network.connect(socket.AF_UNIX, os.fsdecode(path), None), protocol_factory)

    async def connect_accepted_socket(
        self, protocol_factory: Callable[[], Any], sock: Any, *, ssl: Any = None, **options: Any
    ) -> tuple[Any, Any]:
        """Give a connection that ``sock_accept`` or ``sock_connect`` made to a protocol."""
        _refuse_tls(ssl)
        if not isinstance(sock, MemorySocket):
            raise _real_socket("create_connection")
        if sock.transport is None:
            raise ValueError(f"{sock!r} is not connected: await loop.sock_connect() first")
        return _begin(sock.transport, protocol_factory)

    # Servers

    async def create_server(
        self,
        protocol_factory: Callable[[], Any],
        host: Any = None,
        port: Any = None,
        *,
        family: int = 0,
        flags: int = socket.AI_PASSIVE,
        sock: Any = None,
        backlog: int = 100,
        ssl: Any = None,
        start_serving: bool = True,
        **options: Any,
    ) -> Server:
        """Listen for connections of this run; options of real sockets are accepted and mean nothing."""
        _refuse_tls(ssl)
        if sock is None:
            if host is None and port is None:
                raise ValueError("Neither host/port nor sock were specified")
            hosts = [host] if host is None or isinstance(host, str) else list(host)
            answers = [self.network.addresses.resolve(each, port, family, socket.SOCK_STREAM, flags) for each in hosts]
            sockets = self.network.listeners(dict.fromkeys(answer for some in answers for answer in some))
        elif isinstance(sock, MemorySocket):
            sockets = [sock]
        else:
            raise _real_socket("create_server")
        return await self._serve(protocol_factory, sockets, backlog, start_serving=start_serving)

    async def create_unix_server(
        self,
        protocol_factory: Callable[[], Any],
        path: Any = None,
        *,
        sock: Any = None,
        backlog: int = 100,
        ssl: Any = None,
        start_serving: bool = True,
        **options: Any,
    ) -> Server:
        """Listen for connections of this run to a path, which is no file."""
        _refuse_tls(ssl)
        if sock is not None:
            raise _real_socket("create_unix_server")
        if path is None:
            raise ValueError("path was not specified, and no sock specified")
        listener = MemorySocket(self.network, socket.AF_UNIX)
        listener.bind(os.fsdecode(path))
        return await self._serve(protocol_factory, [listener], backlog, start_serving=start_serving)

    async def _serve(
        self, protocol_factory: Callable[[], Any], sockets: list[MemorySocket], backlog: int, *, start_serving: bool
    ) -> Server:
        loop = cast("asyncio.AbstractEventLoop", self)
        server = Server(loop, cast("list[socket.socket]", sockets), protocol_factory, None, backlog, None, None)
        if start_serving:
            try:
                await server.start_serving()
            except BaseException:
                server.close()
                raise
        return server

    def _start_serving(
        self, protocol_factory: Callable[[], Any], sock: MemorySocket, ssl: Any, server: Any, *limits: Any
    ) -> None:
        """Asyncio's server calls this for each of its sockets."""
        acceptance = _Acceptance(sock, protocol_factory, server)
        sock.on_connection = partial(self.network.deliveries.send, acceptance)

    def _stop_serving(self, sock: MemorySocket) -> None:
        """Asyncio's server calls this for each of its sockets."""
        sock.close()

    async def sock_accept(self, sock: Any) -> tuple[Any, Any]:
        """Wait for the next connection to a listening socket in memory, such as anyio's listeners have."""
        if not isinstance(sock, MemorySocket):
            raise _real_socket("sock_accept")
        while not sock.backlog:
            come: asyncio.Future[None] = self.network.deliveries.loop.create_future()
            sock.on_connection = partial(_wake, come)
            try:
                await come
            finally:
                sock.on_connection = None
        end = sock.backlog.popleft()
        return end.get_extra_info("socket"), end.get_extra_info("peername")

    async def sock_connect(self, sock: Any, address: Any) -> None:
        """Connect a socket in memory, such as aiohttp's clients have."""
        if not isinstance(sock, MemorySocket):
            raise _real_socket("sock_connect")
        found = self.network.addresses.resolve(address[0], address[1], sock.family, socket.SOCK_STREAM)[0]
        name = sock.getsockname()
        local = name if isinstance(name, tuple) and name[1] else None
        sock.connect_to(await self.network.connect(sock.family, found.address, local))

    # Datagrams

    async def create_datagram_endpoint(
        self,
        protocol_factory: Callable[[], Any],
        local_addr: Any = None,
        remote_addr: Any = None,
        *,
        family: int = 0,
        sock: Any = None,
        **options: Any,
    ) -> tuple[Any, Any]:
        """Send and receive datagrams of this run; options of real sockets are accepted and mean nothing."""
        if sock is not None or family == socket.AF_UNIX:
            raise _real_socket("create_datagram_endpoint")
        if not (local_addr or remote_addr or family):
            raise ValueError("unexpected address family")
        network, remote = self.network, None
        if remote_addr:
            found = network.addresses.resolve(remote_addr[0], remote_addr[1], family, socket.SOCK_DGRAM)[0]
            family, remote = found.family, found.address
        host, port = local_addr[:2] if local_addr else (None, 0)
        own = network.addresses.resolve(host, port, family, socket.SOCK_DGRAM, socket.AI_PASSIVE)[0]
        bound = MemorySocket.connected(network, own.family, socket.SOCK_DGRAM, own.address, remote)
        bound.bind(own.address)
        extra = {"socket": bound, "sockname": bound.getsockname(), "peername": remote}
        end = DatagramEnd(network.deliveries, network.find_datagram_end, bound.close, extra)
        try:
            await asyncio.sleep(0)
            bound.datagram_end = end
            return _begin(end, protocol_factory)
        except BaseException:
            bound.close()
            raise


def _begin(transport: Any, protocol_factory: Callable[[], Any]) -> tuple[Any, Any]:
    try:
        protocol = protocol_factory()
        transport.begin(protocol)
    except BaseException:
        transport.abort()
        raise
    return transport, protocol


def _wake(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


def _refuse_tls(ssl: object) -> None:
    if ssl:
        raise left_simulation("TLS", "draws random numbers", "connect without ssl in the test")


def _real_socket(name: str) -> LeftSimulation:
    return left_simulation(f"loop.{name}(sock=...)", "uses a real socket", WAYS_OUT["sockets"])
