"""What a probe is told of a stack: each NDIS call and each handler, by its name, before and after."""

from typing import Any

import anyio
import pytest

from asyncndis.base import NdisStatus, Probe, RuleViolation, observe
from asyncndis.memory import Packet
from asyncndis.ndis import Intermediate, Oid, OidRequest, RequestType
from tests.support.scripted import Listener, Scripted, Shower, frame, virtual_stack

pytestmark = pytest.mark.every_loop

BROADCAST = b"\xff" * 6
SENDING = {"NdisSend", "NdisSendPackets", "NdisMSendComplete", "NdisCancelSendPackets", "MiniportSend"}
RECEIVING = {"NdisMIndicateReceivePacket", "NdisReturnPackets", "ProtocolReceivePacket", "MiniportReturnPacket"}
SHOWING = {"NdisMEthIndicateReceive", "NdisMEthIndicateReceiveComplete", "NdisTransferData", "MiniportTransferData"}
OTHERS = {
    "NdisRequest",
    "NdisMQueryInformationComplete",
    "NdisReset",
    "NdisMResetComplete",
    "NdisMIndicateStatus",
    "NdisMIndicateStatusComplete",
    "NdisOpenAdapter",
    "NdisCloseAdapter",
    "MiniportInitialize",
    "MiniportHalt",
    "MiniportReset",
    "ProtocolBindAdapter",
    "ProtocolUnbindAdapter",
    "ProtocolSendComplete",
    "ProtocolStatus",
}


class Recording(Probe):
    """Notes the names of operations, and lets others have a turn before each that waits."""

    def __init__(self) -> None:
        self.begun: set[str] = set()
        self.ended: set[str] = set()
        self.preempt = self.give_way

    async def give_way(self, operation: str, _subject: object) -> None:
        self.begun.add(operation)
        await anyio.lowlevel.checkpoint()

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        self.begun.add(operation)

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        self.ended.add(operation)


class Late(Scripted):
    def query_information(self, oid: int, buffer: memoryview) -> Any:
        return NdisStatus.PENDING if oid == 0xFF010203 else super().query_information(oid, buffer)


async def test_a_packet_stack() -> None:
    probe = Recording()
    with observe(probe):
        rig, protocol = Late(), Listener(promises=1)
        async with virtual_stack(protocol, rig):
            binding = protocol.binding
            binding.send_nowait(protocol.packet())
            binding.send_packets([protocol.packet()])
            binding.cancel_sends(3)
            given, rig.given = rig.given, []
            rig.adapter.send_complete(given)
            protocol.free()
            rig.answer = NdisStatus.SUCCESS
            await binding.send_frame(frame())
            rig.receive(frame(to=BROADCAST))
            protocol.give_back()
            request = OidRequest(RequestType.QUERY_INFORMATION, 0xFF010203, bytearray(4))
            binding.request_nowait(request)
            rig.adapter.query_complete(NdisStatus.SUCCESS)
            assert await binding.query(Oid.GEN_LINK_SPEED)
            rig.reset_answer = NdisStatus.PENDING
            binding.reset_nowait()
            rig.adapter.reset_complete()
            rig.reset_answer = NdisStatus.SUCCESS
            await binding.reset()
            rig.adapter.indicate_link(up=True)
    every = SENDING | RECEIVING | OTHERS
    assert (every - probe.begun, every - {"NdisReset", "NdisCloseAdapter"} - probe.ended) == (set(), set())


async def test_a_stack_that_shows_frames() -> None:
    probe = Recording()
    with observe(probe):
        async with virtual_stack(protocol := Listener(), Intermediate(name="between"), rig := Shower()):
            rig.show(bytes(frame(to=BROADCAST, size=100)))
            rig.moves = "later"
            rig.show(bytes(frame(to=BROADCAST, size=100)))
            rig.move()
            assert len(protocol.got) == 2
    assert SHOWING | {"NdisMTransferDataComplete"} <= probe.ended


async def test_a_packet_that_was_answered_is_not_completed_again() -> None:
    """Only a probe pays for knowing that."""
    with observe(Recording()):
        async with virtual_stack(protocol := Listener(), rig := Scripted()):
            rig.answer = NdisStatus.SUCCESS
            packet: Packet = protocol.packet()
            protocol.binding.send_nowait(packet)
            with pytest.raises(RuleViolation, match="gave back by the status of MiniportSend") as caught:
                rig.adapter.send_complete(packet)
            assert caught.value.rule == "SEND-04"
            protocol.binding.frames.free(packet)
