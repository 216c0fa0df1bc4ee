"""PCT: strict priorities, a few changes, nobody starves, and the promised chance to find a bug of a depth."""

import pytest

from asyncndis.torture.strategies.pct import DEPTH_MAX, PATIENCE, Pct
from tests.torture.sampling import orders, sample, switches

THREE = [["-"] * 6] * 3


def test_without_changes_actors_run_to_their_ends() -> None:
    drawn = orders(Pct(depth=1), THREE, 100)
    assert {switches(order) for order in drawn} == {2}
    assert len(set(drawn)) == 6


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_each_level_of_depth_adds_one_change(depth: int) -> None:
    counts = {switches(order) for order in orders(Pct(depth=depth), THREE, 300)}
    assert max(counts) == 2 + (depth - 1)


def test_depth_is_drawn_where_it_is_not_given() -> None:
    assert {switches(order) for order in orders(Pct(), THREE, 500)} == {*range(2, 2 + DEPTH_MAX)}


def test_a_bug_of_depth_two_shows_as_often_as_the_paper_promises() -> None:
    program = [["-"] * 10, ["-"] * 10]
    found = sum(order.index(1) == 5 for order in orders(Pct(depth=2), program, 600))  # 1 begins after 5 steps of 0
    assert found / 600 >= 1 / (2 * 20)


def test_who_only_polls_yields() -> None:
    program = [["? x"], ["? x"], ["-"] * 3 + ["w x"]]
    runs = sample(Pct(depth=1), program, 50)
    assert not any(run.bounded for run in runs)
    assert max(run.length for run in runs) < 3 * PATIENCE


def test_same_seed_same_schedules() -> None:
    first, same, other = (orders(Pct(seed), THREE, 20) for seed in (1, 1, 2))
    assert first == same != other
