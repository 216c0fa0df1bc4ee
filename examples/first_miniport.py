"""A miniport in forty lines: two simple NICs on a wire, each driven by one, and a frame each way.

Sending waits while the NIC's queue is full; receiving always keeps one frame back. Run it:
``python examples/first_miniport.py``.
"""

import asyncndis
from asyncndis import Adapter, Binding, Miniport, NdisEvent, NdisStatus, Packet, Protocol, Recognized, open_stack
from asyncndis.nic import SimpleNic, Wire


class FirstMiniport(Miniport):
    """Drives a ``SimpleNic``."""

    async def initialize(self, adapter: Adapter) -> None:
        """Claim what is needed, the interrupt last, and switch the NIC on."""
        assert isinstance(adapter.nic, SimpleNic)
        self.nic = adapter.nic
        self.frames = await adapter.allocate_frames(16, name="rx")
        interrupt = adapter.register_interrupt(self.nic.line)
        self.nic.plug(adapter, interrupt.fire)
        self.nic.enable_interrupts()

    async def halt(self) -> None:
        """Switch the NIC off, then give back what was claimed."""
        self.nic.disable_interrupts()
        await super().halt()
        self.nic.unplug()

    def set(self, oid: int, value: object) -> None:
        """Pass the filter on to the NIC, which sorts frames out by itself."""
        super().set(oid, value)
        self.nic.set_filter(self.packet_filter)
        self.nic.set_multicast(self.multicast_list)

    async def send(self, packet: Packet) -> NdisStatus:
        """Give a frame to the NIC, which copies it; wait while its queue is full."""
        await self.nic.transmit(packet.to_bytes())
        return NdisStatus.SUCCESS

    def isr(self) -> Recognized:
        """Quieten the NIC, and leave the work to the DPC."""
        if not self.nic.line():
            return Recognized(False, False)
        self.nic.disable_interrupts()
        return Recognized(True, True)

    def handle_interrupt(self) -> None:
        """Indicate what has arrived. The last frame of the pool is not lent, so that there is always one."""
        self.nic.acknowledge(self.nic.cause)
        while (frame := self.nic.poll()) is not None:
            packet = self.frames.allocate_nowait(frame)
            is_last = self.frames.outstanding == self.frames.capacity
            packet.oob.status = NdisStatus.RESOURCES if is_last else NdisStatus.SUCCESS
            self.adapter.indicate(packet)
            if is_last:
                self.frames.free(packet)
        self.nic.enable_interrupts()

    def return_packet(self, packet: Packet) -> None:
        """A lent frame is back."""
        self.frames.free(packet)


class Listener(Protocol, ether_type=0x88B5):
    """Shows what it receives."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.heard = NdisEvent(name=f"{name} has heard")

    async def receive(self, binding: Binding, packet: Packet) -> None:
        """Have a packet until this ends."""
        print(f"{self.name} received {packet.to_bytes()[14:].rstrip(bytes(1)).decode()!r}")
        self.heard.set()


async def main() -> None:
    """Send one frame each way."""
    near, far = SimpleNic("near"), SimpleNic("far")
    wire = Wire()
    wire.attach(near)
    wire.attach(far)
    left, right = Listener(name="left"), Listener(name="right")
    async with open_stack(left, FirstMiniport(), nic=near) as one, open_stack(right, FirstMiniport(), nic=far) as other:
        print(one)
        print(other)
        for source, target in ((left, right), (right, left)):
            header = target.binding.address + source.binding.address + b"\x88\xb5"
            await source.binding.send_frame(header + f"hello from {source.name}".encode())
            await target.heard.wait()
        print(near)
    print(near)


if __name__ == "__main__":
    asyncndis.run(main)
