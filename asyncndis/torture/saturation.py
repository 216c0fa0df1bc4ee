"""Saturation: how many interleavings and happens-before classes a search has seen, and how many there may be.

What is left is estimated from what was seen once and twice: the chance that the next schedule is new by Good and Turing
(Good, Biometrika 1953), the number of all by Chao1 (Chao, 1984; a lower bound). Both take schedules as drawn at random;
a systematic search never repeats itself and knows by itself when it is complete. Beyond a limit only a sample of the
keys is kept, halved each time it is full (adaptive sampling: Flajolet, Computing 1990).
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .footprints import WHOLE, Location, Owner
from .points import CLOCK, Step

__all__ = ["Census", "Saturation", "SaturationStatistics", "happens_before_class"]

KEYS_MAX = 1 << 18
_MASK = (1 << 64) - 1


class Census:
    """Counts how often each of many kinds was met, in bounded memory.

    :param keys_max: how many kinds are told apart before only a sample of them is kept
    :ivar met: how many individuals were counted, of whatever kind
    """

    def __init__(self, keys_max: int = KEYS_MAX) -> None:
        self.met = 0
        self._keys_max = keys_max
        self._thinned = 0
        """A key is kept if it can be divided by this power of two."""
        self._counts: dict[int, int] = {}

    def add(self, key: int, count: int = 1) -> None:
        """Count one individual.

        :param key: its kind, as a number that looks random
        :param count: or several at a time
        """
        self.met += count
        self._keep(key, count)

    def merge(self, other: "Census") -> None:
        """Count what another census counted, too.

        :param other: it stays as it is
        """
        self.met += other.met
        self._thin(other._thinned)
        for key, count in other._counts.items():
            self._keep(key, count)

    @property
    def kinds(self) -> int:
        """How many kinds were met; exact up to the limit."""
        return len(self._counts) << self._thinned

    @property
    def unseen(self) -> float:
        """The chance that the next individual is of a new kind, from 0 to 1."""
        return min(1.0, (self._met_times(1) << self._thinned) / self.met) if self.met else 1.0

    @property
    def all_kinds(self) -> int:
        """How many kinds there are at least, those not met among them."""
        once, twice = self._met_times(1), self._met_times(2)
        return len(self._counts) + once * (once - 1) // (2 * (twice + 1)) << self._thinned

    def _met_times(self, times: int) -> int:
        return sum(count == times for count in self._counts.values())

    def _keep(self, key: int, count: int) -> None:
        if key & (1 << self._thinned) - 1:
            return
        self._counts[key] = self._counts.get(key, 0) + count
        while len(self._counts) > self._keys_max:
            self._thin(self._thinned + 1)

    def _thin(self, thinned: int) -> None:
        if thinned > self._thinned:
            self._thinned = thinned
            divisor = (1 << thinned) - 1
            self._counts = {key: count for key, count in self._counts.items() if not key & divisor}


@dataclass(frozen=True)
class SaturationStatistics:
    """What was seen of a program, and what may be left.

    :ivar schedules: how many schedules were looked at
    :ivar interleavings: how many of them were different
    :ivar all_interleavings: how many there are at least, by estimate
    :ivar unseen: the estimated chance that the next schedule is a new one, from 0 to 1
    :ivar classes: how many happens-before classes were seen; 0 where nobody tracked what steps touch
    :ivar all_classes: how many of them there are at least, by estimate
    """

    schedules: int
    interleavings: int
    all_interleavings: int
    unseen: float
    classes: int
    all_classes: int

    def __str__(self) -> str:
        if not self.schedules:
            return "no schedule yet"
        left = f"about {100 * self.unseen:.2g} % unseen" if self.unseen else "nothing new in sight"
        classes = f" ({self.classes} of at least {self.all_classes} happens-before classes)" if self.classes else ""
        return f"{self.interleavings} distinct interleavings{classes} in {self.schedules} schedules, {left}"


class Saturation:
    """Hears of every schedule and tells how much of a program was seen."""

    def __init__(self) -> None:
        self._interleavings = Census()
        self._classes = Census()

    def add(self, tape: Sequence[int], steps: Sequence[Step] = ()) -> None:
        """A schedule is over.

        :param tape: what was chosen; two schedules are the same interleaving if this is equal
        :param steps: its steps, where it is known what they touched
        """
        self._interleavings.add(_scattered(tape))
        if steps and all(step.footprint is not None for step in steps):
            self._classes.add(happens_before_class(steps))

    def merge(self, other: "Saturation") -> None:
        """Add what another process saw.

        :param other: it stays as it is
        """
        self._interleavings.merge(other._interleavings)
        self._classes.merge(other._classes)

    @property
    def interleavings(self) -> int:
        """How many different ones were seen."""
        return self._interleavings.kinds

    def statistics(self) -> SaturationStatistics:
        """What was seen, and what may be left."""
        seen, classes = self._interleavings, self._classes
        return SaturationStatistics(seen.met, seen.kinds, seen.all_kinds, seen.unseen, classes.kinds, classes.all_kinds)


def happens_before_class(steps: Iterable[Step]) -> int:
    """A number that is equal for runs that differ only in the order of independent steps (Mazurkiewicz traces).

    Each step is known by its actor and by the steps that it came after: the actor's last, the one that woke it, and
    those it conflicts with. The sum of those numbers does not depend on the order in which independent steps came.

    :param steps: the steps of a run, with footprints; a step without one depends on everything
    """
    touched: defaultdict[Owner, dict[object, _Part]] = defaultdict(dict)
    after: dict[int, list[int]] = {}
    total = barrier = 0
    for step in steps:
        footprint = step.footprint
        if step.actor == CLOCK or footprint is None or footprint.unknown:
            barrier = number = _scattered((step.actor + _OFFSET, total))
            touched.clear()
            after.clear()
        else:
            before = {barrier, *after.pop(step.actor, ())}
            before |= _conflicts(touched, footprint.reads, write=False)
            before |= _conflicts(touched, footprint.writes, write=True)
            number = _scattered((step.actor + _OFFSET, *sorted(before)))
            for location in footprint.reads - footprint.writes:
                _part(touched, location).readers.append(number)
            for location in footprint.writes:
                _write(touched, location, number)
        for actor in {step.actor, *step.woke}:
            after.setdefault(actor, []).append(number)
        total = total + number & _MASK
    return total


_OFFSET = 8
"""Actors that are no tasks have small negative numbers, of which Python hashes -1 and -2 alike."""


class _Part:
    """Who wrote a piece of state last, and who has read it since."""

    __slots__ = ("readers", "writer")

    def __init__(self) -> None:
        self.writer: int | None = None
        self.readers: list[int] = []


def _part(touched: defaultdict[Owner, dict[object, _Part]], location: Location) -> _Part:
    return touched[location[:2]].setdefault(location[2], _Part())


def _write(touched: defaultdict[Owner, dict[object, _Part]], location: Location, number: int) -> None:
    if location[2] == WHOLE:
        touched[location[:2]].clear()
    part = _part(touched, location)
    part.writer = number
    part.readers.clear()


def _conflicts(
    touched: defaultdict[Owner, dict[object, _Part]], locations: Iterable[Location], *, write: bool
) -> set[int]:
    """The steps that touched the same pieces before; of two reads neither minds the other."""
    found: set[int] = set()
    for kind, owner, name in locations:
        parts = touched[kind, owner]
        for part in parts.values() if name == WHOLE else filter(None, (parts.get(name), parts.get(WHOLE))):
            if part.writer is not None:
                found.add(part.writer)
            if write:
                found.update(part.readers)
    return found


def _scattered(numbers: Sequence[int]) -> int:
    """A number of 64 bits that looks random and is the same in each process."""
    mixed = hash(tuple(numbers)) * 0x9E3779B97F4A7C15 & _MASK
    return mixed ^ mixed >> 32
