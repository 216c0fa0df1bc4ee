"""Ports of a bridge that goes on without those that are gone, while two are left."""

from collections.abc import Sequence

import click
from anyio import sleep_forever

from asyncndis.base import NdisError
from asyncndis.nic import Direction, Port, WatchedPort
from asyncndis.nic.port import BATCH, Frame

__all__ = ["lasting"]


def _nobody(time: int, direction: Direction, frame: bytes) -> None:
    """Who sees the frames."""


class _LastingPort(WatchedPort):
    """A port whose end is told, and is no end of the others.

    :param port: any port
    :param left: the ports that are there, this one too, which all of them share
    """

    def __init__(self, port: Port, left: list[Port]) -> None:
        super().__init__(port, _nobody)
        self._left = left

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """See :meth:`Port.receive`."""
        return self.port.receive(limit)

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        return self.port.transmit(frames)

    async def run(self) -> None:
        """Move frames until cancelled; also when the device is gone, unless fewer than two ports are left."""
        try:
            await self.port.run()
        except NdisError as error:
            self._left.remove(self.port)
            if len(self._left) < 2:
                raise
            click.echo(f"{error}; the other {len(self._left)} ports go on", err=True)
            await sleep_forever()


def lasting(ports: Sequence[Port]) -> list[Port]:
    """The ports of a bridge, which may go one by one until two are left. IRQL: any."""
    left = list(ports)
    return [_LastingPort(port, left) for port in ports] if len(ports) > 2 else left
