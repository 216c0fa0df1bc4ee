"""Copying between chains; the model test goes through all fragmentations."""

import pytest

from asyncndis.memory import HeapProvider, Packet
from asyncndis.memory.copying import copy_chain
from tests.unit.memory.making import chained


def pieces_of(packet: Packet) -> list[bytes]:
    return [bytes(buffer.view()) for buffer in packet]


def test_unequal_fragments() -> None:
    target = chained(bytearray(2), bytearray(), bytearray(5))
    source = chained(b"abc", b"", b"d", b"efg")
    assert copy_chain(target.first, 0, source.first, 0, 100) == 7
    assert pieces_of(target) == [b"ab", b"", b"cdefg"]


@pytest.mark.parametrize(
    ("offset", "source_offset", "count", "copied", "expected"),
    [
        (0, 0, 0, 0, b"....."),
        (4, 0, 9, 1, b"....a"),
        (5, 0, 9, 0, b"....."),
        (99, 0, 9, 0, b"....."),
        (0, 4, 9, 2, b"ef..."),
        (0, 6, 9, 0, b"....."),
        (0, 99, 9, 0, b"....."),
        (3, 3, 1, 1, b"...d."),
        (1, 2, 3, 3, b".cde."),
    ],
)
def test_offsets_and_counts(offset: int, source_offset: int, count: int, copied: int, expected: bytes) -> None:
    target = chained(bytearray(b"..."), bytearray(b".."))
    source = chained(b"ab", b"cd", b"ef")
    assert copy_chain(target.first, offset, source.first, source_offset, count) == copied
    assert b"".join(pieces_of(target)) == expected


def test_empty_chains() -> None:
    source = chained(b"abc")
    assert copy_chain(None, 0, source.first, 0, 9) == 0
    assert copy_chain(source.first, 0, None, 0, 9) == 0


def test_blocks() -> None:
    block = HeapProvider().allocate(4)
    assert copy_chain(chained(block).first, 1, chained(b"xy").first, 0, 9) == 2
    assert bytes(block.view) == b"\0xy\0"


def test_nothing_is_written_where_a_part_is_read_only() -> None:
    target = chained(bytearray(2), b"..")
    source = chained(b"abc")
    with pytest.raises(TypeError, match="read-only bytes; allocate its buffers over a bytearray"):
        copy_chain(target.first, 0, source.first, 0, 3)
    assert pieces_of(target) == [b"\0\0", b".."]
    assert copy_chain(target.first, 0, source.first, 0, 2) == 2, "what lies beyond is not written"
