"""Follows a tape that is known; beyond its end, and where a choice has fewer answers than the tape says, it takes 0."""

from collections.abc import Sequence

from asyncndis.torture.points import Point

from .base import Strategy

__all__ = ["Replay", "Retrace"]


class Replay(Strategy):
    """Runs one tape once.

    :ivar strayed: whether an answer of the tape did not fit: the program is not the one that was recorded
    """

    name = "replay"
    wants_steps = True

    def __init__(self, tape: Sequence[int]) -> None:
        super().__init__(schedules=1)
        self._tape = tape
        self.strayed = False

    def begin(self, number: int) -> bool:
        """Wind the tape back; there is one schedule."""
        self._position = 0
        self.strayed = False
        return number == 0

    def choose(self, point: Point) -> int:
        """The next answer of the tape."""
        position = self._position
        if position >= len(self._tape):
            return 0
        self._position = position + 1
        choice = self._tape[position]
        if choice < point.options:
            return choice
        self.strayed = True
        return 0


class Retrace(Replay):
    """Runs a tape and has the source lines of its steps written down, too."""

    wants_lines = True
