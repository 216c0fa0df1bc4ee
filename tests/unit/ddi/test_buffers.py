"""Buffers by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus, Probe, Profile, observe
from asyncndis.ddi import (
    NDIS_BUFFER_LINKAGE,
    NDIS_BUFFER_TO_SPAN_PAGES,
    NdisAdjustBufferLength,
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisBufferLength,
    NdisBufferVirtualAddress,
    NdisBufferVirtualAddressSafe,
    NdisCopyBuffer,
    NdisFlushBuffer,
    NdisFreeBuffer,
    NdisFreeBufferPool,
    NdisGetBufferPhysicalArraySize,
    NdisGetNextBuffer,
    NdisQueryBuffer,
    NdisQueryBufferOffset,
    NdisQueryBufferSafe,
)
from asyncndis.memory import PAGE_SIZE, Buffer, BufferPool, HeapProvider, Memory, Priority
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


class NoMappings(Probe):
    """An environment that is out of address space."""

    def fails(self, operation: str, subject: object) -> bool:
        return operation == "NdisQueryBufferSafe"


async def buffer_over(memory: Memory) -> Buffer:
    _, pool = await NdisAllocateBufferPool(8)
    _, buffer = NdisAllocateBuffer(pool, memory, len(memory))
    assert buffer is not None
    return buffer


async def test_a_driver_at_work() -> None:
    frame = bytearray(2048)
    status, pool = await NdisAllocateBufferPool(1, name="rx")
    assert status == NdisStatus.SUCCESS
    status, buffer = NdisAllocateBuffer(pool, frame, 1514)
    assert status == NdisStatus.SUCCESS
    assert buffer is not None
    address, length = NdisQueryBuffer(buffer)
    address[:2] = b"\x33\x33"
    assert length == 1514
    assert frame.startswith(b"\x33\x33\0")
    NdisFreeBuffer(buffer)
    NdisFreeBufferPool(pool)
    assert str(pool) == "<BufferPool 'rx' closed, 0 of 1 out, 0 waiting>"


async def test_the_pool_is_a_limit() -> None:
    _, pool = await NdisAllocateBufferPool(1)
    _, buffer = NdisAllocateBuffer(pool, b"frame", 5)
    assert buffer is not None
    assert NdisAllocateBuffer(pool, b"frame", 5) == (NdisStatus.FAILURE, None)
    assert NdisCopyBuffer(pool, buffer, 0, 5) == (NdisStatus.FAILURE, None)
    NdisFreeBuffer(buffer)
    assert NdisAllocateBuffer(pool, b"frame", 5) == (NdisStatus.SUCCESS, buffer)


async def test_a_pool_without_descriptors_is_a_success() -> None:
    status, pool = await NdisAllocateBufferPool(0)
    assert status == NdisStatus.SUCCESS
    assert NdisAllocateBuffer(pool, b"frame", 5) == (NdisStatus.FAILURE, None)


async def test_windows_nt_does_not_enforce_the_limit() -> None:
    _, pool = await NdisAllocateBufferPool(0, profile=Profile.NT)
    assert NdisAllocateBuffer(pool, b"frame", 5)[0] == NdisStatus.SUCCESS


async def test_a_freed_pool_gives_nothing() -> None:
    _, pool = await NdisAllocateBufferPool(1)
    NdisFreeBufferPool(pool)
    assert NdisAllocateBuffer(pool, b"frame", 5) == (NdisStatus.FAILURE, None)


async def test_a_broken_rule_is_no_status() -> None:
    buffer = await buffer_over(b"frame")
    NdisFreeBuffer(buffer)
    with breaks("BUF-05"):
        NdisFreeBuffer(buffer)


async def test_more_than_the_memory_has() -> None:
    _, pool = await NdisAllocateBufferPool(1)
    with pytest.raises(ValueError, match="length is from 0 to 0x5, not 6"):
        NdisAllocateBuffer(pool, b"frame", 6)
    assert pool.outstanding == 0


async def test_copy() -> None:
    buffer = await buffer_over(bytearray(b"header and data"))
    pool = buffer.pool
    assert isinstance(pool, BufferPool)
    status, copy = NdisCopyBuffer(pool, buffer, 7, 3)
    assert status == NdisStatus.SUCCESS
    assert copy is not None
    NdisQueryBuffer(copy)[0][:] = b"AND"
    assert bytes(NdisBufferVirtualAddress(buffer)) == b"header AND data"


async def test_adjust_length() -> None:
    buffer = await buffer_over(b"header and data")
    NdisAdjustBufferLength(buffer, 6)
    assert NdisBufferLength(buffer) == 6
    with breaks("BUF-08"):
        NdisFreeBuffer(buffer)


async def test_safe_queries() -> None:
    buffer = await buffer_over(b"frame")
    address, length = NdisQueryBufferSafe(buffer, Priority.LOW)
    assert address is not None
    assert (bytes(address), length) == (b"frame", 5)
    assert NdisBufferVirtualAddressSafe(buffer, Priority.HIGH) == address


async def test_safe_queries_under_low_resources() -> None:
    with observe(NoMappings()):
        buffer = await buffer_over(b"frame")
    assert NdisQueryBufferSafe(buffer, Priority.LOW) == (None, 5)
    assert NdisBufferVirtualAddressSafe(buffer, Priority.HIGH) is None


async def test_pages() -> None:
    block = HeapProvider().allocate(2 * PAGE_SIZE, alignment=PAGE_SIZE)
    buffer = await buffer_over(block[PAGE_SIZE - 2 : PAGE_SIZE + 2])
    assert NdisQueryBufferOffset(buffer) == (PAGE_SIZE - 2, 4)
    assert NDIS_BUFFER_TO_SPAN_PAGES(buffer) == NdisGetBufferPhysicalArraySize(buffer) == 2


async def test_linkage() -> None:
    first, second = await buffer_over(b"header"), await buffer_over(b"data")
    assert NdisGetNextBuffer(first) is None
    NDIS_BUFFER_LINKAGE(first, second)
    assert NdisGetNextBuffer(first) is second
    with breaks("BUF-10"):
        NDIS_BUFFER_LINKAGE(second, first)


async def test_flush_is_seen() -> None:
    class Watch(Probe):
        seen: object = None

        def before(self, operation: str, subject: object, *arguments: object) -> None:
            self.seen = operation, *arguments

    with observe(watch := Watch()):
        buffer = await buffer_over(b"frame")
    NdisFlushBuffer(buffer, True)
    assert watch.seen == ("NdisFlushBuffer", True)
