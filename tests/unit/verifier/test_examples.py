"""Each rule that can be seen broken: it fires on the guilty line of its example, and the clean twin is clean."""

import contextlib

import pytest

from asyncndis.base import RuleViolation
from asyncndis.verifier import EXAMPLES, RULES, verify

from .drivers import driver, marked_line, run_on

LOOPS = ("asyncio", "trio")
every_example = pytest.mark.parametrize("rule", EXAMPLES)
every_loop = pytest.mark.parametrize("loop", LOOPS)


@every_loop
@every_example
def test_guilty_line_is_found(rule: str, loop: str) -> None:
    body = EXAMPLES[rule].guilty
    with contextlib.suppress(RuleViolation, ExceptionGroup), verify() as findings:
        run_on(loop, driver(body, f"<guilty of {rule}>"))
    found = [(finding.site.file, finding.site.line) for finding in findings if finding.rule == rule]
    assert found == [(f"<guilty of {rule}>", marked_line(body, rule))]


@every_loop
@every_example
def test_twin_is_clean(rule: str, loop: str) -> None:
    with verify() as findings:
        run_on(loop, driver(EXAMPLES[rule].clean, f"<clean twin of {rule}>"))
    assert not findings, findings.report()


@every_example
def test_guilty_line_raises(rule: str) -> None:
    """The same rule is met when violations are raised: at the guilty line, or when the run ends."""
    with contextlib.suppress(RuleViolation, ExceptionGroup), verify(rules=rule, raises=True) as findings:
        run_on("asyncio", driver(EXAMPLES[rule].guilty, f"<guilty of {rule}>"))
    assert rule in findings.rules


def test_every_example_is_of_a_rule() -> None:
    assert EXAMPLES.keys() <= RULES.keys()
