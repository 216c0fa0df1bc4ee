"""The engine of pools: handles, leaks, closing, resizing, cancelling, and letting go of everything."""

import asyncio
import gc
import logging
import math
import threading
import weakref
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Self

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.base import PoolClosed, PoolExhausted, Probe, Profile, RuleViolation, StaleHandle, observe
from asyncndis.kernel import current_host
from asyncndis.memory import Buffer, BufferPool, Descriptor
from asyncndis.memory.descriptor import AWAY
from tests.support.loops import LOOPS, run_on, settle
from tests.support.worlds import Yielding, assert_conserved, assert_pool_at_rest, rest
from tests.unit.memory.making import Diary, buffer_pool

KINDS: dict[str, Callable[[], Probe | None]] = {"fast": lambda: None, "observed": Probe}


@pytest.fixture(autouse=True)
def nobody_is_raised() -> Generator[None]:
    with rest():
        yield


@pytest.fixture(params=KINDS)
def probe(request: pytest.FixtureRequest) -> Probe | None:
    return KINDS[request.param]()


async def make(probe: Probe | None, count: int, **options: Any) -> BufferPool:
    if probe is None:
        return await BufferPool.create(count, **options)
    with observe(probe):
        return await BufferPool.create(count, **options)


def breaks(rule: str, words: str = "") -> pytest.RaisesExc[RuleViolation]:
    return pytest.raises(RuleViolation, match=rf"^{rule}: .*{words}")


class Waiters:
    """Tasks that wait for buffers, with what they got; the block ends when they have."""

    def __init__(self, pool: BufferPool) -> None:
        self._pool = pool
        self._tasks = anyio.create_task_group()
        self.served: list[Buffer] = []
        self.refused: list[Exception] = []

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._tasks.__aexit__(kind, error, traceback)

    async def line_up(self, count: int = 1) -> anyio.CancelScope:
        """Wait for one, or for several, in a scope of its own."""
        scope = anyio.CancelScope()
        self._tasks.start_soon(self._wait, count, scope)
        await settle()
        return scope

    async def _wait(self, count: int, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                one = count == 1
                self.served += [await self._pool.allocate()] if one else await self._pool.allocate_many(count)
            except (PoolClosed, PoolExhausted) as error:
                self.refused.append(error)


@pytest.mark.every_loop
class TestHandles:
    async def test_a_handle_is_valid_for_one_use(self, probe: Probe | None) -> None:
        pool = await make(probe, 1)
        seen: set[int] = set()
        for _ in range(3):
            buffer = pool.allocate_nowait()
            handle = pool.handle(buffer)
            assert handle not in seen
            assert pool.handle(buffer) == handle
            assert pool.resolve(handle) is buffer
            buffer.free()
            seen.add(handle)
            for stale in seen:
                with pytest.raises(StaleHandle, match=r"^BUF-05: buffer handle"):
                    pool.resolve(stale)
        await assert_pool_at_rest(pool)

    async def test_the_handle_of_a_recycled_descriptor_stays_stale(self) -> None:
        pool = await BufferPool.create(1)
        buffer = pool.allocate_nowait()
        handle = pool.handle(buffer)
        buffer.free()
        again = pool.allocate_nowait()
        assert again is buffer
        with pytest.raises(StaleHandle):
            pool.resolve(handle)
        assert pool.handle(again) != handle

    async def test_it_goes_with_the_hand_over(self, probe: Probe | None) -> None:
        """A waiter that is handed a descriptor with a handle does not get the handle."""
        pool = await make(probe, 1)
        buffer = pool.allocate_nowait(b"frame")
        handle = pool.handle(buffer)
        waiters = Waiters(pool)
        async with waiters:
            await waiters.line_up()
            buffer.free()
            with pytest.raises(StaleHandle):
                pool.resolve(handle)
        with pytest.raises(StaleHandle):
            pool.resolve(handle)
        assert waiters.served[0].memory is None
        waiters.served[0].free()
        await assert_pool_at_rest(pool)

    async def test_only_live_descriptors_of_this_pool_have_one(self, probe: Probe | None) -> None:
        pool, other = await make(probe, 1), await make(probe, 1)
        foreign, free = other.allocate_nowait(), pool.allocate_nowait()
        free.free()
        for buffer in (foreign, free):
            with breaks("BUF-05"):
                pool.handle(buffer)
        with pytest.raises(TypeError, match="is a Descriptor"):
            pool.handle(None)  # type: ignore[arg-type]  # the point of the test
        await assert_pool_at_rest(pool)
        foreign.free()

    @pytest.mark.parametrize("handle", [0, -1, 1, 2**32, 2**63])
    async def test_a_pool_without_handles_knows_none(self, handle: int) -> None:
        pool = await BufferPool.create(1)
        with pytest.raises(StaleHandle):
            pool.resolve(handle)

    @pytest.mark.parametrize("handle", [None, "1", math.nan])
    async def test_a_handle_is_an_integer(self, handle: int) -> None:
        with pytest.raises(TypeError, match="a buffer handle is a int"):
            (await BufferPool.create(1)).resolve(handle)


@pytest.mark.every_loop
class TestLeaks:
    async def test_what_is_out_is_told_by_line(self) -> None:
        pool = await BufferPool.create(8, name="rx", track=True)
        loose = [pool.allocate_nowait() for _ in range(2)]
        loose += await pool.allocate_many(3)
        loose.append(await pool.allocate())
        report = pool.leaks()
        assert report.count == 6
        assert [count for _, count in report.sites] == [3, 2, 1]
        assert {site.file for site, _ in report.sites} == {__file__}
        for buffer in loose:
            buffer.free()
        assert not pool.leaks()
        assert pool.leaks().sites == ()

    async def test_without_tracking_they_are_only_counted(self) -> None:
        pool = await BufferPool.create(2, name="rx")
        pool.allocate_nowait()
        assert (pool.leaks().count, pool.leaks().sites) == (1, ())

    async def test_who_waited_is_told_by_its_own_line(self) -> None:
        pool = await BufferPool.create(1, track=True)
        held = pool.allocate_nowait()

        async def wait_here() -> None:
            await pool.allocate()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_here)
            await settle()
            held.free()
        [(site, count)] = pool.leaks().sites
        assert (site.function.rpartition(".")[2], count) == ("wait_here", 1)

    async def test_starvation_is_told_with_the_holders(self, caplog: pytest.LogCaptureFixture) -> None:
        pool = await BufferPool.create(1, name="rx", track=True, starvation_seconds=1e-9)
        held = pool.allocate_nowait()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.allocate)
            while not caplog.messages:
                await checkpoint()
            held.free()
        [message] = caplog.messages
        assert message.startswith(
            "1 waiting, and none was served for 1e-09 s; the descriptors are held here: pool 'rx'"
        )
        assert "test_starvation_is_told_with_the_holders" in message


@pytest.mark.every_loop
class TestClosing:
    async def test_everybody_who_waits_is_told(self, probe: Probe | None) -> None:
        pool = await make(probe, 2, name="rx")
        out = await pool.allocate_many(1)
        waiters = Waiters(pool)
        async with waiters:
            for count in (2, 1, 2):
                await waiters.line_up(count)
            assert pool.statistics().in_hand == 1
            report = pool.close()
            assert report.count == 1
            assert_conserved(pool, out=1)
            assert pool.statistics().waiting == 0
        assert [str(error) for error in waiters.refused] == ["buffer pool 'rx' is closed; create a new one"] * 3
        out[0].free()
        assert_conserved(pool, out=0)

    async def test_who_was_served_before_keeps_it(self, probe: Probe | None) -> None:
        pool = await make(probe, 2)
        out = await pool.allocate_many(2)
        waiters = Waiters(pool)
        async with waiters:
            await waiters.line_up(1)
            await waiters.line_up(1)
            out[0].free()
            pool.close()
            assert_conserved(pool, out=1)
            assert pool.statistics().in_hand == 1
        assert (len(waiters.served), len(waiters.refused)) == (1, 1)
        assert_conserved(pool, out=2)
        for buffer in [out[1], *waiters.served]:
            buffer.free()
        assert_conserved(pool, out=0)

    async def test_who_was_served_and_is_cancelled_then_leaves_nothing(self, probe: Probe | None) -> None:
        pool = await make(probe, 2)
        out = await pool.allocate_many(2)
        waiters = Waiters(pool)
        async with waiters:
            scopes = [await waiters.line_up(), await waiters.line_up(2)]
            out[0].free()
            pool.close()
            for scope in scopes:
                scope.cancel()
        for buffer in [out[1], *waiters.served]:
            buffer.free()
        assert_conserved(pool, out=0)
        assert pool.statistics().in_hand == 0

    async def test_what_is_out_is_reported_and_may_come_back(
        self, probe: Probe | None, caplog: pytest.LogCaptureFixture
    ) -> None:
        pool = await make(probe, 3, name="rx", track=True)
        out = await pool.allocate_many(2)
        with caplog.at_level(logging.WARNING):
            report = pool.close()
        assert report.count == 2
        assert caplog.messages == [f"closed with descriptors out: {report}"]
        for buffer in out:
            buffer.free()
        with breaks("BUF-05"):
            out[0].free()
        assert_conserved(pool, out=0)

    async def test_a_quiet_end_is_not_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        pool = await BufferPool.create(3)
        for buffer in await pool.allocate_many(3):
            buffer.free()
        assert not pool.close()
        assert caplog.messages == []
        assert pool.statistics().max_outstanding == 3
        assert repr(pool) == "<BufferPool 'buffers' closed, 0 of 3 out, 0 waiting>"

    async def test_twice_is_once_too_often(self, probe: Probe | None) -> None:
        pool = await make(probe, 1, name="rx")
        pool.close()
        with breaks("POOL-10", "buffer pool 'rx' is freed twice"):
            pool.close()

    async def test_aclose_closes_what_is_open(self, probe: Probe | None) -> None:
        pool = await make(probe, 2)
        pool.allocate_nowait()
        assert [(await pool.aclose()).count for _ in range(2)] == [1, 1]
        assert pool.closed

    async def test_two_may_aclose_at_once(self) -> None:
        pool = await make(Yielding(), 2)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pool.aclose)
            tasks.start_soon(pool.aclose)
        assert pool.closed

    async def test_what_a_probe_refuses_has_not_happened(self) -> None:
        diary = Diary(refuses="NdisFreeBufferPool")
        pool = await make(diary, 2)
        with breaks("TEST-01"):
            pool.close()
        diary.refuses = ""
        await assert_pool_at_rest(pool)
        pool.close()
        assert diary.seen[-2:] == [("before", "NdisFreeBufferPool"), ("after", "NdisFreeBufferPool")]


@pytest.mark.every_loop
class TestResizing:
    async def test_growing_makes_room(self, probe: Probe | None) -> None:
        pool = await make(probe, 1)
        pool.allocate_nowait()
        pool.resize(3)
        assert pool.capacity == 3
        assert len(set(await pool.allocate_many(2))) == 2
        with pytest.raises(PoolExhausted):
            pool.allocate_nowait()

    async def test_growing_serves_those_who_wait(self, probe: Probe | None) -> None:
        pool = await make(probe, 1)
        pool.allocate_nowait()
        waiters = Waiters(pool)
        async with waiters:
            for count in (1, 1):
                await waiters.line_up(count)
            pool.resize(3)
            assert pool.statistics().in_hand == 2
        assert_conserved(pool, out=3)
        for buffer in waiters.served:
            buffer.free()
        assert_conserved(pool, out=1)

    async def test_growing_serves_in_order(self) -> None:
        pool = await BufferPool.create(3)
        out = await pool.allocate_many(3)
        waiters = Waiters(pool)
        async with waiters:
            await waiters.line_up(3)
            await waiters.line_up(1)
            pool.resize(5)
            await settle()
            assert waiters.served == []
            pool.resize(6)
            await settle()
            assert len(waiters.served) == 3
            out[0].free()
        assert len(waiters.served) == 4

    async def test_shrinking_drops_what_is_free_now(self, probe: Probe | None) -> None:
        pool = await make(probe, 4)
        for buffer in await pool.allocate_many(4):
            buffer.free()
        pool.resize(1)
        assert_conserved(pool, out=0)
        pool.allocate_nowait()
        with pytest.raises(PoolExhausted):
            pool.allocate_nowait()
        assert pool.statistics().max_outstanding == 4

    async def test_shrinking_drops_what_is_out_as_it_comes_back(self, probe: Probe | None) -> None:
        pool = await make(probe, 4)
        out = await pool.allocate_many(4)
        pool.resize(2)
        for left in (3, 2):
            out.pop().free()
            assert_conserved(pool, out=left)
            with pytest.raises(PoolExhausted):
                pool.allocate_nowait()
        out.pop().free()
        pool.allocate_nowait().free()
        out.pop().free()
        await assert_pool_at_rest(pool)

    async def test_those_who_wait_go_on_when_a_shrunken_pool_has_room(self, probe: Probe | None) -> None:
        pool = await make(probe, 3)
        out = await pool.allocate_many(3)
        waiters = Waiters(pool)
        async with waiters:
            await waiters.line_up(1)
            await waiters.line_up(2)
            pool.resize(2)
            for served in (0, 1, 1):
                out.pop().free()
                await settle()
                assert len(waiters.served) == served
            waiters.served.pop().free()
        assert_conserved(pool, out=2)

    async def test_who_waits_for_more_than_is_left_is_told(self, probe: Probe | None) -> None:
        pool = await make(probe, 4, name="rx")
        out = [pool.allocate_nowait(), pool.allocate_nowait()]
        waiters = Waiters(pool)
        async with waiters:
            await waiters.line_up(4)
            await waiters.line_up(1)
            assert pool.statistics().in_hand == 2
            pool.resize(3)
            await settle()
            assert len(waiters.served) == 1, "what the first had collected goes to the next"
        [error] = waiters.refused
        assert "an ordinary request gets at most 3, not 4" in str(error)
        for buffer in out + waiters.served:
            buffer.free()
        assert pool.statistics().denied == 1
        await assert_pool_at_rest(pool)

    async def test_who_is_told_and_cancelled_at_once_leaves_nothing(self, probe: Probe | None) -> None:
        pool = await make(probe, 4)
        out = await pool.allocate_many(2)
        waiters = Waiters(pool)
        async with waiters:
            scope = await waiters.line_up(4)
            pool.resize(3)
            scope.cancel()
        for buffer in out:
            buffer.free()
        await assert_pool_at_rest(pool)

    async def test_the_reserve_stays_out_of_it(self) -> None:
        pool = await BufferPool.create(4, name="rx", reserve=2)
        with pytest.raises(ValueError, match=r"^'rx' keeps 2 for emergencies; 1 descriptors are too few$"):
            pool.resize(1)
        pool.resize(3)
        pool.allocate_nowait()
        with pytest.raises(PoolExhausted):
            pool.allocate_nowait()
        assert [pool.allocate_emergency() for _ in range(2)]

    async def test_down_to_nothing_and_up_again(self, probe: Probe | None) -> None:
        pool = await make(probe, 2)
        pool.resize(0)
        waiters = Waiters(pool)
        async with waiters:
            await waiters.line_up()
            assert pool.statistics().waiting == 1
            pool.resize(1)
        waiters.served[0].free()
        await assert_pool_at_rest(pool)

    @pytest.mark.parametrize("count", [None, "1", 1.0, math.nan, -1, 2**63, True])
    async def test_bad_counts_change_nothing(self, count: int) -> None:
        pool = await BufferPool.create(2)
        with pytest.raises((TypeError, ValueError), match=r"^count is"):
            pool.resize(count)
        await assert_pool_at_rest(pool)

    async def test_nt_reports_the_new_number_only(self) -> None:
        pool = await BufferPool.create(2, profile=Profile.NT)
        out = await pool.allocate_many(3)
        pool.resize(1)
        out.append(pool.allocate_nowait())
        for buffer in out:
            buffer.free()
        assert_conserved(pool, out=0)
        assert pool.statistics().free == 1


@pytest.mark.every_loop
class TestCancelling:
    async def test_who_is_cancelled_makes_way(self, probe: Probe | None) -> None:
        pool = await make(probe, 1)
        held = pool.allocate_nowait()
        waiters = Waiters(pool)
        async with waiters:
            scope = await waiters.line_up()
            await waiters.line_up()
            scope.cancel()
            held.free()
        assert len(waiters.served) == 1
        waiters.served[0].free()
        await assert_pool_at_rest(pool)

    async def test_a_bulk_request_that_is_cancelled_passes_on_what_it_had(self, probe: Probe | None) -> None:
        pool = await make(probe, 3)
        out = await pool.allocate_many(2)
        waiters = Waiters(pool)
        async with waiters:
            scope = await waiters.line_up(3)
            out.pop().free()
            assert pool.statistics().in_hand == 2
            await waiters.line_up(1)
            await waiters.line_up(2)
            scope.cancel()
            await settle()
            assert len(waiters.served) == 1
            assert pool.statistics().in_hand == 1
            out.pop().free()
        for buffer in waiters.served:
            buffer.free()
        await assert_pool_at_rest(pool)

    async def test_the_pool_is_quick_again_after_the_last_waiter_left(self) -> None:
        pool = await BufferPool.create(1)
        held = pool.allocate_nowait()
        async with Waiters(pool) as waiters:
            (await waiters.line_up()).cancel()
        held.free()
        assert pool._returns is pool._shelf

    async def test_a_storm_leaves_nobody(self, probe: Probe | None) -> None:
        pool = await make(probe, 2)
        out = await pool.allocate_many(2)
        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(pool.allocate_many, 1 + number % 2)
            await settle()
            assert pool.statistics().waiting == 300
            out.pop().free()
            tasks.cancel_scope.cancel()
        assert pool.statistics().waiting == 0
        assert pool.outstanding <= 2
        assert pool.statistics().in_hand == 0


@pytest.mark.asyncio
async def test_a_native_cancel_in_the_step_of_the_hand_over(probe: Probe | None) -> None:
    pool = await make(probe, 2)
    for counts in ((1, 1), (2, 2), (2, 1), (1, 2)):
        out = await pool.allocate_many(2)
        tasks = [asyncio.create_task(pool.allocate_many(count)) for count in counts]
        await settle()
        for buffer in out[: counts[0]]:
            buffer.free()
        tasks[0].cancel()
        await asyncio.wait(tasks[:1])
        for buffer in out[counts[0] :]:
            buffer.free()
        for buffer in await tasks[1]:
            buffer.free()
        await assert_pool_at_rest(pool)


@pytest.mark.asyncio
async def test_a_native_cancel_passes_one_descriptor_to_the_next(probe: Probe | None) -> None:
    pool = await make(probe, 1)
    held = pool.allocate_nowait()
    tasks = [asyncio.create_task(pool.allocate()) for _ in range(3)]
    await settle()
    held.free()
    tasks[0].cancel()
    tasks[1].cancel()
    (await tasks[2]).free()
    assert [task.cancelled() for task in tasks] == [True, True, False]
    await assert_pool_at_rest(pool)


@pytest.mark.asyncio
async def test_a_coroutine_that_is_closed_while_it_waits_leaves(probe: Probe | None) -> None:
    pool = await make(probe, 1)
    held = pool.allocate_nowait()
    for wait in (pool.allocate(), pool.allocate_many(1)):
        wait.send(None)
        assert pool.statistics().waiting == 1
        wait.close()
        assert pool.statistics().waiting == 0
    held.free()
    await assert_pool_at_rest(pool)


def test_waiters_of_a_loop_that_was_closed_leave_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are thrown out of their coroutines when nobody refers to the pool any more."""
    unraisable: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", unraisable.append)

    def abandon() -> weakref.ref[object]:
        loop = asyncio.new_event_loop()
        pool = loop.run_until_complete(make(None, 1))
        pool.allocate_nowait()
        for wait in (pool.allocate(), pool.allocate_many(1)):
            task: asyncio.Task[Any] = loop.create_task(wait)
            task._log_destroy_pending = False  # type: ignore[attr-defined]  # what asyncio says is another matter
        loop.run_until_complete(settle())
        assert pool.statistics().waiting == 2
        loop.close()
        return weakref.ref(pool)

    abandoned = abandon()
    gc.collect()
    assert abandoned() is None
    assert unraisable == []


@pytest.mark.asyncio
async def test_a_time_out_leaves_nothing(probe: Probe | None) -> None:
    pool = await make(probe, 1)
    held = pool.allocate_nowait()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await pool.allocate()
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(pool.allocate(), 0)
    held.free()
    await assert_pool_at_rest(pool)


@pytest.mark.parametrize("other", LOOPS)
@pytest.mark.parametrize("loop", LOOPS)
def test_waiting_is_for_the_loop_of_the_pool(loop: str, other: str) -> None:
    pool = buffer_pool(1, name="rx") if loop == "asyncio" else run_on(loop, lambda: make(None, 1, name="rx"))
    held = pool.allocate_nowait()
    before = pool.statistics()

    async def wait_there() -> None:
        for wait in (pool.allocate(), pool.allocate_many(1)):
            with pytest.raises(RuntimeError, match=r"belongs to another event loop; create one in this loop$"):
                await wait

    run_on(other, wait_there)
    assert pool.statistics() == before
    held.free()
    assert pool.allocate_nowait() is held


@pytest.mark.parametrize("loop", LOOPS)
def test_a_pool_with_waiters_is_not_for_another_loop_either(loop: str) -> None:
    """Nor does who comes from there disturb the waiters, and those who come after."""

    async def here() -> None:
        pool = await make(None, 1)
        held = pool.allocate_nowait()
        waiters = Waiters(pool)
        async with waiters:
            await waiters.line_up()
            for other in LOOPS if loop == "trio" else ("asyncio", "uvloop"):  # trio itself refuses a future of asyncio
                thread = threading.Thread(target=run_on, args=(other, lambda: wait_in_vain(pool)))
                thread.start()
                while thread.is_alive():
                    await checkpoint()
            await waiters.line_up()
            assert pool.statistics().waiting == 2
            held.free()
            await settle()
            waiters.served.pop().free()
        waiters.served.pop().free()
        await assert_pool_at_rest(pool)

    run_on(loop, here)


async def wait_in_vain(pool: BufferPool) -> None:
    for wait in (pool.allocate(), pool.allocate_many(1)):
        with pytest.raises(RuntimeError, match="belongs to another event loop"):
            await wait


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("end", ["closed", "dropped", "waited for"])
def test_pools_and_loops_are_let_go(loop: str, end: str) -> None:
    async def use() -> list[weakref.ref[object]]:
        pool = await make(None if end == "closed" else Probe(), 2, track=True)
        buffer = pool.allocate_nowait(b"frame")
        pool.handle(buffer)
        if end == "waited for":
            pool.allocate_nowait()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await pool.allocate()
        buffer.free()
        if end == "closed":
            pool.close()
        return [weakref.ref(pool), weakref.ref(current_host().loop)]

    refs = run_on(loop, use)
    run_on("asyncio" if loop != "asyncio" else "uvloop", checkpoint)  # the host of the loop that ran last is kept
    run_on("asyncio", use)
    gc.collect()
    assert [ref() for ref in refs] == [None, None]


def test_a_pool_may_be_closed_after_its_loop_ended() -> None:
    async def starve() -> BufferPool:
        pool = await make(None, 1)
        pool.allocate_nowait()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await pool.allocate()
        return pool

    for loop in LOOPS:
        assert run_on(loop, starve).close().count == 1


def test_the_common_part_of_pools_and_descriptors_is_no_pool_and_no_descriptor() -> None:
    descriptor, pool = Descriptor(buffer_pool(1)), buffer_pool(1)
    assert descriptor._home is AWAY
    for call in (
        descriptor.free,
        descriptor._free_carefully,
        descriptor._require_live,
        super(BufferPool, pool)._make,
    ):
        with pytest.raises(AssertionError, match="each kind of"):
            call()
