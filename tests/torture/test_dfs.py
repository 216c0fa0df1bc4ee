"""Depth-first search: every schedule once, and what the bounds leave out."""

from math import comb

import pytest

from asyncndis.torture.points import Point
from asyncndis.torture.strategies.dfs import Dfs
from tests.torture.abstract import runs_of
from tests.torture.exhaust import exhaust
from tests.torture.programs import independent, racing


@pytest.mark.parametrize(("actors", "steps"), [(2, 3), (2, 4), (3, 2)])
def test_every_interleaving_is_visited_once(actors: int, steps: int) -> None:
    orders = [tuple(step.actor for step in run.steps) for run, _ in runs_of([["-"] * steps] * actors, _Watching())]
    expected = comb(actors * steps, steps) * (comb(steps * 2, steps) if actors == 3 else 1)
    assert len(orders) == len(set(orders)) == expected


def test_values_are_tried_all() -> None:
    seen = {outcome.seen for _, outcome in runs_of([["choose", "choose"]], Dfs())}
    assert seen == {((0, 0),), ((0, 1),), ((1, 0),), ((1, 1),)}


def test_the_first_schedule_is_that_of_stock_asyncio() -> None:
    run, _ = next(runs_of([["-", "-"], ["-", "-"]], Dfs()))
    assert run.tape == [0] * len(run.tape)


def test_no_preemption_runs_each_actor_to_its_end() -> None:
    strategy = Dfs(preemptions=0)
    orders = {tuple(step.actor for step in run.steps) for run, _ in runs_of([["-"] * 2] * 3, strategy)}
    assert len(orders) == 6
    assert all(order[0::2] == order[1::2] for order in orders)
    assert not strategy.covers_all


def test_each_preemption_more_allows_more() -> None:
    counts = [len(list(runs_of([["-"] * 3] * 2, Dfs(preemptions=bound)))) for bound in range(6)]
    assert counts == sorted(counts)
    assert counts[0] == 2
    assert counts[-1] == 20


def test_enough_preemptions_cover_all() -> None:
    strategy = Dfs(preemptions=100)
    assert len(list(runs_of([["-"] * 3] * 2, strategy))) == 20
    assert strategy.covers_all


def test_without_delay_there_is_the_order_of_stock_asyncio_only() -> None:
    strategy = Dfs(delays=0)
    (run, _), *others = runs_of([["-"] * 3] * 2, strategy)
    assert not others
    assert run.tape == [0] * len(run.tape)
    assert not strategy.covers_all


def test_each_delay_passes_over_one_actor() -> None:
    for run, _ in runs_of([["-"] * 2] * 3, Dfs(delays=2)):
        assert sum(run.tape) <= 2


def test_a_bound_of_steps_lets_the_rest_run_in_order() -> None:
    strategy = Dfs(steps=2)
    runs = list(runs_of([["-"] * 4] * 2, strategy))
    assert len(runs) < comb(8, 4)
    assert not strategy.covers_all
    assert all(not any(run.tape[2:]) for run, _ in runs)


def test_two_bounds_of_one_kind_are_refused() -> None:
    with pytest.raises(ValueError, match="preemptions or of delays"):
        Dfs(preemptions=1, delays=1)


def test_a_program_that_goes_another_way_is_not_called_complete() -> None:
    strategy = Dfs()
    point = Point()
    point.options, point.first_injection, point.actors = 3, 3, (0, 1, 2)
    strategy.begin(0)
    strategy.choose(point)
    strategy.begin(1)
    strategy.choose(point)
    strategy.begin(2)
    point.options = 2
    assert strategy.choose(point) == 0
    assert not strategy.covers_all


def test_a_real_program_is_exhausted() -> None:
    assert len(exhaust(independent, Dfs()).runs) == 70
    assert exhaust(racing, Dfs()).outcomes == {"[1] fine", "[2] fine"}


class _Watching(Dfs):
    wants_steps = True
