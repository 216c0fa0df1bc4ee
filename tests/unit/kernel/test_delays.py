"""Sleeping, stalling and the time of day."""

import pytest
from anyio import create_task_group

from asyncndis.base import observe
from asyncndis.kernel import (
    Irql,
    SpinLock,
    VirtualClock,
    at_irql,
    current_clock,
    sleep,
    stall,
    system_time,
    system_up_time,
    use_clock,
)
from asyncndis.kernel.clock import SECOND
from tests.unit.kernel.expecting import Recorder, breaks
from tests.unit.kernel.tasks import WAYS, settle, start

pytestmark = pytest.mark.every_loop


async def test_a_sleep_lasts_as_long_as_asked() -> None:
    with use_clock(VirtualClock()) as clock:
        async with create_task_group() as group:
            sleeper = await start(group, lambda: sleep(30_000_000))
            await clock.advance(29.9999999)
            assert sleeper.waits
            await clock.advance(0.0000001)
            assert not sleeper.waits


async def test_a_sleep_of_nothing_gives_way() -> None:
    calls: list[str] = []

    async def other() -> None:
        calls.append("other")

    async with create_task_group() as group:
        group.start_soon(other)
        await sleep(0)
        await sleep(0)
        calls.append("this")
    assert calls == ["other", "this"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_sleep_leaves_nothing_on_the_clock(way: str) -> None:
    with use_clock(VirtualClock()) as clock:
        async with create_task_group() as group:
            sleeper = await start(group, lambda: sleep(1000))
            sleeper.cancel(way)
            await settle()
            assert sleeper.cancelled
        assert await clock.run_until_idle() == 0


async def test_a_sleeper_that_is_woken_and_cancelled_at_once_is_no_harm() -> None:
    with use_clock(VirtualClock()) as clock:
        async with create_task_group() as group:
            sleeper = await start(group, lambda: sleep(1000))
            clock.call_at(clock.now() + 10_000, lambda: sleeper.cancel("native"))
            other = await start(group, lambda: sleep(1000))
            await clock.advance(1)
            assert not sleeper.waits
            assert other.results == [None]


async def test_sleeping_is_for_low_levels_without_a_lock() -> None:
    with at_irql(Irql.APC):
        await sleep(0)
    with at_irql(Irql.DISPATCH), breaks("IRQL-02", "sleeps at DISPATCH_LEVEL; set a timer there"):
        await sleep(0)
    async with SpinLock("ring"):
        with breaks("LOCK-11", "sleeps while it holds ring"):
            await sleep(0)


async def test_limits_of_sleeping_and_stalling() -> None:
    with breaks("IRQL-03", "a sleep of 30000001 us is too long"):
        await sleep(30_000_001)
    with breaks("IRQL-03", "a stall of 51 us keeps the processor too long"):
        stall(51)
    with pytest.raises(ValueError, match="microseconds"):
        await sleep(-1)
    with pytest.raises(TypeError, match="microseconds"):
        stall(1.0)  # type: ignore[arg-type]  # that is the test


async def test_a_stall_is_legal_anywhere() -> None:
    with use_clock(VirtualClock()), at_irql(Irql.HIGH):
        stall(50)
        assert current_clock().now() == 500
    stall(1)


async def test_times_follow_the_clock() -> None:
    with use_clock(VirtualClock(system_time=1000)) as clock:
        assert (system_time(), system_up_time()) == (1000, 0)
        await clock.advance(1.5)
        assert (system_time(), system_up_time()) == (1000 + 15 * SECOND // 10, 1500)
        await clock.advance(2**32 / 1000)
        assert system_up_time() == 1500


async def test_the_probe_sees_each_call() -> None:
    recorder = Recorder()
    with observe(recorder):
        await sleep(0)
        stall(1)
    assert recorder.calls == [
        ("preempt", "NdisMSleep"),
        ("before", "NdisMSleep"),
        ("after", "NdisMSleep"),
        ("before", "NdisStallExecution"),
        ("after", "NdisStallExecution"),
    ]
