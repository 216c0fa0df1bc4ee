"""Which steps of a run happened before which, and which pairs of steps raced.

A step happens before another if the same actor took both, if it made the other's actor ready, if they depend on each
other, or by a chain of such. Moving the clock happens after everything before it: it waits until nobody is ready.
Vector clocks: Mattern, "Virtual time and global states of distributed systems", 1989. A race is a pair of dependent
steps with nothing between them in that order (Flanagan and Godefroid, POPL 2005): the later one might come first.
"""

from collections.abc import Iterator
from typing import NamedTuple

from asyncndis.torture.footprints import Footprint, Owner, dependent
from asyncndis.torture.points import CLOCK, Step

__all__ = ["Happened", "Taken"]

_NOTHING = Footprint()
_UNKNOWN = Footprint(unseen=("nobody tracked it",))


class Taken(NamedTuple):
    """A step that was taken.

    :ivar actor: who took it
    :ivar woke: who became ready
    :ivar footprint: what it touched
    """

    actor: int
    woke: tuple[int, ...]
    footprint: Footprint

    @classmethod
    def of(cls, step: Step) -> "Taken":
        """The step of a record; one without a footprint depends on everything."""
        footprint = step.footprint
        if footprint is None:
            footprint = _UNKNOWN
        return cls(step.actor, tuple(step.woke), footprint)


class Happened:
    """The steps of one run so far.

    :ivar steps: the steps in order
    :ivar ordered: the kinds of containers of which somebody looked at the order of the elements
    """

    def __init__(self) -> None:
        self.steps: list[Taken] = []
        self._clocks: list[dict[int, int]] = []
        self._numbers: list[int] = []
        self.ordered: set[str] = set()

    def cut(self, length: int) -> None:
        """Forget the steps from ``length`` on."""
        for part in (self.steps, self._clocks, self._numbers):
            del part[length:]

    def owners(self, step: int) -> int:
        """How many owners had a number before a step."""
        return self.steps[step - 1].footprint.owners if step else 0

    def before(self, first: int, second: int) -> bool:
        """Whether one step happened before a later one."""
        return self._clocks[second].get(self.steps[first].actor, -1) >= self._numbers[first]

    def races(self) -> Iterator[tuple[int, int]]:
        """The races whose later step has not been looked at before, by the places of both steps."""
        for later in range(len(self._clocks), len(self.steps)):
            for earlier in self._place_in_order(later):
                yield earlier, later

    def _place_in_order(self, later: int) -> list[int]:
        """Compute the clock of a step.

        :returns: the earlier steps that it raced with
        """
        actor, _, footprint = self.steps[later]
        clock: dict[int, int] = {}
        raced: list[int] = []
        enabling: Taken | None = None
        for earlier in range(later - 1, -1, -1):
            taken = self.steps[earlier]
            enables = enabling is None and (actor in taken.woke or actor == taken.actor)
            if enables:
                enabling = taken
            if clock.get(taken.actor, -1) >= self._numbers[earlier]:
                continue
            if enables or CLOCK in {actor, taken.actor} or actor == taken.actor or _counted_for(taken, enabling, actor):
                pass
            elif dependent(taken.footprint, footprint, self.ordered):
                raced.append(earlier)
            else:
                continue
            for other, count in self._clocks[earlier].items():
                if count > clock.get(other, -1):
                    clock[other] = count
        clock[actor] = clock.get(actor, -1) + 1
        self._clocks.append(clock)
        self._numbers.append(clock[actor])
        return raced

    def orders_seen(self) -> set[str]:
        """The kinds of containers that were looked through after several actors had added elements."""
        added: dict[Owner, set[int]] = {}
        seen: set[str] = set()
        for taken in self.steps:
            for footprint in (taken.footprint, taken.footprint.aside):
                if footprint is not None:
                    seen.update(owner[0] for owner in footprint.looked_through if len(added.get(owner, ())) > 1)
                    for owner in footprint.adds:
                        added.setdefault(owner, set()).add(taken.actor)
        return seen

    def initials(self, earlier: int, later: int) -> set[int]:
        """Who could begin a run in which the later of two racing steps comes first.

        That is whoever has a first step among those that did not happen after the earlier one, up to the later one,
        before which none of the others happened (Abdulla and others, POPL 2014, definition 3.3).
        """
        kept = [step for step in range(earlier + 1, later) if not self.before(earlier, step)]
        kept.append(later)
        found: set[int] = set()
        for place, step in enumerate(kept):
            if self.steps[step].actor not in found and not any(self.before(other, step) for other in kept[:place]):
                found.add(self.steps[step].actor)
        return found


def _counted_for(taken: Taken, enabling: Taken | None, actor: int) -> bool:
    """Whether a step was counted before the one that made an actor ready because the count was complete."""
    if enabling is None or actor not in enabling.footprint.counted:
        return False
    one, other = taken.footprint.aside, enabling.footprint.aside
    return one is not None and other is not None and one.meets(other)
