"""Who runs schedules: the explorer, its peers, the loops that explore nothing, and the floor.

A side runs a program under so many schedules, each of which must pass, and draws no schedule twice. Each is at its best
tuning. What is checked on the way differs:

- ours: deadlock, livelock, lost exceptions, tasks left over and coroutines never awaited; the schedule is recorded.
- simloom: the same but the last; a log of all events is written as well. Its world of hosts is off.
- simloop: deadlock and lost exceptions; a trace of all events is written as well.
- seedloop: deadlock; first come first served is its only schedule.
- frontrun takes no whole program: it is compared in a group of its own.
"""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from .scenarios import Scenario
from .trampoline import drive

__all__ = ["NOT_COLLECTING", "SIDES", "Side", "no_collection"]

NOT_COLLECTING = ", not collecting"
_SEEDS = count(step=1_000_000)


@dataclass(frozen=True)
class Side:
    """One who runs schedules.

    :ivar run: runs a scenario under so many schedules
    :ivar package: what must be installed for it
    """

    run: Callable[[Scenario, int], None]
    package: str = "asyncio"

    @property
    def is_here(self) -> bool:
        """Whether its package is installed."""
        return find_spec(self.package) is not None


def ours(scenario: Scenario, schedules: int) -> None:
    """The explorer as it comes, with a uniform walk, since that is what the peers do."""
    from asyncndis.torture import explore

    result = explore(scenario.program, strategy="random", schedules=schedules, seed=next(_SEEDS))
    assert result.failure is None, result.failure.report()
    assert result.schedules == schedules


def simloom(scenario: Scenario, schedules: int) -> None:
    """A uniform walk over its ready queue."""
    found = import_module("simloom").explore(scenario.program, runs=schedules, start_seed=next(_SEEDS), world=False)
    assert found.first_failure is None
    assert found.runs == schedules


def simloop(scenario: Scenario, schedules: int) -> None:
    """A uniform walk over its ready queue."""
    first = next(_SEEDS)
    assert import_module("simloop").explore(scenario.program, range(first, first + schedules)) is None


def seedloop(scenario: Scenario, schedules: int) -> None:
    """Its one schedule again and again, with other seeds for what is random."""
    first = next(_SEEDS)

    def in_world(_world: object) -> Coroutine[Any, Any, object]:
        return scenario.program()

    found = import_module("seedloop").check(in_world, seeds=range(first, first + schedules))
    assert found.checked == schedules


def asyncio_run(scenario: Scenario, schedules: int) -> None:
    """A new loop each time."""
    for _ in range(schedules):
        asyncio.run(scenario.program())


def reused_runner(scenario: Scenario, schedules: int, new_loop: Callable[[], Any] | None = None) -> None:
    """One loop for all."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        for _ in range(schedules):
            runner.run(scenario.program())


def reused_uvloop(scenario: Scenario, schedules: int) -> None:
    """One loop of uvloop for all."""
    reused_runner(scenario, schedules, import_module("uvloop").new_event_loop)


def trampoline(scenario: Scenario, schedules: int) -> None:
    """The floor."""
    assert scenario.tasks is not None
    for _ in range(schedules):
        drive(scenario.tasks)


def without_collecting(side: Callable[[Scenario, int], None], *modules: str) -> Callable[[Scenario, int], None]:
    """The same with nothing in the place of ``gc.collect`` in these modules."""

    def run(scenario: Scenario, schedules: int) -> None:
        with no_collection(*modules):
            side(scenario, schedules)

    return run


@contextmanager
def no_collection(*modules: str) -> Generator[None]:
    """Put nothing in the place of ``gc.collect`` in these modules."""
    stand_in = SimpleNamespace(**{**vars(gc), "collect": lambda: 0})
    module, *others = modules
    with patch.object(import_module(module), "gc", stand_in):
        if others:
            with no_collection(*others):
                yield
        else:
            yield


SIDES: Mapping[str, Side] = {
    "ours": Side(ours),
    "simloom": Side(simloom, "simloom"),
    "simloop": Side(simloop, "simloop"),
    "seedloop": Side(seedloop, "seedloop"),
    f"simloom{NOT_COLLECTING}": Side(without_collecting(simloom, "simloom._run", "simloom._loop"), "simloom"),
    f"simloop{NOT_COLLECTING}": Side(without_collecting(simloop, "simloop._loop"), "simloop"),
    "asyncio.run": Side(asyncio_run),
    "a reused Runner": Side(reused_runner),
    "a reused uvloop": Side(reused_uvloop, "uvloop"),
    "a bare trampoline": Side(trampoline),
}
