"""Memory and lookaside lists.

What is freed is described as it was allocated: with a tag by length 0 and no flags, otherwise by length and flags
(POOL-18). The kind of memory decides on the IRQL. An address is a block, which has its bytes and knows where they are;
zeroing and its like take bytearrays and memoryviews, too.
"""

from collections.abc import Callable

from asyncndis.base import NdisStatus
from asyncndis.memory import (
    Block,
    LookasideList,
    Memory,
    driver_memory,
    equal_memory,
    fill_memory,
    move_memory,
    zero_memory,
)

from .vocabulary import answer, ddi

__all__ = [
    "NdisAllocateFromNPagedLookasideList",
    "NdisAllocateMemory",
    "NdisAllocateMemoryWithTag",
    "NdisDeleteNPagedLookasideList",
    "NdisEqualMemory",
    "NdisFillMemory",
    "NdisFreeMemory",
    "NdisFreeToNPagedLookasideList",
    "NdisInitializeNPagedLookasideList",
    "NdisMoveMemory",
    "NdisZeroMemory",
]


@ddi(
    page="NdisAllocateMemoryWithTag, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-18",),
    maps_to="DriverMemory.allocate_with_tag",
)
def NdisAllocateMemoryWithTag(Length: int, Tag: int) -> tuple[NdisStatus, Block | None]:
    """Allocate non-paged memory.

    :param Length: in bytes
    :param Tag: 32 bits that name the driver
    :returns: SUCCESS and the memory; FAILURE and None when there is none
    """
    return answer(NdisStatus.FAILURE, driver_memory.allocate_with_tag, Length, Tag)


@ddi(
    page="NdisAllocateMemory, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-18",),
    maps_to="DriverMemory.allocate",
)
def NdisAllocateMemory(
    Length: int, MemoryFlags: int, HighestAcceptableAddress: int | None
) -> tuple[NdisStatus, Block | None]:
    """Allocate memory of a kind: contiguous and noncached memory at PASSIVE_LEVEL only.

    :param Length: in bytes
    :param MemoryFlags: the kind, 0 for plain memory
    :param HighestAcceptableAddress: the highest physical address that it may have, None for any
    :returns: SUCCESS and the memory; FAILURE and None when there is none
    """
    return answer(NdisStatus.FAILURE, driver_memory.allocate, Length, MemoryFlags, HighestAcceptableAddress)


@ddi(
    page="NdisFreeMemory, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-18",),
    maps_to="DriverMemory.free",
)
def NdisFreeMemory(VirtualAddress: Block, Length: int, MemoryFlags: int) -> None:
    """Free memory: noncached memory below DISPATCH_LEVEL, contiguous memory at PASSIVE_LEVEL only.

    :param VirtualAddress: the memory, all of it
    :param Length: as it was allocated; 0 for memory with a tag
    :param MemoryFlags: as it was allocated; 0 for memory with a tag
    """
    driver_memory.free(VirtualAddress, Length, MemoryFlags)


@ddi(page="NdisZeroMemory, network reference of Windows 2000 and XP", irql="any", maps_to="zero_memory")
def NdisZeroMemory(Destination: Memory, Length: int) -> None:
    """Set bytes to zero.

    :param Destination: what is written
    :param Length: how many bytes from its start
    """
    zero_memory(Destination, Length)


@ddi(page="NdisMoveMemory, network reference of Windows 2000 and XP", irql="any", maps_to="move_memory")
def NdisMoveMemory(Destination: Memory, Source: Memory, Length: int) -> None:
    """Copy bytes, also where the two overlap.

    :param Destination: what is written
    :param Source: what is read
    :param Length: how many bytes from the start of both
    """
    move_memory(Destination, Source, Length)


@ddi(page="NdisFillMemory, network reference of Windows 2000 and XP", irql="any", maps_to="fill_memory")
def NdisFillMemory(Destination: Memory, Length: int, Fill: int) -> None:
    """Set bytes to a value.

    :param Destination: what is written
    :param Length: how many bytes from its start
    :param Fill: the value, from 0 to 255
    """
    fill_memory(Destination, Length, Fill)


@ddi(page="NdisEqualMemory, network reference of Windows 2000 and XP", irql="any", maps_to="equal_memory")
def NdisEqualMemory(Source1: Memory, Source2: Memory, Length: int) -> bool:
    """Whether bytes are the same.

    :param Source1: one memory
    :param Source2: another
    :param Length: how many bytes from the start of both
    """
    return equal_memory(Source1, Source2, Length)


@ddi(
    page="NdisInitializeNPagedLookasideList, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-17",),
    maps_to="LookasideList",
)
def NdisInitializeNPagedLookasideList(
    Allocate: Callable[[int, int], Block | None] | None,
    Free: Callable[[Block], object] | None,
    Flags: int,
    Size: int,
    Tag: int,
    Depth: int,
    *,
    name: str = "lookaside",
) -> LookasideList:
    """Initialize a list of entries of one size; none is allocated now.

    :param Allocate: makes an entry of a size and a tag, or None when it cannot; None for the default
    :param Free: takes back what Allocate made; None for the default
    :param Flags: reserved, 0
    :param Size: of each entry, in bytes
    :param Tag: 32 bits that name the driver
    :param Depth: reserved, 0
    :param name: for messages
    :returns: the list, which in C is storage of the caller
    """
    del Flags, Depth  # the page reserves them
    return LookasideList(Size, tag=Tag, allocate=Allocate, free=Free, name=name)


@ddi(
    page="NdisAllocateFromNPagedLookasideList, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-17",),
    maps_to="LookasideList.allocate",
)
def NdisAllocateFromNPagedLookasideList(Lookaside: LookasideList) -> Block | None:
    """Take an entry.

    :param Lookaside: the list
    :returns: the entry, or None when there is none
    """
    _, entry = answer(NdisStatus.RESOURCES, Lookaside.allocate)
    return entry


@ddi(
    page="NdisFreeToNPagedLookasideList, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-17",),
    maps_to="LookasideList.free",
)
def NdisFreeToNPagedLookasideList(Lookaside: LookasideList, Entry: Block) -> None:
    """Give an entry back.

    :param Lookaside: the list that it came from
    :param Entry: the entry
    """
    Lookaside.free(Entry)


@ddi(
    page="NdisDeleteNPagedLookasideList, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-17",),
    maps_to="LookasideList.delete",
)
def NdisDeleteNPagedLookasideList(Lookaside: LookasideList) -> None:
    """Delete a list and what it keeps; entries that are still out leak.

    :param Lookaside: the list
    """
    Lookaside.delete()
