"""A NIC hangs; NDIS finds out, resets the adapter, and sets again what the reset has made it forget.

In virtual time, so that the six seconds of it are over at once. Run it: ``python examples/reset_and_hang.py``.
"""

import anyio

import asyncndis
from asyncndis import Binding, Miniport, NdisError, NdisStatus, Oid, Packet, PacketFilter, Protocol, open_stack
from asyncndis.kernel import VirtualClock, use_clock


class Fragile(Miniport):
    """A miniport whose NIC has stopped sending; it queues for itself, since it is deserialized."""

    def __init__(self) -> None:
        super().__init__()
        self.sending: list[Packet] = []

    def send(self, packet: Packet) -> NdisStatus:
        """The NIC takes it, and that is the last that is heard of it."""
        self.sending.append(packet)
        return NdisStatus.PENDING

    def check_for_hang(self) -> bool:
        """Every two seconds: there was something to send, and it is still there."""
        print(f"MiniportCheckForHang: {len(self.sending)} packets with the NIC")
        return bool(self.sending)

    def reset(self) -> tuple[NdisStatus, bool]:
        """Give back what the NIC has swallowed; the filter is gone, too, so ask for addresses anew."""
        sending, self.sending = self.sending, []
        for packet in sending:
            self.adapter.send_complete(packet, NdisStatus.REQUEST_ABORTED)
        self.packet_filter = PacketFilter(0)
        print(f"MiniportReset: {len(sending)} sends given up")
        return NdisStatus.SUCCESS, True

    def set(self, oid: int, value: object) -> None:
        """Show what is set."""
        super().set(oid, value)
        print(f"MiniportSetInformation: {Oid(oid).name} = {value!r}")


class Watcher(Protocol):
    """Shows what a protocol is told."""

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> None:
        """Hear of the reset."""
        print(f"ProtocolStatus: {status.name}")


async def send(binding: Binding) -> None:
    """Send a frame, and see what becomes of it."""
    try:
        await binding.send_frame(b"\xff" * 6 + binding.address + b"\x88\xb5hello")
    except NdisError as error:
        print(f"the send ended with {error.status.name}")


async def main() -> None:
    """Send a frame into a NIC that hangs, and let six seconds pass."""
    with use_clock(VirtualClock()) as clock:
        async with open_stack(Watcher(), Fragile()) as stack, anyio.create_task_group() as tasks:
            await clock.advance(2)
            tasks.start_soon(send, stack.binding)
            await clock.advance(4)
            print(f"{clock.now() / 10_000_000:g} s: {stack}, reset {stack.adapter.statistics().resets} times")


if __name__ == "__main__":
    asyncndis.run(main)
