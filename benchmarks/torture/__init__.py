"""Schedules per second, complete searches and bugs found, against the peers and a floor."""

from collections.abc import Callable, Iterator

from benchmarks.harness import Effort
from benchmarks.results import Row

from . import found, searches, speed, spread

GROUPS: tuple[Callable[[Effort], Iterator[Row]], ...] = (
    speed.peers,
    speed.in_a_test_process,
    speed.floor,
    searches.complete_searches,
    spread.spreading,
    found.bugs_found,
)
