"""Each place is struck once, and then each operation."""

from asyncndis.torture import explore, fault
from asyncndis.torture.points import Kind, Point
from asyncndis.torture.strategies import EachInjection, Run
from tests.torture import faulty


def run_once(strategy: EachInjection, number: int, places: list[int], operations: int) -> list[int] | None:
    """The answers of one schedule; at each place so many injections are possible beside two ready actors."""
    if not strategy.begin(number):
        return None
    answers: list[int] = []
    for injections in places:
        point = Point()
        point.first_injection, point.options = 2, 2 + injections
        answers.append(strategy.choose(point))
    for _ in range(operations):
        point = Point()
        point.kind, point.options = Kind.FAULT, 2
        answers.append(int(strategy.choose(point)))
    strategy.end(Run(number))
    return answers


def test_nothing_is_struck_first_and_then_each_place_and_operation_once() -> None:
    strategy = EachInjection()
    runs = [answers for number in range(7) if (answers := run_once(strategy, number, [2, 0, 1], 2)) is not None]
    assert runs == [
        [0, 0, 0, 0, 0],
        [2, 0, 0, 0, 0],
        [3, 0, 0, 0, 0],
        [0, 0, 2, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 1],
    ]
    assert not strategy.covers_all


def test_values_and_timers_are_chosen_as_in_stock_asyncio() -> None:
    strategy, point = EachInjection(), Point()
    strategy.begin(0)
    for kind in (Kind.VALUE, Kind.TIMER):
        point.kind, point.options, point.first_injection = kind, 5, 5
        assert strategy.choose(point) == 0


def test_one_operation_fails_in_a_run_so_that_what_comes_after_a_failure_does_not() -> None:
    failed: list[str] = []

    async def program() -> None:
        if fault("open"):
            failed.append("open")
            assert not fault("open once more")

    result = explore(program, strategy="each", faults="nth")
    assert (result.failure, result.exhausted, result.complete) == (None, True, False)
    assert set(failed) == {"open"}


def test_it_finds_what_one_cancellation_breaks() -> None:
    failure = explore(faulty.careless_pool, strategy="each", cancel=True).failure
    assert failure is not None
    assert sum(step.injected != "" for step in failure.minimal) == 1
