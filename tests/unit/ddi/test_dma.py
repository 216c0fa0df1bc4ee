"""Shared memory and map registers by their NDIS names."""

import anyio
import pytest

from asyncndis.base import NdisStatus, Probe, observe
from asyncndis.ddi import (
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisCreateLookaheadBufferFromSharedMemory,
    NdisDestroyLookaheadBufferFromSharedMemory,
    NdisMAllocateMapRegisters,
    NdisMAllocateSharedMemory,
    NdisMAllocateSharedMemoryAsync,
    NdisMCompleteBufferPhysicalMapping,
    NdisMFreeMapRegisters,
    NdisMFreeSharedMemory,
    NdisMStartBufferPhysicalMapping,
)
from asyncndis.kernel import Irql, at_irql
from asyncndis.memory import PAGE_SIZE, Block, Buffer, DmaSize, HeapProvider, Memory, SharedMemory
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


class NoMemory(Probe):
    """An environment in which nothing can be allocated."""

    def fails(self, operation: str, subject: object) -> bool:
        return True


async def buffer_over(memory: Memory) -> Buffer:
    _, pool = await NdisAllocateBufferPool(1)
    _, buffer = NdisAllocateBuffer(pool, memory, len(memory))
    assert buffer is not None
    return buffer


async def test_shared_memory() -> None:
    adapter = SharedMemory()
    address, physical = NdisMAllocateSharedMemory(adapter, 4096, True)
    assert address is not None
    assert physical is not None
    assert physical == address.physical_address != address.address
    with breaks("DMA-04"):
        NdisMFreeSharedMemory(adapter, 4096, False, address, physical)
    NdisMFreeSharedMemory(adapter, 4096, True, address, physical)
    assert adapter.statistics().blocks == 0


async def test_shared_memory_at_dispatch() -> None:
    with at_irql(Irql.DISPATCH), breaks("IRQL-07"):
        NdisMAllocateSharedMemory(SharedMemory(), 4096, True)


async def test_shared_memory_later() -> None:
    adapter, arrived = SharedMemory(), anyio.Event()
    given = list[tuple[int, object]]()

    def allocate_complete(memory: Block | None, length: int, context: object) -> None:
        assert memory is not None
        given.append((length, context))
        arrived.set()

    with at_irql(Irql.DISPATCH):
        status = NdisMAllocateSharedMemoryAsync(adapter, 4096, True, "ring", complete=allocate_complete)
    assert status == NdisStatus.PENDING
    await arrived.wait()
    assert given == [(4096, "ring")]


async def test_no_shared_memory() -> None:
    with observe(NoMemory()):
        adapter = SharedMemory()
    assert NdisMAllocateSharedMemory(adapter, 4096, True) == (None, None)
    failed = NdisMAllocateSharedMemoryAsync(adapter, 4096, True, None, complete=lambda memory, length, context: None)
    assert failed == NdisStatus.FAILURE


async def test_lookahead_buffer() -> None:
    shared, _ = NdisMAllocateSharedMemory(SharedMemory(), 4096, True)
    assert shared is not None
    with at_irql(Irql.DISPATCH):
        lookahead = NdisCreateLookaheadBufferFromSharedMemory(shared, 256)
        assert (len(lookahead), lookahead.address) == (256, shared.address)
        NdisDestroyLookaheadBufferFromSharedMemory(lookahead)


async def test_map_registers() -> None:
    status, registers = NdisMAllocateMapRegisters(0, DmaSize.BITS_64, 8, 1514, name="tx")
    assert status == NdisStatus.SUCCESS
    assert registers is not None
    block = HeapProvider().allocate(2 * PAGE_SIZE, alignment=PAGE_SIZE)
    buffer = await buffer_over(block[PAGE_SIZE - 2 : PAGE_SIZE + 2])
    fragments, count = NdisMStartBufferPhysicalMapping(registers, buffer, 0, True)
    middle = block.physical_address + PAGE_SIZE
    assert (fragments, count) == (((middle - 2, 2), (middle, 2)), 2)
    with breaks("DMA-01"):
        NdisMStartBufferPhysicalMapping(registers, buffer, 0, True)
    with breaks("DMA-02"):
        NdisMFreeMapRegisters(registers)
    NdisMCompleteBufferPhysicalMapping(registers, buffer, 0)
    NdisMFreeMapRegisters(registers)


async def test_too_many_map_registers() -> None:
    assert NdisMAllocateMapRegisters(0, DmaSize.BITS_32, 32, 1512)[0] == NdisStatus.SUCCESS
    assert NdisMAllocateMapRegisters(0, DmaSize.BITS_32, 33, 1512) == (NdisStatus.RESOURCES, None)
