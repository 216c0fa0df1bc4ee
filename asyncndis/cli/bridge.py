"""``asyncndis bridge``: hand the frames of ports to each other, until a signal ends it."""

import json
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table

from asyncndis.drivers import Bridge, BridgeStatistics, PortMiniport, PortMiniportStatistics
from asyncndis.kernel import run
from asyncndis.ndis import open_stack
from asyncndis.nic import Direction, Port, PortStatistics, WatchedPort
from asyncndis.real import open_port
from asyncndis.verifier import Findings, verify

from .commented import CommentedCapture, new_capture
from .lasting import lasting
from .serving import Loop, loop_option, say_ready, until_signal

__all__ = ["bridge"]

_COLUMNS = ("received", "sent", "lost", "no room", "link")

Outcome = tuple[BridgeStatistics, list[PortStatistics], list[PortMiniportStatistics]]


@click.command()
@click.argument("ports", nargs=-1, required=True, metavar="PORT PORT [PORT...]")
@click.option("--hub", is_flag=True, help="Learn nothing: send every frame to all other ports.")
@click.option("--stats", is_flag=True, help="At the end, print what each port has seen.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON; READY then stands on the other output.")
@click.option(
    "--capture",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE.pcapng",
    help="Write down every frame, of which port and in which direction.",
)
@click.option("--verify", "verified", is_flag=True, help="Check all rules of the driver model; slower.")
@loop_option
@click.pass_context
def bridge(
    ctx: click.Context,
    ports: Sequence[str],
    hub: bool,
    stats: bool,
    as_json: bool,
    capture: Path | None,
    verified: bool,
    loop: Loop,
) -> None:
    """Hand frames from port to port, as a switch does, until SIGTERM or SIGINT.

    A PORT is tap:NAME, tap:NAME@NETNS, unix:OWN,PEER, stream:PATH, fd:N, pcap:FILE, pcap:FILE,write or wire:NAME. A TAP
    that does not exist is made, with the options ,mtu=N ,queues=N and ,persist. Between TAPs alone large packets pass
    whole (,vnet), unless one is ,plain. READY is printed once frames are handed on. A device that is taken away is told
    of; the others go on while two are left.
    """
    if len(ports) < 2:
        raise click.UsageError("a bridge joins two ports at least; name another one")
    with ExitStack() as stack:
        findings = stack.enter_context(verify()) if verified else Findings()
        outcome = run(_serve, ports, hub, as_json, capture, findings, loop=loop)
    if as_json:
        click.echo(json.dumps(_as_values(outcome, findings), indent=2))
    elif stats:
        Console().print(_table(outcome))
    if findings:
        click.echo(findings.report(), err=True)
    ctx.exit(1 if findings else 0)


async def _serve(
    ports: Sequence[str],
    hub: bool,
    as_json: bool,
    capture: Path | None,
    findings: Findings,
) -> Outcome:
    async with until_signal() as told:
        with ExitStack() as opened:
            is_for_large = all(port.startswith("tap:") for port in ports)
            devices = lasting([opened.enter_context(closing(open_port(port, vnet=is_for_large))) for port in ports])
            if capture is not None:
                file = CommentedCapture(opened.enter_context(new_capture(capture)), findings)
                devices = [_watched(device, file) for device in devices]
            switch = Bridge(hub=hub, name="bridge")
            miniports = tuple(PortMiniport(name=device.name, unfinished=True) for device in devices)
            async with open_stack(switch, miniports, nic=tuple(devices), name="bridge"):
                say_ready(as_json=as_json)
                await told.wait()
                statistics = switch.statistics()
            counts = [device.statistics() for device in devices]
            return statistics, counts, [miniport.statistics() for miniport in miniports]


def _watched(port: Port, file: CommentedCapture) -> WatchedPort:
    """A port whose frames are written down."""
    number = file.add_interface(port.name)

    def write(time: int, direction: Direction, frame: bytes) -> None:
        file.write(frame, time, number, direction)

    return WatchedPort(port, write)


def _as_values(outcome: Outcome, findings: Findings) -> dict[str, Any]:
    statistics, counts, drivers = outcome
    ports = [
        {"port": port.name, "bridge": asdict(port), "device": asdict(device), "driver": asdict(driver)}
        for port, device, driver in zip(statistics.ports, counts, drivers, strict=True)
    ]
    return {"ports": ports, "stations": asdict(statistics.table), "findings": findings.to_json()}


def _table(outcome: Outcome) -> Table:
    statistics, counts, drivers = outcome
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("port")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for port, device, driver in zip(statistics.ports, counts, drivers, strict=True):
        numbers = (device.received_frames, device.sent_frames, port.failed + driver.runts, port.dropped)
        table.add_row(port.name, *(f"{number:,}" for number in numbers), "up" if device.link_up else "down")
    return table
