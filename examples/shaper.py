"""A shaper between a protocol and its NIC: a burst, then the rate, and a queue that has an end.

Time is virtual here: seconds of traffic pass in no time, and each run shows the same. Run it:
``python examples/shaper.py``.
"""

import asyncndis
from asyncndis import Binding, NdisStatus, Packet, Protocol, open_stack, verify
from asyncndis.drivers import BusMasterMiniport, Shaper
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.nic import BusMasterNic, Wire

FRAME_BYTES = 1250
FRAMES = 300


class Sender(Protocol, ether_type=0x88B5):
    """Sends many frames at once, and counts how that went."""

    frame_count = FRAMES

    def __init__(self) -> None:
        super().__init__()
        self.sent = self.failed = 0

    def flood(self, target: bytes) -> None:
        """Hand all frames to NDIS in one call."""
        frame = (target + self.binding.address + b"\x88\xb5").ljust(FRAME_BYTES, b"\0")
        self.binding.send_packets([self.binding.frames.allocate_nowait(frame) for _ in range(FRAMES)])

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A frame is sent, or was refused."""
        binding.frames.free(packet)
        if status is NdisStatus.SUCCESS:
            self.sent += 1
        else:
            self.failed += 1


async def main() -> None:
    """Watch 300 frames of 10,000 bits leave at 10 Mbit/s."""
    here, there = BusMasterNic("here"), BusMasterNic("there")
    wire = Wire()
    wire.attach(here)
    wire.attach(there)
    sender, shaper = Sender(), Shaper(rate="10Mbit", burst=10 * FRAME_BYTES, queue=200)
    with use_clock(VirtualClock()) as clock:
        async with open_stack(sender, shaper, BusMasterMiniport(), nic=here) as stack:
            print(stack)
            sender.flood(there.mac)
            print(shaper)
            print(f"at once: {FRAMES - sender.failed - shaper.statistics().queued} pass, {sender.failed} find no place")
            for tenth in range(1, 4):
                await clock.advance(0.1)
                print(f"after {tenth * 100} ms: {sender.sent} sent, {shaper.statistics().queued} waiting")
            statistics = shaper.statistics()
            print(f"{statistics.passed} frames passed, {statistics.delayed} of them had to wait")


if __name__ == "__main__":
    with verify() as findings:
        asyncndis.run(main)
    print(findings.report())
