"""Shared memory, map registers and scatter/gather lists by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus, Probe, observe
from asyncndis.ddi import (
    NDIS_PER_PACKET_INFO_FROM_PACKET,
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisCreateLookaheadBufferFromSharedMemory,
    NdisDestroyLookaheadBufferFromSharedMemory,
    NdisFreeBuffer,
    NdisFreeBufferPool,
    NdisMAllocateMapRegisters,
    NdisMAllocateSharedMemory,
    NdisMAllocateSharedMemoryAsync,
    NdisMCompleteBufferPhysicalMapping,
    NdisMFreeMapRegisters,
    NdisMFreeSharedMemory,
    NdisMGetDmaAlignment,
    NdisMInitializeScatterGatherDma,
    NdisMSendComplete,
    NdisMStartBufferPhysicalMapping,
    NdisSend,
)
from asyncndis.kernel import Irql, at_irql
from asyncndis.memory import PAGE_SIZE, Block, DmaSize, HeapProvider, Memory, PerPacketInfo, SharedMemory
from asyncndis.ndis import Adapter, AdapterAttributes, ScatterGatherList
from tests.support.loops import settle
from tests.support.words import FRAME, Frames, WordsMiniport, WordsProtocol, in_initialize, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


class NoMemory(Probe):
    """An environment in which nothing like this can be had."""

    def __init__(self, *operations: str) -> None:
        self.operations = operations

    def fails(self, operation: str, subject: object) -> bool:
        return operation in self.operations


async def test_shared_memory() -> None:
    given: list[tuple[Block, int]] = []

    def begin(handle: Adapter) -> None:
        with at_irql(Irql.DISPATCH), breaks("IRQL-07"):
            NdisMAllocateSharedMemory(handle, 4096, True)
        address, physical = NdisMAllocateSharedMemory(handle, 4096, True)
        assert address is not None
        assert physical is not None
        assert physical == address.physical_address != address.address
        given.append((address, physical))

    def end(handle: Adapter) -> None:
        ((address, physical),) = given
        with breaks("DMA-04"):
            NdisMFreeSharedMemory(handle, 4096, False, address, physical)
        with breaks("DMA-04"):
            NdisMFreeSharedMemory(handle, 4096, True, address, physical + 1)
        NdisMFreeSharedMemory(handle, 4096, True, address, physical)
        assert handle.shared_memory.statistics().blocks == 0

    await in_initialize(begin, end)


async def test_shared_memory_later() -> None:
    miniport = WordsMiniport()

    def complete(
        context: WordsMiniport, memory: Block | None, physical: int | None, length: int, given: object
    ) -> None:
        assert memory is not None
        context.calls.append((memory.physical_address == physical, length, given))
        NdisMFreeSharedMemory(context.handle, length, True, memory, memory.physical_address)

    miniport.characteristics.AllocateCompleteHandler = complete
    async with words_machine(miniport):
        with at_irql(Irql.DISPATCH):
            status = NdisMAllocateSharedMemoryAsync(miniport.handle, 4096, True, "ring")
        assert status == NdisStatus.PENDING
        await settle()
        assert miniport.calls[-1] == (True, 4096, "ring")


async def test_no_shared_memory() -> None:
    answers: list[object] = []

    def begin(handle: Adapter) -> None:
        answers.append(NdisMAllocateSharedMemory(handle, 4096, True))
        answers.append(NdisMAllocateSharedMemoryAsync(handle, 4096, True, None))

    with observe(NoMemory("NdisMAllocateSharedMemory")):
        await in_initialize(begin)
    assert answers == [(None, None), NdisStatus.FAILURE]  # the latter for want of MiniportAllocateComplete


async def test_lookahead_buffer() -> None:
    shared = SharedMemory().allocate(4096, cached=True)
    with at_irql(Irql.DISPATCH):
        lookahead = NdisCreateLookaheadBufferFromSharedMemory(shared, 256)
        assert (len(lookahead), lookahead.address) == (256, shared.address)
        NdisDestroyLookaheadBufferFromSharedMemory(lookahead)


async def test_map_registers() -> None:
    block = HeapProvider().allocate(2 * PAGE_SIZE, alignment=PAGE_SIZE)
    memory: Memory = block[PAGE_SIZE - 2 : PAGE_SIZE + 2]
    middle = block.physical_address + PAGE_SIZE

    async def begin(handle: Adapter) -> None:
        assert buffer is not None
        with breaks("DMA-01"):
            NdisMStartBufferPhysicalMapping(handle, buffer, 0, True)
        assert NdisMAllocateMapRegisters(handle, 0, DmaSize.BITS_64, 8, 1514) == NdisStatus.SUCCESS
        fragments, count = NdisMStartBufferPhysicalMapping(handle, buffer, 0, True)
        assert (fragments, count) == (((middle - 2, 2), (middle, 2)), 2)
        with breaks("DMA-01"):
            NdisMStartBufferPhysicalMapping(handle, buffer, 0, True)
        with breaks("DMA-02"):
            NdisMFreeMapRegisters(handle)
        NdisMCompleteBufferPhysicalMapping(handle, buffer, 0)

    _, pool = await NdisAllocateBufferPool(1)
    assert pool is not None
    _, buffer = NdisAllocateBuffer(pool, memory, len(memory))
    assert buffer is not None
    await in_initialize(begin, NdisMFreeMapRegisters)
    NdisFreeBuffer(buffer)
    NdisFreeBufferPool(pool)


async def test_too_many_map_registers() -> None:
    answers: list[NdisStatus] = []

    def begin(handle: Adapter) -> None:
        answers.append(NdisMAllocateMapRegisters(handle, 0, DmaSize.BITS_32, 33, 1512))
        answers.append(NdisMAllocateMapRegisters(handle, 0, DmaSize.BITS_32, 32, 1512))

    await in_initialize(begin, NdisMFreeMapRegisters)
    assert answers == [NdisStatus.RESOURCES, NdisStatus.SUCCESS]
    await in_initialize(begin, attributes=AdapterAttributes.DESERIALIZE)  # no bus master
    assert answers[2:] == [NdisStatus.RESOURCES] * 2


async def test_a_packet_comes_with_its_scatter_gather_list() -> None:
    frames, protocol = Frames(), WordsProtocol()
    miniport = WordsMiniport(lambda handle: NdisMInitializeScatterGatherDma(handle, False, 1514))
    miniport.send_status = NdisStatus.PENDING
    await frames.allocate_pools()
    async with words_machine(miniport, protocol):
        packet = frames.make()
        NdisSend(protocol.binding, packet)
        found = NDIS_PER_PACKET_INFO_FROM_PACKET(packet, PerPacketInfo.SCATTER_GATHER_LIST)
        assert isinstance(found, ScatterGatherList)
        ((address, length),) = found.elements
        assert bytes(miniport.handle.view_at(address, length)) == FRAME
        NdisMSendComplete(miniport.handle, packet, NdisStatus.SUCCESS)
        assert NDIS_PER_PACKET_INFO_FROM_PACKET(packet, PerPacketInfo.SCATTER_GATHER_LIST) is None
        assert NdisMGetDmaAlignment(miniport.handle) == 8


async def test_scatter_gather_is_refused() -> None:
    answers: list[NdisStatus] = []

    def begin(handle: Adapter) -> None:
        answers.append(NdisMInitializeScatterGatherDma(handle, False, 1514))

    await in_initialize(begin, attributes=AdapterAttributes.DESERIALIZE)
    with observe(NoMemory("NdisMInitializeScatterGatherDma")):
        await in_initialize(begin)
    assert answers == [NdisStatus.NOT_SUPPORTED, NdisStatus.RESOURCES]
