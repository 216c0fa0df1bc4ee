"""What the verifier sees of pools, buffers, packets and memory beyond the examples, and where it is silent."""

from collections.abc import Callable

import anyio
import pytest

from asyncndis.base import PoolExhausted, Profile, RuleViolation
from asyncndis.kernel import Irql, SpinLock, at_irql
from asyncndis.memory import (
    Arena,
    BufferPool,
    LookasideList,
    MapRegisters,
    Packet,
    PacketPool,
    PerPacketInfo,
    SharedMemory,
    driver_memory,
)
from asyncndis.verifier import Findings, verify

from .lines import line_of, place_of

pytestmark = pytest.mark.every_loop

Place = tuple[str, int] | None


def places(findings: Findings) -> list[tuple[str, Place, Place]]:
    return [(finding.rule, place_of(finding.site), place_of(finding.other)) for finding in findings]


async def leaves_one_out() -> None:
    pool = await BufferPool.create(8, name="rx")
    pool.allocate_nowait(bytearray(64))  # leaked
    pool.close()  # closed


async def test_a_leak_tells_where_it_was_allocated() -> None:
    with verify() as findings:
        await leaves_one_out()
    assert places(findings) == [("POOL-07", line_of(leaves_one_out, "closed"), line_of(leaves_one_out, "leaked"))]


async def test_a_leak_refuses_the_close_where_violations_are_raised() -> None:
    with verify(raises=True) as findings:
        pool = await BufferPool.create(8)
        buffer = pool.allocate_nowait(bytearray(64))
        with pytest.raises(RuleViolation, match="POOL-07"):
            pool.close()
        assert not pool.closed
        buffer.free()
        pool.close()
    assert findings.rules == ("POOL-07",)


async def test_a_pool_made_before_the_block_is_not_watched() -> None:
    pool = await BufferPool.create(8)
    with verify() as findings:
        lock = SpinLock("tx-ring")
        with lock:
            buffer = pool.allocate_nowait(bytearray(64))
    assert not findings
    buffer.free()
    pool.close()


async def test_a_pool_may_be_used_and_closed_after_the_block() -> None:
    with verify() as findings:
        pool = await BufferPool.create(8)
    with SpinLock("tx-ring"):
        pool.allocate_nowait(bytearray(64)).free()
    pool.close()
    assert findings.rules == ("POOL-06",)


@pytest.mark.parametrize("profile", [Profile.CE, Profile.STRICT])
async def test_an_enforced_limit_is_no_violation(profile: Profile) -> None:
    with verify() as findings:
        async with BufferPool.create(1, profile=profile) as pool, pool.borrow(bytearray(64)):
            with pytest.raises(PoolExhausted):
                pool.allocate_nowait(bytearray(64))
    assert not findings


def reads_under_lock(read: Callable[[], object]) -> None:
    with SpinLock("adapter"), SpinLock("tx-ring"):  # took
        read()  # reads


async def test_a_held_lock_is_told_with_the_line_that_took_it() -> None:
    with verify() as findings:
        async with BufferPool.create(1) as pool, pool.borrow(bytearray(64)) as buffer:
            reads_under_lock(buffer.view)
    assert places(findings) == [("BUF-04", line_of(reads_under_lock, "reads"), line_of(reads_under_lock, "took"))]
    assert "while it holds tx-ring, adapter" in findings[0].message


async def test_a_lock_from_outside_is_held_too() -> None:
    lock = SpinLock("outside")
    with verify() as findings:
        async with BufferPool.create(1) as pool, pool.borrow(bytearray(64)) as buffer:
            with lock:
                buffer.view()
    assert [(rule, other) for rule, _, other in places(findings)] == [("BUF-04", None)]


async def test_the_safe_form_may_be_called_under_a_lock() -> None:
    with verify() as findings:
        async with BufferPool.create(1) as pool, pool.borrow(bytearray(64)) as buffer:
            reads_under_lock(buffer.view_safe)
    assert not findings


async def test_above_dirql_it_is_the_level_alone() -> None:
    with verify() as findings:
        async with BufferPool.create(1) as pool, pool.borrow(bytearray(64)) as buffer:
            with at_irql(Irql.HIGH):
                buffer.view()
    assert findings.rules == ("IRQL-01",)
    assert "calls NdisQueryBuffer at HIGH_LEVEL; move it to where the level is at or below" in findings[0].message


async def test_a_buffer_without_memory_is_told_when_it_is_used() -> None:
    with verify() as findings:
        async with PacketPool.create(1) as packets, BufferPool.create(2) as buffers:
            packet, unused = packets.allocate_nowait(), buffers.allocate_nowait()
            packet.chain_at_back(buffers.allocate_nowait())
            packet.unchain_all()[0].free()
            packet.free()
            unused.free()
    assert findings.rules == ("BUF-14",)


async def test_counts_are_stale_only_where_they_were_taken_before() -> None:
    with verify() as findings:
        async with PacketPool.create(1) as packets, BufferPool.create(2) as buffers, packets.borrow() as packet:
            buffer, other = buffers.allocate_nowait(bytearray(64)), buffers.allocate_nowait(bytearray(64))
            packet.chain_at_back(buffer)
            buffer.adjust_length(32)
            other.adjust_length(32)
            assert packet.length == 32
            assert packet.length == 32
            buffer.adjust_length(64)
            packet.chain_at_back(other)
            assert packet.length == 96
            other.restore_length()
            for chained in packet.unchain_all():
                chained.free()
    assert not findings


async def test_a_buffer_that_is_chained_again_is_not_lost() -> None:
    with verify() as findings:
        async with PacketPool.create(1) as packets, BufferPool.create(2) as buffers, packets.borrow() as packet:
            first, second = buffers.allocate_nowait(bytearray(64)), buffers.allocate_nowait(bytearray(64))
            first.link(second)
            packet.chain_at_back(first)
            packet.reinitialize()
            packet.chain_at_back(first)
            packet.chain_at_front(second)
            for buffer in packet.unchain_all():
                buffer.free()
    assert not findings


async def test_a_lost_buffer_is_told_at_the_end_where_its_pool_stays() -> None:
    with verify() as findings:
        buffers = await BufferPool.create(2, name="rx")
        async with PacketPool.create(1) as packets, packets.borrow() as packet:
            packet.chain_at_back(buffers.allocate_nowait(bytearray(64)))
            packet.reinitialize()
    assert findings.rules == ("PKT-07", "POOL-06")


async def test_lost_buffers_are_told_with_their_own_pool() -> None:
    with verify() as findings:
        async with BufferPool.create(1) as buffers, BufferPool.create(1) as others:
            async with PacketPool.create(1) as packets, packets.borrow() as packet:
                buffer = buffers.allocate_nowait(bytearray(64))
                packet.chain_at_back(buffer)
                packet.reinitialize()
            others.close()
            assert not findings
            buffer.free()
    assert not findings


def describe(packet: Packet) -> None:
    packet.oob.header_size = 14
    packet.oob.time_received = 1
    packet.set_info(PerPacketInfo.IEEE_8021Q, 5)


async def test_out_of_band_data_that_is_set_anew_is_not_stale() -> None:
    with verify() as findings:
        async with PacketPool.create(1) as packets, BufferPool.create(1) as buffers, packets.borrow() as packet:
            describe(packet)
            packet.reinitialize()
            packet.oob.time_received = 2
            packet.set_info(PerPacketInfo.IEEE_8021Q, None)
            packet.chain_at_back(buffers.allocate_nowait(bytearray(64)))
            packet.unchain_all()[0].free()
    assert not findings


async def test_stale_out_of_band_data_is_named_and_told_once() -> None:
    with verify() as findings:
        async with PacketPool.create(2) as packets, BufferPool.create(1) as buffers, packets.borrow() as packet:
            describe(packet)
            packet.reinitialize()
            for _ in range(2):
                packet.chain_at_back(buffers.allocate_nowait(bytearray(64)))
                packet.unchain_all()[0].free()
            unfilled = packets.allocate_nowait()
            describe(unfilled)
            unfilled.reinitialize()
            unfilled.free()
    assert findings.rules == ("PKT-08",)
    assert findings[0].times == 1
    assert "the time received, information slot 6 of its last use" in findings[0].message


async def churn(pool: PacketPool, *locks: SpinLock) -> None:
    with at_irql(Irql.DISPATCH):
        for lock in locks:
            lock.acquire_nowait()
        packet = pool.allocate_dpr_noninterlocked()
        packet.free_dpr_noninterlocked()
        for lock in reversed(locks):
            lock.release()


async def run_in_tasks(pool: PacketPool, uses: list[list[SpinLock]]) -> None:
    for locks in uses:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(churn, pool, *locks)


async def test_one_common_lock_is_enough() -> None:
    with verify() as findings:
        first, second, third = SpinLock("first"), SpinLock("second"), SpinLock("third")
        async with PacketPool.create(1) as pool:
            await run_in_tasks(pool, [[first, second], [second, third], [first, second, third]])
    assert not findings


async def test_a_common_lock_can_be_lost_later() -> None:
    with verify() as findings:
        first, second = SpinLock("first"), SpinLock("second")
        async with PacketPool.create(1) as pool:
            await run_in_tasks(pool, [[], [first], [first, second], [second], [second]])
    assert [(finding.rule, finding.times) for finding in findings] == [("PKT-05", 1)]


async def test_one_task_alone_needs_no_lock() -> None:
    with verify() as findings:
        async with PacketPool.create(1, profile=Profile.CE) as pool:
            await churn(pool)
            pool.allocate_dpr_noninterlocked().free_dpr_noninterlocked()
            await churn(pool)
    assert findings.rules == ()


async def test_memory_beside_a_buffer_may_be_freed() -> None:
    arena = Arena(4096)
    with verify() as findings:
        entries, shared = LookasideList(64, depth=0, provider=arena), SharedMemory(arena)
        entry, block, plain = entries.allocate(), shared.allocate(64, cached=True), driver_memory.allocate(64)
        async with BufferPool.create(2) as pool, pool.borrow(block[:32]), pool.borrow(b"plain"):
            entries.free(entry)
            driver_memory.free(plain, 64)
            entries.delete()
            assert not findings
            shared.free(block, cached=True)
    assert findings.rules == ("BUF-03",)


async def test_a_mapping_that_is_never_completed_is_told_at_the_end() -> None:
    with verify() as findings:
        registers = MapRegisters(1, 64)
        async with BufferPool.create(1) as pool, pool.borrow(bytearray(64)) as buffer:
            registers.start(buffer, 0, write_to_device=True)
    assert [finding.times for finding in findings if finding.rule == "DMA-02"] == [1, 1]
