"""One search: schedule after schedule of one program, until one fails, the budget is spent or nothing is left."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

from .describing import Describer
from .determinism import find_nondeterminism
from .escapes import outside
from .failures import Trouble
from .outcome import Failure, Progress, Result, Statistics
from .replaystring import Settings, fingerprint
from .running import Program, Runner
from .saturation import Saturation
from .simulation import collect_if_due, simulation
from .strategies.base import Run, Strategy
from .tracking import Tracker

__all__ = ["Plan", "Search", "simulated_runner"]

INJECTIONS_MAX = 2
"""A task is cancelled once, or two are, or one twice."""
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

    def describer(self, runner: Runner, seconds: float) -> Describer:
        """What tells of the failures of this search.

        :param seconds: how long to shrink
        """
        with outside():  # it reads the program's source
            known = fingerprint(runner.program)
        return Describer(runner, Settings(known, self.cancel, self.faults, self.max_steps), seconds)


class Search:
    """Runs the schedules of a plan.

    :param program: an async callable without arguments
    :param plan: what to do
    :param strategy: answers the choices
    :param progress: told a few times a second how far it is
    :ivar saturation: what was seen
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
        self.complete = self.exhausted = False
        self.failure: Failure | None = None
        self._progress = progress
        self._steps = 0
        self.saturation = Saturation()
        self._nondeterministic = ""
        self._tracker = Tracker()
        self._began = time.monotonic()
        self._told = self._began

    def run(self, first: int = 0) -> Result:
        """Search until a schedule fails, the plan is fulfilled or nothing is left.

        :param first: the number of the first schedule
        """
        with simulated_runner(self.program, self.plan) as runner:
            self._run(runner, first)  # whose own references to what went wrong end before the simulation does
        return self.result()

    def _run(self, runner: Runner, first: int) -> None:
        for number in range(first, first + self.plan.schedules):
            if not self.strategy.begin(number):
                self.exhausted = True
                self.complete = self.strategy.covers_all and not self._nondeterministic and not runner.draws
                return
            trouble, tape = self._run_one(runner, number)
            self.schedules += 1
            if trouble is not None:
                describer = self.plan.describer(runner, SHRINK_SECONDS)
                self.failure = describer.describe(trouble, tape, number, self.strategy.found_by)
                return
            if number == first:
                self._nondeterministic = find_nondeterminism(runner, tape)
            collect_if_due()
            if self._tell_and_ask_whether_late():
                return

    def result(self) -> Result:
        """What is known so far."""
        seen = self.saturation.statistics()
        statistics = Statistics(
            steps=self._steps,
            distinct=seen.interleavings,
            classes=seen.classes,
            unseen=0.0 if self.complete else seen.unseen,
            recorded=self.schedules,
            seconds=time.monotonic() - self._began,
            strategy=self.plan.strategy if self.failure is None else self.failure.found_by,
            nondeterministic=self._nondeterministic,
        )
        return Result(self.schedules, self.complete, self.failure, statistics, self.exhausted)

    def _run_one(self, runner: Runner, number: int) -> tuple[Trouble | None, list[int]]:
        """Run one schedule.

        :returns: what went wrong, if anything, and the tape
        """
        strategy, record = self.strategy, Run(number)
        if strategy.source is not None and runner.is_plain:
            trouble = runner.walk(strategy.source, record)
        else:
            trouble = runner.run(strategy, record, self._tracker if strategy.wants_footprints else None)
        self._steps += record.length
        self.saturation.add(record.tape, record.steps if strategy.wants_footprints else ())
        strategy.end(record)
        return trouble, record.tape

    def _tell_and_ask_whether_late(self) -> bool:
        now = time.monotonic()
        if self._progress is not None and now - self._told >= PROGRESS_INTERVAL:
            self._told = now
            with outside():  # whoever shows it may use threads
                distinct = self.saturation.interleavings
                self._progress(Progress(self.schedules, self.plan.schedules, distinct, now - self._began))
        return self.plan.timeout is not None and now - self._began > self.plan.timeout


@contextmanager
def simulated_runner(program: Program, plan: Plan) -> Generator[Runner]:
    """A runner for the program of a plan, in a simulation that lasts as long as the block."""
    never_awaited: list[str] = []
    with simulation(never_awaited) as loop:
        injections = INJECTIONS_MAX if plan.cancel else 0
        yield Runner(program, loop, never_awaited, plan.max_steps, injections, plan.faults is not None)
