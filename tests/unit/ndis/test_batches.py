"""ProtocolReceiveComplete: once when the packets of an indication are over, for those that were given some."""

from typing import Any

import pytest

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Binding, Intermediate, Miniport, PacketFilter, Protocol, open_stack

pytestmark = pytest.mark.every_loop

FRAME = b"\xff" * 6 + bytes.fromhex("020000000099 88b5") + bytes(46)


class Nic(Miniport):
    """Indicates packets, and shows frames."""

    async def initialize(self, adapter: Adapter) -> None:
        self.rx = await adapter.allocate_frames(8)

    def send(self, packet: Packet) -> NdisStatus:
        return NdisStatus.SUCCESS

    def return_packet(self, packet: Packet) -> None:
        self.rx.free(packet)

    def arrive(self, count: int) -> None:
        self.adapter.indicate([self.rx.allocate_nowait(FRAME) for _ in range(count)])

    def transfer_data(self, packet: Packet, context: object, offset: int, count: int) -> Any:
        self.transferring = packet
        return NdisStatus.PENDING, 0

    def show(self, length: int) -> None:
        frame = memoryview(FRAME)
        self.adapter.indicate_lookahead(None, frame[:14], frame[14 : 14 + length], len(FRAME) - 14)
        self.adapter.indicate_receive_complete()


class Noting(Protocol):
    """Notes what it is called with."""

    def __init__(self, *, packet_filter: PacketFilter = PacketFilter.BROADCAST) -> None:
        super().__init__()
        self.packet_filter = packet_filter
        self.calls: list[str] = []

    def receive(self, binding: Binding, packet: Packet) -> None:
        self.calls.append("frame")

    def receive_complete(self, binding: Binding) -> None:
        self.calls.append("complete")


async def test_after_each_indication() -> None:
    nic, protocol, other = Nic(), Noting(), Noting(packet_filter=PacketFilter.DIRECTED)
    async with open_stack(protocol, other, nic):
        nic.arrive(3)
        nic.arrive(1)
        assert protocol.calls == ["frame", "frame", "frame", "complete", "frame", "complete"]
        assert other.calls == []


async def test_a_frame_that_is_copied_late_is_a_batch_for_itself() -> None:
    nic, protocol = Nic(), Noting()
    async with open_stack(protocol, nic):
        nic.show(46)
        assert protocol.calls == ["frame", "complete"]
        nic.show(10)
        assert protocol.calls == ["frame", "complete", "complete"]
        nic.transferring.copy_from(nic.rx.allocate_nowait(FRAME), source_offset=14)
        nic.adapter.transfer_data_complete(nic.transferring, NdisStatus.SUCCESS, 46)
        assert protocol.calls == ["frame", "complete", "complete", "frame", "complete"]


async def test_an_intermediate_driver_hears_of_it_too() -> None:
    class Middle(Intermediate):
        def receive_complete(self, binding: Binding) -> None:
            calls.append("complete")

    calls: list[str] = []
    nic, protocol = Nic(), Noting()
    async with open_stack(protocol, Middle(), nic):
        nic.arrive(2)
        assert protocol.calls == ["frame", "complete"] * 2  # it indicates them one by one
        assert calls == ["complete"]
