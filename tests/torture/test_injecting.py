"""Injections added to a strategy that knows of none: how often, where, and how operations fail."""

import pytest

from asyncndis.torture.points import Kind, Point
from asyncndis.torture.strategies import Injecting, RandomWalk, Run
from asyncndis.torture.strategies.injecting import FAULT_ODDS, QUIET_EVERY


def strikes_of(strategy: Injecting, number: int, length: int) -> list[int]:
    """At which of so many places a schedule strikes; two actors are ready at each."""
    assert strategy.begin(number)
    struck: list[int] = []
    for place in range(length):
        point = Point()
        point.first_injection, point.options = 2, 5
        answer = strategy.choose(point)
        assert answer < 5
        if answer >= 2:
            struck.append(place)
    strategy.end(Run(number))
    return struck


def test_each_place_is_struck_and_some_schedules_are_quiet() -> None:
    strategy = Injecting(RandomWalk(), None)
    schedules = [strikes_of(strategy, number, 30) for number in range(800)]
    assert all(not struck for struck in schedules[::QUIET_EVERY])
    assert {len(struck) for struck in schedules} == {0, 1, 2}
    assert {place for struck in schedules for place in struck} == set(range(30))


def test_where_one_actor_is_ready_it_runs_unless_something_strikes() -> None:
    strategy, point = Injecting(RandomWalk(), None), Point()
    strategy.begin(0)
    for _ in range(50):
        point.first_injection, point.options = 1, 3
        assert strategy.choose(point) == 0


def faults_of(strategy: Injecting, number: int, names: list[str]) -> list[str]:
    """Which operations a schedule lets fail."""
    assert strategy.begin(number)
    point = Point()
    failed: list[str] = []
    for name in names:
        point.kind, point.name, point.options, point.first_injection = Kind.FAULT, name, 2, 2
        if strategy.choose(point):
            failed.append(name)
    strategy.end(Run(number))
    return failed


def test_the_nth_operation_fails_and_n_grows() -> None:
    strategy = Injecting(RandomWalk(), "nth")
    seen = [faults_of(strategy, number, ["a", "b", "c"]) for number in range(20)]
    assert all(len(failed) <= 1 for failed in seen)
    assert {name for failed in seen for name in failed} == {"a", "b", "c"}
    assert [] in seen


def test_each_site_fails_once_and_one_in_a_schedule() -> None:
    strategy = Injecting(RandomWalk(), "sites")
    assert [faults_of(strategy, number, ["a", "b", "a"]) for number in range(4)] == [["a"], ["b"], [], []]


def test_at_random_any_may_fail() -> None:
    strategy = Injecting(RandomWalk(), "random")
    count = sum(len(faults_of(strategy, number, ["a"] * 100)) for number in range(100))
    assert count == pytest.approx(10_000 / FAULT_ODDS, rel=0.2)
