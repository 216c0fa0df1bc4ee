"""Findings: counted, read by people, and in plain values."""

import json

import pytest

from asyncndis.base import RuleViolation, Site
from asyncndis.verifier import Finding, Findings

HERE = Site("ring.py", 7, "send")
THERE = Site("ring.py", 3, "prepare")


def found(*violations: RuleViolation) -> Findings:
    findings = Findings()
    for violation in violations:
        findings.add(violation)
    return findings


def violation(rule: str = "BUF-05", site: Site = HERE, other: Site | None = THERE) -> RuleViolation:
    return RuleViolation(rule, "freed twice; free it once", "rx", site=site, other=other)


def test_nothing_found_is_false() -> None:
    findings = found()
    assert not findings
    assert findings.report() == "no rule was broken"
    assert repr(findings) == "<Findings none>"
    assert findings.to_json() == []


def test_findings_are_a_sequence() -> None:
    findings = found(violation(), violation("POOL-07"), violation("BUF-05", THERE))
    assert [finding.rule for finding in findings] == ["BUF-05", "POOL-07", "BUF-05"]
    assert findings.rules == ("BUF-05", "POOL-07")
    assert findings[-1] == Finding("BUF-05", "freed twice; free it once", THERE, THERE, "rx")
    assert findings[:1] == [findings[0]]
    assert repr(findings) == "<Findings BUF-05, POOL-07>"


def test_the_same_two_lines_are_one_finding() -> None:
    findings = found(violation(), violation(), violation(other=None))
    assert [finding.times for finding in findings] == [2, 1]


def test_the_same_object_counts_once() -> None:
    same = violation()
    assert [finding.times for finding in found(same, same)] == [1]


def test_a_report_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert found(violation(), violation(), violation("MINE-01", other=None)).report().splitlines() == [
        "2 findings",
        "",
        "BUF-05: freed twice; free it once",
        "  at      ring.py:7 in send",
        "  earlier ring.py:3 in prepare",
        "  rule    A buffer is freed once, by the driver that allocated it, and not used afterwards.",
        "  breaks  corrupt; read in: documentation; general knowledge",
        "  way out Give each buffer one place that frees it; `async with pool.borrow()` is one.",
        "  seen    2 times",
        "",
        "MINE-01: freed twice; free it once",
        "  at      ring.py:7 in send",
    ]


def test_one_finding_is_one() -> None:
    assert found(violation()).report().startswith("1 finding\n")


def test_plain_values_can_be_dumped() -> None:
    findings = found(violation(), RuleViolation("LOCK-04", "held", site=HERE))
    assert json.loads(json.dumps(findings.to_json())) == [
        {
            "rule": "BUF-05",
            "message": "freed twice; free it once",
            "site": {"file": "ring.py", "line": 7, "function": "send"},
            "other": {"file": "ring.py", "line": 3, "function": "prepare"},
            "subject": "'rx'",
            "times": 1,
        },
        {
            "rule": "LOCK-04",
            "message": "held",
            "site": {"file": "ring.py", "line": 7, "function": "send"},
            "other": None,
            "subject": None,
            "times": 1,
        },
    ]
