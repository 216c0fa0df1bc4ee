"""What an adapter has taken and must give back: pools, interrupts, timers, memory (LIFE-02, LIFE-03).

Source: the pages of MiniportInitialize and MiniportHalt. Everything a miniport takes through its adapter is entered
here. When its initialization has failed, or it has halted, whatever is still live was forgotten: the rules say so, and
NDIS takes it back all the same, the last taken first, so that nothing is left behind.
"""

import inspect
from collections.abc import Callable, Iterator
from typing import NamedTuple

from asyncndis.base import Site, caller_site
from asyncndis.kernel import Timer

__all__ = ["Claim", "Claims"]


class Claim(NamedTuple):
    """One thing that an adapter has taken.

    :ivar what: in words, as "timer 'watchdog'"
    :ivar rule: the rule that is broken when it is left behind
    :ivar is_live: whether it is still taken
    :ivar release: takes it back; a plain function or a coroutine function
    :ivar site: the line that took it
    :ivar thing: what it is
    """

    what: str
    rule: str
    is_live: Callable[[], bool]
    release: Callable[[], object]
    site: Site
    thing: object


class Claims:
    """The claims of one adapter, in the order in which they were made."""

    __slots__ = ("_claims",)

    def __init__(self) -> None:
        self._claims: list[Claim] = []

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.live())

    def __len__(self) -> int:
        return len(self.live())

    def enter(
        self, what: str, rule: str, is_live: Callable[[], bool], release: Callable[[], object], thing: object = None
    ) -> None:
        """Note what was taken."""
        self._claims = [claim for claim in self._claims if claim.is_live() or isinstance(claim.thing, Timer)]
        self._claims.append(Claim(what, rule, is_live, release, caller_site(), thing))

    def timers(self) -> list[Timer]:
        """All timers, also those that are not set now: they may be set again."""
        return [claim.thing for claim in self._claims if isinstance(claim.thing, Timer)]

    def live(self) -> list[Claim]:
        """What has not been given back."""
        return [claim for claim in self._claims if claim.is_live()]

    async def release_all(self) -> None:
        """Take back what is live, the last taken first."""
        errors: list[Exception] = []
        for claim in reversed(self.live()):
            try:
                outcome = claim.release()
                if inspect.isawaitable(outcome):
                    await outcome
            except Exception as error:  # noqa: BLE001 - the others are to be taken back all the same
                errors.append(error)
        self._claims.clear()
        if errors:
            raise errors[0]
