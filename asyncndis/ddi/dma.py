"""Direct memory access: shared memory, map registers, scatter/gather lists.

They are claimed in MiniportInitialize (LIFE-11). Shared memory is freed once, as a whole, with the arguments of its
allocation (DMA-04). A map register maps one buffer at a time (DMA-01), and each mapping is completed before the send is
(DMA-02); a miniport that has scatter/gather lists instead finds one in each packet that it is to send.
"""

from asyncndis.base import NdisStatus
from asyncndis.memory import (
    Block,
    Buffer,
    DmaSize,
    PhysicalFragment,
    create_lookahead_buffer,
    destroy_lookahead_buffer,
)
from asyncndis.ndis import Adapter

from .vocabulary import attempt, ddi

__all__ = [
    "NdisCreateLookaheadBufferFromSharedMemory",
    "NdisDestroyLookaheadBufferFromSharedMemory",
    "NdisMAllocateMapRegisters",
    "NdisMAllocateSharedMemory",
    "NdisMAllocateSharedMemoryAsync",
    "NdisMCompleteBufferPhysicalMapping",
    "NdisMFreeMapRegisters",
    "NdisMFreeSharedMemory",
    "NdisMGetDmaAlignment",
    "NdisMInitializeScatterGatherDma",
    "NdisMStartBufferPhysicalMapping",
]


@ddi(
    page="NdisMAllocateSharedMemory, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("IRQL-07", "DMA-05", "LIFE-11"),
    maps_to="Adapter.allocate_shared_memory",
)
def NdisMAllocateSharedMemory(
    MiniportAdapterHandle: Adapter, Length: int, Cached: bool
) -> tuple[Block | None, int | None]:
    """Allocate memory that driver and NIC share.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Length: in bytes
    :param Cached: whether it may be cached
    :returns: the memory, and the address by which the NIC finds it; None and None when there is none
    """
    _, block = attempt(MiniportAdapterHandle.allocate_shared_memory, Length, cached=Cached)
    return block, None if block is None else block.physical_address


@ddi(
    page="NdisMAllocateSharedMemoryAsync, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-05",),
    maps_to="Adapter.allocate_shared_memory_later",
)
def NdisMAllocateSharedMemoryAsync(
    MiniportAdapterHandle: Adapter, Length: int, Cached: bool, Context: object
) -> NdisStatus:
    """Ask for memory that driver and NIC share; MiniportAllocateComplete gets it, or None.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Length: in bytes
    :param Cached: whether it may be cached
    :param Context: the driver's own
    :returns: PENDING; FAILURE when it cannot even be asked for
    """
    status, _ = attempt(MiniportAdapterHandle.allocate_shared_memory_later, Length, cached=Cached, context=Context)
    return status or NdisStatus.PENDING  # SUCCESS, which is 0, means that the request was taken


@ddi(
    page="NdisMFreeSharedMemory, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-04",),
    maps_to="Adapter.free_shared_memory",
)
def NdisMFreeSharedMemory(
    MiniportAdapterHandle: Adapter, Length: int, Cached: bool, VirtualAddress: Block, PhysicalAddress: int
) -> None:
    """Free shared memory, with the arguments of its allocation.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Length: in bytes
    :param Cached: whether it may be cached
    :param VirtualAddress: the memory, all of it
    :param PhysicalAddress: the address by which the NIC finds it
    """
    MiniportAdapterHandle.free_shared_memory(
        VirtualAddress, cached=Cached, length=Length, physical_address=PhysicalAddress
    )


@ddi(page="ndis.h", irql="exactly DISPATCH", maps_to="create_lookahead_buffer")
def NdisCreateLookaheadBufferFromSharedMemory(pSharedMemory: Block, LookaheadLength: int) -> Block:
    """A lookahead buffer over shared memory: the same bytes.

    :param pSharedMemory: where it begins
    :param LookaheadLength: in bytes
    """
    return create_lookahead_buffer(pSharedMemory, LookaheadLength)


@ddi(page="ndis.h", irql="exactly DISPATCH", maps_to="destroy_lookahead_buffer")
def NdisDestroyLookaheadBufferFromSharedMemory(pLookaheadBuffer: Block) -> None:
    """Give a lookahead buffer up; the shared memory stays.

    :param pLookaheadBuffer: the buffer
    """
    destroy_lookahead_buffer(pLookaheadBuffer)


@ddi(
    page="NdisMAllocateMapRegisters, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("DMA-03", "LIFE-01", "LIFE-11"),
    maps_to="Adapter.allocate_map_registers",
)
def NdisMAllocateMapRegisters(
    MiniportAdapterHandle: Adapter,
    DmaChannel: int,
    DmaSize: DmaSize,
    BaseMapRegistersNeeded: int,
    MaximumBufferSize: int,
) -> NdisStatus:
    """Allocate the map registers of a bus-master NIC.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param DmaChannel: of no meaning to a bus master
    :param DmaSize: how wide the NIC's addresses are
    :param BaseMapRegistersNeeded: how many buffers are to be mapped at once
    :param MaximumBufferSize: the longest of them, in bytes
    :returns: SUCCESS; RESOURCES when more than 64 would be needed, or the miniport is no bus master
    """
    del DmaChannel  # subordinate DMA is not modelled
    status, _ = attempt(
        MiniportAdapterHandle.allocate_map_registers, BaseMapRegistersNeeded, MaximumBufferSize, dma_size=DmaSize
    )
    return status


@ddi(
    page="NdisMFreeMapRegisters, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("DMA-02",),
    maps_to="Adapter.free_map_registers",
)
def NdisMFreeMapRegisters(MiniportAdapterHandle: Adapter) -> None:
    """Give the map registers up, as a miniport does when it halts.

    :param MiniportAdapterHandle: as MiniportInitialize was given it, with no buffer mapped
    """
    MiniportAdapterHandle.free_map_registers()


@ddi(
    page="NdisMStartBufferPhysicalMapping, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-01", "DMA-07"),
    maps_to="MapRegisters.start",
)
def NdisMStartBufferPhysicalMapping(
    MiniportAdapterHandle: Adapter, Buffer: Buffer, PhysicalMapRegister: int, WriteToDevice: bool
) -> tuple[tuple[PhysicalFragment, ...], int]:
    """Let the NIC find the bytes of a buffer.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Buffer: a buffer, flushed if the NIC is to read it
    :param PhysicalMapRegister: which base register, from 0
    :param WriteToDevice: whether the NIC reads the buffer
    :returns: the addresses and lengths of its parts as the NIC sees them, and how many these are
    """
    fragments = MiniportAdapterHandle.map_registers.start(Buffer, PhysicalMapRegister, write_to_device=WriteToDevice)
    return fragments, len(fragments)


@ddi(
    page="NdisMCompleteBufferPhysicalMapping, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-02",),
    maps_to="MapRegisters.complete",
)
def NdisMCompleteBufferPhysicalMapping(
    MiniportAdapterHandle: Adapter, Buffer: Buffer, PhysicalMapRegister: int
) -> None:
    """End a mapping, before the send is completed.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Buffer: the buffer that is mapped
    :param PhysicalMapRegister: the base register that maps it
    """
    MiniportAdapterHandle.map_registers.complete(Buffer, PhysicalMapRegister)


@ddi(
    page="NdisMInitializeScatterGatherDma, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-01", "LIFE-11"),
    maps_to="Adapter.initialize_scatter_gather",
)
def NdisMInitializeScatterGatherDma(
    MiniportAdapterHandle: Adapter, Dma64BitAddresses: bool, MaximumPhysicalMapping: int
) -> NdisStatus:
    """Have each packet that is to be sent come with its list, in the slot SCATTER_GATHER_LIST, until it is completed.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Dma64BitAddresses: whether the NIC has addresses of 64 bits, not 32
    :param MaximumPhysicalMapping: the longest packet with its header, in bytes
    :returns: SUCCESS; NOT_SUPPORTED to a miniport that is no bus master, or has map registers; RESOURCES
    """
    status, _ = attempt(MiniportAdapterHandle.initialize_scatter_gather, MaximumPhysicalMapping, wide=Dma64BitAddresses)
    return status


@ddi(
    page="NdisMGetDmaAlignment, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    maps_to="Adapter.dma_alignment",
)
def NdisMGetDmaAlignment(MiniportAdapterHandle: Adapter) -> int:
    """What memory for DMA is to be aligned to, in bytes.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    """
    return MiniportAdapterHandle.dma_alignment
