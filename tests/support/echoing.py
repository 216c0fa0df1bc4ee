"""A small stack for tests of what looks at stacks: a protocol on a miniport over a simple NIC with a plug in it."""

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Binding, Interrupt, Miniport, Protocol, Recognized
from asyncndis.nic import Cause, FrameFilter, SimpleNic

__all__ = ["Keeper", "Plain", "frame_to"]


def frame_to(address: bytes) -> bytes:
    """A frame of the protocol ``Keeper``, from nobody in particular."""
    return address + bytes.fromhex("02000000000988b5") + bytes(50)


class Plain(Miniport):
    """Indicates what has come, and sends when it is told to."""

    vendor_description = "a plain NIC"

    def __init__(self, name: str = "plain") -> None:
        super().__init__(name=name)
        self.waiting: list[Packet] = []
        self.interrupt: Interrupt | None = None

    async def initialize(self, adapter: Adapter) -> None:
        nic: SimpleNic = adapter.nic  # type: ignore[assignment]  # the tests give it one
        self.nic = nic
        self.frames = await adapter.allocate_frames(8, name="rx")
        self.watchdog = adapter.timer(lambda: None, name="watchdog")
        nic.plug(None, self.on_interrupt)
        nic.set_filter(FrameFilter.PROMISCUOUS)
        self.interrupt = adapter.register_interrupt(nic.line, vector=9)
        nic.enable_interrupts(Cause.RX_DONE)

    def on_interrupt(self) -> None:
        if self.interrupt is not None:
            self.interrupt.fire()

    def isr(self) -> Recognized:
        self.nic.acknowledge(self.nic.cause)
        return Recognized(interrupt_recognized=True, queue_handle_interrupt=True)

    def handle_interrupt(self) -> None:
        while (frame := self.nic.poll()) is not None:
            self.adapter.indicate(self.frames.allocate_nowait(frame))

    def return_packet(self, packet: Packet) -> None:
        self.frames.free(packet)

    def send(self, packet: Packet) -> NdisStatus:
        self.waiting.append(packet)
        return NdisStatus.PENDING

    def finish(self) -> None:
        """Send what waits."""
        waiting, self.waiting = self.waiting, []
        for packet in waiting:
            self.nic.transmit_nowait(packet.to_bytes())
            self.adapter.send_complete(packet)

    async def halt(self) -> None:
        self.nic.unplug()
        await super().halt()


class Keeper(Protocol, ether_type=0x88B5):
    """Keeps what it receives until it is unbound."""

    def __init__(self, name: str = "keeper") -> None:
        super().__init__(name=name)
        self.kept: list[Packet] = []

    def receive(self, binding: Binding, packet: Packet) -> int:
        self.kept.append(packet)
        return 1

    def unbind(self, binding: Binding) -> None:
        binding.return_packets(self.kept)
        self.kept.clear()
