"""What kernel tests expect: a broken rule with its sentence, and the calls that a probe saw."""

import pytest

from asyncndis.base import Probe, RuleViolation


def breaks(rule: str, sentence: str = "") -> pytest.RaisesExc[RuleViolation]:
    """The block breaks this rule, and the message, without the line where, has ``sentence`` in it."""
    return pytest.raises(RuleViolation, check=lambda error: error.rule == rule and sentence in error.message)


class Recorder(Probe):
    """Writes down what it sees."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    async def preempt(  # pyright: ignore[reportIncompatibleVariableOverride] - a method serves, too
        self, operation: str, subject: object
    ) -> None:
        self.calls.append(("preempt", operation))

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        self.calls.append(("before", operation))

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        self.calls.append(("after", operation))


class Refusing(Probe):
    """Refuses every operation."""

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        raise RuleViolation("TEST-01", f"{operation} is refused", subject)
