"""Shared memory: at PASSIVE_LEVEL or later, freed with the same arguments, and lookahead buffers in it."""

from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation, observe
from asyncndis.kernel import Irql, at_irql, current_irql
from asyncndis.memory import (
    Arena,
    Block,
    SharedMemory,
    SharedMemoryStatistics,
    create_lookahead_buffer,
    destroy_lookahead_buffer,
)
from tests.support.loops import settle
from tests.unit.memory.making import Diary


def test_allocate_and_free() -> None:
    shared = SharedMemory(name="nic0 rings")
    block = shared.allocate(4096, cached=True)
    assert (len(block), block.address != block.physical_address) == (4096, True)
    assert repr(shared) == "<SharedMemory 'nic0 rings' 4096 bytes out in 1 blocks, 0 pending>"
    shared.free(block, cached=True, length=4096, physical_address=block.physical_address)
    assert shared.statistics() == SharedMemoryStatistics(blocks=0, used=0, pending=0)


@pytest.mark.parametrize("level", [Irql.APC, Irql.DISPATCH])
def test_allocation_needs_passive(level: Irql) -> None:
    shared = SharedMemory()
    with at_irql(level), pytest.raises(RuleViolation, match=rf"IRQL-07.*at {level.name}_LEVEL.*allocate_later"):
        shared.allocate(64, cached=False)
    assert shared.statistics().blocks == 0


@pytest.mark.parametrize("options", [{"cached": False}, {"length": 63}, {"physical_address": 0}])
def test_freed_with_the_same_arguments(options: dict[str, Any]) -> None:
    shared = SharedMemory()
    block = shared.allocate(64, cached=True)
    with pytest.raises(RuleViolation, match=r"DMA-04.*was allocated as 64 bytes, cached, at physical 0x"):
        shared.free(block, **{"cached": True, **options})
    with at_irql(Irql.DISPATCH):
        shared.free(block, cached=True)


def test_only_whole_blocks_are_freed_once() -> None:
    shared = SharedMemory()
    block = shared.allocate(64, cached=False)
    for wrong in (block[:32], block[32:], SharedMemory().allocate(64, cached=False)):
        with pytest.raises(RuleViolation, match=r"DMA-04.*free whole blocks, once"):
            shared.free(wrong, cached=False)
    shared.free(block, cached=False)
    with pytest.raises(RuleViolation, match="DMA-04"):
        shared.free(block, cached=False)
    with pytest.raises(TypeError, match="block is a Block"):
        shared.free(None, cached=False)  # type: ignore[arg-type]  # the mistake that is tested


def test_what_is_freed_can_be_had_again() -> None:
    shared = SharedMemory(Arena(64))
    for _ in range(2):
        shared.free(shared.allocate(64, cached=False), cached=False)
    assert shared.statistics().blocks == 0


def test_no_memory_left() -> None:
    with pytest.raises(NdisError) as caught:
        SharedMemory(Arena(16)).allocate(17, cached=False)
    assert caught.value.status is NdisStatus.RESOURCES
    with pytest.raises(ValueError, match="length"):
        SharedMemory().allocate(0, cached=False)
    with pytest.raises(TypeError, match="name"):
        SharedMemory(name=7)  # type: ignore[arg-type]  # the mistake that is tested


@pytest.mark.every_loop
async def test_later() -> None:
    done: list[tuple[Block | None, int, object, int]] = []

    def complete(block: Block | None, length: int, context: object) -> None:
        done.append((block, length, context, current_irql()))

    shared = SharedMemory(Arena(128))
    with pytest.raises(ValueError, match="length"):
        shared.allocate_later(0, cached=True, complete=complete)
    with at_irql(Irql.DISPATCH):
        shared.allocate_later(100, cached=True, complete=complete, context="ring")
        shared.allocate_later(29, cached=False, complete=complete)
        assert (done, shared.statistics()) == ([], SharedMemoryStatistics(0, 0, 2))
    await settle()
    (block, *rest), refused = done
    assert block is not None
    assert (rest, refused) == ([100, "ring", Irql.PASSIVE], (None, 29, None, Irql.PASSIVE))
    assert shared.statistics() == SharedMemoryStatistics(blocks=1, used=100, pending=0)
    shared.free(block, cached=True)


@pytest.mark.every_loop
async def test_cancelling_who_asked_changes_nothing() -> None:
    done: list[Block | None] = []
    shared = SharedMemory()
    with anyio.CancelScope() as scope:
        shared.allocate_later(64, cached=False, complete=lambda block, _length, _context: done.append(block))
        scope.cancel()
        await anyio.lowlevel.checkpoint()
    await settle()
    assert len(done) == 1


@pytest.mark.every_loop
async def test_it_is_seen_and_refused() -> None:
    diary = Diary(fails="NdisMAllocateSharedMemory")
    with observe(diary):
        shared = SharedMemory()
    done: list[Block | None] = []

    def later() -> None:
        shared.allocate_later(64, cached=False, complete=lambda block, _length, _context: done.append(block))

    with pytest.raises(NdisError) as refused:
        shared.allocate(64, cached=False)
    diary.failing = "NdisMAllocateSharedMemoryAsync"
    with pytest.raises(NdisError) as failed:
        later()
    diary.failing = ""
    shared.free(shared.allocate(64, cached=False), cached=False)
    later()
    await settle()
    assert (refused.value.status, failed.value.status) == (NdisStatus.RESOURCES, NdisStatus.FAILURE)
    assert len(done) == 1
    assert diary.seen == [
        ("before", "NdisMAllocateSharedMemory"),
        ("before", "NdisMAllocateSharedMemoryAsync"),
        *[(when, "NdisMAllocateSharedMemory") for when in ("before", "after")],
        *[(when, "NdisMFreeSharedMemory") for when in ("before", "after")],
        *[(when, "NdisMAllocateSharedMemoryAsync") for when in ("before", "after")],
    ]


def test_lookahead_buffers() -> None:
    shared = SharedMemory().allocate(64, cached=False)
    lookahead = create_lookahead_buffer(shared, 16)
    shared.view[0] = 7
    assert (len(lookahead), lookahead.view[0], lookahead.address) == (16, 7, shared.address)
    destroy_lookahead_buffer(lookahead)
    with pytest.raises(ValueError, match="length"):
        create_lookahead_buffer(shared, 65)
    wrong: Any = b""
    with pytest.raises(TypeError, match="shared is a Block"):
        create_lookahead_buffer(wrong, 0)
    with pytest.raises(TypeError, match="lookahead is a Block"):
        destroy_lookahead_buffer(wrong)
