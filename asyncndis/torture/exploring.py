"""The three calls that everything else uses: explore a program, replay a failure, shrink one."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from inspect import Parameter, signature
from typing import Literal

from .describing import Describer, retrace
from .outcome import Failure, Progress, Result
from .replaystring import decode
from .running import Program, Runner
from .search import Plan, Search, simulated_runner
from .spread import Spread
from .strategies import make_strategy

__all__ = ["explore", "replay", "shrink"]

SHRINK_LONG_SECONDS = 60.0

Faults = Literal["nth", "sites", "random"]


def explore(
    program: Program,
    *,
    strategy: str = "auto",
    schedules: int = 1000,
    seed: int = 0,
    max_steps: int = 20_000,
    cancel: bool = False,
    faults: Faults | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    timeout: float | None = None,
    progress: Callable[[Progress], object] | None = None,
) -> Result:
    """Run a program under one schedule after another, until one fails or the budget is spent.

    :param program: an async callable without arguments; each call is a fresh run
    :param strategy: "auto", "random", "pct", "pos", "surw", "dfs" or "dpor"
    :param schedules: how many schedules may run, from 1
    :param seed: the seed of everything random; the same seed searches in the same way
    :param max_steps: after so many steps a run counts as endless
    :param cancel: also cancel tasks at their awaits and let timers fire early
    :param faults: also let operations of the environment fail: "nth" the n-th of a run, "sites" each new place once,
        "random" any of them
    :param jobs: how many processes search; 1 searches in this one, and so do "dfs" and "dpor"
    :param executor: runs the parts of the search instead of local processes; the program must be picklable
    :param timeout: how many seconds the search may take
    :param progress: told a few times a second how far it is
    :raises ValueError: an argument makes no sense
    :raises RuntimeError: an event loop runs already in this thread
    """
    plan = Plan(strategy, schedules, seed, max_steps, cancel, faults, timeout)
    _check(program, plan, jobs)
    chosen = make_strategy(strategy, seed, schedules, cancel=cancel, faults=faults)
    if (jobs > 1 or executor is not None) and not chosen.systematic:
        return Spread(program, plan, jobs, executor, progress).run()
    return Search(program, plan, chosen, progress).run()


def replay(line: str, program: Program) -> Failure | None:
    """Run the schedule of a replay string.

    :param line: as ``Failure.replay`` has it
    :param program: the program it was recorded with
    :returns: the failure, or None if the program passes now
    :raises StaleReplay: the line is damaged, of another version, or of another program
    """
    return _replay(line, program, seconds=0)


def _replay(line: str, program: Program, seconds: float) -> Failure | None:
    settings, tape = decode(line)
    settings.program.require(program)
    plan = Plan("replay", 1, 0, settings.max_steps, settings.cancel, settings.faults)
    with simulated_runner(program, plan) as runner:
        return _failure_on(tape, runner, plan.describer(runner, seconds))


def _failure_on(tape: Sequence[int], runner: Runner, describer: Describer) -> Failure | None:
    trouble, record = retrace(runner, tape)
    return None if trouble is None else describer.describe(trouble, record.tape, 0, "replay")


def shrink(failure: Failure, program: Program) -> Failure:
    """Shrink a failure further.

    :param failure: what ``explore`` or ``replay`` found
    :param program: the program it was found in
    :returns: the same failure in as few context switches as could be found
    :raises StaleReplay: the program was changed since
    """
    found = _replay(failure.replay, program, SHRINK_LONG_SECONDS)
    if found is None:
        return failure
    return replace(found, schedule=failure.schedule, steps=failure.steps, found_by=failure.found_by)


def _check(program: Program, plan: Plan, jobs: int) -> None:
    if not callable(program):
        raise TypeError(f"explore() takes an async function without arguments, not {program!r}")
    needed = _needed(program)
    if needed:
        raise TypeError(f"{program!r} needs {needed!r}, and runs without arguments: bind it with functools.partial")
    for name, value in (("schedules", plan.schedules), ("max_steps", plan.max_steps), ("jobs", jobs)):
        if value < 1:
            raise ValueError(f"{name}={value} makes no sense: give a number from 1")
    if plan.faults not in {None, "nth", "sites", "random"}:
        raise ValueError(f'faults={plan.faults!r} is not known: take "nth", "sites", "random" or None')
    if plan.timeout is not None and not plan.timeout > 0:
        raise ValueError(f"timeout={plan.timeout} makes no sense: give a number of seconds, or None")


def _needed(program: Program) -> str:
    """The first argument that a program cannot do without; empty if there is none, or nobody can know."""
    try:
        parameters = signature(program).parameters.values()
    except (TypeError, ValueError):
        return ""
    optional = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return next((one.name for one in parameters if one.default is one.empty and one.kind not in optional), "")
