"""What the verifier sees of locks beyond the examples: where it speaks, where it is silent, what it tells."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.base import Profile, RuleViolation
from asyncndis.kernel import (
    InterlockedList,
    InterlockedUlong,
    Irql,
    LockState,
    ReadWriteLock,
    SpinLock,
    at_irql,
)
from asyncndis.verifier import Findings, verify
from asyncndis.verifier.locks import ANONYMOUS

from .lines import line_of, place_of

pytestmark = pytest.mark.every_loop


def only(findings: Findings, rule: str) -> tuple[tuple[str, int] | None, tuple[str, int] | None]:
    """The two places of the only finding, which is of this rule."""
    (finding,) = findings
    assert finding.rule == rule
    return place_of(finding.site), place_of(finding.other)


async def test_default_names_say_nothing() -> None:
    assert {SpinLock().name, ReadWriteLock().name} == ANONYMOUS


async def one_way(first: SpinLock, second: SpinLock) -> None:
    async with first, second:  # one way
        pass


async def other_way(first: SpinLock, second: SpinLock) -> None:
    await second.acquire()  # held
    async with first:  # other way
        second_is_held = second.statistics().locked
    second.release()
    assert second_is_held


async def test_an_inversion_tells_both_lines_and_the_cycle() -> None:
    with verify() as findings:
        first, second = SpinLock("adapter"), SpinLock("tx-ring")
        await one_way(first, second)
        await other_way(first, second)
    assert only(findings, "LOCK-08") == (line_of(other_way, "other way"), line_of(one_way, "one way"))
    held, taken = line_of(other_way, "held")[1], line_of(other_way, "other way")[1]
    assert f"tx-ring (held since test_locks.py:{held}), then adapter at test_locks.py:{taken}" in findings[0].message


async def test_an_inversion_is_told_once() -> None:
    with verify() as findings:
        first, second = SpinLock("adapter"), SpinLock("tx-ring")
        for _ in range(3):
            await one_way(first, second)
            await other_way(first, second)
    assert [finding.times for finding in findings] == [1]


async def test_a_long_cycle_is_found() -> None:
    with verify() as findings:
        first, second, third = SpinLock("a"), SpinLock("b"), SpinLock("c")
        await one_way(first, second)
        await one_way(second, third)
        await other_way(first, third)
    assert findings.rules == ("LOCK-08",)
    assert findings[0].message.count(", then ") == 3


async def test_an_order_of_names_counts_for_other_locks_of_these_names() -> None:
    with verify() as findings:
        await one_way(SpinLock("adapter"), SpinLock("tx-ring"))
        await other_way(SpinLock("adapter"), SpinLock("tx-ring"))
    assert findings.rules == ("LOCK-08",)


@pytest.mark.parametrize(("first", "second"), [("lock", "tx-ring"), ("adapter", "lock"), ("tx-ring", "tx-ring")])
async def test_names_that_say_nothing_are_no_order(first: str, second: str) -> None:
    with verify() as findings:
        await one_way(SpinLock(first), SpinLock(second))
        await other_way(SpinLock(first), SpinLock(second))
    assert not findings


@pytest.mark.parametrize("name", ["lock", "tx-ring"])
async def test_two_locks_of_one_name_have_an_order_as_objects(name: str) -> None:
    with verify() as findings:
        first, second = SpinLock(name), SpinLock(name)
        await one_way(first, second)
        await other_way(first, second)
    assert findings.rules == ("LOCK-08",)


async def test_a_lock_from_outside_the_block_counts_as_held() -> None:
    outside = SpinLock("outside")
    with verify() as findings:
        inside = SpinLock("inside")
        async with outside, inside:
            pass
    assert not findings


async def test_an_inversion_is_refused_before_the_lock_is_taken() -> None:
    with verify(raises=True) as findings:
        first, second = SpinLock("adapter"), SpinLock("tx-ring")
        await one_way(first, second)
        for _ in range(2):
            with pytest.raises(RuleViolation, match="LOCK-08"):
                await other_way(first, second)
            assert not first.statistics().locked
            second.release()
    assert [finding.times for finding in findings] == [2]


async def test_read_write_locks_have_an_order_too() -> None:
    with verify() as findings:
        filters, ring = ReadWriteLock("filters"), SpinLock("tx-ring")
        async with filters.read(), ring:
            pass
        async with ring, filters.write():
            pass
    assert findings.rules == ("LOCK-08",)


async def test_an_interlocked_call_takes_its_lock() -> None:
    with verify() as findings:
        guard, adapter = SpinLock("guard"), SpinLock("adapter")
        queue = InterlockedList[int]()
        queue.insert_head_nowait(1, guard)
        async with adapter:
            queue.insert_tail_nowait(2, guard)
        async with guard, adapter:
            pass
    assert findings.rules == ("LOCK-08",)


async def test_an_interlocked_call_in_a_dpc_needs_no_order() -> None:
    with verify() as findings:
        guard = SpinLock("guard")
        count = InterlockedUlong()
        with at_irql(Irql.DISPATCH):
            count.add_nowait(1, guard)
    assert not findings


async def awaits_inside(lock: SpinLock) -> None:
    async with lock:  # took
        await checkpoint()  # awaits


async def test_an_await_is_told_with_both_lines() -> None:
    with verify() as findings:
        await awaits_inside(SpinLock("tx-ring"))
    assert only(findings, "LOCK-11") == (line_of(awaits_inside, "awaits"), line_of(awaits_inside, "took"))


async def test_an_await_is_raised_when_the_lock_is_released() -> None:
    locks: list[SpinLock] = []

    async def run() -> None:
        with verify(raises=True):
            locks.append(SpinLock("tx-ring"))
            await awaits_inside(locks[0])

    with pytest.raises(RuleViolation) as raised:
        await run()
    assert place_of(raised.value.site) == line_of(awaits_inside, "awaits")
    assert not locks[0].statistics().locked


async def test_an_await_between_two_holds_is_fine() -> None:
    with verify() as findings:
        lock = SpinLock("tx-ring")
        for _ in range(3):
            async with lock:
                pass
            await checkpoint()
    assert not findings


async def test_waiting_for_another_lock_is_no_await() -> None:
    inner = SpinLock("inner")
    released = anyio.Event()

    async def hold() -> None:
        async with inner:  # unwatched: it may wait
            await released.wait()

    with verify() as findings:
        outer = SpinLock("outer")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(hold)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(_take_both, outer, inner)
            await anyio.wait_all_tasks_blocked()
            assert outer.statistics().locked
            released.set()
    assert not findings


async def _take_both(outer: SpinLock, inner: SpinLock) -> None:
    async with outer, inner:
        pass


async def test_a_task_may_wait_for_a_lock_in_a_lock() -> None:
    with verify() as findings:
        outer, inner = SpinLock("outer"), ReadWriteLock("inner")
        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(_read_in, outer, inner)
    assert not findings


async def _read_in(outer: SpinLock, inner: ReadWriteLock) -> None:
    async with outer, inner.write():
        pass


async def takes_and_ends(lock: SpinLock) -> None:
    await lock.acquire()  # never released


async def test_a_task_that_ends_holding_a_lock_is_found_at_once() -> None:
    with verify() as findings:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(takes_and_ends, SpinLock("tx-ring"))
        assert only(findings, "LOCK-04") == (line_of(takes_and_ends, "never released"), None)
    assert len(findings) == 1


async def test_what_a_task_left_held_is_raised_at_the_end() -> None:
    async def run() -> None:
        with verify(raises=True):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(takes_and_ends, SpinLock("tx-ring"))

    with pytest.raises(RuleViolation, match="LOCK-04"):
        await run()


async def test_a_critical_section_of_ce_is_left_as_often_as_it_was_entered() -> None:
    with verify() as findings:
        section = SpinLock("section", profile=Profile.CE)
        with section, section:
            pass
        section.acquire_nowait()
        section.acquire_nowait()
        section.release()
    assert findings.rules == ("LOCK-04",)


@pytest.mark.parametrize("dpc_first", [True, False])
async def test_a_dpr_form_at_passive_level_is_told_whichever_use_came_first(*, dpc_first: bool) -> None:
    with verify() as findings:
        lock = SpinLock("tx-ring", profile=Profile.CE)
        uses = [_use_in_dpc, _use_unraised] if dpc_first else [_use_unraised, _use_in_dpc]
        for use in uses * 2:
            use(lock)
    assert only(findings, "LOCK-14") == (line_of(_use_unraised, "unraised"), line_of(_use_in_dpc, "dpc"))


def _use_in_dpc(lock: SpinLock) -> None:
    with at_irql(Irql.DISPATCH), lock:  # dpc
        pass


def _use_unraised(lock: SpinLock) -> None:
    lock.acquire_dpr_nowait()  # unraised
    lock.release_dpr()


async def test_locks_may_be_used_after_the_block() -> None:
    with verify():
        lock = SpinLock("tx-ring")
        state, filters = LockState(), ReadWriteLock("filters")
    async with lock:
        await filters.acquire(state, write=True)
        filters.release(state)


async def test_a_lock_held_over_the_end_of_the_block_may_be_released() -> None:
    lock = SpinLock()
    with verify() as findings:
        lock = SpinLock("tx-ring")
        await lock.acquire()
    lock.release()
    assert findings.rules == ("LOCK-04",)
