"""What a suite finds: rows of a measured value and the goal that it is held against."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

__all__ = ["Goal", "Row", "Verdict", "at_least", "at_most", "duration"]


class Verdict(StrEnum):
    """How a row came out."""

    STRETCH = "stretch reached"
    GOAL = "goal reached"
    MISSED = "missed"
    NO_GOAL = "no goal"
    NOT_INSTALLED = "peer not installed"


@dataclass(frozen=True)
class Goal:
    """A bound, and a harder one beyond it; ``at_least`` tells which way is better."""

    bound: float
    stretch: float | None
    at_least: bool

    def reached(self, value: float, bound: float | None) -> bool:
        """Whether a value keeps a bound."""
        if bound is None:
            return False
        return value >= bound if self.at_least else value <= bound


def at_most(bound: float, stretch: float | None = None) -> Goal:
    """A goal that small values reach."""
    return Goal(bound, stretch, at_least=False)


def at_least(bound: float, stretch: float | None = None) -> Goal:
    """A goal that large values reach."""
    return Goal(bound, stretch, at_least=True)


@dataclass(frozen=True)
class Row:
    """One line of the table.

    :ivar subject: what is measured
    :ivar against: what it is compared with
    :ivar value: the figure; None where the peer is not installed
    :ivar goal: what it should be
    :ivar unit: of value and goal; "x" for a ratio
    :ivar note: absolute figures, which hold for this machine and minute alone
    """

    HEAD: ClassVar = ("what", "against", "goal (stretch)", "measured", "verdict", "here and now")

    subject: str
    against: str
    value: float | None
    goal: Goal | None = None
    unit: str = "x"
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """Whether the goal was reached."""
        if self.value is None:
            return Verdict.NOT_INSTALLED
        if self.goal is None:
            return Verdict.NO_GOAL
        if self.goal.reached(self.value, self.goal.stretch):
            return Verdict.STRETCH
        return Verdict.GOAL if self.goal.reached(self.value, self.goal.bound) else Verdict.MISSED

    @property
    def goal_text(self) -> str:
        """The goal as the table shows it."""
        if self.goal is None:
            return ""
        sign = "≥" if self.goal.at_least else "≤"
        stretch = "" if self.goal.stretch is None else f" ({figure(self.goal.stretch, self.unit)})"
        return f"{sign} {figure(self.goal.bound, self.unit)}{stretch}"

    @property
    def cells(self) -> tuple[str, ...]:
        """Its line of the table."""
        return (self.subject, self.against, self.goal_text, self.value_text, self.verdict, self.note)

    @property
    def value_text(self) -> str:
        """The value as the table shows it."""
        return "" if self.value is None else figure(self.value, self.unit)


def figure(value: float, unit: str) -> str:
    """A number with its unit, in as many digits as mean something."""
    if unit == "x":
        digits = 3 if value < 0.1 else 2 if value < 10 else 0
        return f"{value:.{digits}f}x"
    number = f"{value:.1f}" if value != int(value) and abs(value) < 100 else f"{value:.0f}"
    return f"{number} {unit}".rstrip()


def duration(seconds: float) -> str:
    """A length of time with the unit that suits it."""
    for unit, size in (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"
