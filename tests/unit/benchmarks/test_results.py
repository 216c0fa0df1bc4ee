"""Verdicts, and how goals and values read."""

import pytest

from benchmarks.results import Goal, Row, Verdict, at_least, at_most, duration


@pytest.mark.parametrize(
    ("value", "goal", "verdict"),
    [
        (1.5, at_most(1.5, 1.35), Verdict.GOAL),
        (1.35, at_most(1.5, 1.35), Verdict.STRETCH),
        (1.51, at_most(1.5), Verdict.MISSED),
        (2.2, at_least(2.2), Verdict.GOAL),
        (2.19, at_least(2.2), Verdict.MISSED),
        (8, at_least(3.5, 8), Verdict.STRETCH),
        (0, at_most(0), Verdict.GOAL),
        (1, None, Verdict.NO_GOAL),
        (None, at_most(1.5), Verdict.NOT_INSTALLED),
    ],
)
def test_verdict(value: float | None, goal: Goal | None, verdict: Verdict) -> None:
    assert Row("what", "against", value, goal).verdict is verdict


@pytest.mark.parametrize(
    ("row", "goal", "value"),
    [
        (Row("a", "b", 1.314, at_most(1.5, 1.35)), "≤ 1.50x (1.35x)", "1.31x"),
        (Row("a", "b", 23.4, at_least(20)), "≥ 20x", "23x"),
        (Row("a", "b", 219.4, at_most(300), unit="bytes"), "≤ 300 bytes", "219 bytes"),
        (Row("a", "b", 0, at_most(0), unit=""), "≤ 0", "0"),
        (Row("a", "b", None), "", ""),
    ],
)
def test_how_a_row_reads(row: Row, goal: str, value: str) -> None:
    assert (row.goal_text, row.value_text) == (goal, value)


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.39e-7, "139 ns"), (2.5e-6, "2.5 us"), (0.0156, "15.6 ms"), (2.0, "2 s")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text
