"""From a failing tape to a failure that can be read: shrunk, retold by its lines, and with a passing neighbour."""

from collections.abc import Callable, Sequence
from time import monotonic

from .escapes import outside
from .failures import FailureKind, Trouble
from .outcome import Failure
from .points import Step
from .replaystring import Settings, encode
from .reporting import explain, find_neighbour
from .running import Runner
from .shrinking import shrink_tape
from .strategies.base import Run, Strategy
from .strategies.replay import Replay, Retrace

__all__ = ["Describer", "retrace"]

ENDLESS_STEPS = 1000
"""A run that does not end is shrunk and told by so many steps."""
NEIGHBOUR_SECONDS = 1.0
"""So long is looked for a passing schedule beside a failing one."""
_ENDLESS = (FailureKind.LIVELOCK, FailureKind.STARVATION)


class Describer:
    """Shrinks failing tapes of one program and tells what happens on them.

    :param runner: runs the program
    :param settings: what the tapes depend on, for replay strings
    :param seconds: how long to shrink
    """

    def __init__(self, runner: Runner, settings: Settings, seconds: float) -> None:
        self._runner = runner
        self._settings = settings
        self._seconds = seconds

    def describe(self, trouble: Trouble, tape: Sequence[int], number: int, found_by: str) -> Failure:
        """The failure that a tape leads to.

        :param trouble: what went wrong
        :param tape: the choices that led to it
        :param number: the number of the schedule
        :param found_by: the strategy that found it
        """
        runner = self._runner
        bound = runner.max_steps
        if trouble.kind in _ENDLESS:
            runner.max_steps = min(bound, ENDLESS_STEPS)
        smallest = shrink_tape(tape, lambda make: self._attempt(make, trouble), self._seconds)
        if runner.max_steps != bound:
            smallest = self._if_still_endless(smallest, tape, bound)
        _, found = retrace(runner, tape, with_lines=True)
        again, minimal = retrace(runner, smallest, with_lines=True)
        self._deadline = monotonic() + NEIGHBOUR_SECONDS
        neighbour = find_neighbour(smallest, minimal.steps, self._steps_if_passing)
        runner.max_steps = bound
        replay = encode(smallest, self._settings)
        shown = again or trouble
        notes = [] if again is not None else [_NOT_AGAIN]
        with outside():  # it reads source files
            explanation = explain(shown, minimal.steps, minimal.names, neighbour, replay, notes)
        return Failure(
            error=shown.error,
            kind=shown.kind,
            schedule=number,
            replay=replay,
            steps=tuple(found.steps),
            minimal=tuple(minimal.steps),
            found_by=found_by,
            explanation=explanation,
        )

    def _attempt(self, make: Callable[[Run], Strategy], trouble: Trouble) -> Run | None:
        record = Run(0)
        strategy = make(record)
        strategy.begin(0)
        other = self._runner.run(strategy, record)
        return record if other is not None and other.identity == trouble.identity else None

    def _if_still_endless(self, smallest: list[int], tape: Sequence[int], bound: int) -> list[int]:
        """The shrunk tape if it does not end within the whole bound either, else the tape as it was found."""
        runner = self._runner
        short, runner.max_steps = runner.max_steps, bound
        trouble, _ = retrace(runner, smallest)
        runner.max_steps = short
        return smallest if trouble is not None and trouble.kind in _ENDLESS else list(tape)

    def _steps_if_passing(self, tape: Sequence[int]) -> list[Step] | None:
        if monotonic() > self._deadline or retrace(self._runner, tape)[0] is not None:
            return None
        return retrace(self._runner, tape, with_lines=True)[1].steps


_NOT_AGAIN = (
    "Run once more, this schedule passes: the program depends on something that the explorer does not control,"
    " such as the time of day, unseeded chance, the order of a set, or what an earlier run left in a global."
)


def retrace(runner: Runner, tape: Sequence[int], *, with_lines: bool = False) -> tuple[Trouble | None, Run]:
    """Run a tape and write the steps down.

    :param with_lines: note the source lines of each step, too
    """
    strategy = (Retrace if with_lines else Replay)(tape)
    record = Run(0)
    strategy.begin(0)
    return runner.run(strategy, record), record
