"""Two protocols that exchange frames: one pings, the other echoes, each on a bus-master NIC of its own.

The echo is a plain function, called at DISPATCH_LEVEL as NDIS calls it; the ping is a coroutine, which may wait.
Run it: ``python examples/first_protocol.py``.
"""

import asyncndis
from asyncndis import Binding, NdisEvent, NdisStatus, Oid, Packet, Protocol, current_irql, open_stack
from asyncndis.drivers import BusMasterMiniport
from asyncndis.nic import BusMasterNic, Wire

PING, PONG = b"\x00", b"\x01"


def header(target: bytes, source: bytes) -> bytes:
    """An Ethernet header with the EtherType that is free for experiments."""
    return target + source + b"\x88\xb5"


class Echo(Protocol, ether_type=0x88B5):
    """Answers each ping with a pong."""

    def receive(self, binding: Binding, packet: Packet) -> int:
        """Send a copy back, and keep nothing of the packet: 0."""
        frame = packet.to_bytes()
        if frame[14:15] == PING:
            print(f"{self.name} at IRQL {current_irql()}: {frame[15:].rstrip(bytes(1)).decode()}")
            reply = binding.frames.allocate_nowait(header(frame[6:12], binding.address) + PONG + frame[15:])
            if binding.send_nowait(reply) is not NdisStatus.PENDING:
                binding.frames.free(reply)
        return 0

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """The answer is sent: its packet is this protocol's again."""
        binding.frames.free(packet)


class Ping(Protocol, ether_type=0x88B5):
    """Sends pings, and waits for each answer."""

    def __init__(self) -> None:
        super().__init__()
        self.answered = NdisEvent("answered")

    async def ping(self, target: bytes, text: str) -> bool:
        """Whether an answer came within a second."""
        self.answered.reset()
        await self.binding.send_frame(header(target, self.binding.address) + PING + text.encode())
        return await self.answered.wait(1000)

    async def receive(self, binding: Binding, packet: Packet) -> None:
        """Have the packet until this ends."""
        frame = packet.to_bytes()
        if frame[14:15] == PONG:
            print(f"{self.name} at IRQL {current_irql()}: {frame[15:].rstrip(bytes(1)).decode()}")
            self.answered.set()


async def main() -> None:
    """Ping three times, and ask the adapter what it has counted."""
    here, there = BusMasterNic("here"), BusMasterNic("there")
    wire = Wire()
    wire.attach(here)
    wire.attach(there)
    ping = Ping()
    async with (
        open_stack(ping, BusMasterMiniport(), nic=here) as near,
        open_stack(Echo(), BusMasterMiniport(), nic=there) as far,
    ):
        print(near)
        print(far)
        answers = [await ping.ping(far.binding.address, text) for text in ("one", "two", "three")]
        sent, received = await near.binding.query(Oid.GEN_XMIT_OK), await near.binding.query(Oid.GEN_RCV_OK)
        print(f"{sum(answers)} of 3 answered; the adapter has sent {sent} frames and received {received}")


if __name__ == "__main__":
    asyncndis.run(main)
