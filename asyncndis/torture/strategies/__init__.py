"""The strategies, by the names that users give them. Each has a module of its own, which names its paper."""

from collections.abc import Callable

from .auto import Auto
from .base import Run, Strategy
from .delays import Delays
from .dfs import Dfs
from .dpor import Dpor
from .each_injection import EachInjection
from .injecting import Injecting
from .pct import Pct
from .pos import Pos
from .random_walk import RandomWalk
from .surw import Surw

__all__ = [
    "Auto",
    "Delays",
    "Dfs",
    "Dpor",
    "EachInjection",
    "Injecting",
    "Pct",
    "Pos",
    "RandomWalk",
    "Run",
    "Strategy",
    "Surw",
    "make_strategy",
]

_STRATEGIES: dict[str, Callable[[int, int], Strategy]] = {
    "auto": Auto,
    "random": RandomWalk,
    "pct": Pct,
    "pos": Pos,
    "surw": Surw,
    "delays": Delays,
    "each": EachInjection,
    "dfs": Dfs,
    "dpor": Dpor,
}


def make_strategy(
    name: str, seed: int = 0, schedules: int = 1000, *, cancel: bool = False, faults: str | None = None
) -> Strategy:
    """A strategy for one search.

    :param name: such as "auto" or "dpor"
    :param seed: the seed of everything random
    :param schedules: how many schedules it may spend
    :param cancel: whether cancellations and early timers are injected
    :param faults: how operations of the environment fail; None if they do not
    :raises ValueError: the name is not known
    """
    make = _STRATEGIES.get(name)
    if make is None:
        raise ValueError(f"strategy={name!r} is not known: take one of {', '.join(_STRATEGIES)}")
    if make is Auto:
        return Auto(seed, schedules, cancel=cancel, faults=faults)
    strategy = make(seed, schedules)
    if strategy.systematic or not (cancel or faults):
        return strategy
    return Injecting(strategy, faults)
