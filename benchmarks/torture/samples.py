"""A sample of a side at work, taken in a process that does nothing else.

Garbage is collected before each sample; during it, each side collects what and when it likes, for that is a part of
what it costs, and grows with all that a process has imported.
"""

import gc
from time import process_time

from .scenarios import SCENARIOS, Scenario
from .sides import SIDES, Side

__all__ = ["sample"]

_counts: dict[tuple[str, str], int] = {}


def sample(name: str, scenario_name: str, seconds: float) -> float:
    """How long a schedule takes; how many make a sample is found the first time."""
    side, scenario = SIDES[name], SCENARIOS[scenario_name]
    key = (name, scenario_name)
    if key not in _counts:
        _counts[key] = _schedules_in(seconds, side, scenario)
    return _timed(side, scenario, _counts[key]) / _counts[key]


def _schedules_in(seconds: float, side: Side, scenario: Scenario) -> int:
    _timed(side, scenario, 1)  # imports
    count = 1
    while (taken := _timed(side, scenario, count)) < seconds / 4:
        count *= 2
    return max(1, round(count * seconds / taken))


def _timed(side: Side, scenario: Scenario, schedules: int) -> float:
    gc.collect()
    started = process_time()
    side.run(scenario, schedules)
    return process_time() - started
