"""A driver for ports that notes what it is told, for the tests of ports."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
from anyio import to_thread

from asyncndis.nic import Port
from asyncndis.real import open_port

__all__ = ["Notes", "frame", "opened", "running"]

PATIENCE_S = 20.0


def frame(number: int, size: int = 60) -> bytes:
    """A frame that can be told from others."""
    return b"\xff" * 6 + bytes.fromhex(f"02{number:010x}") + b"\x88\xb5" + bytes(size - 14)


class Notes:
    """A driver that takes what comes, and remembers.

    :ivar received: the frames that came
    :ivar links: the states of the link that it was told of
    :ivar rooms: how often it was told that there is room
    """

    def __init__(self, port: Port) -> None:
        self.port = port
        self.received: list[bytes] = []
        self.links: list[bool] = []
        self.rooms = 0
        port.plug(self)

    def readable(self) -> None:
        self.received += self.port.receive()

    def has_room(self) -> None:
        self.rooms += 1

    def link_changed(self) -> None:
        self.links.append(self.port.link_up)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what comes from outside."""
        with anyio.fail_after(PATIENCE_S):
            while not condition():
                await anyio.lowlevel.checkpoint()


async def opened(text: str) -> Port:
    """Open a port beside the loop, which that may block."""
    return await to_thread.run_sync(open_port, text)


@asynccontextmanager
async def running(text: str) -> AsyncGenerator[Notes]:
    """Open a port, and let frames in, until the block ends."""
    port = await opened(text)
    try:
        driver = Notes(port)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(port.run)
            port.let_in(True)
            yield driver
            tasks.cancel_scope.cancel()
    finally:
        await to_thread.run_sync(port.close)
