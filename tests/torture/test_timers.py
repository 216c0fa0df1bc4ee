"""The heap of timers, against a sorted list."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from asyncndis.torture.loop import ControlledLoop
from asyncndis.torture.timers import TimerHeap

LOOP = ControlledLoop()


def timer(when: float, *arguments: Any) -> asyncio.TimerHandle:
    return asyncio.TimerHandle(when, print, arguments, LOOP)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans())))
def test_timers_come_by_time_then_by_age_and_cancelled_ones_never(wanted: list[tuple[int, bool]]) -> None:
    heap = TimerHeap()
    timers = [timer(when) for when, _ in wanted]
    for each in timers:
        heap.push(each)
    for each, (_, is_cancelled) in zip(timers, wanted, strict=True):
        if is_cancelled:
            each.cancel()
    alive = sorted((each for each in timers if not each.cancelled()), key=lambda each: each.when())
    popped: list[asyncio.TimerHandle] = []
    while heap:
        due = heap.pop_due()
        assert len({each.when() for each in due}) == 1
        assert not popped or popped[-1].when() < due[0].when()
        popped += due
    assert [id(each) for each in popped] == [id(each) for each in alive]
    assert heap.pop_due() == []


def test_what_is_cleared_is_gone() -> None:
    heap = TimerHeap()
    heap.push(timer(1))
    heap.clear()
    assert not heap


def test_the_timer_of_a_future_is_found_unless_it_is_cancelled() -> None:
    heap, future = TimerHeap(), object()
    early, late = timer(3, future), timer(5, "x", future)
    for each in (late, early, timer(1, object())):
        heap.push(each)
    assert heap.due_for(future) == 3
    early.cancel()
    assert heap.due_for(future) == 5
    assert heap.due_for(None) is None
