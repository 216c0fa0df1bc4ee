"""A serialized miniport: NDIS calls one handler at a time, keeps the send queue, and tries again after RESOURCES.

The NIC has room for two frames. The third send is answered with RESOURCES, and waits with all behind it until the
miniport says that there is room again. Run it: ``python examples/serialized.py``.
"""

import asyncndis
from asyncndis import (
    Adapter,
    AdapterAttributes,
    Binding,
    Miniport,
    NdisEvent,
    NdisStatus,
    Packet,
    Protocol,
    Recognized,
    open_stack,
)
from asyncndis.ddi import NDIS_GET_PACKET_STATUS, NDIS_SET_PACKET_STATUS
from asyncndis.nic import Cause, SimpleNic, Wire


class Serialized(Miniport):
    """Drives a ``SimpleNic``; it locks nothing, since its handlers never run at once."""

    attributes = AdapterAttributes(0)  # without DESERIALIZE

    async def initialize(self, adapter: Adapter) -> None:
        """Claim what is needed: handlers but this one and ``halt`` are plain functions here."""
        assert isinstance(adapter.nic, SimpleNic)
        self.nic = adapter.nic
        self.frames = await adapter.allocate_frames(8, name="rx")
        self.nic.plug(adapter, adapter.register_interrupt(self.nic.line).fire)
        self.nic.enable_interrupts()

    async def halt(self) -> None:
        """Switch the NIC off, and give everything back."""
        self.nic.disable_interrupts()
        await super().halt()
        self.nic.unplug()

    def set(self, oid: int, value: object) -> None:
        """Pass the filter on to the NIC."""
        super().set(oid, value)
        self.nic.set_filter(self.packet_filter)

    def send(self, packet: Packet) -> NdisStatus:
        """Give a frame to the NIC; where it has no room its error is the answer: RESOURCES."""
        room = self.nic.tx_limit - self.nic.statistics().tx_pending
        print(f"MiniportSend of {packet.to_bytes()[14]}: the NIC has room for {room}")
        self.nic.transmit_nowait(packet.to_bytes())
        return NdisStatus.SUCCESS

    def isr(self) -> Recognized:
        """Quieten the NIC."""
        self.nic.disable_interrupts()
        return Recognized(True, True)

    def handle_interrupt(self) -> None:
        """Say that there is room again, and indicate what has arrived."""
        causes = self.nic.cause
        self.nic.acknowledge(causes)
        if causes & Cause.TX_DONE:
            self.adapter.send_resources_available()
        while (frame := self.nic.poll()) is not None:
            packet = self.frames.allocate_nowait(frame)
            is_last = self.frames.outstanding == self.frames.capacity
            NDIS_SET_PACKET_STATUS(packet, NdisStatus.RESOURCES if is_last else NdisStatus.SUCCESS)
            self.adapter.indicate(packet)
            if NDIS_GET_PACKET_STATUS(packet) != NdisStatus.PENDING:  # that would mean that it is lent
                self.frames.free(packet)
        self.nic.enable_interrupts()

    def return_packet(self, packet: Packet) -> None:
        """A lent packet is back."""
        self.frames.free(packet)


class Counter(Protocol, ether_type=0x88B5):
    """Notes the numbers of the frames that it receives."""

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)
        self.numbers: list[int] = []
        self.done = NdisEvent("done")

    def receive(self, binding: Binding, packet: Packet) -> int:
        """Take a note, and keep nothing."""
        self.numbers.append(packet.to_bytes()[14])
        if len(self.numbers) == 5:
            self.done.set()
        return 0

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A packet is back."""
        binding.frames.free(packet)


async def main() -> None:
    """Send five frames at once through a NIC with room for two."""
    near, far = SimpleNic("near", tx_limit=2), SimpleNic("far")
    sender, counter = Counter(name="sender"), Counter(name="counter")
    wire = Wire()
    wire.attach(near)
    wire.attach(far)
    async with open_stack(sender, Serialized(), nic=near) as one, open_stack(counter, Serialized(), nic=far):
        header = counter.binding.address + sender.binding.address + b"\x88\xb5"
        frames = sender.binding.frames
        sender.binding.send_packets([frames.allocate_nowait(header + bytes([number])) for number in range(5)])
        print(f"after NdisSendPackets: {one.adapter.statistics().sends}")
        await counter.done.wait()
        print(f"at last: {one.adapter.statistics().sends}")
    print(f"received in order: {counter.numbers}")


if __name__ == "__main__":
    asyncndis.run(main)
