"""``asyncndis host``: a host with an address on a port, for others to ping."""

import json
from contextlib import closing
from ipaddress import IPv4Interface
from typing import Any

import click
from rich.console import Console

from asyncndis.drivers import Ipv4Host, Ipv4HostStatistics, PortMiniport
from asyncndis.kernel import run
from asyncndis.ndis import open_stack
from asyncndis.real import open_port

from .serving import Loop, loop_option, say_ready, until_signal
from .tables import facts, ranking

__all__ = ["host"]

_LEAST_MTU, _MOST_MTU = 68, 65_535


class Address(click.ParamType[IPv4Interface]):
    """An IPv4 address that one host can have, with the length of its prefix."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> IPv4Interface:
        """The address.

        :raises click.BadParameter: when no host can have it
        """
        try:
            Ipv4Host(value)
            return IPv4Interface(value)
        except ValueError as error:
            self.fail(str(error).removeprefix("address "), param, ctx)


@click.command()
@click.argument("port")
@click.option("--address", required=True, metavar="IPV4/PREFIX", type=Address(), help="Its address, as 10.0.0.2/24.")
@click.option(
    "--mtu",
    default=1500,
    show_default=True,
    type=click.IntRange(_LEAST_MTU, _MOST_MTU),
    help="The longest packet that it sends, where the port takes longer ones.",
)
@loop_option
@click.option("--json", "as_json", is_flag=True, help="Print what it has seen as JSON.")
def host(port: str, address: IPv4Interface, mtu: int, loop: Loop, as_json: bool) -> None:
    """Be an IPv4 host on PORT, until SIGTERM or SIGINT.

    It answers ARP, ping and UDP echo, in fragments where need be. PORT is tap:NAME, tap:NAME@NETNS, unix:OWN,PEER,
    stream:PATH or fd:N. READY is printed once it answers; at the end, what it has seen.
    """
    protocol = Ipv4Host(address, mtu=mtu, name=f"host {address.ip}")
    statistics = run(_serve, port, protocol, as_json, loop=loop)
    engine = statistics.engine
    seen = {"received": engine.received, "sent": engine.sent, "dropped": statistics.dropped}
    verdicts = protocol.verdicts()
    if as_json:
        click.echo(json.dumps({"port": port, "address": str(address), **seen, "verdicts": verdicts}, indent=2))
        return
    console = Console()
    console.print(facts(f"{address} on {port}", {f"frames {what}": f"{count:,}" for what, count in seen.items()}))
    if verdicts:
        console.print(ranking("what was received", verdicts))


async def _serve(port: str, protocol: Ipv4Host, as_json: bool) -> Ipv4HostStatistics:
    async with until_signal() as told:
        with closing(open_port(port)) as device:
            async with open_stack(protocol, PortMiniport(name=port), nic=device, name="host"):
                say_ready(as_json=as_json)
                await told.wait()
            return protocol.statistics()
