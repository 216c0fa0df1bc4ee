"""A miniport in NDIS words that drives a NIC by its interrupt, on a wire, under the verifier."""

from collections.abc import Callable

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NDIS_GET_PACKET_STATUS,
    NdisMDeregisterInterrupt,
    NdisMIndicateReceivePacket,
    NdisMIndicateStatus,
    NdisMIndicateStatusComplete,
    NdisMQueryAdapterResources,
    NdisMRegisterInterrupt,
    NdisMSendComplete,
    NdisMSendResourcesAvailable,
    NdisReturnPackets,
    NdisSend,
    NdisSendPackets,
)
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, AdapterAttributes, AssignedInterrupt, Driver, InterruptMode, Ndis, Oid
from asyncndis.nic import Cause, FrameFilter, SimpleNic, Wire
from asyncndis.verifier import verify
from tests.support.loops import settle
from tests.support.words import FRAME, Frames, WordsMiniport, WordsProtocol

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, RESOURCES = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.RESOURCES
DESERIALIZED, SERIALIZED = AdapterAttributes.DESERIALIZE, AdapterAttributes(0)


class Wired(WordsMiniport):
    """A miniport of a simple NIC; frames that are sent are its own until the NIC has sent them."""

    nic: SimpleNic

    def __init__(self, attributes: AdapterAttributes) -> None:
        super().__init__(self.start, self.stop, attributes=attributes)
        self.frames = Frames()
        self.sending: list[Packet] = []
        self.characteristics.ISRHandler = isr
        self.characteristics.HandleInterruptHandler = handle_interrupt
        self.characteristics.SendHandler = transmit
        self.characteristics.ReturnPacketHandler = give_back
        self.characteristics.QueryInformationHandler = address_or(self.characteristics.QueryInformationHandler)

    async def start(self, handle: Adapter) -> None:
        assert isinstance(handle.nic, SimpleNic)
        self.nic = handle.nic
        await self.frames.allocate_pools()
        _, resources, _ = NdisMQueryAdapterResources(handle, 64)
        (line,) = [one for one in resources or () if isinstance(one, AssignedInterrupt)]
        mode = InterruptMode.LEVEL_SENSITIVE
        _, interrupt = NdisMRegisterInterrupt(handle, line.vector, line.level, True, False, mode)
        assert interrupt is not None
        self.interrupt = interrupt
        self.nic.set_filter(FrameFilter.DIRECTED)
        self.nic.enable_interrupts()

    async def stop(self, handle: Adapter) -> None:
        self.nic.disable_interrupts()
        await NdisMDeregisterInterrupt(self.interrupt)
        self.frames.free_pools()


def address_or(query: Callable[..., object] | None) -> Callable[..., object]:
    assert query is not None

    def answer(context: Wired, oid: int, buffer: memoryview, length: int) -> object:
        if oid != Oid.IEEE_802_3_CURRENT_ADDRESS:
            return query(context, oid, buffer, length)
        buffer[:6] = context.nic.mac
        return SUCCESS, 6, 0

    return answer


def isr(context: Wired) -> tuple[bool, bool]:
    recognized = context.nic.line()
    context.nic.disable_interrupts()
    return recognized, recognized


def handle_interrupt(context: Wired) -> None:
    cause = context.nic.cause
    context.nic.acknowledge(cause)
    if cause & Cause.LINK_CHANGE:
        status = NdisStatus.MEDIA_CONNECT if context.nic.link_up else NdisStatus.MEDIA_DISCONNECT
        NdisMIndicateStatus(context.handle, status, None, 0)
        NdisMIndicateStatusComplete(context.handle)
    if cause & Cause.TX_QUEUE_EMPTY:
        while context.sending:
            NdisMSendComplete(context.handle, context.sending.pop(0), SUCCESS)
        if context.attributes is SERIALIZED:
            NdisMSendResourcesAvailable(context.handle)
    while (frame := context.nic.poll()) is not None:
        packet = context.frames.make(frame)
        NdisMIndicateReceivePacket(context.handle, [packet], 1)
        if context.attributes is SERIALIZED and NDIS_GET_PACKET_STATUS(packet) != PENDING:
            context.frames.free(packet)
    context.nic.enable_interrupts()


def transmit(context: Wired, packet: Packet, flags: int) -> NdisStatus:
    if context.attributes is SERIALIZED and len(context.sending) == 2:
        return RESOURCES
    context.nic.transmit_nowait(packet.to_bytes())
    context.sending.append(packet)
    return PENDING


def give_back(context: Wired, packet: Packet) -> None:
    context.frames.free(packet)


@pytest.mark.parametrize("attributes", [DESERIALIZED, SERIALIZED], ids=["deserialized", "serialized"])
async def test_frames_go_over_a_wire(attributes: AdapterAttributes) -> None:
    near, far, wire = SimpleNic("near"), SimpleNic("far"), Wire()
    left, right, frames = WordsProtocol("left"), WordsProtocol("right"), Frames()
    right.keeps = 1
    with verify() as findings:
        await frames.allocate_pools()
        async with Ndis() as ndis:
            driver = await Driver.load(ndis, Wired(attributes).entry, name="wired")
            other = await Driver.load(ndis, Wired(attributes).entry, name="other")
            await Driver.load(ndis, left.entry, binds_to=["wired"])
            await Driver.load(ndis, right.entry, binds_to=["other"])
            await driver.add_device(near)
            adapter = await other.add_device(far)
            wire.attach(near)
            wire.attach(far)
            await settle()
            assert ("status", NdisStatus.MEDIA_CONNECT, b"", 0) in left.calls
            for protocol in (left, right):
                await protocol.listen()
                protocol.calls.clear()
            packets = [frames.make(adapter.current_address + FRAME[6:59] + bytes([number])) for number in range(4)]
            NdisSendPackets(left.binding, packets[:3], 3)
            assert NdisSend(left.binding, packets[3]) == PENDING
            await ndis.adapters[0].until(lambda: ndis.adapters[0].is_at_rest)
            await settle()
            assert [call[:2] for call in left.calls if call[0] == "sent"] == [("sent", packet) for packet in packets]
            received = [call[1] for call in right.calls if call[0] == "received"]
            assert [packet.to_bytes()[-1] for packet in received] == [0, 1, 2, 3]
            assert adapter.receives.lent == 4
            NdisReturnPackets(received, 4)
            assert adapter.receives.lent == 0
        for packet in packets:
            frames.free(packet)
        frames.free_pools()
    assert not findings, findings.report()
