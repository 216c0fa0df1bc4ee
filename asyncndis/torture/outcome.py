"""What a search gives back: how much was explored, and the failure if there is one."""

from dataclasses import dataclass, field

from .failures import FailureKind
from .points import Step

__all__ = ["Failure", "Progress", "Result", "Statistics"]


@dataclass(frozen=True)
class Statistics:
    """Figures of a search.

    :ivar steps: the steps of all schedules that were counted
    :ivar distinct: how many different interleavings were seen among the schedules that were recorded
    :ivar recorded: how many schedules were recorded
    :ivar classes: how many happens-before classes were seen among the schedules whose steps were tracked ("dpor")
    :ivar unseen: an estimate of the share of interleavings not seen yet, from 0 to 1
    :ivar seconds: how long the search took
    :ivar strategy: the strategy; of a portfolio the member that found the failure
    :ivar nondeterministic: where two runs of one schedule differ; empty if they do not
    """

    steps: int = 0
    distinct: int = 0
    recorded: int = 0
    classes: int = 0
    unseen: float = 1.0
    seconds: float = 0.0
    strategy: str = ""
    nondeterministic: str = ""


@dataclass(frozen=True)
class Failure:
    """The first failure of a search.

    :ivar error: the exception; for a deadlock and its like one that says what was found. Its traceback keeps alive what
        the program had in its hands, for debuggers
    :ivar kind: which kind of failure it is
    :ivar schedule: the number of the schedule that failed, from 0
    :ivar replay: the line that replays the shrunk schedule
    :ivar steps: the steps of the schedule as it was found
    :ivar minimal: the steps of the shrunk schedule
    :ivar found_by: the strategy that found it
    :ivar explanation: the text of ``report()``
    """

    error: BaseException
    kind: FailureKind
    schedule: int
    replay: str
    steps: tuple[Step, ...] = field(repr=False)
    minimal: tuple[Step, ...] = field(repr=False)
    found_by: str
    explanation: str = field(repr=False)

    def report(self) -> str:
        """What is wrong, in which order it happens, and the line that replays it."""
        return self.explanation


@dataclass(frozen=True)
class Progress:
    """What is known while a search runs.

    :ivar schedules: how many have run
    :ivar planned: how many may run
    :ivar distinct: different interleavings among the recorded ones
    :ivar seconds: since the beginning
    """

    schedules: int
    planned: int
    distinct: int
    seconds: float


@dataclass(frozen=True)
class Result:
    """What a search found.

    :ivar schedules: how many schedules ran
    :ivar complete: whether every schedule was covered: the program is correct under the explorer's assumptions
    :ivar failure: the first failure, shrunk; None if there is none
    :ivar statistics: figures of the search
    :ivar exhausted: whether the strategy had nothing left to try; one that covers a part is not ``complete`` then
    """

    schedules: int
    complete: bool
    failure: Failure | None
    statistics: Statistics = field(repr=False)
    exhausted: bool = False

    def __str__(self) -> str:
        scope = "complete: " if self.complete else ""
        ended = "no failure" if self.failure is None else f"{self.failure.kind} in schedule {self.failure.schedule}"
        return f"{scope}{self.schedules:,} schedule{'' if self.schedules == 1 else 's'}, {ended}"
