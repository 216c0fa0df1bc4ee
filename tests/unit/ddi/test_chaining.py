"""Chains of buffers by their NDIS names."""

import pytest

from asyncndis.ddi import (
    NDIS_BUFFER_LINKAGE,
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisAllocatePacket,
    NdisAllocatePacketPool,
    NdisChainBufferAtBack,
    NdisChainBufferAtFront,
    NdisGetNextBuffer,
    NdisQueryPacket,
    NdisUnchainBufferAtBack,
    NdisUnchainBufferAtFront,
)
from asyncndis.memory import Buffer, BufferPool, Packet
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def empty_packet() -> Packet:
    _, pool = await NdisAllocatePacketPool(1, 0)
    assert pool is not None
    _, packet = NdisAllocatePacket(pool)
    assert packet is not None
    return packet


def buffer_of(pool: BufferPool) -> Buffer:
    _, buffer = NdisAllocateBuffer(pool, b"bytes", 5)
    assert buffer is not None
    return buffer


async def test_front_and_back() -> None:
    packet, (_, pool) = await empty_packet(), await NdisAllocateBufferPool(3)
    header, data, trailer = (buffer_of(pool) for _ in range(3))
    NdisChainBufferAtBack(packet, data)
    NdisChainBufferAtBack(packet, trailer)
    NdisChainBufferAtFront(packet, header)
    assert list(packet) == [header, data, trailer]
    assert NdisUnchainBufferAtFront(packet) is header
    assert NdisUnchainBufferAtBack(packet) is trailer
    assert NdisQueryPacket(packet) == (1, 1, data, 5)
    assert NdisGetNextBuffer(header) is NdisGetNextBuffer(data) is None


async def test_an_empty_chain() -> None:
    packet = await empty_packet()
    assert NdisUnchainBufferAtFront(packet) is None
    assert NdisUnchainBufferAtBack(packet) is None


async def test_linked_buffers_move_together() -> None:
    packet, (_, pool) = await empty_packet(), await NdisAllocateBufferPool(2)
    first, second = buffer_of(pool), buffer_of(pool)
    NDIS_BUFFER_LINKAGE(first, second)
    NdisChainBufferAtFront(packet, first)
    assert list(packet) == [first, second]


async def test_a_buffer_is_in_one_chain() -> None:
    packet, (_, pool) = await empty_packet(), await NdisAllocateBufferPool(1)
    buffer = buffer_of(pool)
    NdisChainBufferAtBack(packet, buffer)
    with breaks("BUF-10"):
        NdisChainBufferAtFront(packet, buffer)
