"""POS: the order of one step against many others is drawn evenly, unlike in a random walk, and nobody starves."""

from asyncndis.torture.strategies.base import Strategy
from asyncndis.torture.strategies.pos import Pos
from asyncndis.torture.strategies.random_walk import RandomWalk
from tests.torture.sampling import orders, sample

ONE_AGAINST_TEN = [["w x"], [*["-"] * 9, "r x"]]


def comes_last(strategy: Strategy) -> int:
    """How often the only step of actor 0 comes after all ten of actor 1."""
    return sum(order[-1] == 0 for order in orders(strategy, ONE_AGAINST_TEN, 400))


def test_a_long_delay_of_one_step_is_not_rare() -> None:
    assert comes_last(Pos(1)) > 12  # 1 in 11, in at least half of the schedules
    assert comes_last(RandomWalk(1)) < 4  # 1 in 1024


def test_nobody_starves() -> None:
    program = [["? x"], ["? x"], ["? x"], ["w x"]]
    assert not any(run.bounded for run in sample(Pos(), program, 500))


def test_same_seed_same_schedules() -> None:
    first, same, other = (orders(Pos(seed), [["-"] * 4] * 3, 20) for seed in (1, 1, 2))
    assert first == same != other


def test_values_are_drawn_evenly() -> None:
    tapes = [tuple(run.tape) for run in sample(Pos(), [["choose x"]], 100)]
    assert 30 < tapes.count((1,)) < 70
