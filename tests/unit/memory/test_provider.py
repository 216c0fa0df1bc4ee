"""Blocks have addresses that slicing keeps right; providers never hand out a byte twice."""

import math

import pytest

from asyncndis.memory import PAGE_SIZE, Block, HeapProvider


def test_a_block_is_zeroed_and_writable() -> None:
    block = HeapProvider().allocate(5)
    assert bytes(block.view) == bytes(5)
    block.view[:] = b"frame"
    assert len(block) == 5
    assert repr(block) == f"<Block of 5 bytes at {block.address:#x}, physical {block.physical_address:#x}>"


def test_physical_is_never_virtual() -> None:
    provider = HeapProvider()
    blocks = [provider.allocate(length) for length in (0, 1, 17, PAGE_SIZE)]
    assert all(block.address != block.physical_address for block in blocks)


@pytest.mark.parametrize("alignment", [1, 2, 16, PAGE_SIZE])
def test_both_addresses_are_aligned(alignment: int) -> None:
    provider = HeapProvider()
    provider.allocate(3)
    block = provider.allocate(5, alignment=alignment)
    assert block.address % alignment == 0
    assert block.physical_address % alignment == 0


def test_alignment_is_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="alignment is a power of two, not 48"):
        HeapProvider().allocate(5, alignment=48)


def test_no_two_blocks_overlap_and_none_is_used_again() -> None:
    provider = HeapProvider()
    seen: set[int] = set()
    for length in (0, 1, 16, 5, 0, 64):
        block = provider.allocate(length, alignment=1)
        addresses = set(range(block.address, block.address + max(length, 1)))
        assert not seen & addresses
        seen |= addresses
        provider.free(block)


def test_addresses_are_the_same_in_every_run() -> None:
    first, second = HeapProvider(), HeapProvider()
    assert [first.allocate(n).address for n in (3, 40, 1)] == [second.allocate(n).address for n in (3, 40, 1)]


@pytest.mark.parametrize(
    ("part", "offset", "length"),
    [
        (slice(None), 0, 10),
        (slice(4), 0, 4),
        (slice(3, 7), 3, 4),
        (slice(-2, None), 8, 2),
        (slice(7, 3), 7, 0),
        (slice(5, 99), 5, 5),
        (slice(99, None), 10, 0),
    ],
)
def test_a_part_has_the_addresses_of_its_bytes(part: slice, offset: int, length: int) -> None:
    block = HeapProvider().allocate(10)
    block.view[:] = bytes(range(10))
    piece = block[part]
    assert (piece.address - block.address, piece.physical_address - block.physical_address) == (offset, offset)
    assert bytes(piece.view) == bytes(range(10))[part]
    assert len(piece) == length
    piece.view[:] = b"\xff" * length
    assert bytes(block.view).count(b"\xff") == length


@pytest.mark.parametrize("step", [2, -1])
def test_a_part_is_contiguous(step: int) -> None:
    with pytest.raises(ValueError, match="sliced without a step"):
        HeapProvider().allocate(10)[::step]


@pytest.mark.parametrize("index", [3, None, "a"])
def test_a_block_is_sliced_not_indexed(index: slice) -> None:
    with pytest.raises(TypeError, match="the index of a block is a slice"):
        HeapProvider().allocate(10)[index]


@pytest.mark.parametrize("value", [None, -1, 2**63, math.nan, "1"])
def test_bad_lengths_and_alignments_change_nothing(value: int) -> None:
    provider = HeapProvider()
    next_address = HeapProvider().allocate(1).address
    for arguments in ({"length": value}, {"length": 1, "alignment": value}, {"length": 1, "alignment": 0}):
        with pytest.raises((TypeError, ValueError), match=r"^(length|alignment) is"):
            provider.allocate(**arguments)
    assert provider.allocate(1).address == next_address


def test_a_block_can_be_made_over_any_memory() -> None:
    block = Block(memoryview(bytearray(b"abc")), 100, 900)
    assert (block[1:].address, block[1:].physical_address) == (101, 901)
