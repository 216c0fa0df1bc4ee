"""Bare sockets of programs that make their own, as anyio's listeners and aiohttp's clients do: sockets in memory.

While a search runs, ``socket.socket()`` gives a program a ``MemorySocket``, which it may bind, listen on, and hand to
the event loop. Only what would wait for the operating system (``connect``, ``accept``, ``recv``) is refused.
Unix sockets, and sockets in jobs, stay refused from the start: they are moved by hand.
"""

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

from .escapes import allowed_ways
from .network import MemoryNetwork
from .network_sockets import MemorySocket
from .patches import Patch, Patches

__all__ = ["sockets_in_memory"]

_KINDS = 0xF
"""Of a socket's type, the part that is no flag."""
_make_real = socket.socket.__new__
_has_dualstack = socket.has_dualstack_ipv6


def _network() -> MemoryNetwork | None:
    """The network that the program's sockets belong to; none where they are real."""
    loop: object = asyncio._get_running_loop()
    return loop if isinstance(loop, MemoryNetwork) and "sockets" not in allowed_ways() else None


def _new_socket(
    cls: type[socket.socket],
    family: int = -1,
    type: int = -1,  # noqa: A002 - the socket's name for it
    proto: int = -1,  # noqa: ARG001 - follows from the type
    fileno: int | None = None,
) -> Any:
    loop = _network()
    if loop is None or cls is not socket.socket or fileno is not None or family not in {-1, *MemorySocket.FAMILIES}:
        return _make_real(cls)
    return MemorySocket(
        loop.network,
        socket.AF_INET if family == -1 else family,
        socket.SOCK_STREAM if type == -1 else type & _KINDS,
    )


def _has_dualstack_ipv6() -> bool:
    """In memory, a socket has one family."""
    return _network() is None and _has_dualstack()


def _socket_patches() -> Iterator[Patch]:
    yield Patch(socket.socket, "__new__", staticmethod(_new_socket))
    yield Patch(socket, "has_dualstack_ipv6", _has_dualstack_ipv6)


sockets_in_memory = Patches(_socket_patches).applied
"""Gives explored programs sockets in memory: ``with sockets_in_memory():``."""
