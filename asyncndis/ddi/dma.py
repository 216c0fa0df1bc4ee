"""Shared memory and map registers.

The books of one adapter's shared memory, and its map registers, stand for the adapter's handle. Shared memory is freed
once, as a whole, with the arguments of its allocation (DMA-04). A map register maps one buffer at a time (DMA-01), and
each mapping is completed before the send is (DMA-02).
"""

from collections.abc import Callable

from asyncndis.base import NdisStatus
from asyncndis.memory import (
    Block,
    Buffer,
    DmaSize,
    MapRegisters,
    PhysicalFragment,
    SharedMemory,
    create_lookahead_buffer,
    destroy_lookahead_buffer,
)

from .vocabulary import answer, ddi

__all__ = [
    "NdisCreateLookaheadBufferFromSharedMemory",
    "NdisDestroyLookaheadBufferFromSharedMemory",
    "NdisMAllocateMapRegisters",
    "NdisMAllocateSharedMemory",
    "NdisMAllocateSharedMemoryAsync",
    "NdisMCompleteBufferPhysicalMapping",
    "NdisMFreeMapRegisters",
    "NdisMFreeSharedMemory",
    "NdisMStartBufferPhysicalMapping",
]


@ddi(
    page="NdisMAllocateSharedMemory, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("IRQL-07", "DMA-05", "LIFE-11"),
    maps_to="SharedMemory.allocate",
)
def NdisMAllocateSharedMemory(
    MiniportAdapterHandle: SharedMemory, Length: int, Cached: bool
) -> tuple[Block | None, int | None]:
    """Allocate memory that driver and NIC share.

    :param MiniportAdapterHandle: the books of the adapter's shared memory
    :param Length: in bytes
    :param Cached: whether it may be cached
    :returns: the memory, and the address by which the NIC finds it; None and None when there is none
    """
    _, block = answer(NdisStatus.RESOURCES, MiniportAdapterHandle.allocate, Length, cached=Cached)
    return block, None if block is None else block.physical_address


@ddi(
    page="NdisMAllocateSharedMemoryAsync, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-05",),
    maps_to="SharedMemory.allocate_later",
)
def NdisMAllocateSharedMemoryAsync(
    MiniportAdapterHandle: SharedMemory,
    Length: int,
    Cached: bool,
    Context: object,
    *,
    complete: Callable[[Block | None, int, object], object],
) -> NdisStatus:
    """Ask for memory that driver and NIC share.

    :param MiniportAdapterHandle: the books of the adapter's shared memory
    :param Length: in bytes
    :param Cached: whether it may be cached
    :param Context: the driver's own
    :param complete: the part of MiniportAllocateComplete: gets the memory or None, ``Length`` and ``Context``
    :returns: PENDING; FAILURE when it cannot even be asked for
    """
    status, _ = answer(
        NdisStatus.FAILURE,
        MiniportAdapterHandle.allocate_later,
        Length,
        cached=Cached,
        complete=complete,
        context=Context,
    )
    return status or NdisStatus.PENDING  # SUCCESS, which is 0, means that the request was taken


@ddi(
    page="NdisMFreeSharedMemory, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-04",),
    maps_to="SharedMemory.free",
)
def NdisMFreeSharedMemory(
    MiniportAdapterHandle: SharedMemory, Length: int, Cached: bool, VirtualAddress: Block, PhysicalAddress: int
) -> None:
    """Free shared memory, with the arguments of its allocation.

    :param MiniportAdapterHandle: the books of the adapter's shared memory
    :param Length: in bytes
    :param Cached: whether it may be cached
    :param VirtualAddress: the memory, all of it
    :param PhysicalAddress: the address by which the NIC finds it
    """
    MiniportAdapterHandle.free(VirtualAddress, cached=Cached, length=Length, physical_address=PhysicalAddress)


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
    rules=("DMA-03", "LIFE-11"),
    maps_to="MapRegisters",
)
def NdisMAllocateMapRegisters(
    DmaChannel: int,
    DmaSize: DmaSize,
    BaseMapRegistersNeeded: int,
    MaximumBufferSize: int,
    *,
    name: str = "map registers",
) -> tuple[NdisStatus, MapRegisters | None]:
    """Allocate the map registers of a bus-master NIC.

    :param DmaChannel: of no meaning to a bus master
    :param DmaSize: how wide the NIC's addresses are
    :param BaseMapRegistersNeeded: how many buffers are to be mapped at once
    :param MaximumBufferSize: the longest of them, in bytes
    :param name: for messages
    :returns: SUCCESS and the registers; RESOURCES and None when more than 64 would be needed
    """
    del DmaChannel  # subordinate DMA is not modelled
    return answer(
        NdisStatus.RESOURCES, MapRegisters, BaseMapRegistersNeeded, MaximumBufferSize, dma_size=DmaSize, name=name
    )


@ddi(
    page="NdisMFreeMapRegisters, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("DMA-02",),
    maps_to="MapRegisters.free",
)
def NdisMFreeMapRegisters(MiniportAdapterHandle: MapRegisters) -> None:
    """Give the map registers up, as a miniport does when it halts.

    :param MiniportAdapterHandle: the registers, with no buffer mapped
    """
    MiniportAdapterHandle.free()


@ddi(
    page="NdisMStartBufferPhysicalMapping, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-01", "DMA-07"),
    maps_to="MapRegisters.start",
)
def NdisMStartBufferPhysicalMapping(
    MiniportAdapterHandle: MapRegisters, Buffer: Buffer, PhysicalMapRegister: int, WriteToDevice: bool
) -> tuple[tuple[PhysicalFragment, ...], int]:
    """Let the NIC find the bytes of a buffer.

    :param MiniportAdapterHandle: the registers
    :param Buffer: a buffer, flushed if the NIC is to read it
    :param PhysicalMapRegister: which base register, from 0
    :param WriteToDevice: whether the NIC reads the buffer
    :returns: the addresses and lengths of its parts as the NIC sees them, and how many these are
    """
    fragments = MiniportAdapterHandle.start(Buffer, PhysicalMapRegister, write_to_device=WriteToDevice)
    return fragments, len(fragments)


@ddi(
    page="NdisMCompleteBufferPhysicalMapping, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-02",),
    maps_to="MapRegisters.complete",
)
def NdisMCompleteBufferPhysicalMapping(
    MiniportAdapterHandle: MapRegisters, Buffer: Buffer, PhysicalMapRegister: int
) -> None:
    """End a mapping, before the send is completed.

    :param MiniportAdapterHandle: the registers
    :param Buffer: the buffer that is mapped
    :param PhysicalMapRegister: the base register that maps it
    """
    MiniportAdapterHandle.complete(Buffer, PhysicalMapRegister)
