"""Two IPv4 hosts on a wire: ARP, pings, a ping in fragments, and one that nobody answers.

``Ipv4Host`` is a protocol driver; the NICs under it are bus-master devices with rings and interrupts. Run it:
``python examples/ipv4_host.py``.
"""

import asyncndis
from asyncndis import open_stack, verify
from asyncndis.drivers import BusMasterMiniport, Ipv4Host
from asyncndis.nic import BusMasterNic, Conditions, Wire


async def main() -> None:
    """Let one host ping the other."""
    here, there = BusMasterNic("here"), BusMasterNic("there")
    wire = Wire(Conditions(latency_us=2000))
    wire.attach(here)
    wire.attach(there)
    one, other = Ipv4Host("10.9.0.1/24"), Ipv4Host("10.9.0.2/24")
    async with (
        open_stack(one, BusMasterMiniport(), nic=here) as near,
        open_stack(other, BusMasterMiniport(), nic=there) as far,
    ):
        print(near)
        print(far)
        for number in range(4):
            seconds = await one.ping("10.9.0.2")
            print(f"ping {number}: {seconds * 1000:4.1f} ms{', ARP included' if number == 0 else ''}")
        before = here.statistics().tx_frames
        seconds = await one.ping("10.9.0.2", bytes(5000))
        fragments = here.statistics().tx_frames - before
        print(f"a ping of 5000 bytes: {seconds * 1000:4.1f} ms, in {fragments} fragments")
        try:
            await one.ping("10.9.0.3", patience_ms=50)
        except TimeoutError as error:
            print(error)
        print(one)
        print(other)


if __name__ == "__main__":
    with verify() as findings:
        asyncndis.run(main)
    print(findings.report())
