"""What a strategy is: it answers the choices of one schedule after another, and hears how each went."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from asyncndis.torture.points import Point, Step

__all__ = ["Redundant", "Run", "Strategy"]


class Redundant(Exception):
    """Raised by ``Strategy.choose``: whatever comes of this run is known from others, so it ends here."""


class Run:
    """One run as strategies see it when it is over.

    :ivar number: the number of the schedule, from 0
    :ivar tape: the choices made, in order
    :ivar steps: the steps taken; empty unless the strategy asked for them
    :ivar names: the names of the actors, by number; empty unless the strategy asked for lines
    :ivar length: how many steps were taken
    :ivar failed: whether something went wrong
    :ivar bounded: whether the bound of steps ended it
    :ivar redundant: whether the strategy ended it, because others show the same
    """

    __slots__ = ("bounded", "failed", "length", "names", "number", "redundant", "steps", "tape")

    def __init__(self, number: int) -> None:
        self.number = number
        self.tape: list[int] = []
        self.steps: list[Step] = []
        self.names: list[str] = []
        self.length = 0
        self.failed = False
        self.bounded = False
        self.redundant = False


class Strategy(ABC):
    """Answers choices. Made anew for each search, from a seed and the number of schedules it may spend.

    :ivar name: what users call it
    :ivar systematic: whether it treats injections as answers like any other; what draws at random leaves them to a plan
    :ivar wants_steps: whether it needs ``Run.steps``
    :ivar wants_footprints: whether it needs to know what each step read and wrote
    :ivar wants_lines: whether it needs the source lines of each step
    """

    name: ClassVar[str]
    systematic: bool = False
    wants_steps: bool = False
    wants_footprints: bool = False
    wants_lines: bool = False

    source: Iterator[int] | None = None
    """Bytes that decide the schedule that has begun, where nothing else does: such schedules run at full speed."""

    def __init__(self, seed: int = 0, schedules: int = 1000) -> None:
        self.seed = seed
        self.schedules = schedules

    @abstractmethod
    def begin(self, number: int) -> bool:
        """A schedule begins.

        :param number: which one, from 0
        :returns: False if there is nothing left to try: the search is complete
        """

    @abstractmethod
    def choose(self, point: Point) -> int:
        """Answer a choice.

        :param point: the choice; it is overwritten afterwards
        :returns: an index below ``point.options``
        """

    def stepped(self, step: Step) -> None:  # noqa: B027 - most strategies look at a run when it is over
        """A step was taken; told where the strategy wants steps or footprints."""

    def end(self, run: Run) -> None:  # noqa: B027 - most strategies have nothing to learn from a run
        """A schedule is over."""

    @property
    def covers_all(self) -> bool:
        """Whether everything is covered when nothing is left to try; a strategy with a bound covers less."""
        return True

    @property
    def found_by(self) -> str:
        """The name of what found the failure of the last schedule: a portfolio names the member."""
        return self.name
