"""Clocks, real and virtual."""

import time
from functools import partial

import pytest
from anyio import create_task_group

from asyncndis.kernel import Clock, NdisEvent, RealClock, VirtualClock, current_clock, current_host, sleep, use_clock
from asyncndis.kernel.clock import SECOND
from tests.unit.kernel.tasks import settle, start

pytestmark = pytest.mark.every_loop

YEAR_2000 = 125_911_584_000_000_000
A_DAY = 24 * 3600 * SECOND


async def test_due_callbacks_run_in_order_of_time_and_then_of_asking() -> None:
    clock, calls = VirtualClock(), list[tuple[str, int]]()

    def call(name: str) -> None:
        calls.append((name, clock.now()))

    for name, when in (("d", 3), ("a", 1), ("b", 1), ("c", 1), ("never", 4)):
        clock.call_at(when * SECOND, partial(call, name))
    await clock.advance(3.5)
    assert calls == [("a", SECOND), ("b", SECOND), ("c", SECOND), ("d", 3 * SECOND)]
    assert clock.now() == 3.5 * SECOND
    assert repr(clock) == "<VirtualClock at 3.5 s, 1 callbacks due>"


async def test_tasks_run_at_each_moment_before_time_goes_on() -> None:
    with use_clock(VirtualClock()) as clock:
        seen: list[float] = []

        async def sleeper() -> None:
            for _ in range(3):
                await sleep(250_000)
                seen.append(clock.now() / SECOND)

        async with create_task_group() as group:
            await start(group, sleeper)
            await clock.advance(10)
        assert seen == [0.25, 0.5, 0.75]


async def test_a_callback_that_asks_for_now_is_called_after_the_tasks_of_this_moment() -> None:
    with use_clock(VirtualClock()) as clock:
        calls: list[str] = []
        event = NdisEvent()

        async def waiter() -> None:
            await event.wait()
            calls.append("task")

        def first() -> None:
            calls.append("first")
            event.set()
            clock.call_at(clock.now(), lambda: calls.append("asked for by first"))

        async with create_task_group() as group:
            await start(group, waiter)
            clock.call_at(SECOND, first)
            clock.call_at(SECOND, lambda: calls.append("second"))
            await clock.advance(1)
        assert calls == ["first", "second", "task", "asked for by first"]
        assert clock.now() == SECOND


async def test_advancing_by_nothing_runs_what_is_due() -> None:
    clock, calls = VirtualClock(), list[int]()
    clock.call_at(0, lambda: calls.append(clock.now()))
    await clock.advance(0)
    assert calls == [0]


async def test_what_was_called_off_is_not_called() -> None:
    clock, calls = VirtualClock(), list[str]()
    off = clock.call_at(1, lambda: calls.append("off"))
    also_off = clock.call_at(2, lambda: calls.append("also off"))
    clock.call_at(1, also_off.cancel)
    done = clock.call_at(1, lambda: calls.append("done"))
    off.cancel()
    off.cancel()
    await clock.advance(1)
    done.cancel()
    assert calls == ["done"]
    assert repr(clock) == "<VirtualClock at 1 s, 0 callbacks due>"


async def test_called_off_appointments_are_swept_out() -> None:
    clock, calls = VirtualClock(), list[int]()
    live = [clock.call_at(when, partial(calls.append, when)) for when in (5, 3)]
    for _ in range(1000):
        clock.call_at(A_DAY, lambda: calls.append(0)).cancel()
    assert len(clock._appointments) < 100
    assert repr(clock) == "<VirtualClock at 0 s, 2 callbacks due>"
    await clock.advance(1)
    assert calls == [3, 5]
    assert len(live) == 2


async def test_run_until_idle_goes_from_callback_to_callback() -> None:
    with use_clock(VirtualClock()) as clock:

        async def sleeper() -> None:
            for _ in range(100):
                await sleep(10_000_000)

        async with create_task_group() as group:
            await start(group, sleeper)
            assert await clock.run_until_idle() == 1000.0
        assert await clock.run_until_idle() == 0


async def test_run_until_idle_gives_up_at_its_limit() -> None:
    clock = VirtualClock()

    def again() -> None:
        clock.call_at(clock.now() + SECOND, again)

    again()
    with pytest.raises(TimeoutError, match="not idle after 3 s: the next callback is due at 4 s; cancel periodic"):
        await clock.run_until_idle(3)


async def test_only_one_task_moves_a_clock() -> None:
    with use_clock(VirtualClock()) as clock:
        errors: list[RuntimeError] = []

        async def meddler() -> None:
            await sleep(1)
            try:
                await clock.advance(1)
            except RuntimeError as error:
                errors.append(error)

        async with create_task_group() as group:
            await start(group, meddler)
            await clock.advance(1)
        assert [str(error) for error in errors] == ["two tasks move one virtual clock; let one of them do it"]
        await clock.advance(1)


async def test_who_asks_is_told_once_that_the_clock_stands_still() -> None:
    clock, told = VirtualClock(), list[str]()

    def tell() -> None:
        told.append("still")
        clock.when_still(tell)  # the next time

    clock.when_still(tell)
    called_off = clock.when_still(lambda: told.append("called off"))
    called_off.cancel()
    called_off.cancel()
    assert told == []
    await clock.advance(0.25)
    clock.call_at(SECOND, lambda: told.append("moving"))
    await clock.run_until_idle()
    assert told == ["still", "moving", "still"]


async def test_two_tasks_may_wait_for_the_others_to_settle() -> None:
    first, second, calls = VirtualClock(), VirtualClock(), list[str]()
    first.call_at(SECOND, lambda: calls.append("first"))
    second.call_at(SECOND, lambda: calls.append("second"))
    async with create_task_group() as group:
        group.start_soon(first.advance, 1)
        group.start_soon(second.advance, 1)
    assert sorted(calls) == ["first", "second"]


async def test_a_callback_that_fails_fails_the_one_who_moves_the_clock() -> None:
    clock = VirtualClock()
    clock.call_at(1, lambda: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        await clock.advance(1)
    await clock.advance(1)


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
async def test_a_clock_moves_forwards_only(seconds: float) -> None:
    clock = VirtualClock()
    with pytest.raises(ValueError, match="a clock moves by 0 seconds or more"):
        await clock.advance(seconds)
    with pytest.raises(ValueError, match="a clock moves by 0 seconds or more"):
        await clock.run_until_idle(seconds)
    with pytest.raises(TypeError, match="a number of seconds, not str"):
        await clock.advance("1")  # type: ignore[arg-type]  # that is the test
    assert clock.now() == 0


@pytest.mark.parametrize("clock", [RealClock(), VirtualClock()])
async def test_bad_appointments_are_refused(clock: Clock) -> None:
    for when, error in ((-1, ValueError), (2**63, ValueError), (1.5, TypeError), (None, TypeError)):
        with pytest.raises(error, match="when"):
            clock.call_at(when, list)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(TypeError, match="callback is a function, not NoneType"):
        clock.call_at(1, None)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(ValueError, match="duration"):
        clock.stall(-1)


def test_only_a_clock_is_used_as_one() -> None:
    before = current_clock()
    with pytest.raises(TypeError, match="clock is a Clock, not int"), use_clock(7):  # type: ignore[type-var]  # the test
        pass
    assert current_clock() is before


async def test_time_of_day_of_a_virtual_clock() -> None:
    clock = VirtualClock()
    assert clock.system_time() == YEAR_2000
    await clock.advance(1)
    assert clock.system_time() == YEAR_2000 + SECOND
    assert VirtualClock(system_time=7).system_time() == 7
    with pytest.raises(ValueError, match="system_time"):
        VirtualClock(-1)


async def test_a_stall_moves_a_virtual_clock_and_calls_nobody() -> None:
    clock, calls = VirtualClock(), list[int]()
    clock.call_at(100, lambda: calls.append(clock.now()))
    clock.stall(500)
    assert (clock.now(), calls) == (500, [])
    await clock.advance(0)
    assert calls == [500]


async def test_the_real_clock_is_that_of_the_loop() -> None:
    clock = current_clock()
    assert isinstance(clock, RealClock)
    before = current_host().time()
    now = clock.now()
    assert int(before * SECOND) <= now <= current_host().time() * SECOND
    before = time.perf_counter_ns()
    clock.stall(20 * 10)
    assert time.perf_counter_ns() - before >= 20_000


async def test_the_real_clock_calls_back_and_can_be_told_not_to() -> None:
    clock, event, calls = RealClock(), NdisEvent(), list[str]()
    started, begun = clock.now(), time.perf_counter_ns()
    clock.call_at(0, lambda: calls.append("past"))
    clock.call_at(started + 1, lambda: calls.append("off")).cancel()
    clock.call_at(started + 10, event.set)  # uvloop takes it for no time at all if it is not rounded up
    assert await event.wait()
    assert calls == ["past"]
    assert time.perf_counter_ns() - begun >= 1000


def test_the_real_time_of_day() -> None:
    year_1970 = 116_444_736_000_000_000
    assert abs(RealClock().system_time() - year_1970 - time.time_ns() // 100) < A_DAY


async def test_a_clock_reaches_the_tasks_started_in_its_block() -> None:
    outer = current_clock()
    clock = VirtualClock()

    async def which() -> object:
        return current_clock()

    async with create_task_group() as group:
        with use_clock(clock) as inner:
            assert current_clock() is inner is clock
            inside = await start(group, which)
        assert current_clock() is outer
        outside = await start(group, which)
        assert inside.results == [clock]
        assert outside.results == [outer]


async def test_settling_sees_chains_of_tasks_through() -> None:
    done: list[str] = []

    async def chain(depth: int) -> None:
        if depth:
            async with create_task_group() as group:
                group.start_soon(chain, depth - 1)
        done.append(f"{depth}")

    async with create_task_group() as group:
        group.start_soon(chain, 10)
        await settle()
        assert done == [f"{depth}" for depth in range(11)]
