"""Complete searches: how long it takes to have seen every interleaving of a small program, and how many there are.

Each task adds one to a counter before each of its awaits and once more at the end, so that no two steps are independent
and nothing can be left out: two tasks of four steps have 70 interleavings, three of three have 1680. Where tasks share
nothing, ``dpor`` sees that one schedule stands for all.

The peers: simloom has a search without bound on delays, but counts the callbacks of ``gather`` and of its own loop as
choices. frontrun takes tasks, not programs: it is given the coroutines one by one, and traces what they touch.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from time import process_time
from typing import Any

from benchmarks.harness import Effort
from benchmarks.results import Row, at_most, duration

from .scenarios import Program, sleepers
from .sides import no_collection

__all__ = ["Counter", "Search", "complete_searches"]

_SCHEDULES_MAX = 100_000
_PEER_SCHEDULES_MAX = 20_000
_PEER_SECONDS_MAX = 60.0


class Counter:
    """What the tasks share.

    :ivar count: how often they added
    """

    def __init__(self) -> None:
        self.count = 0

    async def add(self, awaits: int) -> None:
        """Add before each await and at the end."""
        for _ in range(awaits):
            self.count += 1
            await asyncio.sleep(0)
        self.count += 1


@dataclass(frozen=True)
class Search:
    """A program that is small enough.

    :ivar tasks: how many there are
    :ivar awaits: of each
    :ivar milliseconds: how long a search may take
    :ivar schedules: how many it may run
    """

    tasks: int
    awaits: int
    milliseconds: float
    schedules: int

    @property
    def name(self) -> str:
        """As the table calls it."""
        return f"every order of {self.tasks} tasks with {self.awaits} awaits"

    async def program(self) -> None:
        """The whole."""
        counter = Counter()
        await asyncio.gather(*(counter.add(self.awaits) for _ in range(self.tasks)))
        assert counter.count == self.tasks * (self.awaits + 1)


SEARCHES = (Search(2, 3, milliseconds=5, schedules=126), Search(3, 2, milliseconds=200, schedules=4_875))


def complete_searches(effort: Effort) -> Iterator[Row]:
    """Complete searches."""
    for search in SEARCHES:
        yield from _ours(search, effort)
        yield _simloom(search, _PEER_SCHEDULES_MAX // effort.shrink)
        yield _frontrun(search, _PEER_SECONDS_MAX / effort.shrink)
    independent = _search(sleepers(3, 2), "dpor")
    yield Row("every order of 3 tasks that share nothing", "dpor", independent(), at_most(1), "schedules")


def _ours(search: Search, effort: Effort) -> Iterator[Row]:
    seconds = _seconds(_search(search.program, "dfs"), max(3, effort.rounds // 20))
    yield Row(search.name, "dfs, time", 1000 * seconds, at_most(search.milliseconds), "ms")
    yield Row(search.name, "dfs", _search(search.program, "dfs")(), at_most(search.schedules), "schedules")
    started = process_time()
    schedules = _search(search.program, "dpor")()
    note = f"{duration(process_time() - started)}, every access of every step traced"
    yield Row(search.name, "dpor", schedules, at_most(search.schedules), "schedules", note)


def _search(program: Program, strategy: str) -> Callable[[], int]:
    """A search that must reach a verdict; it says how many schedules it took."""

    def search() -> int:
        from asyncndis.torture import explore

        result = explore(program, strategy=strategy, schedules=_SCHEDULES_MAX)
        assert result.failure is None, result.failure.report()
        assert result.complete
        return result.schedules

    return search


def _seconds(search: Callable[[], object], rounds: int) -> float:
    """The median of so many."""
    taken: list[float] = []
    for _ in range(rounds + 1):
        started = process_time()
        search()
        taken.append(process_time() - started)
    return sorted(taken[1:])[rounds // 2]


def _simloom(search: Search, schedules: int) -> Row:
    peer = "simloom, any number of delays"
    if find_spec("simloom") is None:
        return Row(search.name, peer, None)
    started = process_time()
    with no_collection("simloom._run", "simloom._loop"):
        found: Any = import_module("simloom").explore_systematic(
            search.program, max_delays=_SCHEDULES_MAX, max_schedules=schedules, world=False
        )
    return _verdict(search, peer, found.exhaustive, found.schedules, process_time() - started)


def _frontrun(search: Search, seconds: float) -> Row:
    peer = "frontrun, dpor, task by task"
    if find_spec("frontrun") is None:
        return Row(search.name, peer, None)

    async def worker(counter: Counter) -> None:
        await counter.add(search.awaits)

    def is_right(counter: Counter) -> bool:
        return counter.count == search.tasks * (search.awaits + 1)

    started = process_time()
    result: Any = asyncio.run(
        import_module("frontrun").explore(
            setup=Counter,
            workers=[worker] * search.tasks,
            invariant=is_right,
            strategy="dpor",
            preemption_bound=None,
            total_timeout=seconds,
        )
    )
    return _verdict(search, peer, result.property_holds is True, result.num_explored, process_time() - started)


def _verdict(search: Search, peer: str, reached: bool, schedules: int, seconds: float) -> Row:
    note = duration(seconds) if reached else f"no verdict after {duration(seconds)}"
    return Row(search.name, peer, schedules, None, "schedules", note)
