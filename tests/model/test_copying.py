"""Copies between packets against flat bytes: every fragmentation of a short payload, and random ones of longer ones."""

from collections.abc import Sequence
from itertools import product

import hypothesis.strategies as st
from hypothesis import given, settings

from asyncndis.memory import Packet
from tests.unit.memory.making import buffer_pool, fill, packet_pool

BUFFERS = buffer_pool(64)
PACKETS = packet_pool(2)
PAYLOAD = b"abcd"

sizes = st.lists(st.integers(0, 9), max_size=8)
numbers = st.one_of(st.integers(0, 12), st.integers(0, 80))


def compositions(length: int) -> list[tuple[int, ...]]:
    """All ways to cut so many bytes into pieces."""
    if length == 0:
        return [()]
    return [(head, *tail) for head in range(1, length + 1) for tail in compositions(length - head)]


def cut(content: bytes, lengths: Sequence[int]) -> list[bytearray]:
    starts = [sum(lengths[:index]) for index in range(len(lengths))]
    return [bytearray(content[start : start + length]) for start, length in zip(starts, lengths, strict=True)]


def packet_of(pieces: Sequence[bytearray]) -> Packet:
    packet = PACKETS.allocate_nowait()
    fill(packet, BUFFERS, *pieces)
    return packet


def give_back(packet: Packet) -> None:
    for buffer in packet.unchain_all():
        buffer.free()
    packet.free()


def check_copy(
    targets: Sequence[bytearray], sources: Sequence[bytearray], offset: int, source_offset: int, count: int
) -> None:
    """Copy, and compare with what slices of flat bytes say."""
    flat, flat_source = b"".join(targets), b"".join(sources)
    moved = flat_source[source_offset : source_offset + count][: max(0, len(flat) - offset)]
    expected = flat[:offset] + moved + flat[offset + len(moved) :]
    target, source = packet_of(targets), packet_of(sources)
    assert target.copy_from(source, offset=offset, source_offset=source_offset, count=count) == len(moved)
    assert (target.to_bytes(), source.to_bytes()) == (expected, flat_source)
    give_back(target)
    give_back(source)


def test_every_fragmentation_of_a_short_payload() -> None:
    cuts = [(), *compositions(len(PAYLOAD)), (0, 1, 0, 3, 0)]
    ends = (0, 1, 3, 4, 5)
    for targets, sources in product(cuts, cuts):
        for offset, source_offset, count in product(ends, ends, (0, 1, 2, 9)):
            check_copy(cut(b"....", targets), cut(PAYLOAD, sources), offset, source_offset, count)
    assert PACKETS.usage == BUFFERS.outstanding == 0


@settings(max_examples=300, deadline=None)
@given(sizes, sizes, numbers, numbers, numbers)
def test_random_fragmentations(
    targets: list[int], sources: list[int], offset: int, source_offset: int, count: int
) -> None:
    content = bytes(index % 251 + 1 for index in range(sum(sources)))
    check_copy(cut(bytes(sum(targets)), targets), cut(content, sources), offset, source_offset, count)
