"""Lookaside lists: reuse up to a depth, callbacks, and POOL-17."""

import logging
from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation, observe
from asyncndis.memory import Arena, Block, HeapProvider, LookasideList, LookasideStatistics
from tests.unit.memory.making import Diary

HEAP = HeapProvider()


def test_entries_are_used_again_up_to_the_depth() -> None:
    arena = Arena(256)
    entries = LookasideList(16, depth=1, provider=arena)
    assert arena.statistics().blocks == 0, "nothing is allocated in advance"
    one, two = entries.allocate(), entries.allocate()
    assert (len(one), one.address != two.address) == (16, True)
    one.view[:] = b"left by the user"
    entries.free(one)
    entries.free(two)
    assert entries.statistics() == LookasideStatistics(cached=1, outstanding=0, hits=0, misses=2)
    assert arena.statistics().blocks == 1, "what is beyond the depth goes back"
    again = entries.allocate()
    assert (again is one, bytes(again.view)) == (True, b"left by the user")
    assert entries.statistics() == LookasideStatistics(cached=0, outstanding=1, hits=1, misses=2)


def test_delete_frees_what_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    arena = Arena(256)
    entries = LookasideList(16, name="tx", provider=arena)
    kept, _leaked = entries.allocate(), entries.allocate()
    entries.free(kept)
    with caplog.at_level(logging.WARNING):
        assert entries.delete() == 1
    assert "deleted with entries out: <LookasideList 'tx' deleted, 1 entries of 16 bytes out, 0 kept>" in caplog.text
    assert arena.statistics().blocks == 1


def test_a_deleted_list_is_not_used() -> None:
    entries = LookasideList(16)
    entry = entries.allocate()
    entries.delete()
    for misuse in (entries.allocate, entries.delete, lambda: entries.free(entry)):
        with pytest.raises(RuleViolation, match=r"POOL-17.*initialize it anew"):
            misuse()


def test_as_a_block() -> None:
    with LookasideList(16) as entries:
        entries.free(entries.allocate())
        assert repr(entries) == "<LookasideList 'lookaside' in use, 0 entries of 16 bytes out, 1 kept>"
    with pytest.raises(RuleViolation, match="POOL-17"):
        entries.allocate()
    with LookasideList(16) as entries:
        entries.delete()


def test_only_own_entries_come_back_once() -> None:
    entries = LookasideList(16)
    entry = entries.allocate()
    for wrong in (entry[:8], entry[1:], HEAP.allocate(16)):
        with pytest.raises(RuleViolation, match=r"POOL-17.*give back each entry once"):
            entries.free(wrong)
    entries.free(entry)
    with pytest.raises(RuleViolation, match="POOL-17"):
        entries.free(entry)
    with pytest.raises(TypeError, match="Block"):
        entries.free(bytearray(16))  # type: ignore[arg-type]  # the mistake that is tested


def test_callbacks() -> None:
    asked: list[tuple[int, int]] = []
    freed: list[Block] = []

    def make(size: int, tag: int) -> Block:
        asked.append((size, tag))
        return HEAP.allocate(size)

    entries = LookasideList(16, depth=0, tag=0x42, allocate=make, free=freed.append)
    entry = entries.allocate()
    entries.free(entry)
    assert (asked, freed) == ([(16, 0x42)], [entry])


def test_entries_of_a_callback_without_its_twin_are_left_to_it() -> None:
    arena = Arena(64)
    entries = LookasideList(16, depth=0, allocate=lambda size, _tag: arena.allocate(size))
    entries.free(entries.allocate())
    assert arena.statistics().blocks == 1


def test_a_free_callback_alone() -> None:
    freed: list[Block] = []
    entries = LookasideList(16, depth=0, free=freed.append)
    entries.free(entries.allocate())
    assert len(freed) == 1


def test_no_entry() -> None:
    for entries in (LookasideList(16, allocate=lambda _size, _tag: None), LookasideList(16, provider=Arena(8))):
        with pytest.raises(NdisError, match="can have no further entry now") as caught:
            entries.allocate()
        assert caught.value.status is NdisStatus.RESOURCES
        assert entries.statistics() == LookasideStatistics(0, 0, 0, 0)


def test_a_callback_that_makes_too_little() -> None:
    entries = LookasideList(16, allocate=lambda _size, _tag: HEAP.allocate(8))
    with pytest.raises(RuleViolation, match=r"POOL-17: the allocate function of .* made an entry of 8 bytes"):
        entries.allocate()
    assert entries.statistics().outstanding == 0


def test_it_is_seen_and_refused() -> None:
    diary = Diary(fails="NdisAllocateFromNPagedLookasideList")
    with observe(diary):
        entries = LookasideList(16)
    with pytest.raises(NdisError):
        entries.allocate()
    diary.failing = ""
    entry = entries.allocate()
    entries.free(entry)
    entries.delete()
    operations = ["AllocateFrom"] * 3 + ["FreeTo"] * 2 + ["Delete"] * 2
    assert [operation for _, operation in diary.seen] == [f"Ndis{name}NPagedLookasideList" for name in operations]
    assert diary.arguments[2:4] == [(entries, entry), (entries, entry)]


def test_refused_by_a_probe() -> None:
    with observe(Diary(refuses="NdisFreeToNPagedLookasideList")):
        entries = LookasideList(16)
    entry = entries.allocate()
    with pytest.raises(RuleViolation, match="TEST-01"):
        entries.free(entry)
    assert entries.statistics().outstanding == 1


@pytest.mark.parametrize(
    ("options", "culprit"),
    [({"size": 0}, "size"), ({"depth": -1}, "depth"), ({"tag": "x"}, "tag"), ({"name": 1}, "name")],
)
def test_bad_arguments(options: dict[str, Any], culprit: str) -> None:
    given: dict[str, Any] = {"size": 16, **options}
    with pytest.raises((TypeError, ValueError), match=culprit):
        LookasideList(**given)
