"""The tracker never calls two steps independent that are not, and calls those independent that plainly are."""

import asyncio
import sys
from collections.abc import Callable, Generator
from types import coroutine
from typing import Any, Self

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyncndis.torture.footprints import Footprint, dependent, lose_sight, touch, touch_call
from asyncndis.torture.tracking import Tracker
from tests.torture.operations import OPERATIONS, fresh, perform

NAMES = st.sampled_from(sorted(OPERATIONS))
ORDERED = ("dict", "set", "defaultdict", "OrderedDict", "Counter")


def _outcome(first: str, second: str) -> tuple[dict[str, str], str]:
    world = fresh()
    results = {first: perform(world, first)}
    results[second] = perform(world, second)
    return results, world.snapshot()


def _footprints(*steps: Callable[[], object]) -> list[Footprint]:
    tracker = Tracker()
    found: list[Footprint] = []
    tracker.start()
    try:
        for step in steps:
            step()
            found.append(tracker.take())
    finally:
        tracker.stop()
    return found


def _footprints_of(*names: str) -> list[Footprint]:
    world = fresh()
    return _footprints(*(lambda name=name: perform(world, name) for name in names))


@example("list.append", "for in list")
@example("map append", "list.append")
@example("list[0:1] = ", "deque.append")
@example("max by key", "deque.popleft")
@example("nested[0].append", "copy nested")
@example("__dict__ = ", "attribute")
@example("next(map)", "deque.append")
@settings(max_examples=400)
@given(NAMES, NAMES)
def test_steps_whose_order_can_be_seen_are_dependent(first: str, second: str) -> None:
    if first != second and _outcome(first, second) != _outcome(second, first):
        one, other = _footprints_of(first, second)
        assert dependent(one, other, ORDERED)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("list.append", "dict[a] = "),
        ("list[0] = ", "list[-1]"),
        ("dict[a] = ", "dict[b] = "),
        ("dict[a] = ", "len(dict)"),
        ("dict[c] = ", "dict[d] = "),
        ("set.add", "set.discard 1"),
        ("attribute = ", "attribute y"),
        ("slot += ", "attribute = "),
        ("class attribute = ", "global = "),
        ("next(count)", "random"),
        ("closure = ", "list.append"),
        ("future.set_result", "list.append"),
        ("next(list iterator)", "next(generator)"),
        ("own", "own"),
        ("for in list", "sorted(list)"),
        ("with", "stack.push"),
    ],
)
def test_steps_that_share_nothing_are_independent(first: str, second: str) -> None:
    one, other = _footprints_of(first, second)
    assert not one.unknown
    assert not other.unknown
    assert not dependent(one, other)


@pytest.mark.parametrize("name", ["json", "attrgetter", "map append", "vars", "globals()"])
def test_what_code_in_c_does_is_unknown_unless_it_is_in_the_table(name: str) -> None:
    (footprint,) = _footprints_of(name)
    assert footprint.unknown


class _Chosen:
    def __new__(cls) -> Self:
        return super().__new__(cls)


@pytest.mark.parametrize("make", [_Chosen, asyncio.Lock, asyncio.Event, ValueError, list, dict, set])
def test_making_an_object_is_known(make: Callable[[], object]) -> None:
    (footprint,) = _footprints(lambda: make() and None)
    assert not footprint.unknown


def test_what_was_unknown_is_named() -> None:
    (footprint,) = _footprints(lambda: print(end=""))  # noqa: T201 - a function that is in no table
    assert footprint.unseen == {"print()"}


def test_what_lived_only_in_the_step_is_not_mentioned() -> None:
    def step() -> None:
        values = [1, 2]
        values.append(3)
        {1: values}.clear()

    (footprint,) = _footprints(step)
    assert not footprint.writes


def test_an_object_keeps_its_number_and_another_one_at_its_address_gets_another() -> None:
    kept: list[list[int]] = [[]]

    def replace() -> None:
        kept[0] = []

    def change() -> None:
        kept[0].append(1)

    first, _, second = _footprints(change, replace, change)
    assert len(first.writes) == len(second.writes) == 1
    assert first.writes != second.writes


def test_the_same_steps_have_the_same_footprints_in_each_run() -> None:
    names = ["list.append", "dict[a] = ", "slot += ", "next(generator)", "list.pop"]
    assert _footprints_of(*names) == _footprints_of(*names)


def test_a_dead_object_dies_at_the_end_of_the_step_at_the_latest() -> None:
    buried: list[str] = []

    class Mortal:
        value = 0

        def __del__(self) -> None:
            buried.append("dead")

    def step() -> None:
        Mortal().value = 1

    tracker = Tracker()
    tracker.start()
    try:
        step()
        tracker.take()
        assert buried == ["dead"]
    finally:
        tracker.stop()


@coroutine
def _pause() -> Generator[None]:
    yield


def test_an_await_of_a_future_reads_it() -> None:
    loop: Any = _Quiet()
    future: asyncio.Future[int] = asyncio.Future(loop=loop)

    async def wait() -> int:
        return await future

    waiting = wait()

    def finish() -> None:
        with pytest.raises(StopIteration):
            waiting.send(None)

    awaits, sets, resumes = _footprints(lambda: waiting.send(None), lambda: future.set_result(1), finish)
    assert dependent(awaits, sets)
    assert dependent(sets, resumes)
    assert not dependent(awaits, resumes) or awaits.writes  # both resume the one coroutine


def test_locks_of_asyncio_are_seen_through_their_code() -> None:
    async def hold(lock: asyncio.Lock) -> None:
        async with lock:
            await _pause()

    one, other = asyncio.Lock(), asyncio.Lock()
    first, second = hold(one), hold(other)
    takes, looks, elsewhere = _footprints(lambda: first.send(None), one.locked, lambda: second.send(None))
    assert dependent(takes, looks)
    assert not dependent(takes, elsewhere)
    first.close()
    second.close()


def test_a_destructor_is_part_of_the_step_in_which_it_runs() -> None:
    log: list[str] = []

    class Noisy:
        def __del__(self) -> None:
            log.append("gone")

    held = [Noisy()]
    drop, look = _footprints(held.clear, lambda: len(log))
    assert dependent(drop, look)


def test_touches_that_are_said_are_noted() -> None:
    box = object()
    write, read, other, call, lost = _footprints(
        lambda: touch(box),
        lambda: touch(box, "x", write=False),
        lambda: touch(box, "y", write=False),
        lambda: touch_call(list[int]().append, (1,)),
        lambda: lose_sight("the world"),
    )
    assert dependent(write, read)
    assert not dependent(read, other)
    assert not call.unknown
    assert lost.unseen == {"the world"}


def test_a_tracker_watches_one_run_at_a_time_and_puts_back_the_tracer() -> None:
    def trace(*_: object) -> None:
        """Trace nothing."""

    tracker = Tracker()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        tracker.start()
        with pytest.raises(RuntimeError, match="already"):
            tracker.start()
        tracker.stop()
        tracker.stop()
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert after is trace


def test_an_error_of_the_program_passes_through() -> None:
    def fail() -> None:
        with pytest.raises(ZeroDivisionError):
            _ = 1 // int("0")

    (footprint,) = _footprints(fail)
    assert isinstance(footprint, Footprint)


class _Quiet:
    """As much of a loop as one future needs."""

    def get_debug(self) -> bool:
        return False

    def call_soon(self, *_: object, **__: object) -> None:
        """Nobody runs it."""
