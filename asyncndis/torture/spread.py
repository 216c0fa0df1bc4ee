"""Spreads a search over processes: local ones, or any ``concurrent.futures`` executor, such as a Dask cluster's.

The numbers of the schedules are shared out in units. A unit whose worker died is handed out again, and what a unit did
not get done is handed on: each number is run once in the result, and none is lost. Of several failures the one with the
lowest number counts, so that the outcome does not depend on who was faster.
"""

import multiprocessing
import signal
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from .outcome import Failure, Progress, Result, Statistics
from .running import Program
from .saturation import Saturation
from .search import Plan
from .units import Unit, UnitResult, inherited, portable_program, run_unit

__all__ = ["Spread"]

UNIT_SIZE = 1000
DEATHS_MAX = 3
"""A unit whose workers died so often is given up: it is probably what kills them."""
IN_FLIGHT_ELSEWHERE = 16
"""How many units an executor of unknown size gets at once, at least."""
PATIENCE = 0.2


class Spread:
    """Runs the schedules of a plan on several workers.

    :param program: an async callable without arguments
    :param plan: what to do
    :param jobs: how many workers there are
    :param executor: runs the units; None for local processes
    :param progress: told a few times a second how far it is
    :param done: schedules that earlier searches have run already, as (first, count)
    :param ran: told of each part that is done: (first, count)
    """

    def __init__(
        self,
        program: Program,
        plan: Plan,
        jobs: int,
        executor: Executor | None = None,
        progress: Callable[[Progress], object] | None = None,
        done: Iterable[tuple[int, int]] = (),
        ran: Callable[[int, int], object] | None = None,
    ) -> None:
        self._plan = plan
        self._jobs = jobs
        self._given = executor
        self._program = inherited(program) if executor is None else portable_program(program)
        self._progress = progress
        self._ran = ran
        self._waiting = deque(_gaps(done, plan.schedules))
        self._flying: dict[Future[UnitResult], tuple[int, int]] = {}
        self._deaths: dict[int, int] = {}
        self._began = time.monotonic()
        self.schedules = 0
        self.failure: Failure | None = None
        self._steps = 0
        self._saturation = Saturation()
        self._nondeterministic = ""

    def run(self) -> Result:
        """Run until a schedule fails, the plan is fulfilled or its time is up."""
        if self._given is not None:
            self._work(self._given, max(2 * self._jobs, IN_FLIGHT_ELSEWHERE))
            return self.result()
        while not self._is_over():
            context = multiprocessing.get_context("fork")  # so that any program can be run, a closure too
            with ProcessPoolExecutor(self._jobs, context, _leave_interrupts_to_the_parent) as pool:
                try:
                    self._work(pool, self._jobs + 1)
                finally:
                    pool.shutdown(wait=True, cancel_futures=True)
        return self.result()

    def result(self) -> Result:
        """What is known so far."""
        seconds = time.monotonic() - self._began
        strategy = self._plan.strategy if self.failure is None else self.failure.found_by
        seen = self._saturation.statistics()
        statistics = Statistics(
            steps=self._steps,
            distinct=seen.interleavings,
            recorded=seen.schedules,
            classes=seen.classes,
            unseen=seen.unseen,
            seconds=seconds,
            strategy=strategy,
            nondeterministic=self._nondeterministic,
        )
        return Result(self.schedules, False, self.failure, statistics)

    def _is_over(self) -> bool:
        return not self._flying and (not self._waiting or self._is_late())

    def _is_late(self) -> bool:
        timeout = self._plan.timeout
        return self.failure is not None or (timeout is not None and time.monotonic() - self._began > timeout)

    def _work(self, pool: Executor, at_once: int) -> None:
        """Keep a pool busy until all is over, or the pool breaks."""
        while True:
            while self._waiting and len(self._flying) < at_once and not self._is_late() and not _is_broken(pool):
                self._submit(pool)
            if not self._flying:
                return
            landed, _ = wait(self._flying, timeout=PATIENCE, return_when=FIRST_COMPLETED)
            for future in landed:
                self._land(future)
            if self._progress is not None:
                seconds = time.monotonic() - self._began
                self._progress(Progress(self.schedules, self._plan.schedules, self._saturation.interleavings, seconds))

    def _submit(self, pool: Executor) -> None:
        first, count = self._waiting.popleft()
        if count > UNIT_SIZE:
            self._waiting.appendleft((first + UNIT_SIZE, count - UNIT_SIZE))
            count = UNIT_SIZE
        unit = Unit(self._program, self._plan, first, count)
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", DeprecationWarning
            )  # a fork beside threads, which none of the children uses
            self._flying[pool.submit(run_unit, unit)] = (first, count)

    def _land(self, future: Future[UnitResult]) -> None:
        first, count = self._flying.pop(future)
        try:
            result, seen = future.result(timeout=60)
        except Exception as error:
            if self._given is None and not isinstance(error, BrokenProcessPool):
                raise
            self._died(first, count, error)
            return
        self.schedules += result.schedules
        self._steps += result.statistics.steps
        self._saturation.merge(seen)
        self._nondeterministic = self._nondeterministic or result.statistics.nondeterministic
        if self._ran is not None:
            self._ran(first, result.schedules)
        found = result.failure
        if found is not None and (self.failure is None or found.schedule < self.failure.schedule):
            self.failure = found
        if result.schedules < count and found is None:
            self._waiting.appendleft((first + result.schedules, count - result.schedules))

    def _died(self, first: int, count: int, error: BaseException) -> None:
        """Hand a unit out again whose worker is gone."""
        self._deaths[first] = self._deaths.get(first, 0) + 1
        if self._deaths[first] >= DEATHS_MAX:
            raise RuntimeError(
                f"the workers that ran schedules {first} to {first + count - 1} died {DEATHS_MAX} times"
            ) from error
        self._waiting.appendleft((first, count))


def _leave_interrupts_to_the_parent() -> None:
    """Ctrl-C reaches all processes of a terminal: the parent ends the search, and its workers after it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _is_broken(pool: Executor) -> bool:
    """Whether a local pool has lost a worker: it takes nothing more, and all it had is lost."""
    return bool(getattr(pool, "_broken", False))


def _gaps(done: Iterable[tuple[int, int]], schedules: int) -> list[tuple[int, int]]:
    """What is left of 0 to ``schedules`` when some parts are done."""
    gaps: list[tuple[int, int]] = []
    at = 0
    for first, count in sorted(done):
        if first > at:
            gaps.append((at, min(first, schedules) - at))
        at = max(at, first + count)
    if at < schedules:
        gaps.append((at, schedules - at))
    return [gap for gap in gaps if gap[1] > 0]
