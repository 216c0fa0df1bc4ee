"""Saturation: counts are exact up to a limit, estimates near the truth, and classes ignore the order of strangers."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.torture.footprints import WHOLE, Footprint, Location, dependent
from asyncndis.torture.points import CLOCK, Step
from asyncndis.torture.saturation import Census, Saturation, happens_before_class

LOCATIONS: list[Location] = [("A", 1, "x"), ("A", 1, "y"), ("A", 1, WHOLE), ("A", 2, "x"), ("B", 1, "x")]
FOOTPRINTS = st.builds(Footprint, st.sets(st.sampled_from(LOCATIONS)), st.sets(st.sampled_from(LOCATIONS), max_size=1))


def step_of(actor: int, footprint: Footprint | None = None, woke: list[int] | None = None) -> Step:
    step = Step(actor, ())
    step.footprint = footprint
    step.woke = woke or []
    return step


def write(name: str) -> Footprint:
    return Footprint(writes=[("A", 1, name)])


def test_counts_are_exact_below_the_limit() -> None:
    saturation = Saturation()
    for tape in [[0], [1], [1], [2], [2], [2]]:
        saturation.add(tape)
    statistics = saturation.statistics()
    assert (statistics.schedules, statistics.interleavings, statistics.classes) == (6, 3, 0)
    assert str(statistics) == "3 distinct interleavings in 6 schedules, about 17 % unseen"


def test_before_the_first_schedule_everything_is_unseen() -> None:
    statistics = Saturation().statistics()
    assert statistics.unseen == 1.0
    assert str(statistics) == "no schedule yet"


def test_what_was_seen_often_leaves_nothing() -> None:
    saturation = Saturation()
    for turn in range(20):
        saturation.add([turn % 2], [step_of(0, write("x"))])
    assert saturation.statistics().all_interleavings == 2
    assert str(saturation.statistics()) == (
        "2 distinct interleavings (1 of at least 1 happens-before classes) in 20 schedules, nothing new in sight"
    )


@pytest.mark.parametrize("kinds", [100, 1000])
def test_estimates_are_near_the_truth(kinds: int) -> None:
    dice = random.Random(1)
    saturation = Saturation()
    seen: set[int] = set()
    for _ in range(kinds):
        drawn = dice.randrange(kinds)
        seen.add(drawn)
        saturation.add([drawn])
    statistics = saturation.statistics()
    assert statistics.interleavings == len(seen)
    assert statistics.unseen == pytest.approx(1 - len(seen) / kinds, abs=0.1)
    assert statistics.all_interleavings == pytest.approx(kinds, rel=0.2)


def test_beyond_the_limit_a_sample_is_kept() -> None:
    census = Census(keys_max=1000)
    dice = random.Random(2)
    for _ in range(20_000):
        census.add(dice.getrandbits(64))
    assert len(census._counts) <= 1000
    assert census.kinds == pytest.approx(20_000, rel=0.15)
    assert census.unseen == pytest.approx(1.0, abs=0.15)


@settings(max_examples=50)
@given(st.lists(st.integers(0, 40)), st.lists(st.integers(0, 40)), st.integers(4, 60))
def test_two_halves_make_a_whole(first: list[int], second: list[int], keys_max: int) -> None:
    halves = [Census(keys_max), Census(keys_max)]
    whole = Census(keys_max)
    for part, numbers in zip(halves, (first, second), strict=True):
        for number in numbers:
            part.add(number * 0x9E3779B9)
            whole.add(number * 0x9E3779B9)
    halves[0].merge(halves[1])
    for look in (_met, _kinds, _unseen):
        assert look(halves[0]) == look(whole)


def _met(census: Census) -> int:
    return census.met


def _kinds(census: Census) -> int:
    return census.kinds


def _unseen(census: Census) -> float:
    return census.unseen


def test_searches_of_two_processes_are_added() -> None:
    searches = [Saturation(), Saturation()]
    for number, search in enumerate(searches):
        for tape in ([0], [number]):
            search.add(tape, [step_of(number, write("x"))])
    searches[0].merge(searches[1])
    statistics = searches[0].statistics()
    assert (statistics.schedules, statistics.interleavings, statistics.classes) == (4, 2, 2)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), FOOTPRINTS, st.sampled_from([[], [0], [1], [2]])), max_size=8), st.data())
def test_strangers_may_change_places(drawn: list[tuple[int, Footprint, list[int]]], data: st.DataObject) -> None:
    steps = [step_of(*one) for one in drawn]
    before = happens_before_class(steps)
    for _ in range(10):
        if len(steps) < 2:
            return
        place = data.draw(st.integers(0, len(steps) - 2))
        first, second = steps[place : place + 2]
        if are_strangers(first, second):
            steps[place : place + 2] = [second, first]
            assert happens_before_class(steps) == before


def are_strangers(first: Step, second: Step) -> bool:
    assert first.footprint is not None
    assert second.footprint is not None
    return not (
        first.actor == second.actor
        or second.actor in first.woke
        or first.actor in second.woke
        or set(first.woke) & set(second.woke)
        or dependent(first.footprint, second.footprint)
    )


READS_WHOLE = Footprint(reads=[("A", 1, WHOLE)])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (step_of(0, write("x")), step_of(1, write("x"))),
        (step_of(0, write("x")), step_of(1, write(WHOLE))),
        (step_of(0, READS_WHOLE), step_of(1, write("x"))),
        (step_of(0, Footprint(unseen=["a C function"])), step_of(1, write("x"))),
        (step_of(0, None), step_of(1, write("x"))),
        (step_of(CLOCK, write("y")), step_of(1, write("x"))),
    ],
)
def test_the_order_of_dependent_steps_makes_two_classes(first: Step, second: Step) -> None:
    assert happens_before_class([first, second]) != happens_before_class([second, first])


def test_readers_make_one_class() -> None:
    readers = [step_of(actor, Footprint(reads=[("A", 1, "x")])) for actor in range(3)]
    assert happens_before_class(readers) == happens_before_class(readers[::-1])
    writer = step_of(3, write("x"))
    assert len({happens_before_class([*readers[:n], writer, *readers[n:]]) for n in range(4)}) == 4


def test_a_number_is_the_same_in_each_process() -> None:
    assert happens_before_class([step_of(0, write("x")), step_of(-1, write("y"))]) == 17473470158777312456
