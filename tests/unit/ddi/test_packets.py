"""Packets by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus, Probe, observe
from asyncndis.ddi import (
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisAllocatePacket,
    NdisAllocatePacketPool,
    NdisAllocatePacketPoolEx,
    NdisAllocateSpinLock,
    NdisChainBufferAtBack,
    NdisClearPacketFlags,
    NdisCopyFromPacketToPacket,
    NdisCopyFromPacketToPacketSafe,
    NdisDprAcquireSpinLock,
    NdisDprAllocatePacket,
    NdisDprAllocatePacketNonInterlocked,
    NdisDprFreePacket,
    NdisDprFreePacketNonInterlocked,
    NdisDprReleaseSpinLock,
    NdisFreeBuffer,
    NdisFreePacket,
    NdisFreePacketPool,
    NdisGetFirstBufferFromPacket,
    NdisGetFirstBufferFromPacketSafe,
    NdisGetPacketFlags,
    NdisGetPoolFromPacket,
    NdisPacketPoolUsage,
    NdisPacketSize,
    NdisQueryPacket,
    NdisQueryPacketLength,
    NdisRecalculatePacketCounts,
    NdisReinitializePacket,
    NdisSetPacketFlags,
    NdisSetPacketPoolProtocolId,
)
from asyncndis.kernel import Irql, at_irql
from asyncndis.memory import PACKET_POOL_LIMIT, Buffer, Memory, Packet, PacketFlags, PacketPool, Priority
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


class NoMappings(Probe):
    """An environment that is out of address space."""

    def fails(self, operation: str, subject: object) -> bool:
        return operation.endswith("Safe")


class NoMemory(Probe):
    """An environment in which no pool can be had."""

    def fails(self, operation: str, subject: object) -> bool:
        return operation.startswith("NdisAllocatePacketPool")


async def pool_of(count: int) -> PacketPool:
    _, pool = await NdisAllocatePacketPool(count, 16)
    assert pool is not None
    return pool


def allocated(pool: PacketPool) -> Packet:
    _, packet = NdisAllocatePacket(pool)
    assert packet is not None
    return packet


async def packet_over(*memories: Memory) -> Packet:
    packet = allocated(await pool_of(1))
    _, buffers = await NdisAllocateBufferPool(len(memories))
    for memory in memories:
        _, buffer = NdisAllocateBuffer(buffers, memory, len(memory))
        assert buffer is not None
        NdisChainBufferAtBack(packet, buffer)
    return packet


def first_of(packet: Packet) -> Buffer:
    buffer = NdisQueryPacket(packet)[2]
    assert buffer is not None
    return buffer


async def test_the_pool_is_a_limit() -> None:
    status, pool = await NdisAllocatePacketPool(1, 16)
    assert status == NdisStatus.SUCCESS
    assert pool is not None
    status, packet = NdisAllocatePacket(pool)
    assert status == NdisStatus.SUCCESS
    assert packet is not None
    assert NdisAllocatePacket(pool) == (NdisStatus.RESOURCES, None)
    assert NdisPacketPoolUsage(pool) == 1
    NdisFreePacket(packet)
    assert NdisPacketPoolUsage(pool) == 0
    NdisFreePacketPool(pool)
    assert NdisAllocatePacket(pool) == (NdisStatus.RESOURCES, None)


async def test_too_many_base_descriptors() -> None:
    assert await NdisAllocatePacketPool(PACKET_POOL_LIMIT + 1, 0) == (NdisStatus.RESOURCES, None)
    assert await NdisAllocatePacketPoolEx(PACKET_POOL_LIMIT + 1, 0, 0) == (NdisStatus.RESOURCES, None)


async def test_no_memory_for_a_pool() -> None:
    with observe(NoMemory()):
        assert await NdisAllocatePacketPool(1, 0) == (NdisStatus.RESOURCES, None)
        assert await NdisAllocatePacketPoolEx(1, 1, 0) == (NdisStatus.RESOURCES, None)


async def test_overflow_descriptors() -> None:
    status, pool = await NdisAllocatePacketPoolEx(1, 1, 16)
    assert status == NdisStatus.SUCCESS
    assert pool is not None
    packets = [allocated(pool), allocated(pool)]
    assert [len(packet.protocol_reserved) for packet in packets] == [16, 16]
    assert NdisAllocatePacket(pool) == (NdisStatus.RESOURCES, None)
    assert NdisPacketPoolUsage(pool) == len(packets)


async def test_dpr_forms() -> None:
    pool = await pool_of(1)
    with at_irql(Irql.DISPATCH):
        status, packet = NdisDprAllocatePacket(pool)
        assert status == NdisStatus.SUCCESS
        assert packet is not None
        assert NdisDprAllocatePacket(pool) == (NdisStatus.RESOURCES, None)
        NdisDprFreePacket(packet)
    for allocate in (NdisDprAllocatePacket, NdisDprAllocatePacketNonInterlocked):
        with breaks("PKT-04"):
            allocate(pool)


async def test_dpr_forms_of_freeing_below_dispatch() -> None:
    packet = allocated(await pool_of(1))
    for free in (NdisDprFreePacket, NdisDprFreePacketNonInterlocked):
        with breaks("PKT-04"):
            free(packet)
    NdisFreePacket(packet)


async def test_non_interlocked_forms() -> None:
    pool, lock = await pool_of(1), NdisAllocateSpinLock()
    with at_irql(Irql.DISPATCH):
        await NdisDprAcquireSpinLock(lock)
        status, packet = NdisDprAllocatePacketNonInterlocked(pool)
        assert status == NdisStatus.SUCCESS
        assert packet is not None
        assert NdisDprAllocatePacketNonInterlocked(pool) == (NdisStatus.RESOURCES, None)
        with breaks("PKT-05"):
            NdisFreePacket(packet)
        NdisDprFreePacketNonInterlocked(packet)
        NdisDprReleaseSpinLock(lock)


async def test_free_with_a_buffer_chained() -> None:
    with breaks("PKT-01"):
        NdisFreePacket(await packet_over(b"frame"))


async def test_query() -> None:
    packet = await packet_over(b"header", b"data")
    first = first_of(packet)
    assert NdisQueryPacket(packet) == (2, 2, first, 10)
    assert NdisQueryPacketLength(packet) == 10
    assert NdisGetPoolFromPacket(packet) is packet.pool


async def test_recalculate_counts() -> None:
    packet = await packet_over(b"header", b"data")
    assert NdisQueryPacketLength(packet) == 10
    first_of(packet).adjust_length(2)
    assert NdisQueryPacketLength(packet) == 10
    NdisRecalculatePacketCounts(packet)
    assert NdisQueryPacketLength(packet) == 6


async def test_reinitialize() -> None:
    packet = await packet_over(b"frame")
    buffer = first_of(packet)
    NdisReinitializePacket(packet)
    NdisFreeBuffer(buffer)
    assert NdisQueryPacket(packet) == (0, 0, None, 0)


async def test_first_buffer() -> None:
    packet = await packet_over(b"header", b"data")
    for buffer, view, length, total in (
        NdisGetFirstBufferFromPacket(packet),
        NdisGetFirstBufferFromPacketSafe(packet, Priority.NORMAL),
    ):
        assert view is not None
        assert (buffer, bytes(view), length, total) == (first_of(packet), b"header", 6, 10)


async def test_first_buffer_of_none() -> None:
    packet = await packet_over()
    assert NdisGetFirstBufferFromPacket(packet) == (None, None, 0, 0)
    assert NdisGetFirstBufferFromPacketSafe(packet, Priority.HIGH) == (None, None, 0, 0)


async def test_copy() -> None:
    room = bytearray(6)
    destination, source = (
        await packet_over(memoryview(room)[:3], memoryview(room)[3:]),
        await packet_over(b"he", b"ader"),
    )
    assert NdisCopyFromPacketToPacket(destination, 1, 4, source, 1) == 4
    assert room == b"\0eade\0"
    assert NdisCopyFromPacketToPacketSafe(destination, 4, 100, source, 0, Priority.LOW) == 2
    assert room == b"\0eadhe"


async def test_under_low_resources() -> None:
    with observe(NoMappings()):
        packet = await packet_over(bytearray(b"frame"))
    assert NdisGetFirstBufferFromPacketSafe(packet, Priority.LOW) == (first_of(packet), None, 5, 5)
    assert NdisCopyFromPacketToPacketSafe(packet, 0, 5, await packet_over(b"other"), 0, Priority.LOW) == 0


async def test_flags() -> None:
    pool = await pool_of(1)
    NdisSetPacketPoolProtocolId(pool, 2)
    packet = allocated(pool)
    NdisSetPacketFlags(packet, PacketFlags.DONT_LOOPBACK | PacketFlags.PADDED)
    NdisClearPacketFlags(packet, PacketFlags.PADDED)
    assert NdisGetPacketFlags(packet) == PacketFlags.DONT_LOOPBACK | 2
    with breaks("PKT-15"):
        NdisClearPacketFlags(packet, 2)


async def test_size() -> None:
    assert NdisPacketSize(16) == 96 + 16 + 40 + 96
