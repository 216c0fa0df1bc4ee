"""Timers."""

import pytest

from asyncndis.base import observe
from asyncndis.kernel import (
    Irql,
    Kernel,
    NdisEvent,
    SpinLock,
    Timer,
    TimerStatistics,
    VirtualClock,
    current_irql,
    flush_dpcs,
    use_clock,
)
from asyncndis.kernel.clock import MILLISECOND
from tests.unit.kernel.expecting import Recorder, Refusing, breaks
from tests.unit.kernel.tasks import settle

pytestmark = pytest.mark.every_loop


class Log:
    """When a timer's function ran, in milliseconds, and with what."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.calls: list[tuple[object, ...]] = []

    def __call__(self, *arguments: object) -> None:
        assert current_irql() == Irql.DISPATCH
        self.calls.append((self.clock.now() / MILLISECOND, *arguments))


async def test_once_after_its_time_at_dispatch_level() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel() as kernel:
            log = Log(clock)
            timer = Timer(log, "context", name="hang")
            assert repr(timer) == "<Timer 'hang' not set, expired 0 times>"
            timer.set(20)
            assert repr(timer) == "<Timer 'hang' armed, expired 0 times>"
            assert timer.statistics() == TimerStatistics(armed=True, period=0, pending=False, expired=0)
            assert kernel.statistics().timers == 1
            await clock.advance(0.0199)
            assert log.calls == []
            await clock.advance(1)
            assert log.calls == [(20, "context")]
            assert timer.statistics() == TimerStatistics(armed=False, period=0, pending=False, expired=1)
            assert kernel.statistics().timers == 0


async def test_setting_it_again_moves_it_and_may_change_the_context() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            log = Log(clock)
            timer = Timer(log, "first")
            timer.set(10)
            await clock.advance(0.005)
            timer.set(10, "second", "and more")
            await clock.advance(1)
            timer.set(0)
            await clock.advance(0)
            assert log.calls == [(15, "second", "and more"), (1005, "second", "and more")]


async def test_periodic_first_after_one_period_and_until_cancelled() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            log = Log(clock)
            timer = Timer(log)
            timer.set_periodic(2000)
            assert timer.statistics().period == 2000
            await clock.advance(7)
            assert log.calls == [(2000,), (4000,), (6000,)]
            assert timer.armed
            assert timer.cancel()
            assert not timer.cancel()
            await clock.advance(7)
            assert len(log.calls) == 3
            timer.set(1)
            await clock.advance(7)
            assert log.calls[3:] == [(14001,)]
            timer.set_periodic(1)
            timer.set(5)
            assert timer.statistics() == TimerStatistics(armed=True, period=0, pending=False, expired=4)
            timer.cancel()


async def test_periods_that_were_missed_are_left_out() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            log = Log(clock)
            timer = Timer(log)
            timer.set_periodic(10)
            clock.stall(35 * MILLISECOND)
            await clock.advance(0)
            assert log.calls == [(35,)]
            await clock.advance(0.01)
            assert log.calls == [(35,), (40,)]
            timer.cancel()


async def test_a_call_that_comes_before_the_last_has_begun_is_left_out() -> None:
    lock, calls = SpinLock("ring"), list[str]()

    async def spins(name: str) -> None:
        async with lock:
            calls.append(name)

    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            await lock.acquire()
            timer = Timer(spins, "tick")
            timer.set_periodic(10)
            await clock.advance(0.1)
            assert timer.statistics() == TimerStatistics(armed=True, period=10, pending=True, expired=10)
            timer.cancel()
            lock.release()
            await settle()
            assert calls == ["tick", "tick"]  # one that ran, and one that was queued meanwhile
            assert not timer.pending


async def test_cancelling_answers_whether_it_was_still_set() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            log = Log(clock)
            timer = Timer(log, name="hang")
            assert not timer.cancel()
            timer.set(10)
            assert timer.cancel()
            assert not timer.cancel()
            await clock.advance(1)
            assert log.calls == []
            assert repr(timer) == "<Timer 'hang' not set, expired 0 times>"


async def test_a_function_that_is_due_runs_after_all_and_can_be_waited_for() -> None:
    lock, calls = SpinLock("ring"), list[str]()

    async def spins() -> None:
        async with lock:
            calls.append("ran")

    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            timer = Timer(spins, name="hang")
            timer.set(10)
            await lock.acquire()
            await clock.advance(1)
            assert not timer.cancel()
            assert timer.pending
            assert repr(timer) == "<Timer 'hang' not set, expired 1 times, function due>"
            lock.release()
            await flush_dpcs()
            assert calls == ["ran"]
            assert not timer.pending


async def test_its_function_may_set_it_again() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            log = Log(clock)

            def again() -> None:
                log()
                if len(log.calls) < 3:
                    timer.set(5)

            timer = Timer(again)
            timer.set(5)
            await clock.run_until_idle()
            assert log.calls == [(5,), (10,), (15,)]


async def test_timers_that_are_due_together_run_in_the_order_of_setting() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel():
            log = Log(clock)
            timers = [Timer(log, name) for name in "abc"]
            for timer in (timers[2], timers[0], timers[1]):
                timer.set(10)
            await clock.advance(1)
            assert [call[1] for call in log.calls] == ["c", "a", "b"]


async def test_on_the_real_clock() -> None:
    done = NdisEvent()
    async with Kernel():
        Timer(done.set).set(1)
        assert await done.wait()
        timer = Timer(done.set)
        done.reset()
        timer.set_periodic(1)
        assert await done.wait()
        timer.cancel()


async def test_the_probe_sees_each_call_and_may_refuse_it() -> None:
    recorder = Recorder()
    async with Kernel() as kernel:
        with observe(recorder):
            timer = Timer(list)
        timer.set(1)
        timer.set_periodic(1)
        timer.cancel()
        with observe(Refusing()):
            timer = Timer(list)
        for call in (lambda: timer.set(1), lambda: timer.set_periodic(1), timer.cancel):
            with breaks("TEST-01"):
                call()
        assert kernel.statistics().timers == 0
    names = ("NdisSetTimer", "NdisMSetPeriodicTimer", "NdisCancelTimer")
    assert recorder.calls == [(when, name) for name in names for when in ("before", "after")]


async def test_bad_arguments_are_refused() -> None:
    async with Kernel():
        timer = Timer(list)
        for milliseconds, error in ((-1, ValueError), (2**32, ValueError), (0.5, TypeError)):
            with pytest.raises(error, match="milliseconds"):
                timer.set(milliseconds)  # type: ignore[arg-type]  # that is the test
        with pytest.raises(ValueError, match="milliseconds"):
            timer.set_periodic(0)
        with pytest.raises(TypeError, match="name is a str"):
            Timer(list, name=None)  # type: ignore[arg-type]  # that is the test
        with pytest.raises(TypeError, match="function is a plain function"):
            Timer(None)  # type: ignore[arg-type]  # that is the test
        assert not timer.armed
