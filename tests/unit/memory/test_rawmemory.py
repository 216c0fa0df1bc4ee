"""Zeroing, moving, filling, comparing: never beyond the end."""

from collections.abc import Callable

import pytest

from asyncndis.memory import HeapProvider, Memory, equal_memory, fill_memory, move_memory, zero_memory


def block_of(content: bytes) -> Memory:
    block = HeapProvider().allocate(len(content))
    block.view[:] = content
    return block


def bytes_of(memory: Memory) -> bytes:
    return bytes(memory if isinstance(memory, bytes | bytearray | memoryview) else memory.view)


def view_of(content: bytes) -> Memory:
    return memoryview(bytearray(content))


@pytest.mark.parametrize("make", [bytearray, view_of, block_of])
def test_on_every_kind(make: Callable[[bytes], Memory]) -> None:
    memory = make(b"abcdef")
    zero_memory(memory, 1)
    fill_memory(memory, 2, 0x7A)
    move_memory(memory, b"MNO", 1)
    assert bytes_of(memory) == b"Mzcdef"
    move_memory(memory, make(b"xyz"))
    assert bytes_of(memory) == b"xyzdef"
    assert equal_memory(memory, make(b"xyz!!!"), 3)
    assert not equal_memory(memory, make(b"xyz!!!"), 4)
    zero_memory(memory)
    assert bytes_of(memory) == bytes(6)


@pytest.mark.parametrize(("source", "target", "expected"), [(0, 2, b"ababcd"), (2, 0, b"cdefef")])
def test_overlapping(source: int, target: int, expected: bytes) -> None:
    view = memoryview(bytearray(b"abcdef"))
    move_memory(view[target:], view[source:], 4)
    assert bytes(view) == expected


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda: zero_memory(bytearray(2), 3), ValueError),
        (lambda: zero_memory(b"ab"), TypeError),
        (lambda: fill_memory(bytearray(2), 2, 256), ValueError),
        (lambda: fill_memory(bytearray(2), -1, 0), ValueError),
        (lambda: move_memory(bytearray(2), b"abc"), ValueError),
        (lambda: move_memory(bytearray(4), b"abc", 4), ValueError),
        (lambda: move_memory(b"ab", b"ab"), TypeError),
        (lambda: equal_memory(b"ab", b"abc", 3), ValueError),
    ],
)
def test_nothing_beyond_the_end(act: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        act()
