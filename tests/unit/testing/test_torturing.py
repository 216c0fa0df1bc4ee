"""Exposed programs: every awaited call is a scheduling point, operations fail, rules bite, nothing is left."""

import pickle

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from asyncndis.base import NdisError, PoolExhausted, RuleViolation
from asyncndis.kernel import SpinLock
from asyncndis.memory import BufferPool
from asyncndis.testing import cancel_everywhere, exposed, fail_every_allocation
from asyncndis.torture import FailureKind, explore, injects_faults


async def use_pool() -> None:
    async with await BufferPool.create(1, name="rx") as pool, create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(borrow, pool)


async def borrow(pool: BufferPool) -> None:
    async with pool.borrow(bytearray(60)):
        await checkpoint()


async def hold_two() -> None:
    """Two tasks that each want two descriptors of two: they may take one each and wait for ever."""
    async with await BufferPool.create(2, name="rx") as pool, create_task_group() as tasks:

        async def take_two() -> None:
            first = await pool.allocate(bytearray(60))
            second = await pool.allocate(bytearray(60))
            first.free()
            second.free()

        tasks.start_soon(take_two)
        tasks.start_soon(take_two)


async def opposite_locks() -> None:
    one, other = SpinLock(name="one"), SpinLock(name="other")

    async def take(first: SpinLock, second: SpinLock) -> None:
        async with first, second:
            pass

    async with create_task_group() as tasks:
        tasks.start_soon(take, one, other)
        tasks.start_soon(take, other, one)


async def ends_in_a_refusal() -> None:
    async with await BufferPool.create(1, name="rx") as pool:
        pool.allocate_nowait(bytearray(60)).free()


async def forgets_on_refusal() -> None:
    pool = await BufferPool.create(1, name="rx")
    try:
        pool.allocate_nowait(bytearray(60)).free()
    except PoolExhausted:
        return
    await pool.aclose()


def test_a_pool_survives_everything() -> None:
    assert cancel_everywhere(exposed(use_pool)) > 20
    assert fail_every_allocation(exposed(use_pool)) > 2
    result = explore(exposed(use_pool), strategy="random", schedules=200, cancel=True, faults="random")
    assert result.failure is None, result.failure.report()


def test_awaited_calls_are_scheduling_points_though_nobody_has_to_wait() -> None:
    """Without the points each task takes both descriptors in one step."""
    assert explore(hold_two, strategy="random", schedules=100).failure is None
    failure = explore(exposed(hold_two), strategy="random", schedules=500).failure
    assert failure is not None
    assert failure.kind in {FailureKind.DEADLOCK, FailureKind.VIOLATION}


def test_rules_are_checked_in_every_schedule() -> None:
    failure = explore(exposed(opposite_locks), strategy="random", schedules=100).failure
    assert failure is not None
    assert failure.kind is FailureKind.VIOLATION
    assert isinstance(failure.error, RuleViolation)
    assert failure.error.rule.startswith("LOCK")
    unruly = explore(exposed(opposite_locks, rules="POOL"), strategy="random", schedules=100).failure
    assert unruly is not None
    assert unruly.kind is FailureKind.DEADLOCK
    assert "(callback)" not in unruly.report()


def test_a_program_may_end_with_the_refusal_it_was_dealt_but_leave_nothing() -> None:
    assert fail_every_allocation(exposed(ends_in_a_refusal)) == 1
    with pytest.raises((AssertionError, RuleViolation)) as caught:
        fail_every_allocation(exposed(forgets_on_refusal))
    assert any("Replay it with" in note for note in caught.value.__notes__)


def test_an_error_of_its_own_is_still_one() -> None:
    async def fails() -> None:
        raise NdisError("by itself")

    failure = explore(exposed(fails), schedules=3).failure
    assert failure is not None
    assert isinstance(failure.error, NdisError)


def test_too_few_schedules_are_said() -> None:
    with pytest.raises(RuntimeError, match="5 runs were not enough"):
        cancel_everywhere(exposed(use_pool), schedules=5)


def test_what_is_exposed_can_be_sent() -> None:
    assert pickle.loads(pickle.dumps(exposed(use_pool))) == exposed(use_pool)


def test_a_program_can_ask_whether_anything_may_be_refused() -> None:
    answers: set[bool] = set()

    async def asks() -> None:
        answers.add(injects_faults())

    assert not injects_faults()
    explore(asks, schedules=2)
    assert answers == {False}
    answers.clear()
    explore(asks, schedules=2, faults="random")
    assert answers == {True}
