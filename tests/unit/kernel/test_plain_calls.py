"""Several plain handlers in a row at one level: each is held to what one call is held to, and the level comes back."""

from collections.abc import Callable
from typing import cast

import pytest

from asyncndis.base import RuleViolation
from asyncndis.kernel import Irql, PlainCalls, SpinLock, at_irql, current_irql, current_processor
from asyncndis.kernel.processors import raised

pytestmark = pytest.mark.every_loop


async def test_handlers_run_at_the_level_and_it_comes_back() -> None:
    with PlainCalls(Irql.DISPATCH) as calls:
        assert [calls.make(current_irql), calls.make(current_irql)] == [Irql.DISPATCH, Irql.DISPATCH]
        assert calls.make(divmod, 7, 2) == (3, 1)
    assert current_irql() == Irql.PASSIVE


async def test_a_level_that_is_there_already_stays() -> None:
    with at_irql(Irql.DISPATCH):
        with PlainCalls(Irql.DISPATCH) as calls:
            assert calls.make(current_irql) == Irql.DISPATCH
        assert current_irql() == Irql.DISPATCH


async def test_a_handler_that_lowers_the_level_is_told_and_the_next_runs_as_it_should() -> None:
    def lower() -> None:
        current_processor().lower_irql(Irql.PASSIVE)

    with PlainCalls(Irql.DISPATCH) as calls:
        with pytest.raises(RuleViolation, match=r"IRQL-04.*lower was entered at DISPATCH_LEVEL"):
            calls.make(lower)
        assert calls.make(current_irql) == Irql.DISPATCH
    assert current_irql() == Irql.PASSIVE


async def test_a_handler_that_keeps_a_lock_is_told() -> None:
    lock = SpinLock("tx-ring")
    with PlainCalls(Irql.DISPATCH) as calls, pytest.raises(RuleViolation, match=r"LOCK-04.*tx-ring"):
        calls.make(lock.acquire_nowait)
    lock.release()
    raised.clear()  # the level at which the lock was taken stays with the lock


async def test_a_handler_that_fails_leaves_the_level() -> None:
    def fail() -> None:
        current_processor().lower_irql(Irql.PASSIVE)
        raise ValueError("no")

    with PlainCalls(Irql.DISPATCH) as calls:
        with pytest.raises(ValueError, match="no"):
            calls.make(fail)
        assert calls.make(current_irql) == Irql.DISPATCH
    assert current_irql() == Irql.PASSIVE


async def test_a_coroutine_function_is_refused() -> None:
    async def wait() -> None: ...

    with PlainCalls(Irql.DISPATCH) as calls, pytest.raises(TypeError, match="wait is a coroutine function"):
        calls.make(cast("Callable[[], object]", wait))


async def test_below_the_level_of_the_caller_is_refused() -> None:
    with at_irql(Irql.DIRQL), pytest.raises(RuleViolation, match="IRQL-01"), PlainCalls(Irql.DISPATCH):
        pass
