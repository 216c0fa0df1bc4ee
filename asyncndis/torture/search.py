"""One search: schedule after schedule of one program, until one fails, the budget is spent or nothing is left."""

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .failures import Trouble
from .outcome import Failure, Progress, Result, Statistics
from .points import Step
from .replaystring import Settings, encode, fingerprint
from .reporting import explain, find_neighbour
from .running import Program, Runner
from .shrinking import shrink_tape
from .simulation import collect_if_due, simulation
from .strategies.base import Run, Strategy
from .strategies.replay import Replay, Retrace
from .tracking import Tracker

__all__ = ["Plan", "Search", "describe", "retrace", "simulated_runner"]

INJECTIONS_MAX = 2
"""A task is cancelled once, or two are, or one twice."""
RECORD_EVERY = 16
"""Of schedules that need no record, every sixteenth has one, for the estimate of what is left."""
SHRINK_SECONDS = 2.0
"""A report should come at once; ``shrink`` takes its time."""
PROGRESS_INTERVAL = 0.2


@dataclass(frozen=True)
class Plan:
    """What a search is asked for; picklable.

    :ivar strategy: the name of the strategy
    :ivar schedules: how many schedules may run
    :ivar seed: the seed of everything random
    :ivar max_steps: after so many steps a run counts as endless
    :ivar cancel: whether tasks are cancelled and timers fire early
    :ivar faults: how operations of the environment fail: None, "nth", "sites" or "random"
    :ivar timeout: how many seconds of the wall clock the search may take
    """

    strategy: str = "auto"
    schedules: int = 1000
    seed: int = 0
    max_steps: int = 20_000
    cancel: bool = False
    faults: str | None = None
    timeout: float | None = None


class Search:
    """Runs the schedules of a plan.

    :param program: an async callable without arguments
    :param plan: what to do
    :param strategy: answers the choices
    :param progress: told a few times a second how far it is
    """

    def __init__(
        self,
        program: Program,
        plan: Plan,
        strategy: Strategy,
        progress: Callable[[Progress], object] | None = None,
    ) -> None:
        self.program = program
        self.plan = plan
        self.strategy = strategy
        self.schedules = 0
        self.complete = False
        self.failure: Failure | None = None
        self._progress = progress
        self._steps = 0
        self._seen: set[int] = set()
        self._recorded = 0
        self._tracker = Tracker()
        self._began = time.monotonic()
        self._told = self._began

    def run(self, first: int = 0) -> Result:
        """Search until a schedule fails, the plan is fulfilled or nothing is left.

        :param first: the number of the first schedule
        """
        plan = self.plan
        with simulated_runner(self.program, plan) as runner:
            for number in range(first, first + plan.schedules):
                if not self.strategy.begin(number):
                    self.complete = self.strategy.covers_all
                    break
                trouble, tape = self._run_one(runner, number)
                self.schedules += 1
                if trouble is not None:
                    self.failure = describe(runner, plan, trouble, tape, number, self.strategy.found_by)
                    break
                collect_if_due()
                if self._tell_and_ask_whether_late():
                    break
        return self.result()

    def result(self) -> Result:
        """What is known so far."""
        statistics = Statistics(
            steps=self._steps,
            distinct=len(self._seen),
            recorded=self._recorded,
            seconds=time.monotonic() - self._began,
            strategy=self.strategy.found_by,
        )
        return Result(self.schedules, self.complete, self.failure, statistics)

    def _run_one(self, runner: Runner, number: int) -> tuple[Trouble | None, list[int]]:
        """Run one schedule.

        :returns: what went wrong, and the tape; it is empty where nothing went wrong and nothing was recorded
        """
        strategy, record = self.strategy, Run(number)
        source = strategy.source
        if source is None or not runner.is_plain or number % RECORD_EVERY == 0:
            trouble = runner.run(strategy, record, self._tracker if strategy.wants_footprints else None)
            self._steps += record.length
            self._recorded += 1
            self._seen.add(hash(tuple(record.tape)))
            strategy.end(record)
            return trouble, record.tape
        trouble = runner.walk(source)
        if trouble is None:
            return None, []
        strategy.begin(number)  # the same bytes once more, this time with a record
        return runner.run(strategy, record) or trouble, record.tape

    def _tell_and_ask_whether_late(self) -> bool:
        now = time.monotonic()
        if self._progress is not None and now - self._told >= PROGRESS_INTERVAL:
            self._told = now
            self._progress(Progress(self.schedules, self.plan.schedules, len(self._seen), now - self._began))
        return self.plan.timeout is not None and now - self._began > self.plan.timeout


@contextmanager
def simulated_runner(program: Program, plan: Plan) -> Generator[Runner]:
    """A runner for the program of a plan, in a simulation that lasts as long as the block."""
    never_awaited: list[str] = []
    with simulation(never_awaited) as loop:
        injections = INJECTIONS_MAX if plan.cancel else 0
        yield Runner(program, loop, never_awaited, plan.max_steps, injections, plan.faults is not None)


def describe(
    runner: Runner,
    plan: Plan,
    trouble: Trouble,
    tape: Sequence[int],
    number: int,
    found_by: str,
    seconds: float = SHRINK_SECONDS,
) -> Failure:
    """Shrink a failing tape and tell what happens on it.

    :param runner: runs the program
    :param plan: what the search was asked for
    :param trouble: what went wrong
    :param tape: the choices that led to it
    :param number: the number of the schedule
    :param found_by: the strategy that found it
    :param seconds: how long to shrink
    """

    def attempt(make: Callable[[Run], Strategy]) -> Run | None:
        record = Run(0)
        strategy = make(record)
        strategy.begin(0)
        other = runner.run(strategy, record)
        return record if other is not None and other.identity == trouble.identity else None

    smallest = shrink_tape(tape, attempt, seconds)
    _, found = retrace(runner, tape, with_lines=True)
    again, minimal = retrace(runner, smallest, with_lines=True)
    neighbour = find_neighbour(smallest, minimal.steps, lambda other: _steps_if_passing(runner, other))
    replay = encode(smallest, Settings(fingerprint(runner.program), plan.cancel, plan.faults, plan.max_steps))
    shown = again or trouble
    return Failure(
        error=shown.error,
        kind=shown.kind,
        schedule=number,
        replay=replay,
        steps=tuple(found.steps),
        minimal=tuple(minimal.steps),
        found_by=found_by,
        explanation=explain(shown, minimal.steps, minimal.names, neighbour, replay),
    )


def _steps_if_passing(runner: Runner, tape: Sequence[int]) -> list[Step] | None:
    trouble, record = retrace(runner, tape, with_lines=True)
    return record.steps if trouble is None else None


def retrace(runner: Runner, tape: Sequence[int], *, with_lines: bool = False) -> tuple[Trouble | None, Run]:
    """Run a tape and write the steps down.

    :param with_lines: note the source lines of each step, too
    """
    strategy = (Retrace if with_lines else Replay)(tape)
    record = Run(0)
    strategy.begin(0)
    return runner.run(strategy, record), record
