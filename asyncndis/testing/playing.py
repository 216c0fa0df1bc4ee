"""A scenario: a named piece of work that builds its own stacks, checks what comes of them, and leaves nothing.

It takes its chance from a seed, and so goes the same way each time. ``run`` plays it in virtual time; where the loop
has such a time of its own, ``play`` is enough.
"""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from asyncndis.kernel import use_clock

from .invariants import no_leaks
from .times import virtual_time

__all__ = ["Play", "Scenario", "scenario"]

Play = Callable[[int], Coroutine[Any, Any, None]]
"""The work of a scenario: a coroutine function that takes the seed."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario, ready to be run any number of times.

    :ivar name: by which it is asked for
    :ivar summary: what it does, in one sentence
    :ivar play: its work, in whatever time there is
    :ivar limit: how long it may take, in seconds of virtual time: what waits longer waits for ever
    """

    name: str
    summary: str
    play: Play
    limit: float

    def __repr__(self) -> str:
        return f"<Scenario {self.name}: {self.summary}>"

    async def run(self, seed: int = 0) -> None:
        """Play it in virtual time, and look at what is left. IRQL: PASSIVE.

        :param seed: of its dice
        :raises AssertionError: when something was not as it should be, or something is left
        :raises TimeoutError: when it does not come to its end, or leaves a timer set
        :raises RuleViolation: when a driver broke a rule that its objects check always
        """
        with no_leaks():
            async with virtual_time(self.limit) as clock:
                await self.play(seed)
        with use_clock(clock):
            await clock.run_until_idle(0)


def scenario(*, limit: float = 60.0) -> Callable[[Play], Scenario]:
    """Make a scenario of a coroutine function: its name is the name, its docstring's first line the summary.

    :param limit: as in :class:`Scenario`
    """

    def make(play: Play) -> Scenario:
        summary = (play.__doc__ or "").partition("\n")[0]
        return Scenario(getattr(play, "__name__", repr(play)), summary, play, limit)

    return make
