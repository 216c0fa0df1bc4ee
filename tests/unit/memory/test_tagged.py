"""Memory by hand: freed as it was allocated, at the level that its kind allows."""

from collections.abc import Callable

import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation, observe
from asyncndis.kernel import Irql, at_irql
from asyncndis.memory import Arena, DriverMemory, DriverMemoryStatistics, HeapProvider, MemoryFlags, driver_memory
from tests.unit.memory.making import Diary

CONTIGUOUS, NONCACHED = MemoryFlags.CONTIGUOUS, MemoryFlags.NONCACHED
TAG = 0x6B736964


@pytest.fixture
def memory() -> DriverMemory:
    return DriverMemory(Arena(1 << 16))


def test_with_a_tag(memory: DriverMemory) -> None:
    block = memory.allocate_with_tag(100, TAG)
    assert (len(block), memory.usage()) == (100, {TAG: 100})
    memory.free(block, 0)
    assert memory.statistics() == DriverMemoryStatistics(blocks=0, used=0, max_used=100)


def test_without_a_tag(memory: DriverMemory) -> None:
    block = memory.allocate(100)
    assert memory.usage() == {None: 100}
    assert repr(memory) == "<DriverMemory 'driver memory' 100 bytes out in 1 blocks>"
    memory.free(block, 100)
    assert memory.usage() == {}


@pytest.mark.parametrize("flags", [CONTIGUOUS, NONCACHED, CONTIGUOUS | NONCACHED])
def test_other_kinds_start_at_a_page(memory: DriverMemory, flags: MemoryFlags) -> None:
    memory.allocate(1)
    block = memory.allocate(100, flags)
    assert block.address % 4096 == 0
    memory.free(block, 100, flags)


@pytest.mark.parametrize("given", [(0, 0), (99, 0), (100, 1), (100, 2)])
def test_freed_as_it_was_allocated(memory: DriverMemory, given: tuple[int, int]) -> None:
    block = memory.allocate(100)
    with pytest.raises(RuleViolation, match=r"POOL-18.*has to be length 100 and flags 0"):
        memory.free(block, *given)
    assert memory.statistics().blocks == 1


def test_a_tag_is_freed_with_length_zero(memory: DriverMemory) -> None:
    block = memory.allocate_with_tag(100, TAG)
    with pytest.raises(RuleViolation, match=r"POOL-18.*has to be length 0 and flags 0"):
        memory.free(block, 100)
    kind = memory.allocate(100, NONCACHED)
    with pytest.raises(RuleViolation, match=r"POOL-18.*has to be length 100 and flags 2"):
        memory.free(kind, 100)


def test_only_whole_blocks_are_freed_once(memory: DriverMemory) -> None:
    block = memory.allocate(100)
    for wrong, length in ((block[:50], 50), (block[50:], 50), (HeapProvider().allocate(100), 100)):
        with pytest.raises(RuleViolation, match=r"POOL-18.*free whole blocks, once"):
            memory.free(wrong, length)
    memory.free(block, 100)
    with pytest.raises(RuleViolation, match="POOL-18"):
        memory.free(block, 100)
    with pytest.raises(TypeError, match="block is a Block"):
        memory.free(bytearray(100), 100)  # type: ignore[arg-type]  # the mistake that is tested


def test_plain_memory_up_to_dispatch(memory: DriverMemory) -> None:
    with at_irql(Irql.DISPATCH):
        memory.free(memory.allocate(1), 1)
        memory.free(memory.allocate_with_tag(1, TAG), 0)


@pytest.mark.parametrize("flags", [CONTIGUOUS, NONCACHED])
def test_other_kinds_are_allocated_at_passive(memory: DriverMemory, flags: MemoryFlags) -> None:
    with at_irql(Irql.APC), pytest.raises(RuleViolation, match=r"POOL-18: NdisAllocateMemory is called at APC_LEVEL"):
        memory.allocate(1, flags)
    assert memory.statistics().blocks == 0


@pytest.mark.parametrize(
    ("flags", "highest"),
    [(CONTIGUOUS, Irql.PASSIVE), (NONCACHED, Irql.APC), (CONTIGUOUS | NONCACHED, Irql.PASSIVE)],
)
def test_the_kind_decides_where_it_is_freed(memory: DriverMemory, flags: MemoryFlags, highest: Irql) -> None:
    block = memory.allocate(1, flags)
    with at_irql(highest + 1), pytest.raises(RuleViolation, match=rf"POOL-18.*needs {highest.name}_LEVEL or below"):
        memory.free(block, 1, flags)
    with at_irql(highest):
        memory.free(block, 1, flags)


def test_no_memory_left() -> None:
    memory = DriverMemory(Arena(16))
    forms: list[Callable[[], object]] = [lambda: memory.allocate(17), lambda: memory.allocate_with_tag(17, TAG)]
    for allocate in forms:
        with pytest.raises(NdisError, match="has no 17 bytes") as caught:
            allocate()
        assert caught.value.status is NdisStatus.FAILURE


def test_the_highest_acceptable_address(memory: DriverMemory) -> None:
    lowest = memory.allocate(16).physical_address
    block = memory.allocate(16, highest_acceptable=lowest + 31)
    memory.free(block, 16)
    with pytest.raises(NdisError) as caught:
        memory.allocate(17, highest_acceptable=lowest + 31)
    assert caught.value.status is NdisStatus.FAILURE
    assert memory.statistics().blocks == 1
    assert memory.allocate(16).address == block.address, "what was refused is not lost"


@pytest.mark.parametrize(
    ("arguments", "culprit"),
    [((0,), "length"), (("x",), "length"), ((1, 4), "flags"), ((1, 0, -1), "highest_acceptable")],
)
def test_bad_requests(memory: DriverMemory, arguments: tuple[int, ...], culprit: str) -> None:
    with pytest.raises((TypeError, ValueError), match=culprit):
        memory.allocate(*arguments)
    with pytest.raises(ValueError, match="tag"):
        memory.allocate_with_tag(1, 1 << 32)
    with pytest.raises(TypeError, match="name"):
        DriverMemory(name=7)  # type: ignore[arg-type]  # the mistake that is tested


def test_the_probe_is_that_of_the_call(memory: DriverMemory) -> None:
    diary = Diary(fails="NdisAllocateMemory")
    with observe(diary):
        with pytest.raises(NdisError) as caught:
            memory.allocate(1)
        block = memory.allocate_with_tag(1, TAG)
        memory.free(block, 0)
    assert caught.value.status is NdisStatus.FAILURE
    assert diary.seen == [
        ("before", "NdisAllocateMemory"),
        *[(when, "NdisAllocateMemoryWithTag") for when in ("before", "after")],
        *[(when, "NdisFreeMemory") for when in ("before", "after")],
    ]


def test_the_memory_behind_the_calls() -> None:
    before = driver_memory.statistics().blocks
    block = driver_memory.allocate(1)
    assert driver_memory.statistics().blocks == before + 1
    driver_memory.free(block, 1)
