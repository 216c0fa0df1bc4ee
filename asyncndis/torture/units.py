"""A unit of work: some schedules of one program, run wherever an executor likes; what goes in and out is picklable.

A unit has a time of its own: it says how many of its schedules it ran, and whoever shared the work out hands on the
rest.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .failures import FailureKind
from .outcome import Failure, Result
from .running import Program
from .saturation import Saturation
from .search import Plan, Search
from .strategies import make_strategy

__all__ = ["RemoteError", "Unit", "UnitResult", "inherited", "portable_program", "run_unit"]

UNIT_SECONDS = 2.0
"""After so long a unit hands back what it has not run yet."""

_inherited: dict[int, Program] = {}


class RemoteError(Exception):
    """Stands for an error of another process that could not be sent."""

    failure_kind: FailureKind


@dataclass(frozen=True)
class Unit:
    """Schedules to run.

    :ivar program: the program, or the number under which a forked process inherits it
    :ivar plan: what the whole search was asked for
    :ivar first: the number of the first schedule
    :ivar count: how many there are
    """

    program: Program | int
    plan: Plan
    first: int
    count: int


class UnitResult(NamedTuple):
    """What came of a unit; its size is bounded by the number of its schedules.

    :ivar result: counts the schedules that were run
    :ivar saturation: what they saw
    """

    result: Result
    saturation: Saturation


def inherited(program: Program) -> int:
    """Keep a program for processes that are forked from now on.

    :returns: the number that stands for it
    """
    _inherited[id(program)] = program
    return id(program)


def run_unit(unit: Unit) -> UnitResult:
    """Run a unit, or as much of it as its time allows."""
    program = _inherited[unit.program] if isinstance(unit.program, int) else unit.program
    plan = unit.plan
    strategy = make_strategy(plan.strategy, plan.seed, plan.schedules, cancel=plan.cancel, faults=plan.faults)
    search = Search(program, replace(plan, schedules=unit.count, timeout=UNIT_SECONDS), strategy)
    result = search.run(unit.first)
    if result.failure is not None:
        result = replace(result, failure=_portable(result.failure))
    return UnitResult(result, search.saturation)


def _portable(failure: Failure) -> Failure:
    """The failure with an error that can be sent."""
    error: BaseException = failure.error
    error.__traceback__ = None
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    except Exception:  # noqa: BLE001 - any class may fail to be sent in its own way
        return replace(failure, error=RemoteError(f"{type(error).__name__}: {error}"))
    return failure


def portable_program(program: Program) -> Program:
    """The program, if it can be sent to another process.

    :raises ValueError: it cannot
    """
    dump: Callable[[Any], bytes] = pickle.dumps
    try:
        dump(program)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(
            f"{program!r} cannot be sent to another process ({error}): make it a function at the top of a module"
        ) from None
    return program
