"""Map registers: the limit of 64, one mapping each, and what the NIC sees."""

from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation, observe
from asyncndis.memory import (
    MAP_REGISTER_LIMIT,
    PAGE_SIZE,
    Block,
    Buffer,
    BufferPool,
    DmaSize,
    HeapProvider,
    MapRegisters,
    MapRegisterStatistics,
    Memory,
    PhysicalFragment,
)
from tests.unit.memory.making import Diary, buffer_pool

WIDE = DmaSize.BITS_64


@pytest.fixture
def buffers() -> BufferPool:
    return buffer_pool()


def block(offset: int, length: int) -> Memory:
    return HeapProvider().allocate(offset + length, alignment=PAGE_SIZE)[offset:]


@pytest.mark.parametrize(
    ("maximum", "most"),
    [(1, 64), (2, 32), (1512, 32), (4096, 32), (4097, 32), (4098, 21), (9014, 16), (63 * 4096, 1), (63 * 4096 + 2, 0)],
)
def test_the_limit(maximum: int, most: int) -> None:
    assert MapRegisters(most, maximum).statistics().map_registers <= MAP_REGISTER_LIMIT
    with pytest.raises(NdisError, match=rf"{most + 1} base registers for {maximum} bytes") as caught:
        MapRegisters(most + 1, maximum)
    assert caught.value.status is NdisStatus.RESOURCES


def test_statistics(buffers: BufferPool) -> None:
    registers = MapRegisters(4, 1514, name="tx")
    registers.start(buffers.allocate_nowait(b"x"), 3, write_to_device=True)
    assert registers.statistics() == MapRegisterStatistics(base_registers=4, map_registers=8, mapped=1)
    assert repr(registers) == "<MapRegisters 'tx' 1 of 4 mapped>"


@pytest.mark.parametrize(
    ("offset", "length", "sizes"),
    [
        (0, 100, [100]),
        (4000, 96, [96]),
        (4000, 97, [96, 1]),
        (4095, 4098, [1, 4096, 1]),
        (0, 8192, [4096] * 2),
        (5, 0, []),
    ],
)
def test_fragments_end_with_their_page(buffers: BufferPool, offset: int, length: int, sizes: list[int]) -> None:
    memory = block(offset, length)
    fragments = MapRegisters(1, 8192, dma_size=WIDE).start(buffers.allocate_nowait(memory), 0, write_to_device=True)
    assert [fragment.length for fragment in fragments] == sizes
    address = getattr(memory, "physical_address")  # noqa: B009  # a Block among the kinds of memory
    for fragment in fragments:
        assert fragment.address == address
        address += fragment.length


@pytest.mark.parametrize("size", [DmaSize.BITS_24, DmaSize.BITS_32])
def test_memory_out_of_reach_is_seen_through_the_registers(buffers: BufferPool, size: DmaSize) -> None:
    registers = MapRegisters(2, 5000, dma_size=size)
    memory = block(4000, 5000)
    fragments = [registers.start(buffers.allocate_nowait(memory), index, write_to_device=False) for index in (0, 1)]
    seen = {fragment.address // PAGE_SIZE for pages in fragments for fragment in pages}
    assert len(seen) == 6, "no page of one register is a page of the other"
    assert all(fragment.address + fragment.length <= 1 << 24 for pages in fragments for fragment in pages)
    assert [fragment.length for fragment in fragments[0]] == [96, 4096, 808]
    assert [pages[0].address for pages in fragments] == [0x10_0000 + 4000, 0x10_0000 + 3 * PAGE_SIZE + 4000]


@pytest.mark.parametrize(("size", "bits"), [(DmaSize.BITS_24, 24), (DmaSize.BITS_32, 32), (DmaSize.BITS_64, 64)])
def test_the_reach_of_addresses(buffers: BufferPool, size: DmaSize, bits: int) -> None:
    registers = MapRegisters(1, 8, dma_size=size)
    last, beyond = (
        buffers.allocate_nowait(Block(memoryview(bytearray(8)), 0xFFFF_0000, (1 << bits) - length)) for length in (8, 7)
    )
    (fragment,) = registers.start(last, 0, write_to_device=True)
    assert fragment.address == (1 << bits) - 8
    registers.complete(last, 0)
    (fragment,) = registers.start(beyond, 0, write_to_device=True)
    assert fragment.address == 0x10_0000


def test_plain_bytes_are_seen_through_the_registers(buffers: BufferPool) -> None:
    registers = MapRegisters(1, 1514, dma_size=WIDE)
    (fragment,) = registers.start(buffers.allocate_nowait(b"abcdef"), 0, write_to_device=True)
    assert fragment.address < 1 << 24
    assert bytes(registers.view_at(fragment.address + 2, 3)) == b"cde"


@pytest.mark.parametrize("memory", [block(4094, 6), bytearray(6)], ids=["block", "bytes"])
def test_the_nic_reads_and_writes(buffers: BufferPool, memory: Memory) -> None:
    registers = MapRegisters(1, 1514, dma_size=WIDE)
    buffer = buffers.allocate_nowait(memory)
    first = registers.start(buffer, 0, write_to_device=False)[0]
    registers.view_at(first.address + 1, 4)[:] = b"wxyz"
    assert bytes(buffer.view()) == b"\0wxyz\0"
    registers.complete(buffer, 0)
    first = registers.start(buffer, 0, write_to_device=True)[0]
    view = registers.view_at(first.address, 6)
    assert (bytes(view), view.readonly) == (b"\0wxyz\0", True)


def test_the_nic_finds_what_is_mapped_and_nothing_else(buffers: BufferPool) -> None:
    registers = MapRegisters(2, 1514)
    buffer = buffers.allocate_nowait(b"abcdef")
    (fragment,) = registers.start(buffer, 1, write_to_device=True)
    for address, length in ((fragment.address, 7), (fragment.address - 1, 1), (fragment.address + 6, 1)):
        with pytest.raises(RuleViolation, match=r"DMA-01: no mapping of .* covers"):
            registers.view_at(address, length)
    registers.complete(buffer, 1)
    with pytest.raises(RuleViolation, match="DMA-01"):
        registers.view_at(*fragment)


def test_only_the_bytes_described_now_are_mapped(buffers: BufferPool) -> None:
    buffer = buffers.allocate_nowait(bytearray(100))
    buffer.adjust_length(10)
    registers = MapRegisters(1, 10)
    assert registers.start(buffer, 0, write_to_device=True) == (PhysicalFragment(0x10_0000, 10),)


def test_one_mapping_for_each_register(buffers: BufferPool) -> None:
    one, two = buffers.allocate_nowait(b"1"), buffers.allocate_nowait(b"2")
    registers = MapRegisters(2, 1514)
    registers.start(one, 0, write_to_device=True)
    with pytest.raises(RuleViolation, match=r"DMA-01: register 0 of .* maps <Buffer .*complete that mapping first"):
        registers.start(two, 0, write_to_device=True)
    with pytest.raises(RuleViolation, match=r"DMA-01.*has no register 2"):
        registers.start(two, 2, write_to_device=True)
    registers.start(two, 1, write_to_device=True)
    registers.complete(one, 0)
    registers.start(two, 0, write_to_device=True)


def test_each_mapping_is_completed_once(buffers: BufferPool) -> None:
    one, two = buffers.allocate_nowait(b"1"), buffers.allocate_nowait(b"2")
    registers = MapRegisters(2, 1514)
    registers.start(one, 0, write_to_device=True)
    for buffer, register in ((two, 0), (one, 1), (one, 7)):
        with pytest.raises(RuleViolation, match=r"DMA-02.*does not map"):
            registers.complete(buffer, register)
    with pytest.raises(RuleViolation, match=r"DMA-02.*complete each of them first"):
        registers.free()
    registers.complete(one, 0)
    with pytest.raises(RuleViolation, match="DMA-02"):
        registers.complete(one, 0)
    registers.free()
    with pytest.raises(RuleViolation, match=r"DMA-01.*has no register 0"):
        registers.start(one, 0, write_to_device=True)


def test_buffers_that_cannot_be_mapped(buffers: BufferPool) -> None:
    registers = MapRegisters(1, 4)
    with pytest.raises(RuleViolation, match=r"DMA-01.*is longer than the 4 bytes"):
        registers.start(buffers.allocate_nowait(b"12345"), 0, write_to_device=True)
    free = buffers.allocate_nowait(b"1")
    free.free()
    with pytest.raises(RuleViolation, match="BUF-05"):
        registers.start(free, 0, write_to_device=True)
    wrong: Any = b"1"
    with pytest.raises(TypeError, match="buffer is a Buffer"):
        registers.start(wrong, 0, write_to_device=True)
    with pytest.raises(ValueError, match="register"):
        registers.start(buffers.allocate_nowait(b"1"), -1, write_to_device=True)
    assert registers.statistics().mapped == 0


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [((-1, 1), "base_registers"), ((1, 0), "maximum_buffer_size"), ((1, "x"), "maximum_buffer_size")],
)
def test_bad_arguments(arguments: tuple[int, int], culprit: str) -> None:
    with pytest.raises((TypeError, ValueError), match=culprit):
        MapRegisters(*arguments)
    wrong: Any = 3
    with pytest.raises(ValueError, match="DmaSize"):
        MapRegisters(1, 1, dma_size=wrong)
    with pytest.raises(TypeError, match="name"):
        MapRegisters(1, 1, name=wrong)


def test_it_is_seen_and_refused(buffers: BufferPool) -> None:
    diary = Diary(fails="NdisMAllocateMapRegisters")
    with observe(diary):
        with pytest.raises(NdisError):
            MapRegisters(1, 1)
        diary.failing = ""
        diary.seen.clear()
        registers = MapRegisters(1, 1)
    buffer: Buffer = buffers.allocate_nowait(b"1")
    registers.start(buffer, 0, write_to_device=True)
    registers.complete(buffer, 0)
    registers.free()
    operations = [
        "AllocateMapRegisters",
        "StartBufferPhysicalMapping",
        "CompleteBufferPhysicalMapping",
        "FreeMapRegisters",
    ]
    assert diary.seen == [(when, f"NdisM{name}") for name in operations for when in ("before", "after")]
