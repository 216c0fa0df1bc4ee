"""SURW: all interleavings are about equally likely once the lengths are known; few actors are selected."""

from collections import Counter
from math import comb

from asyncndis.torture.strategies.base import Run, Strategy
from asyncndis.torture.strategies.random_walk import RandomWalk
from asyncndis.torture.strategies.surw import Surw
from tests.torture.sampling import orders, sample

TWO_AND_EIGHT = [["-"] * 2, ["-"] * 8]
RUNS = 1350


def rarest(strategy: Strategy) -> float:
    """How often the rarest of the 45 interleavings comes, compared with how often it should."""
    counts = Counter(orders(strategy, TWO_AND_EIGHT, RUNS))
    each = RUNS / comb(10, 2)
    return min(counts.values()) / each if len(counts) == comb(10, 2) else 0.0


def test_interleavings_are_equally_likely() -> None:
    assert rarest(Surw(1)) > 0.35
    assert rarest(RandomWalk(1)) < 0.1


def test_lengths_are_learnt_from_the_runs_of_others() -> None:
    learner = Surw()
    for run in sample(RandomWalk(), TWO_AND_EIGHT, 1):
        learner.end(run)
    assert learner._expected == {0: 32, 1: 128}


def test_endless_runs_teach_nothing() -> None:
    learner, run = Surw(), Run(0)
    run.bounded = True
    run.steps = sample(RandomWalk(), TWO_AND_EIGHT, 1)[0].steps
    learner.end(run)
    assert learner._expected == {}


def test_selected_actors_are_few_and_known() -> None:
    strategy = Surw()
    selected: list[set[int] | None] = []
    for number in range(40):
        sample(strategy, [["-"] * 3] * 5, 1)
        strategy.begin(number)
        selected.append(strategy._selected)
    chosen = [actors for actors in selected if actors is not None]
    assert 10 < len(chosen) < 30
    assert all(1 <= len(actors) <= 3 and actors <= set(range(5)) for actors in chosen)


def test_same_seed_same_schedules() -> None:
    first, same, other = (orders(Surw(seed), [["-"] * 4] * 3, 20) for seed in (1, 1, 2))
    assert first == same != other
