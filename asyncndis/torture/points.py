"""The points at which a run can go more than one way, and the record of what was chosen.

An *actor* is whoever can take the next step: a task by its number (0 is the program itself, the others in order of
creation), a job of an executor (numbered likewise), or one of the constants below. A *step* is what one actor does
from one suspension to the next. Beyond the end of a tape every choice is 0, which is what stock asyncio does.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from .footprints import Footprint

__all__ = ["CALLBACKS", "CLOCK", "INJECTOR", "Decision", "Kind", "Line", "Point", "Step"]

CALLBACKS = -1
"""The actor that runs the program's own plain callbacks, oldest first, as asyncio promises."""
CLOCK = -2
"""The actor that moves virtual time to the earliest timer, when nobody is ready."""
INJECTOR = -3
"""The actor that cancels a task or lets a timer fire early."""


class Kind(IntEnum):
    """What is chosen at a point."""

    RUN = 0
    """Which ready actor takes the next step; after them come the injections that are possible now."""
    TIMER = 1
    """Which of several timers that are due at the same time comes first."""
    FAULT = 2
    """Whether an operation of the environment fails: 0 no, 1 yes."""
    VALUE = 3
    """A value that the program asked for with ``choose``."""


class Point:
    """A choice to be made now; one object serves a whole run and is overwritten at the next point.

    :ivar kind: what is chosen
    :ivar options: how many answers there are; at least two
    :ivar name: what the program calls it, for faults and values
    :ivar actors: the ready actors, oldest first; the answer i lets actors[i] run
    :ivar first_injection: the first answer that is an injection; equal to ``options`` where there is none
    :ivar last: the actor of the previous step
    :ivar step: the number of steps taken so far
    """

    __slots__ = ("actors", "first_injection", "kind", "last", "name", "options", "step")

    def __init__(self) -> None:
        self.kind = Kind.RUN
        self.options = 0
        self.name = ""
        self.actors: tuple[int, ...] = ()
        self.first_injection = 0
        self.last = 0
        self.step = 0


class Line(NamedTuple):
    """A source line of the program.

    :ivar function: the qualified name of the function
    :ivar filename: the file
    :ivar number: the line's number, from 1
    """

    function: str
    filename: str
    number: int


@dataclass(slots=True)
class Decision:
    """A choice that was made: its place on the tape, how many answers there were, and which was given."""

    kind: Kind
    name: str
    options: int
    choice: int
    position: int


@dataclass(slots=True)
class Step:
    """What one actor did between two suspensions.

    :ivar actor: who took the step
    :ivar ready: the actors that could have taken it, oldest first
    :ivar decision: the choice that picked the actor; None where there was nothing to choose
    :ivar injected: what was injected, in words; empty for a step of the program
    :ivar target: the task that an injection met; -1 for none
    :ivar inner: the choices made while the step ran
    :ivar woke: the actors that became ready while it ran
    :ivar footprint: what it read and wrote, where somebody tracks it
    :ivar lines: the program's own source lines that ran, in order, where somebody wants them
    :ivar told: what arrived over the network, in words
    """

    actor: int
    ready: tuple[int, ...]
    decision: Decision | None = None
    injected: str = ""
    target: int = -1
    inner: list[Decision] = field(default_factory=list[Decision])
    woke: list[int] = field(default_factory=list[int])
    footprint: "Footprint | None" = None
    lines: tuple[Line, ...] = ()
    told: list[str] = field(default_factory=list[str])
