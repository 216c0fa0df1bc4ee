"""Shrinks a failing schedule: the fewest injections, then context switches, then choices that differ from asyncio's.

Two views of a schedule are shrunk in turn, by delta debugging (Zeller and Hildebrandt, IEEE TSE 2002): the tape, where
what is cut off or set to 0 is what stock asyncio would do; and the order of actors, where the steps of one actor are
moved together. A candidate is kept if the run fails in the same way and costs less.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import groupby, pairwise
from time import monotonic
from typing import NamedTuple

from .points import INJECTOR, Kind, Point, Step
from .strategies.base import Run, Strategy
from .strategies.replay import Replay

__all__ = ["Shrunk", "cost_of", "shrink_tape"]

TRIES_MAX = 3000


Cost = tuple[int, int, int, int, int]


class Shrunk(NamedTuple):
    """A schedule that fails in the way that is looked for.

    :ivar tape: its choices
    :ivar steps: its steps
    :ivar cost: injections, context switches, choices that are not 0, their sum, and choices; smaller is simpler
    """

    tape: list[int]
    steps: list[Step]
    cost: Cost


Attempt = Callable[[Callable[[Run], Strategy]], Run | None]
"""Runs the program under a strategy that is made for the run; gives the run if it fails in the same way."""


def cost_of(run: Run) -> Cost:
    """How complicated a run is; it needs its steps."""
    actors = [step.actor for step in run.steps if step.actor >= 0]
    switches = sum(one != other for one, other in pairwise(actors))
    injections = sum(step.actor == INJECTOR for step in run.steps)
    injections += sum(decision.choice != 0 for step in run.steps for decision in step.inner)
    return injections, switches, sum(choice != 0 for choice in run.tape), sum(run.tape), len(run.tape)


def shrink_tape(tape: Sequence[int], attempt: Attempt, seconds: float) -> list[int]:
    """The simplest schedule found that fails in the same way.

    :param tape: a tape that fails
    :param attempt: runs the program under a strategy
    :param seconds: how long to look; what is found by then is good enough
    :returns: its tape
    """
    shrinker = _Shrinker(attempt, monotonic() + seconds)
    if not shrinker.accepts_tape(tape):  # it does not fail again
        return list(tape)
    while shrinker.improves():
        pass
    return shrinker.best.tape


class _Shrinker:
    best: Shrunk

    def __init__(self, attempt: Attempt, deadline: float) -> None:
        self._attempt = attempt
        self._deadline = deadline
        self._tries = TRIES_MAX

    def improves(self) -> bool:
        """One round; whether it found something simpler."""
        before = self.best.cost
        self._clear_stretches()
        self._move_blocks()
        self._lower_choices()
        self._delete_choices()
        return self.best.cost < before and self._may_try()

    def _may_try(self) -> bool:
        return self._tries > 0 and monotonic() < self._deadline

    def accepts_tape(self, tape: Sequence[int]) -> bool:
        """Try a tape; keep it if it fails in the same way and is simpler."""
        return self._accepts(lambda _run: Replay(tape))

    def _accepts(self, make: Callable[[Run], Strategy]) -> bool:
        if not self._may_try():
            return False
        self._tries -= 1
        run = self._attempt(make)
        if run is None:
            return False
        cost = cost_of(run)
        if hasattr(self, "best") and cost >= self.best.cost:
            return False
        while run.tape and run.tape[-1] == 0:
            run.tape.pop()
        self.best = Shrunk(run.tape, run.steps, cost)
        return True

    def _clear_stretches(self) -> None:
        """Set stretches of the tape to 0, long ones first."""
        length = len(self.best.tape)
        while length:
            for begin in range(len(self.best.tape) - length, -length, -length):
                tape = self.best.tape
                first, end = max(begin, 0), begin + length
                if any(tape[first:end]):
                    self.accepts_tape([*tape[:first], *[0] * len(tape[first:end]), *tape[end:]])
            length //= 2

    def _move_blocks(self) -> None:
        """Move each block of steps of one actor to that actor's block before it, or after it."""
        place = 0
        while True:
            blocks = [list(block) for _, block in groupby(_order(self.best.steps))]
            if place >= len(blocks):
                return
            moved = False
            for target in _places_beside(blocks, place):
                order = [*blocks[:place], *blocks[place + 1 :]]
                order.insert(target, blocks[place])
                wanted = [actor for block in order for actor in block]
                inner = [decision.choice for step in self.best.steps for decision in step.inner]
                moved = self._accepts(partial(_Guided, wanted=wanted, inner=inner))
                if moved:
                    break
            place += not moved

    def _lower_choices(self) -> None:
        """Make single choices smaller."""
        for place in range(len(self.best.tape)):
            tape = self.best.tape
            for smaller in range(tape[place] if place < len(tape) else 0):
                if self.accepts_tape([*tape[:place], smaller, *tape[place + 1 :]]):
                    break

    def _delete_choices(self) -> None:
        """Leave single choices out."""
        for place in reversed(range(len(self.best.tape))):
            tape = self.best.tape
            self.accepts_tape([*tape[:place], *tape[place + 1 :]])


def _order(steps: Sequence[Step]) -> list[tuple[int, int]]:
    """Who took the steps; an injection is told by which one of those that were possible it was."""
    return [
        (step.actor, step.decision.choice - len(step.ready) if step.actor == INJECTOR and step.decision else 0)
        for step in steps
    ]


def _places_beside(blocks: Sequence[Sequence[tuple[int, int]]], place: int) -> list[int]:
    """Where a block would stand beside another one of the same actor, counted without the block itself."""
    who = blocks[place][0]
    before = [other + 1 for other in range(place) if blocks[other][0] == who]
    after = [other - 1 for other in range(place + 1, len(blocks)) if blocks[other][0] == who]
    return [*before[-1:], *after[:1]]


class _Guided(Strategy):
    """Lets actors run in a wanted order, as far as they are ready."""

    name = "guided"
    wants_steps = True

    def __init__(self, run: Run, wanted: Sequence[tuple[int, int]], inner: Sequence[int]) -> None:
        super().__init__()
        self._run = run
        self._wanted = list(wanted)
        self._inner = list(reversed(inner))
        self._seen = 0

    def begin(self, number: int) -> bool:
        """There is one schedule."""
        return number == 0

    def choose(self, point: Point) -> int:
        """The first actor of the wanted order that is ready; the oldest if none is."""
        if point.kind is not Kind.RUN:
            choice = self._inner.pop() if self._inner else 0
            return min(choice, point.options - 1)
        for done in _order(self._run.steps[self._seen :]):
            if done in self._wanted:
                self._wanted.remove(done)
        self._seen = len(self._run.steps)
        for actor, which in self._wanted:
            if actor in point.actors:
                return point.actors.index(actor)
            if actor == INJECTOR and point.first_injection + which < point.options:
                return point.first_injection + which
        return 0
