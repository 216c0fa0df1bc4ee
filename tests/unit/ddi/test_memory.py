"""Memory and lookaside lists by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus, Probe, observe
from asyncndis.ddi import (
    NdisAllocateFromNPagedLookasideList,
    NdisAllocateMemory,
    NdisAllocateMemoryWithTag,
    NdisDeleteNPagedLookasideList,
    NdisEqualMemory,
    NdisFillMemory,
    NdisFreeMemory,
    NdisFreeToNPagedLookasideList,
    NdisInitializeNPagedLookasideList,
    NdisMoveMemory,
    NdisZeroMemory,
)
from asyncndis.memory import Block, HeapProvider, LookasideList, MemoryFlags, driver_memory
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop

TAG = 0x6D6D6F43


class NoMemory(Probe):
    """An environment in which nothing can be allocated."""

    def fails(self, operation: str, subject: object) -> bool:
        return True


async def test_memory_with_a_tag() -> None:
    status, memory = NdisAllocateMemoryWithTag(64, TAG)
    assert status == NdisStatus.SUCCESS
    assert memory is not None
    with breaks("POOL-18"):
        NdisFreeMemory(memory, 64, 0)
    assert driver_memory.usage()[TAG] == 64
    NdisFreeMemory(memory, 0, 0)
    assert TAG not in driver_memory.usage()


async def test_contiguous_memory() -> None:
    status, memory = NdisAllocateMemory(8192, MemoryFlags.CONTIGUOUS, None)
    assert status == NdisStatus.SUCCESS
    assert memory is not None
    assert len(memory) == 8192
    NdisFreeMemory(memory, 8192, MemoryFlags.CONTIGUOUS)


async def test_no_memory() -> None:
    with observe(NoMemory()):
        assert NdisAllocateMemoryWithTag(64, TAG) == (NdisStatus.FAILURE, None)
        assert NdisAllocateMemory(64, 0, None) == (NdisStatus.FAILURE, None)
    assert NdisAllocateMemory(64, 0, 0) == (NdisStatus.FAILURE, None)


async def test_bytes() -> None:
    memory = bytearray(b"header and data")
    NdisMoveMemory(memory, memoryview(memory)[7:], 8)
    assert memory == b"and datand data"
    NdisFillMemory(memory, 3, ord("x"))
    NdisZeroMemory(memoryview(memory)[3:], 2)
    assert memory == b"xxx\0\0atand data"
    assert NdisEqualMemory(memory, b"xxxy", 3)
    assert not NdisEqualMemory(memory, b"xxxy", 4)


def lookaside() -> LookasideList:
    return NdisInitializeNPagedLookasideList(None, None, 0, 128, TAG, 0, name="headers")


async def test_lookaside_list() -> None:
    entries = lookaside()
    entry = NdisAllocateFromNPagedLookasideList(entries)
    assert entry is not None
    assert len(entry) == 128
    NdisFreeToNPagedLookasideList(entries, entry)
    assert NdisAllocateFromNPagedLookasideList(entries) is entry
    NdisFreeToNPagedLookasideList(entries, entry)
    with breaks("POOL-17"):
        NdisFreeToNPagedLookasideList(entries, entry)
    NdisDeleteNPagedLookasideList(entries)
    with breaks("POOL-17"):
        NdisAllocateFromNPagedLookasideList(entries)


async def test_a_lookaside_list_of_the_drivers_own_making() -> None:
    made, freed, provider = list[tuple[int, int]](), list[Block](), HeapProvider()

    def make(size: int, tag: int) -> Block | None:
        made.append((size, tag))
        return provider.allocate(size) if len(made) == 1 else None

    entries = NdisInitializeNPagedLookasideList(make, freed.append, 0, 128, TAG, 0)
    entry = NdisAllocateFromNPagedLookasideList(entries)
    assert entry is not None
    assert NdisAllocateFromNPagedLookasideList(entries) is None
    assert made == [(128, TAG)] * 2
    NdisFreeToNPagedLookasideList(entries, entry)
    NdisDeleteNPagedLookasideList(entries)
    assert freed == [entry]


async def test_no_entry() -> None:
    with observe(NoMemory()):
        assert NdisAllocateFromNPagedLookasideList(lookaside()) is None
