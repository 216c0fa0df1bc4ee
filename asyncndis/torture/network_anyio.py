"""Lets anyio's TCP listeners listen in the network in memory.

Anyio makes a listener of a bare socket, which it binds itself, and accepts by ``loop.sock_accept``. So while a search
runs, the module that makes the listeners sees another ``socket`` module. Its Unix sockets move data by hand: refused.
"""

import asyncio
import socket
import sys
from collections.abc import Iterator
from typing import Any

from .escapes import WAYS_OUT, left_simulation
from .network import MemoryNetwork
from .network_sockets import MemorySocket
from .patches import Patch

__all__ = ["listener_patches"]


class _Sockets:
    """The module ``socket`` as anyio shall see it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(socket, name)

    @staticmethod
    def socket(family: int = socket.AF_INET, type: int = socket.SOCK_STREAM, *others: int) -> Any:  # noqa: A002 - as in the module
        loop: object = asyncio._get_running_loop()
        if not isinstance(loop, MemoryNetwork):
            return socket.socket(family, type, *others)
        if family == getattr(socket, "AF_UNIX", None):
            raise left_simulation("anyio's Unix socket", "is a real one", WAYS_OUT["sockets"])
        return MemorySocket(loop.network, family, type)

    @staticmethod
    def has_dualstack_ipv6() -> bool:
        loop: object = asyncio._get_running_loop()
        return not isinstance(loop, MemoryNetwork) and socket.has_dualstack_ipv6()


def listener_patches() -> Iterator[Patch]:
    """What has to be replaced in anyio."""
    yield Patch(sys.modules["anyio._core._sockets"], "socket", _Sockets())
