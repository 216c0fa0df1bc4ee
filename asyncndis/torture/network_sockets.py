"""Stand-ins for sockets in the network in memory.

Programs look at the sockets of servers and transports (which port, which family) and set options on them, and anyio
makes its listeners of bare sockets. A ``MemorySocket`` answers that much; options are accepted and mean nothing.
Whatever would move data by hand is refused.
"""

import errno
import socket
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, Self

from .escapes import WAYS_OUT, left_simulation
from .network_addresses import Address, address_text

if TYPE_CHECKING:
    from .transports import MemoryTransport
    from .transports_datagram import DatagramEnd

__all__ = ["Binder", "MemorySocket"]


class Binder(Protocol):
    """Knows who is bound to which address."""

    def bind(self, bound: "MemorySocket", address: Address) -> Address:
        """Give an address to a socket, with a port if it leaves that open."""
        ...

    def unbind(self, bound: "MemorySocket") -> None:
        """Free the address of a socket."""
        ...


class MemorySocket:
    """As much of a socket as programs look at.

    :param binder: the network
    :param family: AF_INET, AF_INET6 or AF_UNIX
    :param kind: SOCK_STREAM or SOCK_DGRAM

    :ivar transport: the end of the connection it belongs to
    :ivar datagram_end: the end for datagrams it belongs to
    :ivar is_listening: whether connections may be made to it
    :ivar on_connection: is told of each new connection; without it they queue in ``backlog``
    """

    FAMILIES = (socket.AF_INET, socket.AF_INET6)
    """Those of which programs make sockets themselves."""

    def __init__(self, binder: Binder, family: int, kind: int = socket.SOCK_STREAM) -> None:
        self.family = socket.AddressFamily(family)
        self.type = socket.SocketKind(kind)
        self.proto = 0
        self.transport: MemoryTransport | None = None
        self.datagram_end: DatagramEnd | None = None
        self.is_listening = False
        self.on_connection: Callable[[], object] | None = None
        self.backlog: deque[MemoryTransport] = deque()
        self._binder = binder
        self._name: Address = "" if family == socket.AF_UNIX else ("0.0.0.0", 0)  # noqa: S104 - of no interface
        self._peer: Address | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = "listening" if self.is_listening else "connected" if self._peer is not None else "idle"
        return f"<MemorySocket {self.type.name} {address_text(self._name)}: {state}>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not hasattr(socket.socket, name):
            raise AttributeError(f"a socket in memory has no attribute {name!r}")
        raise left_simulation(f"socket.{name}()", "needs a real socket", WAYS_OUT["sockets"])

    @classmethod
    def connected(cls, binder: Binder, family: int, kind: int, name: Address, peer: Address | None) -> "MemorySocket":
        """The socket behind a transport."""
        made = cls(binder, family, kind)
        made._name, made._peer = name, peer
        return made

    def bind(self, address: Address) -> None:
        """Take an address.

        :raises OSError: if somebody has it
        """
        self._name = self._binder.bind(self, address)

    def listen(self, backlog: int = 100) -> None:
        """Let connections be made; the number is not looked at."""
        self.is_listening = True

    def connect_to(self, transport: "MemoryTransport") -> None:
        """Be one end of a connection."""
        self.transport = transport
        self._name, self._peer = transport.get_extra_info("sockname"), transport.get_extra_info("peername")

    def close(self) -> None:
        """Free the address; its connection is broken off, and so are those that nobody accepted."""
        self.is_listening = False
        self._binder.unbind(self)
        if self.transport is not None:
            self.transport.abort()
        while self.backlog:
            waiting = self.backlog.popleft()
            waiting.refuse_data()
            waiting.abort()

    def getsockname(self) -> Address:
        """Its own address."""
        return self._name

    def getpeername(self) -> Address:
        """The address of the other end.

        :raises OSError: if there is none
        """
        if self._peer is None:
            raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")
        return self._peer

    def fileno(self) -> int:
        """No file is behind it: -1."""
        return -1

    def setsockopt(self, *option: Any) -> None:
        """Accept an option."""

    def getsockopt(self, level: int, option: int, buflen: int = 0) -> int | bytes:
        """No option is set: zero, in as many bytes as are asked for."""
        return bytes(buflen) if buflen else 0

    def setblocking(self, flag: bool) -> None:
        """Accepted; it never blocks."""

    def settimeout(self, seconds: float | None) -> None:
        """Accepted; it never blocks."""

    def gettimeout(self) -> float:
        """It never blocks: 0 seconds."""
        return 0.0
