"""Mutexes."""

from functools import partial

import pytest
from anyio import create_task_group

from asyncndis.base import observe
from asyncndis.kernel import Irql, Mutex, MutexStatistics, NdisEvent, SpinLock, at_irql
from tests.unit.kernel.expecting import Recorder, breaks
from tests.unit.kernel.tasks import WAYS, settle, start

pytestmark = pytest.mark.every_loop


async def test_one_at_a_time_first_come_first_served() -> None:
    mutex, order, go = Mutex("oid"), list[int](), NdisEvent()

    async def user(number: int) -> None:
        async with mutex:
            order.append(number)
            await go.wait()  # waiting with a mutex held is what it is for

    async with create_task_group() as group:
        for number in range(4):
            await start(group, partial(user, number))
        assert order == [0]
        assert mutex.statistics() == MutexStatistics(depth=1, waiting=3)
        assert repr(mutex) == "<Mutex 'oid' held 1 deep, 3 waiting>"
        go.set()
    assert order == [0, 1, 2, 3]
    assert repr(mutex) == "<Mutex 'oid' free, 0 waiting>"


async def test_its_owner_may_take_it_again() -> None:
    mutex = Mutex()
    async with mutex, mutex:
        assert mutex.statistics().depth == 2
        mutex.release()
        async with create_task_group() as group:
            other = await start(group, mutex.acquire)
            assert other.waits
            other.cancel()
        await mutex.acquire()
    assert mutex.statistics() == MutexStatistics(depth=0, waiting=0)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("served", [False, True])
async def test_a_cancelled_waiter_loses_nothing(way: str, *, served: bool) -> None:
    mutex = Mutex()

    async def use() -> None:
        async with mutex:
            pass

    async with create_task_group() as group:
        await mutex.acquire()
        first, second = await start(group, use), await start(group, use)
        if served:
            mutex.release()
        first.cancel(way)
        if not served:
            mutex.release()
        await settle()
        assert first.cancelled is not bool(first.results)  # trio does not cancel whom a hand-over has woken
        assert second.results == [None]
    assert mutex.statistics() == MutexStatistics(depth=0, waiting=0)


async def test_only_where_waiting_is_legal() -> None:
    mutex = Mutex("oid")
    with at_irql(Irql.DISPATCH), breaks("IRQL-02", "waits for mutex 'oid' at DISPATCH_LEVEL; use a spin lock there"):
        await mutex.acquire()
    async with SpinLock("ring"):
        with breaks("LOCK-11"):
            await mutex.acquire()
    assert mutex.statistics().depth == 0


async def test_only_its_owner_releases_it() -> None:
    mutex = Mutex("oid")
    with breaks("LOCK-03", "oid is released, but nobody holds it"):
        mutex.release()

    async def thief() -> None:
        with breaks("LOCK-10", "oid is released by thief, but"):
            mutex.release()

    async with mutex, create_task_group() as group:
        watched = await start(group, thief, name="thief")
        assert watched.results == [None]
        assert mutex.statistics().depth == 1


async def test_a_dead_owner_is_named() -> None:
    mutex = Mutex("oid")
    async with create_task_group() as group:
        await start(group, mutex.acquire, name="careless")
    with breaks("LOCK-04", "its owner, careless, ended without releasing it"):
        await mutex.acquire()


async def test_the_probe_sees_each_call() -> None:
    recorder = Recorder()
    with observe(recorder):
        mutex = Mutex()
    async with mutex:
        pass
    assert recorder.calls == [
        ("preempt", "NDIS_WAIT_FOR_MUTEX"),
        ("before", "NDIS_WAIT_FOR_MUTEX"),
        ("after", "NDIS_WAIT_FOR_MUTEX"),
        ("before", "NDIS_RELEASE_MUTEX"),
        ("after", "NDIS_RELEASE_MUTEX"),
    ]


def test_a_mutex_can_be_made_before_any_loop_runs() -> None:
    assert Mutex("early").statistics() == MutexStatistics(depth=0, waiting=0)
    with pytest.raises(TypeError, match="name is a str"):
        Mutex(1)  # type: ignore[arg-type]  # that is the test
