"""The strategies, by the names that users give them. Each has a module of its own, which names its paper."""

from collections.abc import Callable

from .base import Run, Strategy
from .random_walk import RandomWalk

__all__ = ["Run", "Strategy", "make_strategy"]

_STRATEGIES: dict[str, Callable[[int, int], Strategy]] = {
    "auto": RandomWalk,
    "random": RandomWalk,
}


def make_strategy(name: str, seed: int, schedules: int) -> Strategy:
    """A strategy for one search.

    :param name: such as "auto" or "dpor"
    :param seed: the seed of everything random
    :param schedules: how many schedules it may spend
    :raises ValueError: the name is not known
    """
    make = _STRATEGIES.get(name)
    if make is None:
        raise ValueError(f"strategy={name!r} is not known: take one of {', '.join(_STRATEGIES)}")
    return make(seed, schedules)
