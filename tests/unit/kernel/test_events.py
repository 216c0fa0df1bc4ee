"""Notification events."""

import pytest
from anyio import create_task_group

from asyncndis.base import observe
from asyncndis.kernel import EventStatistics, Irql, NdisEvent, SpinLock, VirtualClock, at_irql, use_clock
from tests.unit.kernel.expecting import Recorder, Refusing, breaks
from tests.unit.kernel.tasks import WAYS, settle, start

pytestmark = pytest.mark.every_loop


async def test_a_set_event_is_waited_for_in_no_time() -> None:
    event = NdisEvent("up")
    event.set()
    assert await event.wait()
    assert await event.wait(5)
    assert event.signaled
    event.reset()
    assert not event.signaled


async def test_setting_releases_all_who_wait_and_later_ones_too() -> None:
    event = NdisEvent()
    async with create_task_group() as group:
        waiters = [await start(group, event.wait) for _ in range(3)]
        assert event.statistics() == EventStatistics(signaled=False, waiting=3)
        assert all(waiter.waits for waiter in waiters)
        event.set()
        event.reset()
        await settle()
        assert [waiter.results for waiter in waiters] == [[True]] * 3
        late = await start(group, event.wait)
        assert late.waits
        event.set()
        await settle()
        assert late.results == [True]
    assert event.statistics() == EventStatistics(signaled=True, waiting=0)


async def test_the_time_is_up_and_not_before() -> None:
    with use_clock(VirtualClock()) as clock:
        event = NdisEvent()
        async with create_task_group() as group:
            waiter, forever = await start(group, lambda: event.wait(20)), await start(group, event.wait)
            await clock.advance(0.0199)
            assert waiter.waits
            await clock.advance(0.0001)
            assert waiter.results == [False]
            await clock.advance(1_000_000)
            assert forever.waits
            event.set()
        assert event.statistics().waiting == 0


async def test_set_at_the_very_moment_when_the_time_is_up() -> None:
    with use_clock(VirtualClock()) as clock:
        event = NdisEvent()
        async with create_task_group() as group:
            clock.call_at(10_000, event.set)
            first = await start(group, lambda: event.wait(1))
            event_after = NdisEvent()
            second = await start(group, lambda: event_after.wait(1))
            clock.call_at(10_000, event_after.set)
            await clock.advance(1)
            assert (first.results, second.results) == ([True], [False])


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_waiter_leaves_nothing_behind(way: str) -> None:
    with use_clock(VirtualClock()) as clock:
        event = NdisEvent()
        async with create_task_group() as group:
            forever, timed = await start(group, event.wait), await start(group, lambda: event.wait(5))
            other = await start(group, event.wait)
            forever.cancel(way)
            timed.cancel(way)
            event.set()
            await settle()
            assert forever.cancelled
            assert timed.cancelled
            assert other.results == [True]
        assert event.statistics().waiting == 0
        assert await clock.run_until_idle() == 0


async def test_a_released_waiter_that_is_cancelled_takes_nothing_from_the_others() -> None:
    event = NdisEvent()
    async with create_task_group() as group:
        first, second = await start(group, event.wait), await start(group, event.wait)
        event.set()
        first.cancel("native")
        await settle()
        assert second.results == [True]
        assert event.signaled


async def test_waiting_is_for_passive_level() -> None:
    event, lock = NdisEvent("up"), SpinLock("ring")
    event.set()
    with at_irql(Irql.APC), breaks("IRQL-02", "waits for event 'up' at APC_LEVEL; wait in a work item"):
        await event.wait()
    async with lock:
        with breaks("LOCK-11", "waits for event 'up' while it holds ring; release it first") as caught:
            await event.wait()
    assert caught.value.subject is event


async def test_the_probe_sees_each_call_and_steps_in_before_a_wait() -> None:
    recorder = Recorder()
    with observe(recorder):
        event = NdisEvent()
    event.set()
    await event.wait(7)
    event.reset()
    assert recorder.calls == [
        ("before", "NdisSetEvent"),
        ("after", "NdisSetEvent"),
        ("preempt", "NdisWaitEvent"),
        ("before", "NdisWaitEvent"),
        ("after", "NdisWaitEvent"),
        ("before", "NdisResetEvent"),
        ("after", "NdisResetEvent"),
    ]


async def test_a_probe_without_a_scheduler_can_refuse_a_call() -> None:
    with observe(Refusing()):
        event = NdisEvent()
    with breaks("TEST-01"):
        event.set()
    with breaks("TEST-01"):
        await event.wait()
    assert not event.signaled


@pytest.mark.parametrize(("milliseconds", "error"), [(-1, ValueError), (1.5, TypeError), (2**32, ValueError)])
async def test_bad_times_are_refused(milliseconds: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="milliseconds"):
        await NdisEvent().wait(milliseconds)


def test_a_name_is_a_string() -> None:
    with pytest.raises(TypeError, match="name is a str, not int"):
        NdisEvent(7)  # type: ignore[arg-type]  # that is the test


def test_repr_is_a_status_line() -> None:
    event = NdisEvent("up")
    assert repr(event) == "<NdisEvent 'up' not set, 0 waiting>"
    event.set()
    assert repr(event) == "<NdisEvent 'up' set, 0 waiting>"
