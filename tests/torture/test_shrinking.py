"""Shrinking: what comes out fails in the same way, and is as simple as small programs allow."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.torture import choose, explore
from asyncndis.torture.points import INJECTOR, Decision, Kind, Point, Step
from asyncndis.torture.shrinking import cost_of, shrink_tape
from asyncndis.torture.strategies.base import Run, Strategy
from tests.torture import faulty

Program = Callable[[], Awaitable[object]]
LENGTH, OPTIONS = 12, 4


def attempt_on(fails: Callable[[Sequence[int]], bool]) -> Callable[[Callable[[Run], Strategy]], Run | None]:
    """Runs a program that chooses so many values and fails by them."""

    def attempt(make: Callable[[Run], Strategy]) -> Run | None:
        run, point = Run(0), Point()
        strategy = make(run)
        assert strategy.begin(0)
        point.kind, point.options, point.first_injection = Kind.VALUE, OPTIONS, OPTIONS
        step = Step(0, (0,))
        run.steps.append(step)
        for position in range(LENGTH):
            run.tape.append(strategy.choose(point))
            step.inner.append(Decision(Kind.VALUE, "", OPTIONS, run.tape[-1], position))
        return run if fails(run.tape) else None

    return attempt


tapes = st.lists(st.integers(0, OPTIONS - 1), min_size=LENGTH, max_size=LENGTH)


@given(tapes, st.dictionaries(st.integers(0, LENGTH - 1), st.integers(1, OPTIONS - 1), max_size=4))
def test_only_what_it_takes_is_left(tape: list[int], needed: dict[int, int]) -> None:
    for place, least in needed.items():
        tape[place] = max(tape[place], least)
    shrunk = shrink_tape(
        tape, attempt_on(lambda tried: all(tried[place] >= least for place, least in needed.items())), seconds=60
    )
    assert shrunk == [needed.get(place, 0) for place in range(max(needed, default=-1) + 1)]


def test_a_tape_that_does_not_fail_again_or_has_no_time_is_left_alone() -> None:
    tape = [1, 2, 3, 0]
    assert shrink_tape(tape, attempt_on(lambda _tried: False), seconds=60) == tape
    assert shrink_tape(tape, attempt_on(lambda _tried: True), seconds=-1) == tape


def test_what_a_run_costs() -> None:
    run = Run(0)
    run.tape = [0, 2, 1]
    run.steps = [Step(actor, ()) for actor in (0, -2, 0, 1, INJECTOR, 1, 0)]
    run.steps[0].inner.append(Decision(Kind.FAULT, "", 2, 1, 0))
    run.steps[0].inner.append(Decision(Kind.FAULT, "", 2, 0, 0))
    assert cost_of(run) == (2, 2, 2, 3, 3)


async def overtaken() -> None:
    """Fails when one task takes all its steps between two of another."""
    log: list[str] = []

    async def work(name: str) -> None:
        for _ in range(3):
            log.append(name)
            await asyncio.sleep(0)

    await asyncio.gather(work("a"), work("b"))
    assert "bbb" not in "".join(log)[1:-1]


async def struck() -> None:
    """Fails when it is cancelled in its second sleep."""
    await asyncio.sleep(0)
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        raise ValueError from None


async def chosen() -> None:
    values = [choose("a value", 8) for _ in range(3)]
    assert values[0] + values[2] < 9


@pytest.mark.parametrize(
    ("program", "cost"),
    [(faulty.lost_update, (0, 4)), (overtaken, (0, 4)), (struck, (1, 0)), (chosen, (2, 0))],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_failures_shrink_to_the_same_cost_wherever_the_search_began(program: Program, cost: tuple[int, int]) -> None:
    for seed in range(8):
        failure = explore(program, strategy="random", schedules=5000, seed=seed, cancel=program is struck).failure
        assert failure is not None
        run = Run(0)
        run.steps = list(failure.minimal)
        assert cost_of(run)[:2] == cost
