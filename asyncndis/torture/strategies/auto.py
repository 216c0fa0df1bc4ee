"""The portfolio: no strategy finds every bug, so that several share the schedules of a search.

The first schedule is the order of stock asyncio. Then the samplers take turns, by weights that were measured on the
catalogue of bugs, and less often where they only repeat what was seen. A depth-first search is tried for a while; if
the part of all schedules that it has covered says that it can end within the budget, it gets most of them, and the
search is complete when it ends. Partial-order reduction, which tracks every step and is slow, gets a few of the others.
"""

from dataclasses import dataclass

from asyncndis.torture.points import Point, Step

from .base import Run, Strategy
from .delays import Delays
from .dfs import Dfs
from .dpor import Dpor
from .each_injection import EachInjection
from .injecting import Injecting
from .pct import Pct
from .pos import Pos
from .random_walk import RandomWalk
from .surw import Surw

__all__ = ["Auto"]

SAMPLERS: tuple[tuple[type[Strategy], float], ...] = ((Surw, 6), (Pos, 4), (Pct, 3), (Delays, 2), (RandomWalk, 1))
WARM_UP = 32
"""So many schedules are sampled before anything systematic begins."""
PROBE = 32
"""After so many schedules the depth-first search is asked how far it has come."""
SYSTEMATIC_EVERY = 4
"""Of so many schedules, one is for the slow searches, or all but one for a depth-first search that can end."""
TRACKED_STEPS = 4
TRACKED_STEPS_MAX = 100_000
"""Reduction may take so many steps for each schedule of the budget, and so many at most."""
TRACKED_LENGTH_MAX = 100
"""A program of more steps is left to the others: reduction would not come to its end, and each run costs much."""
REMEMBERED_MAX = 1 << 16


@dataclass(slots=True)
class _Member:
    """A strategy of the portfolio.

    :ivar strategy: what it is
    :ivar weight: its share among the samplers
    :ivar proves: when it has nothing left to try, nothing is left
    :ivar credit: how far its turn has come
    :ivar tried: how many schedules it had
    :ivar known: how many of them only repeated others
    :ivar steps: how many steps they had
    :ivar is_over: it gets no more
    """

    strategy: Strategy
    weight: float = 1.0
    proves: bool = False
    credit: float = 0.0
    tried: int = 0
    known: int = 0
    steps: int = 0
    is_over: bool = False

    @property
    def current_weight(self) -> float:
        """Its weight, down to a quarter when it only repeats."""
        return self.weight * max(1 - self.known / (self.tried + 1), 0.25)


class Auto(Strategy):
    """Shares the schedules among the others.

    :param cancel: whether cancellations and early timers are injected
    :param faults: how operations of the environment fail; None if they do not
    """

    name = "auto"

    def __init__(
        self, seed: int = 0, schedules: int = 1000, *, cancel: bool = False, faults: str | None = None
    ) -> None:
        super().__init__(seed, schedules)
        injects = cancel or faults is not None
        self._samplers: list[_Member] = []
        self._surw = Surw(seed, schedules)
        for make, weight in SAMPLERS:
            sampler = self._surw if make is Surw else make(seed, schedules)
            self._samplers.append(_Member(Injecting(sampler, faults) if injects else sampler, weight))
        self._dfs = _Member(Dfs(seed, schedules), proves=True)
        self._dpor = _Member(Dpor(seed, schedules), proves=True)
        self._slow = [_Member(EachInjection(seed, schedules)), self._dpor] if injects else [self._dpor]
        self._seen: set[int] = set()
        self._member = self._dfs
        self._number = -1
        self._first: int | None = None
        self._covered = 0.0
        """Which part of all schedules the depth-first search has been through, each choice taken as equally wide."""
        self._before = 0.0
        self._width = 1.0

    @property
    def found_by(self) -> str:
        """The member that had the last schedule."""
        return "stock order" if self._number == 0 else self._member.strategy.found_by

    def begin(self, number: int) -> bool:
        """Choose whose schedule this is."""
        if self._first is None:
            self._first = number
        self._number = number
        member = self._next_member(number)
        while not member.strategy.begin(number if member in self._samplers else member.tried):
            member.is_over = True
            if member.proves and member.strategy.covers_all:
                return False
            member = self._next_member(number)
        self._member = member
        member.tried += 1
        self._before, self._width = 0.0, 1.0
        self.source = member.strategy.source
        self.wants_steps = member.strategy.wants_steps or number == 0
        self.wants_footprints = member.strategy.wants_footprints
        return True

    def _next_member(self, number: int) -> _Member:
        if self._first == 0:  # in another part of a search that was split, it would be the same once more
            if number == 0:
                return self._dfs
            if number >= min(WARM_UP, self.schedules // 8):
                is_turn = number % SYSTEMATIC_EVERY == 0
                if self._dfs_goes_on(number, is_turn):
                    return self._dfs
                waiting = [member for member in self._slow if not member.is_over]
                if is_turn and waiting:
                    return waiting[0]
        for member in self._samplers:
            member.credit += member.current_weight
        chosen = max(self._samplers, key=lambda member: member.credit)
        chosen.credit -= sum(member.current_weight for member in self._samplers)
        return chosen

    def _dfs_goes_on(self, number: int, is_turn: bool) -> bool:
        dfs = self._dfs
        if dfs.is_over:
            return False
        if dfs.tried <= min(PROBE, self.schedules // 8):
            return True
        can_end = dfs.tried <= 2 * self._covered * (dfs.tried + self.schedules - number)
        dfs.is_over = not can_end
        return can_end and not is_turn

    def choose(self, point: Point) -> int:
        """The member answers."""
        answer = self._member.strategy.choose(point)
        if self._member is self._dfs:
            self._width /= point.options
            self._before += answer * self._width
        return answer

    def stepped(self, step: Step) -> None:
        """The member hears of it."""
        self._member.strategy.stepped(step)

    def end(self, run: Run) -> None:
        """The member learns, and so does the portfolio."""
        member = self._member
        member.strategy.end(run)
        member.steps += run.length
        if member is self._dfs:
            self._covered = self._before + self._width
        if run.number == 0:
            self._surw.end(run)
            self._dpor.is_over = run.length > TRACKED_LENGTH_MAX
        if member.proves and not member.strategy.covers_all:
            member.is_over = True
        if self._dpor.steps > min(TRACKED_STEPS * self.schedules, TRACKED_STEPS_MAX):
            self._dpor.is_over = True
        tape = hash(tuple(run.tape))
        member.known += tape in self._seen
        if len(self._seen) < REMEMBERED_MAX:
            self._seen.add(tape)
