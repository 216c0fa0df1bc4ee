"""Schedules per second: against the peers, against running without exploring, and against the floor."""

import asyncio
from collections.abc import Iterator

from benchmarks.harness import Effort
from benchmarks.results import Goal, Row, at_least, at_most

from .processes import BARE, TEST_PROCESS, Measured, measure
from .sides import NOT_COLLECTING

__all__ = ["floor", "in_a_test_process", "peers"]

_SIMLOOM, _SIMLOOP = f"simloom{NOT_COLLECTING}", f"simloop{NOT_COLLECTING}"
_SHORT = {
    "simloom": at_least(25),
    "simloop": at_least(20),
    _SIMLOOM: at_least(7),
    _SIMLOOP: at_least(3),
    "seedloop": at_least(2),
    "asyncio.run": at_least(3.5),
    "a reused Runner": at_least(2),
    "a reused uvloop": at_least(2),
}
_BARE: dict[str, dict[str, Goal | None]] = {
    "S1": {**_SHORT},
    "S2": {**_SHORT},
    "S3": {
        "simloom": at_least(10),
        "simloop": at_least(9),
        _SIMLOOM: at_least(4.5),
        _SIMLOOP: at_least(2.2),
        "seedloop": at_least(2),
    },
    "S2A": {
        "simloom": at_least(8),
        "simloop": at_least(8),
        _SIMLOOM: at_least(3),
        _SIMLOOP: at_least(1.6),
        "asyncio.run": None,
        "a reused Runner": None,
        "a reused uvloop": None,
    },
}
_LOADED = {"S1": at_least(120), "S2": at_least(120), "S3": at_least(50), "S2A": at_least(30)}
_FLOORS = {"S1": at_most(3.5, 2), "S2": at_most(2.8, 2)}


def peers(effort: Effort) -> Iterator[Row]:
    """Schedules in a bare process."""
    for scenario, goals in _BARE.items():
        things = [Measured(side, side, scenario) for side in ("ours", *goals)]
        turns = asyncio.run(measure(things, effort))
        for peer, goal in goals.items():
            yield turns.speed(f"{scenario}: schedules", "ours", peer, goal)


def in_a_test_process(effort: Effort) -> Iterator[Row]:
    """Schedules in a process that has imported what tests import."""
    for scenario, goal in _LOADED.items():
        sides = ("ours", "simloom", "simloop")
        things = [Measured(side, side, scenario, TEST_PROCESS) for side in sides]
        turns = asyncio.run(measure([*things, Measured("a bare process", "ours", scenario, BARE)], effort))
        for peer in ("simloom", "simloop"):
            yield turns.speed(f"{scenario} in a test process: schedules", "ours", peer, goal)
        yield turns.cost(f"{scenario} in a test process: a schedule", "ours", "a bare process", at_most(1.15))


def floor(effort: Effort) -> Iterator[Row]:
    """The floor."""
    for scenario, goal in _FLOORS.items():
        things = [Measured(side, side, scenario) for side in ("ours", "a bare trampoline")]
        turns = asyncio.run(measure(things, effort))
        yield turns.cost(f"{scenario}: a schedule", "ours", "a bare trampoline", goal)
    for scenario in ("sleep(0), 1 task", "sleep(0), 3 tasks"):
        things = [Measured(side, side, scenario) for side in ("ours", "a reused Runner")]
        turns = asyncio.run(measure(things, effort))
        yield turns.cost(f"{scenario}: a step", "ours", "a reused Runner", at_most(0.4))
