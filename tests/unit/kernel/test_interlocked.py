"""Interlocked lists, stacks and numbers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from anyio import WouldBlock, create_task_group

from asyncndis.base import observe
from asyncndis.kernel import (
    InterlockedList,
    InterlockedLong,
    InterlockedStack,
    InterlockedUlong,
    Irql,
    LargeStatistic,
    SpinLock,
    at_irql,
)
from asyncndis.kernel.processors import raised
from tests.unit.kernel.expecting import Recorder, Refusing, breaks
from tests.unit.kernel.tasks import WAYS, settle, start

pytestmark = pytest.mark.every_loop


async def test_a_list() -> None:
    lock, queue = SpinLock("lock"), InterlockedList[str]("rx")
    assert await queue.remove_head(lock) is None
    assert await queue.insert_tail("b", lock) is None
    assert await queue.insert_tail("c", lock) == "b"
    assert await queue.insert_head("a", lock) == "b"
    assert repr(queue) == "<InterlockedList 'rx', 3 entries>"
    assert [await queue.remove_head(lock) for _ in range(3)] == ["a", "b", "c"]
    assert queue.insert_head_nowait("d", lock) is None
    assert queue.insert_tail_nowait("e", lock) == "d"
    assert [queue.remove_head_nowait(lock) for _ in range(3)] == ["d", "e", None]
    assert len(queue) == 0


async def test_a_stack() -> None:
    lock, stack = SpinLock("lock"), InterlockedStack[str]("free")
    assert await stack.pop(lock) is None
    assert await stack.push("a", lock) is None
    assert stack.push_nowait("b", lock) == "a"
    assert repr(stack) == "<InterlockedStack 'free', 2 entries>"
    assert (await stack.pop(lock), stack.pop_nowait(lock), stack.pop_nowait(lock)) == ("b", "a", None)
    for _ in range(0x10001):
        stack.push_nowait("", lock)
    assert stack.depth == 1


async def test_an_unsigned_number() -> None:
    lock, number = SpinLock("lock"), InterlockedUlong(0xFFFFFFFE, "bytes")
    await number.add(1, lock)
    assert repr(number) == "<InterlockedUlong 'bytes' 4294967295>"
    number.add_nowait(0xFFFFFFFF, lock)
    assert number.value == 0xFFFFFFFE
    for bad, error in ((-1, ValueError), (2**32, ValueError), (None, TypeError)):
        with pytest.raises(error, match="increment"):
            await number.add(bad, lock)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(ValueError, match="value"):
        InterlockedUlong(-1)


def test_a_signed_number() -> None:
    number = InterlockedLong(0x7FFFFFFE)
    assert [number.increment(), number.increment()] == [0x7FFFFFFF, -0x80000000]
    assert [number.decrement(), number.decrement()] == [0x7FFFFFFF, 0x7FFFFFFE]
    assert repr(number) == "<InterlockedLong 2147483646>"
    assert InterlockedLong().decrement() == -1
    with pytest.raises(ValueError, match="value"):
        InterlockedLong(0x80000000)


def test_a_large_statistic() -> None:
    statistic = LargeStatistic(2**64 - 1)
    statistic.add(2)
    assert repr(statistic) == "<LargeStatistic 1>"
    with pytest.raises(ValueError, match="increment"):
        statistic.add(-1)
    assert LargeStatistic().value == 0
    with pytest.raises(ValueError, match="value"):
        LargeStatistic(2**64)


def operations(lock: SpinLock) -> list[tuple[Callable[[], Any], Callable[[], Any]]]:
    """Each operation, awaited and nowait, on an object of its own that was used with ``lock`` before."""
    queue, stack, number = InterlockedList[int]("queue"), InterlockedStack[int]("stack"), InterlockedUlong()
    queue.insert_tail_nowait(1, lock)
    stack.push_nowait(1, lock)
    number.add_nowait(1, lock)
    return [
        (partial(queue.insert_head, 2, lock), partial(queue.insert_head_nowait, 2, lock)),
        (partial(queue.insert_tail, 2, lock), partial(queue.insert_tail_nowait, 2, lock)),
        (partial(queue.remove_head, lock), partial(queue.remove_head_nowait, lock)),
        (partial(stack.push, 2, lock), partial(stack.push_nowait, 2, lock)),
        (partial(stack.pop, lock), partial(stack.pop_nowait, lock)),
        (partial(number.add, 2, lock), partial(number.add_nowait, 2, lock)),
    ]


async def test_the_caller_does_not_hold_the_lock() -> None:
    lock = SpinLock("lock")
    for awaited, nowait in operations(lock):
        async with lock:
            with breaks("LOCK-12", "is used with lock, which"):
                await awaited()
            with breaks("LOCK-12", "and would spin for ever; release it first"):
                nowait()
        await awaited()


async def test_one_lock_for_all_operations() -> None:
    lock, other, queue = SpinLock("lock"), SpinLock("other"), InterlockedList[int]("rx")
    queue.insert_tail_nowait(1, lock)
    with breaks("LOCK-12", "rx is used with other, and was used with lock before; use one lock"):
        await queue.insert_tail(2, other)
    with breaks("LOCK-12"):
        queue.remove_head_nowait(other)
    assert len(queue) == 1
    with pytest.raises(TypeError, match="lock is a SpinLock"):
        queue.remove_head_nowait(None)  # type: ignore[arg-type]  # that is the test


async def another_task_cannot(operation: Callable[[], object]) -> None:
    with pytest.raises(WouldBlock):
        operation()


async def test_a_lock_that_another_task_holds_keeps_the_operation_out() -> None:
    lock = SpinLock("lock")
    for awaited, nowait in operations(lock):
        await lock.acquire()
        async with create_task_group() as group:
            waiting = await start(group, awaited)
            assert waiting.waits
            group.start_soon(another_task_cannot, nowait)
            await settle()
            assert waiting.waits
            lock.release()
            await settle()
            assert len(waiting.results) == 1
    assert not raised


async def test_a_lock_on_its_way_to_the_next_is_no_hindrance() -> None:
    lock, queue, order = SpinLock("lock"), InterlockedList[int]("rx"), list[object]()

    async def holder() -> None:
        async with lock:
            order.append(len(queue))

    async with create_task_group() as group:
        await lock.acquire()
        await start(group, holder)
        lock.release()
        queue.insert_tail_nowait(1, lock)
    assert order == [1]


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_operation_has_changed_nothing(way: str) -> None:
    lock, queue = SpinLock("lock"), InterlockedList[int]("rx")
    async with create_task_group() as group:
        await lock.acquire()
        waiting = await start(group, partial(queue.insert_tail, 1, lock))
        waiting.cancel(way)
        await settle()
        assert waiting.cancelled
        lock.release()
    assert len(queue) == 0
    assert not lock.statistics().locked
    assert not raised


async def test_at_any_level() -> None:
    lock, queue = SpinLock("lock"), InterlockedList[int]("rx")
    with at_irql(Irql.HIGH):
        queue.insert_tail_nowait(1, lock)
        assert await queue.remove_head(lock) == 1


async def test_the_probe_sees_each_call_and_may_refuse_it() -> None:
    lock, recorder = SpinLock("lock"), Recorder()
    with observe(recorder):
        queue = InterlockedList[int]()
    await queue.insert_tail(1, lock)
    assert recorder.calls == [
        ("preempt", "NdisInterlockedInsertTailList"),
        ("before", "NdisInterlockedInsertTailList"),
        ("after", "NdisInterlockedInsertTailList"),
    ]
    with observe(Refusing()):
        stack = InterlockedStack[int]()
    with breaks("TEST-01"):
        await stack.push(1, lock)
    assert stack.depth == 0
    await queue.insert_tail(1, lock)


async def test_a_freed_lock_is_of_no_use() -> None:
    lock, queue = SpinLock("lock"), InterlockedList[int]("rx")
    lock.free()
    with breaks("LOCK-09", "lock was freed"):
        await queue.insert_tail(1, lock)
    assert len(queue) == 0
