"""Shrinks a failing tape: the fewest injections, then context switches, then choices that differ from asyncio's order.

Delta debugging (Zeller and Hildebrandt, IEEE TSE 2002) over the tape: what is cut off or set to 0 is what stock asyncio
would do. A candidate is kept if the run fails in the same way and costs less.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from .points import INJECTOR, Step

__all__ = ["Cost", "cost_of", "shrink_tape"]

Cost = tuple[int, int, int, int]
"""Injections, context switches, choices that are not 0, and decisions; smaller is simpler."""

Attempt = Callable[[Sequence[int]], "tuple[list[int], Cost] | None"]
"""Runs a tape: the tape as it was consumed and its cost if it fails in the same way, else None."""


def cost_of(tape: Sequence[int], steps: Sequence[Step]) -> Cost:
    """How complicated a run is."""
    actors = [step.actor for step in steps if step.actor >= 0]
    switches = sum(one != other for one, other in pairwise(actors))
    injections = sum(step.actor == INJECTOR for step in steps)
    injections += sum(decision.choice != 0 for step in steps for decision in step.inner)
    return injections, switches, sum(choice != 0 for choice in tape), len(tape)


def shrink_tape(tape: Sequence[int], attempt: Attempt, tries: int = 500) -> list[int]:
    """The simplest tape found that fails in the same way.

    :param tape: a tape that fails
    :param attempt: runs a tape
    :param tries: how many runs it may take
    """
    shrinker = _Shrinker(attempt, tries)
    if not shrinker.accepts(tape):
        return list(tape)
    while shrinker.tries > 0:
        before = shrinker.cost
        shrinker.clear_runs()
        shrinker.lower_choices()
        shrinker.delete_choices()
        if shrinker.cost == before:
            break
    return shrinker.tape


class _Shrinker:
    def __init__(self, attempt: Attempt, tries: int) -> None:
        self._attempt = attempt
        self.tries = tries
        self.tape: list[int] = []
        self.cost: Cost | None = None

    def accepts(self, tape: Sequence[int]) -> bool:
        """Try a tape; keep it if it fails in the same way and is simpler."""
        if self.tries <= 0:
            return False
        self.tries -= 1
        outcome = self._attempt(tape)
        if outcome is None or (self.cost is not None and outcome[1] >= self.cost):
            return False
        self.tape, self.cost = outcome
        while self.tape and self.tape[-1] == 0:
            self.tape.pop()
        return True

    def clear_runs(self) -> None:
        """Set stretches to 0, long ones first; a stretch at the end is cut off."""
        length = len(self.tape)
        while length:
            start = len(self.tape) - length
            while start > -length:
                begin = max(start, 0)
                if any(self.tape[begin : begin + length]):
                    self.accepts([*self.tape[:begin], *[0] * length, *self.tape[begin + length :]])
                start -= length
            length //= 2

    def lower_choices(self) -> None:
        """Make single choices smaller."""
        for place in range(len(self.tape)):
            if place < len(self.tape):
                for smaller in range(self.tape[place]):
                    if self.accepts([*self.tape[:place], smaller, *self.tape[place + 1 :]]):
                        break

    def delete_choices(self) -> None:
        """Leave single choices out."""
        for place in reversed(range(len(self.tape))):
            self.accepts([*self.tape[:place], *self.tape[place + 1 :]])
