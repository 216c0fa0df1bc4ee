"""Buffer pools and buffer descriptors.

The page of NdisAllocateBufferPool decides: allocating a pool always succeeds, and its count is the limit on buffers
that are out. NDIS answers at once; the forms that wait are those of ``BufferPool``. A virtual address is a view of the
bytes, which stay the caller's. The Safe forms may answer None instead, and the answer is to be tested (BUF-12).
"""

from asyncndis.base import NdisStatus, Profile
from asyncndis.memory import Buffer, BufferPool, Memory, Priority
from asyncndis.memory.buffer import described

from .vocabulary import answer, ddi

__all__ = [
    "NDIS_BUFFER_LINKAGE",
    "NDIS_BUFFER_TO_SPAN_PAGES",
    "NdisAdjustBufferLength",
    "NdisAllocateBuffer",
    "NdisAllocateBufferPool",
    "NdisBufferLength",
    "NdisBufferVirtualAddress",
    "NdisBufferVirtualAddressSafe",
    "NdisCopyBuffer",
    "NdisFlushBuffer",
    "NdisFreeBuffer",
    "NdisFreeBufferPool",
    "NdisGetBufferPhysicalArraySize",
    "NdisGetNextBuffer",
    "NdisQueryBuffer",
    "NdisQueryBufferOffset",
    "NdisQueryBufferSafe",
]


@ddi(
    page="NdisAllocateBufferPool, Windows CE",
    irql="<= DISPATCH, no spin lock held",
    rules=("POOL-01", "POOL-02", "POOL-03", "POOL-04", "POOL-05"),
    maps_to="BufferPool.create",
)
async def NdisAllocateBufferPool(
    NumberOfDescriptors: int, *, name: str = "buffers", profile: Profile = Profile.STRICT
) -> tuple[NdisStatus, BufferPool]:
    """Create a pool of buffer descriptors; meant for initialization.

    :param NumberOfDescriptors: how many may be out at once; a ring-DMA NIC needs as many as map its full ring
    :param name: for messages and reports
    :param profile: which NDIS to imitate
    :returns: SUCCESS in every case, and the pool
    """
    return NdisStatus.SUCCESS, await BufferPool.create(NumberOfDescriptors, name=name, profile=profile)


@ddi(
    page="NdisFreeBufferPool, Windows CE",
    irql="<= DISPATCH, no spin lock held",
    rules=("POOL-06", "POOL-07", "POOL-08", "POOL-09", "POOL-10"),
    maps_to="BufferPool.close",
)
def NdisFreeBufferPool(PoolHandle: BufferPool) -> None:
    """Free a pool; what is still out is a leak.

    :param PoolHandle: the pool, which may not be used any more
    """
    PoolHandle.close()


@ddi(
    page="NdisAllocateBuffer, NT DDK",
    irql="<= DISPATCH, no spin lock held",
    rules=("POOL-04", "POOL-09", "BUF-03", "BUF-04", "BUF-14", "BUF-15"),
    maps_to="BufferPool.allocate_nowait",
)
def NdisAllocateBuffer(PoolHandle: BufferPool, VirtualAddress: Memory, Length: int) -> tuple[NdisStatus, Buffer | None]:
    """Take a descriptor over memory that is there already and stays the caller's.

    :param PoolHandle: the pool
    :param VirtualAddress: the memory, which must outlive the buffer
    :param Length: how many bytes of it, from its start
    :returns: SUCCESS and the buffer; FAILURE and None when as many are out as the pool allows
    """
    return answer(NdisStatus.FAILURE, PoolHandle.allocate_nowait, described(VirtualAddress, Length))


@ddi(
    page="NdisCopyBuffer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-04", "POOL-09", "BUF-03", "BUF-15"),
    maps_to="BufferPool.copy_nowait",
)
def NdisCopyBuffer(
    PoolHandle: BufferPool, MemoryDescriptor: Buffer, Offset: int, Length: int
) -> tuple[NdisStatus, Buffer | None]:
    """Take a second descriptor over a part of what another one describes.

    :param PoolHandle: the pool that gives the new descriptor
    :param MemoryDescriptor: the other buffer; its memory must outlive the copy
    :param Offset: first byte, counted from the start of that buffer
    :param Length: number of bytes
    :returns: SUCCESS and the buffer; FAILURE and None when as many are out as the pool allows
    """
    return answer(NdisStatus.FAILURE, PoolHandle.copy_nowait, MemoryDescriptor, Offset, Length)


@ddi(
    page="NdisFreeBuffer, Windows CE",
    irql="<= DISPATCH, no spin lock held",
    rules=("BUF-04", "BUF-05", "BUF-08", "BUF-09"),
    maps_to="Buffer.free",
)
def NdisFreeBuffer(Buffer: Buffer) -> None:
    """Give a descriptor back to its pool; the memory is not touched.

    :param Buffer: a buffer that the caller allocated, in no chain, at the length it was allocated with
    """
    Buffer.free()


@ddi(
    page="NdisAdjustBufferLength, network reference of Windows 2000 and XP",
    irql="any, no spin lock held",
    rules=("BUF-04", "BUF-06", "BUF-07", "BUF-08", "BUF-11"),
    maps_to="Buffer.adjust_length",
)
def NdisAdjustBufferLength(Buffer: Buffer, Length: int) -> None:
    """Change how many bytes a descriptor covers; restore that before it is freed.

    :param Buffer: a buffer that the caller allocated
    :param Length: in bytes, at most what it was allocated with
    """
    Buffer.adjust_length(Length)


@ddi(
    page="NdisQueryBuffer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("BUF-04", "BUF-13"),
    maps_to="Buffer.view",
)
def NdisQueryBuffer(Buffer: Buffer) -> tuple[memoryview, int]:
    """Read where the bytes of a buffer are and how many; under low resources the original takes the system down.

    :param Buffer: the buffer
    :returns: the bytes, and their number
    """
    return Buffer.view(), Buffer.length


@ddi(
    page="NdisQueryBufferSafe, network reference of Windows XP",
    irql="<= DISPATCH",
    rules=("BUF-12", "BUF-13"),
    maps_to="Buffer.view_safe",
)
def NdisQueryBufferSafe(Buffer: Buffer, Priority: Priority) -> tuple[memoryview | None, int]:
    """Read where the bytes of a buffer are and how many.

    :param Buffer: the buffer
    :param Priority: how badly the mapping is needed
    :returns: the bytes, or None where they cannot be mapped now; and their number
    """
    return Buffer.view_safe(Priority), Buffer.length


@ddi(page="ndis.h", irql="<= DISPATCH", rules=("BUF-13",), maps_to="Buffer.view")
def NdisBufferVirtualAddress(Buffer: Buffer) -> memoryview:
    """The bytes of a buffer.

    :param Buffer: the buffer
    """
    return Buffer.view()


@ddi(page="ndis.h", irql="<= DISPATCH", rules=("BUF-12", "BUF-13"), maps_to="Buffer.view_safe")
def NdisBufferVirtualAddressSafe(Buffer: Buffer, Priority: Priority) -> memoryview | None:
    """The bytes of a buffer, or None where they cannot be mapped now.

    :param Buffer: the buffer
    :param Priority: how badly the mapping is needed
    """
    return Buffer.view_safe(Priority)


@ddi(page="ndis.h", irql="any", maps_to="Buffer.length")
def NdisBufferLength(Buffer: Buffer) -> int:
    """The number of bytes that a buffer covers.

    :param Buffer: the buffer
    """
    return Buffer.length


@ddi(
    page="NdisQueryBufferOffset, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    maps_to="Buffer.offset",
)
def NdisQueryBufferOffset(Buffer: Buffer) -> tuple[int, int]:
    """Read where in its first page a buffer starts.

    :param Buffer: the buffer
    :returns: the offset, and the buffer's length, in bytes
    """
    return Buffer.offset, Buffer.length


@ddi(page="ndis.h", irql="any", maps_to="Buffer.span_pages")
def NDIS_BUFFER_TO_SPAN_PAGES(Buffer: Buffer) -> int:
    """The number of pages that a buffer touches; 1 for length 0.

    :param Buffer: the buffer
    """
    return Buffer.span_pages


@ddi(
    page="NdisGetBufferPhysicalArraySize, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    maps_to="Buffer.span_pages",
)
def NdisGetBufferPhysicalArraySize(Buffer: Buffer) -> int:
    """The most physical fragments that a buffer can have.

    :param Buffer: the buffer
    """
    return Buffer.span_pages


@ddi(page="NdisGetNextBuffer, network reference of Windows 2000 and XP", irql="any", maps_to="Buffer.next")
def NdisGetNextBuffer(CurrentBuffer: Buffer) -> Buffer | None:
    """The buffer after this one in its chain, or None at the end.

    :param CurrentBuffer: the buffer
    """
    return CurrentBuffer.next


@ddi(page="ndis.h", irql="any", rules=("BUF-10",), maps_to="Buffer.link")
def NDIS_BUFFER_LINKAGE(Buffer: Buffer, NextBuffer: Buffer) -> None:
    """Set the Next field of a buffer, to make a chain before a packet has it.

    :param Buffer: a buffer without a next one, in no packet
    :param NextBuffer: what is to follow it, with what follows that
    """
    Buffer.link(NextBuffer)


@ddi(
    page="NdisFlushBuffer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("DMA-07",),
    maps_to="Buffer.flush",
)
def NdisFlushBuffer(Buffer: Buffer, WriteToDevice: bool) -> None:
    """Make caches and memory agree before a DMA out of a buffer, or after one into it.

    :param Buffer: the buffer
    :param WriteToDevice: TRUE before the device reads, FALSE after it wrote
    """
    Buffer.flush(write_to_device=WriteToDevice)
