"""``asyncndis bridge``: hand the frames of ports to each other, until a signal ends it."""

import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack, closing
from typing import Literal

import anyio
import click

from asyncndis.drivers import Bridge, PortMiniport
from asyncndis.kernel import run
from asyncndis.ndis import open_stack
from asyncndis.real import open_port

__all__ = ["bridge"]

Loop = Literal["uvloop", "asyncio", "trio"]


@click.command()
@click.argument("ports", nargs=-1, required=True, metavar="PORT PORT [PORT...]")
@click.option("--hub", is_flag=True, help="Learn nothing: send every frame to all other ports.")
@click.option("--loop", "loop", default="uvloop", show_default=True, type=click.Choice(["uvloop", "asyncio", "trio"]))
def bridge(ports: Sequence[str], hub: bool, loop: Loop) -> None:
    """Hand frames from port to port, as a switch does, until SIGTERM or SIGINT."""
    if len(ports) < 2:
        raise click.UsageError("a bridge joins two ports at least; name another one")
    run(_bridge, ports, hub, loop=loop)


async def _bridge(ports: Sequence[str], hub: bool) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals, ExitStack() as opened:
        devices = [opened.enter_context(closing(open_port(port))) for port in ports]
        miniports = tuple(PortMiniport(name=device.name) for device in devices)
        async with open_stack(Bridge(hub=hub), miniports, nic=tuple(devices), name="bridge"):
            sys.stdout.write("READY\n")
            sys.stdout.flush()
            async for _ in signals:
                break
