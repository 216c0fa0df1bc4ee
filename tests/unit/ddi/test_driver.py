"""A driver in NDIS words, under the verifier: in quiet times, and with each of its allocations failing once.

It brings a receive ring up as MiniportInitialize does, takes a frame in a DPC, hands it to a work item as if that were
a protocol, and takes itself down as MiniportHalt does.
"""

import pytest

from asyncndis.base import NdisStatus, Probe, observe
from asyncndis.ddi import (
    NDIS_SET_PACKET_HEADER_SIZE,
    NDIS_SET_PACKET_STATUS,
    NdisAcquireSpinLock,
    NdisAdjustBufferLength,
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisAllocateMemoryWithTag,
    NdisAllocatePacket,
    NdisAllocatePacketPool,
    NdisAllocateSpinLock,
    NdisChainBufferAtBack,
    NdisDprAcquireSpinLock,
    NdisDprReleaseSpinLock,
    NdisFillMemory,
    NdisFlushBuffer,
    NdisFreeBuffer,
    NdisFreeBufferPool,
    NdisFreeMemory,
    NdisFreePacket,
    NdisFreePacketPool,
    NdisFreeSpinLock,
    NdisGetFirstBufferFromPacket,
    NdisInitializeEvent,
    NdisInitializeWorkItem,
    NdisMAllocateSharedMemory,
    NdisMFreeSharedMemory,
    NdisMoveMemory,
    NdisPacketPoolUsage,
    NdisQueryPacketLength,
    NdisRecalculatePacketCounts,
    NdisReleaseSpinLock,
    NdisScheduleWorkItem,
    NdisSetEvent,
    NdisUnchainBufferAtFront,
    NdisWaitEvent,
    NdisZeroMemory,
)
from asyncndis.kernel import Irql, WorkItem, at_irql
from asyncndis.memory import Block, BufferPool, Packet, PacketPool
from asyncndis.ndis import Adapter
from asyncndis.verifier import verify
from tests.support.words import WordsMiniport, in_initialize, words_machine

TAG = 0x676E6952
SLOTS = 2
SLOT_BYTES = 1514
FRAME = bytes.fromhex("020000000001 020000000002 88b5").ljust(60, b"\1")


class Receiver:
    """A miniport's receive side."""

    adapter: Adapter

    def __init__(self) -> None:
        self.buffers: BufferPool | None = None
        self.packets: PacketPool | None = None
        self.last: Block | None = None
        self.memory: Block | None = None
        self.address: int | None = None
        self.ring: list[Packet] = []
        self.lock = NdisAllocateSpinLock(name="rx ring")
        self.handled = NdisInitializeEvent(name="handled")

    async def initialize(self, adapter: Adapter) -> NdisStatus:
        self.adapter = adapter
        _, self.buffers = await NdisAllocateBufferPool(SLOTS, name="rx")
        status, self.packets = await NdisAllocatePacketPool(SLOTS, 32, name="rx")
        if self.packets is None:
            return status
        status, self.last = NdisAllocateMemoryWithTag(SLOT_BYTES, TAG)
        if self.last is None:
            return status
        NdisZeroMemory(self.last, SLOT_BYTES)
        self.memory, self.address = NdisMAllocateSharedMemory(self.adapter, SLOTS * SLOT_BYTES, True)
        if self.memory is None:
            return NdisStatus.RESOURCES
        for start in range(0, SLOTS * SLOT_BYTES, SLOT_BYTES):
            status = self.fill_slot(self.buffers, self.packets, self.memory[start:])
            if status != NdisStatus.SUCCESS:
                break
        return status

    def fill_slot(self, buffers: BufferPool, packets: PacketPool, memory: Block) -> NdisStatus:
        status, packet = NdisAllocatePacket(packets)
        if packet is None:
            return status
        status, buffer = NdisAllocateBuffer(buffers, memory, SLOT_BYTES)
        if buffer is None:
            NdisFreePacket(packet)
            return status
        NdisChainBufferAtBack(packet, buffer)
        NDIS_SET_PACKET_HEADER_SIZE(packet, 14)
        self.ring.append(packet)
        return status

    async def handle_interrupt(self, frame: bytes) -> None:
        await NdisDprAcquireSpinLock(self.lock)
        packet = self.ring.pop(0)
        NdisDprReleaseSpinLock(self.lock)
        buffer, address, _, _ = NdisGetFirstBufferFromPacket(packet)
        assert buffer is not None
        assert address is not None
        NdisMoveMemory(address, frame, len(frame))  # the NIC's part
        NdisFlushBuffer(buffer, False)
        NdisAdjustBufferLength(buffer, len(frame))
        NdisRecalculatePacketCounts(packet)
        NDIS_SET_PACKET_STATUS(packet, NdisStatus.SUCCESS)
        NdisScheduleWorkItem(NdisInitializeWorkItem(self.take, packet))

    async def take(self, item: WorkItem, packet: Packet) -> None:
        assert self.last is not None
        buffer, address, length, _ = NdisGetFirstBufferFromPacket(packet)
        assert buffer is not None
        assert address is not None
        assert NdisQueryPacketLength(packet) == length
        NdisMoveMemory(self.last, address, length)
        NdisAdjustBufferLength(buffer, SLOT_BYTES)
        NdisFillMemory(address, length, 0)
        await NdisAcquireSpinLock(self.lock)
        self.ring.append(packet)
        NdisReleaseSpinLock(self.lock)
        NdisSetEvent(self.handled)

    def halt(self, adapter: Adapter) -> None:
        for packet in self.ring:
            buffer = NdisUnchainBufferAtFront(packet)
            assert buffer is not None
            NdisFreeBuffer(buffer)
            NdisFreePacket(packet)
        if self.memory is not None and self.address is not None:
            NdisMFreeSharedMemory(adapter, SLOTS * SLOT_BYTES, True, self.memory, self.address)
        if self.last is not None:
            NdisFreeMemory(self.last, 0, 0)
        if self.packets is not None:
            assert NdisPacketPoolUsage(self.packets) == 0
            NdisFreePacketPool(self.packets)
        if self.buffers is not None:
            NdisFreeBufferPool(self.buffers)
        NdisFreeSpinLock(self.lock)


class FailOne(Probe):
    """An environment that refuses the n-th operation of a kind, counted from 1, that this driver asks for."""

    def __init__(self, operation: str, which: int) -> None:
        self.operation = operation
        self.left = which

    def fails(self, operation: str, subject: object) -> bool:
        self.left -= operation == self.operation
        return operation == self.operation and self.left == 0


@pytest.mark.every_loop
async def test_a_frame_is_received() -> None:
    with verify() as findings:
        receiver = Receiver()
        async with words_machine(WordsMiniport(receiver.initialize, receiver.halt)):
            with at_irql(Irql.DISPATCH):
                await receiver.handle_interrupt(FRAME)
            assert await NdisWaitEvent(receiver.handled, 0)
            assert receiver.last is not None
            assert bytes(receiver.last.view[: len(FRAME)]) == FRAME
            assert len(receiver.ring) == SLOTS
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize(
    ("operation", "which", "status"),
    [
        pytest.param("NdisAllocatePacketPool", 1, NdisStatus.RESOURCES, id="packet-pool"),
        pytest.param("NdisAllocateMemoryWithTag", 1, NdisStatus.FAILURE, id="memory"),
        pytest.param("NdisMAllocateSharedMemory", 1, NdisStatus.RESOURCES, id="shared-memory"),
        pytest.param("NdisAllocatePacket", 1, NdisStatus.RESOURCES, id="first-packet"),
        pytest.param("NdisAllocateBuffer", 1, NdisStatus.FAILURE, id="first-buffer"),
        pytest.param("NdisAllocatePacket", 2, NdisStatus.RESOURCES, id="last-packet"),
        pytest.param("NdisAllocateBuffer", 2, NdisStatus.FAILURE, id="last-buffer"),
        pytest.param("NdisAllocateBuffer", 3, NdisStatus.SUCCESS, id="nothing"),
    ],
)
async def test_each_failure_is_a_status_and_leaves_nothing_behind(
    operation: str, which: int, status: NdisStatus
) -> None:
    receiver, statuses = Receiver(), list[NdisStatus]()

    async def initialize(adapter: Adapter) -> None:
        statuses.append(await receiver.initialize(adapter))

    with verify() as findings, observe(FailOne(operation, which)):
        await in_initialize(initialize, receiver.halt)
    assert statuses == [status]
    assert receiver.adapter.shared_memory.statistics().used == 0
    assert not findings, findings.report()
