"""Arenas: room, addresses, coalescing, saving and restoring."""

from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.memory import Arena, ArenaStatistics, Block, HeapProvider


def test_addresses() -> None:
    arena = Arena(1 << 16)
    one, two = arena.allocate(10), arena.allocate(100, alignment=4096)
    assert (one.address % 16, two.address % 4096, two.physical_address % 4096) == (0, 0, 0)
    assert two.address - one.address == two.physical_address - one.physical_address == 4096
    assert {one.address, two.address}.isdisjoint({one.physical_address, two.physical_address})
    heap = HeapProvider().allocate(1)
    assert {heap.address, heap.physical_address}.isdisjoint({one.address, one.physical_address})


def test_blocks_are_zeroed_and_apart() -> None:
    arena = Arena(64)
    one, two = arena.allocate(16), arena.allocate(16)
    one.view[:] = b"\xff" * 16
    assert bytes(two.view) == bytes(16)
    arena.free(one)
    again = arena.allocate(16)
    assert (again.address, bytes(again.view)) == (one.address, bytes(16))


def test_running_full() -> None:
    arena = Arena(32, name="board")
    block = arena.allocate(32)
    with pytest.raises(NdisError, match="<Arena 'board' 32 of 32 bytes used in 1 blocks> has no room for 1") as caught:
        arena.allocate(1)
    assert caught.value.status is NdisStatus.RESOURCES
    arena.free(block)
    assert len(arena.allocate(32)) == 32


def test_alignment_may_leave_no_room() -> None:
    arena = Arena(48)
    arena.allocate(1)
    with pytest.raises(NdisError):
        arena.allocate(32, alignment=32)
    assert len(arena.allocate(16, alignment=32)) == 16
    assert len(arena.allocate(15, alignment=1)) == 15, "the gap before it is not lost"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1)])
def test_vacant_neighbours_become_one(order: tuple[int, int, int]) -> None:
    arena = Arena(48)
    blocks = [arena.allocate(16) for _ in range(3)]
    for index in order:
        arena.free(blocks[index])
    assert len(arena.allocate(48)) == 48


def test_an_empty_block_has_an_address_of_its_own() -> None:
    arena = Arena(32)
    one, two = arena.allocate(0), arena.allocate(0)
    assert one.address != two.address
    assert arena.statistics() == ArenaStatistics(size=32, used=0, blocks=2, max_used=0)
    arena.free(one)
    arena.free(two)
    assert len(arena.allocate(32)) == 32


def test_statistics() -> None:
    arena = Arena(100)
    one = arena.allocate(60)
    arena.allocate(10)
    arena.free(one)
    assert arena.statistics() == ArenaStatistics(size=100, used=10, blocks=1, max_used=70)


def test_only_whole_blocks_are_freed_once() -> None:
    arena, other = Arena(64), HeapProvider()
    block = arena.allocate(16)
    for wrong in (block[:8], block[8:], other.allocate(16), Arena(64).allocate(8)):
        with pytest.raises(RuleViolation, match=r"POOL-18.*free whole blocks, once"):
            arena.free(wrong)
    arena.free(block)
    with pytest.raises(RuleViolation, match="POOL-18"):
        arena.free(block)
    with pytest.raises(TypeError, match="what an arena takes back is a Block"):
        arena.free(b"bytes")  # type: ignore[arg-type]  # the mistake that is tested


@pytest.mark.parametrize(
    ("length", "alignment", "culprit"), [(-1, 16, "length"), (1, 0, "alignment"), (1, 3, "power of two"), (1, -4, "al")]
)
def test_bad_requests(length: int, alignment: int, culprit: str) -> None:
    arena = Arena(64)
    with pytest.raises(ValueError, match=culprit):
        arena.allocate(length, alignment=alignment)
    assert arena.statistics().blocks == 0


@pytest.mark.parametrize(("size", "error"), [(0, ValueError), (None, TypeError)])
def test_bad_sizes(size: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="size"):
        Arena(size)
    wrong: Any = 7
    with pytest.raises(TypeError, match="name"):
        Arena(1, name=wrong)


def content(*blocks: Block) -> list[bytes]:
    return [bytes(block.view) for block in blocks]


def test_save_and_restore() -> None:
    arena = Arena(128)
    kept, freed = arena.allocate(16), arena.allocate(16)
    empty = arena.allocate(0)
    kept.view[:4], freed.view[:4] = b"kept", b"gone"
    before = content(kept, freed)
    state = arena.save()
    arena.free(freed)
    kept.view[:4] = b"late"
    newer = arena.allocate(64)
    newer.view[:] = b"x" * 64
    arena.restore(state)
    assert content(kept, freed) == before
    assert arena.statistics() == ArenaStatistics(size=128, used=32, blocks=3, max_used=32)
    assert arena.save() == state
    with pytest.raises(RuleViolation, match="POOL-18"):
        arena.free(newer)
    for block in (kept, freed, empty):
        arena.free(block)
    assert len(arena.allocate(128)) == 128


def test_the_same_future_from_the_same_state() -> None:
    arena = Arena(256)
    arena.allocate(16)
    arena.free(arena.allocate(32))
    state = arena.save()
    futures: list[list[int]] = []
    for _ in range(2):
        arena.restore(state)
        futures.append([arena.allocate(size).address for size in (8, 40, 16)])
    assert futures[0] == futures[1]


def test_a_state_of_another_size() -> None:
    with pytest.raises(ValueError, match="cannot hold a state of 64 bytes"):
        Arena(32).restore(Arena(64).save())
    with pytest.raises(TypeError, match="state is a ArenaState"):
        Arena(32).restore(None)  # type: ignore[arg-type]  # the mistake that is tested
