"""A bus-master NIC at work: descriptor rings, DMA, coalesced interrupts, and a ring that runs full.

A protocol sends two hundred frames at once into rings of sixteen; the miniport queues what does not fit. Run it:
``python examples/bus_master.py``.
"""

import asyncndis
from asyncndis import Binding, NdisEvent, NdisStatus, Packet, Protocol, open_stack, verify
from asyncndis.drivers import BusMasterMiniport
from asyncndis.nic import BusMasterNic, Wire

FRAMES = 200


class Flood(Protocol, ether_type=0x88B5):
    """Sends all its frames at once, and counts what comes in."""

    frame_count = FRAMES

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.received = 0
        self.in_order = True
        self.done = NdisEvent(f"{name} has all")

    def flood(self, target: bytes) -> None:
        """Hand all frames to NDIS in one call."""
        header = target + self.binding.address + b"\x88\xb5"
        frames = [self.binding.frames.allocate_nowait(header + number.to_bytes(2)) for number in range(FRAMES)]
        self.binding.send_packets(frames)

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A frame is sent."""
        binding.frames.free(packet)

    def receive(self, binding: Binding, packet: Packet) -> int:
        """Count, and keep nothing."""
        self.in_order &= int.from_bytes(packet.to_bytes()[14:16]) == self.received
        self.received += 1
        if self.received == FRAMES:
            self.done.set()
        return 0


async def main() -> None:
    """Flood one wire in both directions."""
    nics = [BusMasterNic(name, tx_ring=16, rx_ring=64, burst=8) for name in ("here", "there")]
    wire = Wire()
    for nic in nics:
        wire.attach(nic)
    one, other = Flood(name="one"), Flood(name="other")
    async with (
        open_stack(one, BusMasterMiniport(), nic=nics[0]) as near,
        open_stack(other, BusMasterMiniport(), nic=nics[1]),
    ):
        print(near)
        one.flood(other.binding.address)
        other.flood(one.binding.address)
        on_ring = nics[0].statistics().tx_pending
        print(f"{near.adapter.sends.in_flight} sends in flight, {on_ring} of {nics[0].tx_ring} descriptors in use")
        await one.done.wait()
        await other.done.wait()
        await near.run_until_idle()
        seen = nics[0].statistics()
        print(f"sent {seen.tx_frames}, received {seen.rx_frames}, lost {seen.rx_no_buffer}")
        print(f"fewer interrupts than frames: {seen.interrupts < seen.tx_frames + seen.rx_frames}")
        print(f"in order: {one.in_order and other.in_order}")


if __name__ == "__main__":
    with verify() as findings:
        asyncndis.run(main)
    print(findings.report())
