"""Plain calls in a row: one look-up of the processor serves them all, and what they lead to; nothing goes unseen."""

import asyncio
from threading import Thread

import pytest
from anyio import Event

from asyncndis.base import RuleViolation
from asyncndis.kernel import (
    Irql,
    Processor,
    SpinLock,
    current_host,
    current_irql,
    current_processor,
    invoke_nowait,
)
from asyncndis.kernel.processors import raised
from asyncndis.kernel.seam import PlainCalls, calls_at
from tests.unit.kernel.expecting import breaks

pytestmark = pytest.mark.every_loop

DISPATCH = Irql.DISPATCH


async def test_each_is_at_the_level_and_it_is_restored() -> None:
    with PlainCalls(DISPATCH) as calls:
        assert [calls.make(current_irql) for _ in range(3)] == [DISPATCH] * 3
        assert calls.make(max, 1, 2) == 2
        assert calls.is_at(DISPATCH)
        assert not calls.is_at(Irql.PASSIVE)
    assert current_irql() == Irql.PASSIVE
    assert not raised


async def test_a_block_that_runs_is_found() -> None:
    assert calls_at(DISPATCH) is None
    with PlainCalls(DISPATCH) as calls:
        assert calls_at(DISPATCH) is calls
        assert calls_at(Irql.PASSIVE) is None
        with Processor():
            assert calls_at(DISPATCH) is None
        assert calls_at(DISPATCH) is calls
    assert calls_at(DISPATCH) is None


async def test_what_they_lead_to_acts_as_the_same_processor() -> None:
    def inner() -> Processor:
        with PlainCalls(DISPATCH) as nested:
            assert nested.make(current_irql) == DISPATCH
            assert nested.make(invoke_nowait, current_irql) == "never"  # type: ignore[comparison-overlap]  # it raises
        return current_processor()

    def outer() -> tuple[int, int, Processor]:
        return invoke_nowait(current_irql, irql=DISPATCH), invoke_nowait(current_irql, irql=5), current_processor()

    with PlainCalls(DISPATCH) as calls:
        before = current_processor()
        assert calls.make(outer) == (DISPATCH, 5, before)
        with breaks("IRQL-01", "lower PASSIVE"):
            calls.make(inner)
        assert calls.make(current_irql) == DISPATCH
    assert not raised


async def test_a_level_that_is_left_behind_is_found_and_put_right() -> None:
    def leaves() -> None:
        current_processor().raise_irql(7)

    def leads_to_it() -> None:
        with pytest.raises(RuleViolation, match="IRQL-04"):
            invoke_nowait(leaves, irql=DISPATCH)
        assert current_irql() == DISPATCH

    with PlainCalls(DISPATCH) as calls:
        with breaks("IRQL-04", "left at DIRQL 7"):
            calls.make(leaves)
        calls.make(leads_to_it)
    assert not raised


async def test_an_error_leaves_the_level_as_it_was() -> None:
    def fails() -> None:
        current_processor().raise_irql(7)
        raise ValueError("of the driver")

    with PlainCalls(DISPATCH) as calls:
        with pytest.raises(ValueError, match="of the driver"):
            calls.make(fails)
        assert calls.make(current_irql) == DISPATCH
    assert not raised


async def test_a_coroutine_function_is_refused() -> None:
    async def waits() -> None:
        raise AssertionError("nothing of it runs")

    with PlainCalls(DISPATCH) as calls, pytest.raises(TypeError, match="waits is a coroutine function"):
        _ = calls.make(waits)


async def test_a_level_below_the_present_one_is_refused_and_leaves_the_others_running() -> None:
    with PlainCalls(DISPATCH) as calls:
        with breaks("IRQL-01", "to the lower PASSIVE_LEVEL"), PlainCalls(Irql.PASSIVE):
            raise AssertionError("nothing of it runs")
        assert calls_at(DISPATCH) is calls
        assert calls.make(current_irql) == DISPATCH


async def test_a_lock_that_is_left_behind_is_found() -> None:
    lock = SpinLock("ring")

    def releases() -> None:
        lock.release()

    def leads_to_it() -> None:
        invoke_nowait(releases, irql=DISPATCH)

    for handler in (releases, leads_to_it):
        await lock.acquire()
        try:
            with PlainCalls(DISPATCH) as calls, breaks("LOCK-04", "entered holding ring and left holding no lock"):
                calls.make(handler)
        finally:
            assert lock.holder is None
    assert not raised


async def test_another_processor_acts_for_itself() -> None:
    def drives() -> int:
        with Processor("other"):
            assert current_irql() == Irql.PASSIVE
            return invoke_nowait(current_irql, irql=DISPATCH)

    with PlainCalls(DISPATCH) as calls:
        assert calls.make(drives) == DISPATCH
        assert calls.make(current_irql) == DISPATCH
    assert not raised


async def test_another_thread_knows_nothing_of_them() -> None:
    levels: list[int] = []

    async def elsewhere() -> None:
        levels.append(invoke_nowait(current_irql, irql=DISPATCH))
        levels.append(current_irql())

    def run() -> None:
        asyncio.run(elsewhere())

    with PlainCalls(DISPATCH):
        thread = Thread(target=run)
        thread.start()
        thread.join()
    assert levels == [DISPATCH, Irql.PASSIVE]


async def test_a_callback_of_the_loop_makes_them_as_often_as_it_likes() -> None:
    calls = PlainCalls(DISPATCH, in_callback=True)
    host, seen, done = current_host(), list[int](), Event()

    def callback() -> None:
        with calls:
            seen.extend((calls.make(current_irql), current_irql()))
        seen.append(current_irql())
        if len(seen) == 6:
            done.set()

    if host.name == "trio":
        pytest.skip("a callback is a task there")
    for _ in range(2):
        host.call_soon(callback)
    await done.wait()
    assert seen == [DISPATCH, DISPATCH, Irql.PASSIVE] * 2
    assert not raised
