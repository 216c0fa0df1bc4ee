"""Three wires and a bridge that joins them: it floods what it does not know, learns, and is a station itself.

Two hosts stand on wires of their own, a third above the bridge. Run it: ``python examples/bridge.py``.
"""

from contextlib import AsyncExitStack

import asyncndis
from asyncndis import open_stack, verify
from asyncndis.drivers import Bridge, BusMasterMiniport, Ipv4Host
from asyncndis.nic import BusMasterNic, Wire


def wired(*names: str) -> tuple[BusMasterNic, ...]:
    """NICs on a wire of their own."""
    wire, nics = Wire(), tuple(BusMasterNic(name) for name in names)
    for nic in nics:
        wire.attach(nic)
    return nics


def show(what: str, bridge: Bridge) -> None:
    """Say what has passed each port so far."""
    statistics = bridge.statistics()
    ports = ", ".join(f"{port.name} {port.received} in {port.sent} out" for port in statistics.ports)
    print(f"{what}: {ports}; {statistics.table.stations} stations known")


async def main() -> None:
    """Let the hosts ping each other across the bridge."""
    left, port_0 = wired("left", "port 0")
    right, port_1 = wired("right", "port 1")
    (port_2,) = wired("port 2")  # nobody there
    bridge = Bridge()
    one, other, above = Ipv4Host("10.9.0.1/24"), Ipv4Host("10.9.0.2/24"), Ipv4Host("10.9.0.3/24")
    miniports = tuple(BusMasterMiniport(name=name) for name in ("p0", "p1", "p2"))
    async with AsyncExitStack() as stacks:
        for layers, nics in (
            ((above, bridge, miniports), (port_0, port_1, port_2)),
            ((one, BusMasterMiniport()), left),
            ((other, BusMasterMiniport()), right),
        ):
            print(await stacks.enter_async_context(open_stack(*layers, nic=nics)))
        await one.ping("10.9.0.2")
        show("the first ping, with ARP", bridge)
        for _ in range(10):
            await one.ping("10.9.0.2")
        show("ten more              ", bridge)
        await one.ping("10.9.0.3")
        await other.ping("10.9.0.3")
        print(f"both reach the host above: {above}")
        print(bridge)


if __name__ == "__main__":
    with verify() as findings:
        asyncndis.run(main)
    print(findings.report())
