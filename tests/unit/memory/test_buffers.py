"""The ways of taking a buffer: waiting or not, one or several, from the reserve, as a copy."""

import math
from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any

import anyio
import pytest

from asyncndis.base import PoolClosed, PoolExhausted, Probe, Profile, RuleViolation, observe
from asyncndis.kernel import Irql, Processor, SpinLock, at_irql
from asyncndis.memory import Buffer, BufferPool, HeapProvider, Memory, PacketPool
from tests.support.loops import settle
from tests.support.worlds import Yielding, assert_conserved, assert_pool_at_rest, rest
from tests.unit.memory.making import Diary, buffer_pool

pytestmark = pytest.mark.every_loop

PROFILES = [Profile.CE, Profile.STRICT]


@pytest.fixture(autouse=True)
def nobody_is_raised() -> Generator[None]:
    with rest():
        yield


def breaks(rule: str, words: str = "") -> pytest.RaisesExc[RuleViolation]:
    return pytest.raises(RuleViolation, match=rf"^{rule}: .*{words}")


async def make(kind: str, count: int, **options: Any) -> BufferPool:
    """A pool on the fast way, or on each of the careful ones."""
    if kind == "observed":
        with observe(Probe()):
            return await BufferPool.create(count, **options)
    return await BufferPool.create(count, track=kind == "tracked", **options)


KINDS = ["fast", "tracked", "observed"]
WAITS: dict[str, Callable[[BufferPool], Awaitable[object]]] = {
    "allocate": lambda pool: pool.allocate(),
    "allocate_many": lambda pool: pool.allocate_many(1),
    "copy": lambda pool: pool.copy(pool.allocate_nowait(b"frame"), 0, 1),
    "borrow": lambda pool: pool.borrow().__aenter__(),
}


class TestAtOnce:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("profile", PROFILES)
    async def test_the_count_is_a_limit(self, kind: str, profile: Profile) -> None:
        pool = await make(kind, 2, name="rx", profile=profile)
        buffers = [pool.allocate_nowait(b"frame"), pool.allocate_nowait()]
        assert len(set(buffers)) == 2
        with pytest.raises(PoolExhausted, match=r"^buffer pool 'rx' \(2 of 2 out, 0 waiting\): every descr"):
            pool.allocate_nowait()
        assert pool.statistics().denied == 1
        for buffer in buffers:
            buffer.free()
        await assert_pool_at_rest(pool)

    @pytest.mark.parametrize("kind", KINDS)
    async def test_nt_counts_but_does_not_enforce(self, kind: str) -> None:
        pool = await make(kind, 2, profile=Profile.NT, reserve=1)
        buffers = [pool.allocate_nowait() for _ in range(3)] + await pool.allocate_many(5) + [await pool.allocate()]
        assert len(set(buffers)) == 9
        seen = pool.statistics()
        assert (seen.capacity, seen.outstanding, seen.free, seen.max_outstanding, seen.denied) == (2, 9, 0, 9, 0)
        for buffer in buffers:
            buffer.free()
        assert_conserved(pool, out=0)
        assert pool.statistics().free == 2

    @pytest.mark.parametrize("kind", KINDS)
    async def test_freed_descriptors_are_had_again(self, kind: str) -> None:
        pool = await make(kind, 1)
        for _ in range(3):
            pool.allocate_nowait(b"frame").free()
        assert pool.statistics().max_outstanding == 1

    async def test_the_last_freed_is_the_next_taken(self) -> None:
        pool = await BufferPool.create(3)
        buffers = [pool.allocate_nowait() for _ in range(3)]
        for buffer in buffers:
            buffer.free()
        assert [pool.allocate_nowait() for _ in range(3)] == buffers[::-1]

    @pytest.mark.parametrize("kind", KINDS)
    async def test_the_pool_takes_its_own_back(self, kind: str) -> None:
        pool, other = await make(kind, 1, name="rx"), await make(kind, 1, name="tx")
        buffer = pool.allocate_nowait()
        with breaks("BUF-05", "a descriptor of pool 'rx' is given to pool 'tx'"):
            other.free(buffer)
        assert (pool.outstanding, other.outstanding) == (1, 0)
        pool.free(buffer)
        with breaks("BUF-05"):
            pool.free(buffer)
        assert pool.outstanding == 0

    @pytest.mark.parametrize("stranger", [None, "buffer", 3])
    async def test_only_descriptors_are_taken_back(self, stranger: Buffer) -> None:
        pool = await BufferPool.create(1)
        with pytest.raises(TypeError, match="what a pool takes back is a Descriptor"):
            pool.free(stranger)

    async def test_a_packet_is_no_buffer_of_this_pool(self) -> None:
        pool = await BufferPool.create(1)
        packet = (await PacketPool.create(1)).allocate_nowait()
        with breaks("BUF-05", "free it to the pool it came from"):
            pool.free(packet)  # type: ignore[arg-type]  # the point of the test
        packet.free()


class TestReserve:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_only_emergencies_take_the_reserve(self, kind: str) -> None:
        pool = await make(kind, 3, reserve=1)
        buffers = [pool.allocate_nowait(), pool.allocate_nowait()]
        with pytest.raises(PoolExhausted):
            pool.allocate_nowait()
        emergency = pool.allocate_emergency(b"frame")
        assert bytes(emergency.view()) == b"frame"
        with pytest.raises(PoolExhausted):
            pool.allocate_emergency()
        assert pool.statistics().denied == 2
        for buffer in [*buffers, emergency]:
            buffer.free()
        assert_conserved(pool, out=0)
        assert pool.statistics().free == 3

    @pytest.mark.parametrize("kind", KINDS)
    async def test_the_reserve_is_filled_first(self, kind: str) -> None:
        """Then the waiters are served, in their order."""
        pool = await make(kind, 3, reserve=1)
        out = [pool.allocate_nowait(), pool.allocate_nowait(), pool.allocate_emergency()]
        served: list[Buffer] = []

        async def wait() -> None:
            served.append(await pool.allocate())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            tasks.start_soon(wait)
            await settle()
            for servings in (0, 1, 2):
                out.pop().free()
                await settle()
                assert len(served) == servings
            pool.allocate_emergency().free()
        for buffer in served:
            buffer.free()
        assert pool.statistics().free == 3

    @pytest.mark.parametrize("kind", KINDS)
    async def test_an_emergency_goes_before_the_waiters(self, kind: str) -> None:
        pool = await make(kind, 2, reserve=1)
        first = pool.allocate_nowait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.allocate)
            await settle()
            emergency = pool.allocate_emergency()
            assert pool.statistics().waiting == 1
            first.free()
            await settle()
            assert pool.statistics().waiting == 1, "the reserve first"
            emergency.free()
        assert_conserved(pool, out=1)

    async def test_an_emergency_takes_what_is_free_before_the_reserve(self) -> None:
        pool = await BufferPool.create(2, reserve=1)
        pool.allocate_nowait().free()
        pool.allocate_emergency()
        with pytest.raises(PoolExhausted):
            pool.allocate_nowait()

    async def test_a_pool_may_be_all_reserve(self) -> None:
        pool = await BufferPool.create(1, reserve=1)
        with pytest.raises(PoolExhausted, match="an ordinary request gets at most 0, not 1"):
            pool.allocate_nowait()
        pool.allocate_emergency().free()

    async def test_bulk_requests_leave_the_reserve_alone(self) -> None:
        pool = await BufferPool.create(4, reserve=2)
        with pytest.raises(PoolExhausted, match="gets at most 2, not 3; ask for fewer, or resize it"):
            await pool.allocate_many(3)
        await pool.allocate_many(2)
        assert pool.statistics().denied == 1


class TestWaiting:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_what_is_free_is_had_without_giving_way(self, kind: str) -> None:
        pool = await make(kind, 4)
        ran: list[str] = []

        async def other() -> None:
            ran.append("other")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(other)
            source = await pool.allocate(b"frame")
            await pool.allocate_many(2)
            await pool.copy(source, 1, 2)
            assert ran == []

    @pytest.mark.parametrize("kind", KINDS)
    async def test_first_come_first_served(self, kind: str) -> None:
        pool = await make(kind, 2)
        out, order = [pool.allocate_nowait() for _ in range(2)], list[int]()

        async def wait(number: int) -> None:
            buffer = await pool.allocate(b"frame")
            assert bytes(buffer.view()) == b"frame"
            order.append(number)
            out.append(buffer)

        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(wait, number)
                await settle()
            assert pool.statistics().waiting == 10
            while len(order) < 10:
                out.pop(0).free()
                with pytest.raises(PoolExhausted):
                    pool.allocate_nowait()
                assert_conserved(pool, out=1)
                await settle()
        assert order == list(range(10))
        seen = pool.statistics()
        assert (seen.delayed, sum(count for _, count in seen.waits)) == (10, 10)
        assert seen.longest_wait >= 0

    @pytest.mark.parametrize("kind", KINDS)
    async def test_several_freed_at_once_serve_several(self, kind: str) -> None:
        pool = await make(kind, 3)
        out = await pool.allocate_many(3)
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(pool.allocate)
            await settle()
            for buffer in out:
                buffer.free()
            assert (pool.statistics().in_hand, pool.outstanding) == (3, 0)
        assert_conserved(pool, out=3)

    @pytest.mark.parametrize("wait", WAITS)
    async def test_waiting_below_dispatch_level_only(self, wait: str) -> None:
        pool = await BufferPool.create(4, name="rx")
        for level in (Irql.DISPATCH, Irql.DIRQL):
            with at_irql(level), breaks("IRQL-02", "may wait for a descriptor of 'rx' at .*; use allocate_nowait"):
                await WAITS[wait](pool)
        with at_irql(Irql.APC):
            await WAITS[wait](pool)

    @pytest.mark.parametrize("wait", WAITS)
    @pytest.mark.parametrize("profile", Profile)
    async def test_waiting_without_a_spin_lock_only(self, wait: str, profile: Profile) -> None:
        pool, lock = await BufferPool.create(4, name="rx"), SpinLock("ring", profile=profile)
        async with lock:
            with breaks("LOCK-11", "may wait for a descriptor of 'rx' while it holds ring"):
                await WAITS[wait](pool)
            pool.allocate_nowait().free()
        await WAITS[wait](pool)

    async def test_the_processor_that_is_driven_counts(self) -> None:
        pool, cpu = await BufferPool.create(4), Processor("CPU 1")
        with cpu:
            cpu.raise_irql(Irql.DISPATCH)
            with breaks("IRQL-02", "CPU 1 may wait"):
                await pool.allocate()
        (await pool.allocate()).free()
        with cpu:
            cpu.lower_irql(Irql.PASSIVE)
            (await pool.allocate()).free()

    async def test_who_is_raised_elsewhere_does_not_matter(self) -> None:
        pool = await BufferPool.create(4)

        async def wait() -> None:
            (await pool.allocate()).free()
            for buffer in await pool.allocate_many(2):
                buffer.free()

        async with anyio.create_task_group() as tasks:
            with at_irql(Irql.DISPATCH):
                tasks.start_soon(wait)
                await settle()
        await assert_pool_at_rest(pool)


class TestSeveral:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_all_or_none(self, kind: str) -> None:
        pool = await make(kind, 4)
        buffers = await pool.allocate_many(3, [b"a", bytearray(b"bc"), HeapProvider().allocate(3)])
        assert [buffer.length for buffer in buffers] == [1, 2, 3]
        assert len(set(buffers)) == 3
        for buffer in buffers:
            buffer.free()
        for buffer in await pool.allocate_many(2, memoryview(b"view")):
            assert bytes(buffer.view()) == b"view"
            buffer.free()
        assert [bytes(buffer.view()) for buffer in await pool.allocate_many(2, b"frame")] == [b"frame"] * 2
        assert [buffer.length for buffer in await pool.allocate_many(2)] == [0, 0]
        assert_conserved(pool, out=4)

    @pytest.mark.parametrize("kind", KINDS)
    async def test_part_from_the_shelf_and_part_made(self, kind: str) -> None:
        pool = await make(kind, 4)
        for buffer in await pool.allocate_many(2):
            buffer.free()
        assert len(set(await pool.allocate_many(4))) == 4

    @pytest.mark.parametrize("kind", KINDS)
    async def test_it_collects_in_turn_and_blocks_those_behind(self, kind: str) -> None:
        pool = await make(kind, 4)
        out = await pool.allocate_many(3)
        order: list[str] = []

        async def several() -> None:
            buffers = await pool.allocate_many(3, b"frame")
            assert [bytes(buffer.view()) for buffer in buffers] == [b"frame"] * 3
            order.append("several")

        async def one() -> None:
            await pool.allocate()
            order.append("one")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(several)
            await settle()
            assert pool.statistics().in_hand == 1, "it collects what is free"
            tasks.start_soon(one)
            await settle()
            for expected in ([], ["several"], ["several", "one"]):
                with pytest.raises(PoolExhausted):
                    pool.allocate_nowait()
                out.pop().free()
                await settle()
                assert order == expected
        assert_conserved(pool, out=4)

    @pytest.mark.parametrize("kind", KINDS)
    async def test_it_collects_from_the_shelf_what_was_made(self, kind: str) -> None:
        pool = await make(kind, 4)
        out = await pool.allocate_many(3)
        out.pop().free()
        served: list[Buffer] = []

        async def several() -> None:
            served.extend(await pool.allocate_many(4))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(several)
            await settle()
            assert pool.statistics().in_hand == 2
            for buffer in out:
                buffer.free()
        assert len(set(served)) == 4
        assert_conserved(pool, out=4)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("others_wait", [False, True])
    async def test_nothing_is_had_at_once(self, kind: str, *, others_wait: bool) -> None:
        pool = await make(kind, 1)
        out = pool.allocate_nowait()
        async with anyio.create_task_group() as tasks:
            if others_wait:
                tasks.start_soon(pool.allocate)
                await settle()
            assert await pool.allocate_many(0) == []
            assert await pool.allocate_many(0, []) == []
            out.free()
        assert_conserved(pool, out=int(others_wait))

    @pytest.mark.parametrize("kind", KINDS)
    async def test_more_than_there_are_is_refused_at_once(self, kind: str) -> None:
        pool = await make(kind, 2, name="rx")
        pool.allocate_nowait()
        with pytest.raises(PoolExhausted, match=r"'rx' \(1 of 2 out, 0 waiting\): an ordinary request gets at most 2"):
            await pool.allocate_many(3)
        assert pool.statistics().denied == 1
        assert_conserved(pool, out=1)

    @pytest.mark.parametrize(
        ("count", "memory", "error", "message"),
        [
            (None, None, TypeError, "count is an integer"),
            (-1, None, ValueError, "count is from 0"),
            (2**63, None, ValueError, "count is from 0"),
            (math.nan, None, TypeError, "count is an integer"),
            (2, [b"a"], ValueError, "2 buffers need 2 pieces of memory, not 1"),
            (1, ["a"], TypeError, "a buffer describes bytes"),
            (1, 5, TypeError, "the memory of several buffers is a Sequence"),
            (2, "ab", TypeError, "a buffer describes bytes"),
        ],
    )
    async def test_bad_arguments_change_nothing(
        self, count: int, memory: Sequence[Memory], error: type[Exception], message: str
    ) -> None:
        pool = await BufferPool.create(2)
        with pytest.raises(error, match=f"^{message}"):
            await pool.allocate_many(count, memory)
        await assert_pool_at_rest(pool)


class TestCopying:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_a_copy_describes_a_part_of_the_same_bytes(self, kind: str) -> None:
        pool, memory = await make(kind, 4), bytearray(b"frame")
        source = pool.allocate_nowait(memory)
        for copy in (pool.copy_nowait(source, 1, 3), await pool.copy(source, 1, 3)):
            assert bytes(copy.view()) == b"ram"
        memory[1:2] = b"R"
        assert bytes(copy.view()) == b"Ram"

    async def test_a_copy_may_be_of_another_pools_buffer(self) -> None:
        pool, other = await BufferPool.create(1), await BufferPool.create(1)
        copy = pool.copy_nowait(other.allocate_nowait(b"frame"), 0, 5)
        assert copy.pool is pool

    @pytest.mark.parametrize("source", [None, b"frame", 3])
    async def test_only_buffers_are_copied(self, source: Buffer) -> None:
        pool = await BufferPool.create(1)
        with pytest.raises(TypeError, match="the buffer to copy is a Buffer"):
            pool.copy_nowait(source, 0, 0)
        with pytest.raises(TypeError, match="the buffer to copy is a Buffer"):
            await pool.copy(source, 0, 0)
        assert pool.outstanding == 0

    async def test_a_part_outside_or_a_free_source_takes_no_descriptor(self) -> None:
        pool = await BufferPool.create(2)
        source = pool.allocate_nowait(b"frame")
        with pytest.raises(ValueError, match="lie outside"):
            pool.copy_nowait(source, 3, 3)
        source.free()
        with breaks("BUF-05"):
            await pool.copy(source, 0, 0)
        await assert_pool_at_rest(pool)


class TestClosed:
    @pytest.mark.parametrize("kind", KINDS)
    async def test_nothing_is_had_from_a_closed_pool(self, kind: str) -> None:
        pool = await make(kind, 2, name="rx")
        source = pool.allocate_nowait(b"frame")
        pool.close()
        acts: list[Callable[[], object]] = [
            pool.allocate_nowait,
            pool.allocate_emergency,
            lambda: pool.copy_nowait(source, 0, 1),
            lambda: pool.resize(4),
        ]
        for act in acts:
            with pytest.raises(PoolClosed, match=r"^buffer pool 'rx' is closed; create a new one$"):
                act()
        for count in (0, 1, 3):
            with pytest.raises(PoolClosed):
                await pool.allocate_many(count)
        with pytest.raises(PoolClosed):
            await pool.allocate()
        source.free()
        assert_conserved(pool, out=0)


class TestFaultPlans:
    async def test_a_refused_allocation_is_an_exhausted_pool(self) -> None:
        with observe(Diary(fails="NdisAllocateBuffer")):
            pool = await BufferPool.create(2, name="rx")
        with pytest.raises(PoolExhausted, match="'rx': allocation refused by the fault plan"):
            pool.allocate_nowait()
        assert pool.statistics().denied == 1
        check_nothing_lost(pool)

    @pytest.mark.parametrize("failing", [1, 2, 3])
    @pytest.mark.parametrize("out", [0, 2])
    async def test_a_bulk_request_that_is_refused_midway_loses_nothing(self, failing: int, out: int) -> None:
        class Nth(Probe):
            asked = 0

            def fails(self, operation: str, subject: object) -> bool:
                self.asked += 1
                return self.asked == failing + out

        with observe(Nth()):
            pool = await BufferPool.create(4)
        taken = [pool.allocate_nowait() for _ in range(out)]
        with pytest.raises(PoolExhausted):
            await pool.allocate_many(3)
        for buffer in taken:
            buffer.free()
        check_nothing_lost(pool)

    @pytest.mark.parametrize("out", [0, 2])
    async def test_the_probe_hears_of_each_buffer_of_a_bulk_request(self, out: int) -> None:
        diary = Diary()
        with observe(diary):
            pool = await BufferPool.create(4)
        taken = [pool.allocate_nowait() for _ in range(out)]
        del diary.seen[:]
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.allocate_many, 3)
            await settle()
            assert diary.seen.count(("before", "NdisAllocateBuffer")) == 3
            for buffer in taken:
                buffer.free()
        assert diary.seen.count(("after", "NdisAllocateBuffer")) == 3

    @pytest.mark.parametrize("wait", WAITS)
    async def test_each_awaited_call_is_a_scheduling_point(self, wait: str) -> None:
        """It can be cancelled there; without a scheduler, what is free is had without a checkpoint."""
        for probe, is_point in ((Yielding(), True), (Probe(), False)):
            with observe(probe):
                pool = await BufferPool.create(4)
            with anyio.CancelScope() as scope:
                scope.cancel()
                await WAITS[wait](pool)
            assert scope.cancelled_caught is is_point
            source = int(wait == "copy")
            assert_conserved(pool, out=source if is_point else source + 1)


def check_nothing_lost(pool: BufferPool) -> None:
    assert_conserved(pool, out=0)
    assert pool.statistics().free == pool.capacity


def test_a_pool_is_used_outside_of_loops_where_nobody_waits() -> None:
    pool = buffer_pool(1)
    buffer = pool.allocate_nowait(b"frame")
    with pytest.raises(PoolExhausted):
        pool.allocate_nowait()
    buffer.free()
    assert_conserved(pool, out=0)
