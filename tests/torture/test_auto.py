"""The portfolio: everybody gets a share, small programs are searched to their end, and the finder is named."""

from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.torture import explore
from asyncndis.torture.strategies import Dfs, make_strategy
from asyncndis.torture.strategies.auto import SAMPLERS, WARM_UP, Auto
from tests.torture.abstract import Machine, runs_of
from tests.torture.sampling import cancelled_scopes, large, late_look, small, spinners

LARGE = [["rw x"] * 8] * 8
NAMES = ["auto", "random", "pct", "pos", "surw", "delays"]


def members(strategy: Auto, program: list[list[str]], numbers: range) -> list[str]:
    """Who gets each schedule, until nothing is left."""
    machine = Machine(program, strategy)
    found: list[str] = []
    for number in numbers:
        if not strategy.begin(number):
            break
        machine.run(number)
        found.append(strategy.found_by)
    return found


def test_stock_order_comes_first_and_then_everybody() -> None:
    shares = members(Auto(schedules=1000), LARGE, range(WARM_UP))
    assert shares[0] == "stock order"
    counts = Counter(shares[1:])
    assert set(counts) == {sampler.name for sampler, _ in SAMPLERS}
    assert counts.most_common(1)[0][0] == "surw"


def test_a_large_program_is_left_by_the_depth_first_search() -> None:
    shares = Counter(members(Auto(schedules=400), LARGE, range(400)))
    assert 0 < shares["dfs"] < 60
    assert 0 < shares["dpor"] <= 100
    assert sum(shares[sampler.name] for sampler, _ in SAMPLERS) > 200


def test_a_small_program_is_searched_to_its_end() -> None:
    strategy = Auto(schedules=1000)
    shares = members(strategy, [["rw x"] * 4, ["rw x"] * 4], range(1000))
    assert len(shares) < WARM_UP + 100
    assert strategy.covers_all


def test_strangers_are_searched_to_their_end_by_reduction() -> None:
    shares = members(Auto(schedules=1000), [["rw x"] * 4, ["rw y"] * 4, ["rw z"] * 4, ["rw u"] * 4], range(1000))
    assert len(shares) < WARM_UP + 50
    assert "dpor" in shares


def test_later_parts_of_a_split_search_only_sample() -> None:
    shares = members(Auto(schedules=1000), [["rw x"] * 2] * 2, range(500, 700))
    assert len(shares) == 200
    assert set(shares) == {sampler.name for sampler, _ in SAMPLERS}


def test_whoever_only_repeats_gets_less() -> None:
    strategy = Auto(schedules=1000)
    members(strategy, [["rw x"] * 1, ["rw x"] * 2], range(500, 900))
    assert all(member.current_weight == member.weight / 4 for member in strategy._samplers)


def test_same_seed_same_search() -> None:
    first, same, other = (explore(large, seed=seed, schedules=60).statistics for seed in (1, 1, 2))
    assert (first.steps, first.distinct) == (same.steps, same.distinct)
    assert first.distinct > 50
    assert other.distinct > 50


@pytest.mark.parametrize("schedules", [40, 200, 1000])
def test_completeness_is_found_within_the_budget(schedules: int) -> None:
    result = explore(small, schedules=schedules)
    assert result.complete
    assert result.schedules <= WARM_UP + 30


def test_what_is_not_complete_is_not_called_so() -> None:
    assert not explore(large, schedules=100).complete


OPERATIONS = st.sampled_from(["r x", "w x", "rw x", "rw y", "r y", "- ", "choose x", "set e", "wait e"])
PROGRAMS = st.lists(st.lists(OPERATIONS, max_size=3), min_size=1, max_size=3)


@settings(max_examples=30, deadline=None)
@given(PROGRAMS)
def test_complete_means_that_every_outcome_was_seen(program: list[list[str]]) -> None:
    every = {repr(outcome) for _, outcome in runs_of(program, Dfs())}
    strategy = Auto(schedules=4000)
    seen: set[str] = set()
    for run, outcome in runs_of(program, strategy, 4000):
        if not run.redundant:
            seen.add(repr(outcome))
    assert strategy.covers_all
    assert seen == every


@settings(max_examples=30, deadline=None)
@given(PROGRAMS, st.sampled_from(["pct", "pos", "surw", "delays"]), st.integers(0, 3))
def test_samplers_take_only_ways_that_there_are(program: list[list[str]], name: str, seed: int) -> None:
    every = {repr(outcome) for _, outcome in runs_of(program, Dfs())}
    strategy = make_strategy(name, seed)
    machine = Machine(program, strategy)
    for number in range(10):
        assert strategy.begin(number)
        assert repr(machine.run(number)[1]) in every


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("program", [spinners, cancelled_scopes], ids=["spinners", "cancelled scopes"])
def test_correct_programs_do_not_look_endless(program: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    result = explore(program, strategy=name, schedules=60, max_steps=3000)
    assert result.failure is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("cancel", [False, True])
def test_every_strategy_finds_a_late_look(name: str, cancel: bool) -> None:
    result = explore(late_look, strategy=name, schedules=500, cancel=cancel)
    assert result.failure is not None
    assert "too late" in str(result.failure.error)
    assert result.failure.found_by in {*NAMES, "dfs", "dpor", "each"}


def test_injections_are_tried_one_by_one() -> None:
    strategy = make_strategy("auto", schedules=400, cancel=True)
    assert isinstance(strategy, Auto)
    assert [member.strategy.name for member in strategy._slow] == ["each", "dpor"]
    assert {member.strategy.name for member in strategy._samplers} == {"injecting"}
