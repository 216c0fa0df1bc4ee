"""Delays: stock order but for a few actors that are held back, and they are let go when nobody else is ready."""

from itertools import pairwise

from asyncndis.torture.strategies.delays import DELAYS_MAX, Delays
from tests.torture.sampling import orders, sample

THREE = [["-"] * 6] * 3
STOCK = (0, 1, 2) * 6


def test_the_usual_order_is_kept_but_for_a_few_places() -> None:
    drawn = orders(Delays(), THREE, 300)
    assert len(set(drawn)) > 50
    breaks = [sum(other != (one + 1) % 3 for one, other in pairwise(order)) for order in drawn]
    assert min(breaks) <= 4
    assert sorted(breaks)[len(breaks) // 2] < 12  # a random walk has 11 to 12 of 17


def test_one_actor_may_be_held_until_all_others_are_done() -> None:
    assert any(order[-5:] == (actor,) * 5 for order in orders(Delays(), THREE, 300) for actor in range(3))


def test_who_is_held_is_let_go_when_nobody_else_can_run() -> None:
    runs = sample(Delays(), [["? x"], ["-"] * 3 + ["w x"]], 200)
    assert not any(run.bounded for run in runs)
    assert DELAYS_MAX >= 1


def test_same_seed_same_schedules() -> None:
    first, same, other = (orders(Delays(seed), THREE, 20) for seed in (1, 1, 2))
    assert first == same != other
