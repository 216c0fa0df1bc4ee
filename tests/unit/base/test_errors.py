"""The two families of errors stay apart, and tell the culprit, the status and the two lines."""

import copy
from itertools import product

import pytest

from asyncndis.base import (
    IllegalTransition,
    NdisError,
    NdisStatus,
    PoolClosed,
    PoolExhausted,
    RuleViolation,
    Site,
    StaleHandle,
)

ENVIRONMENT = [NdisError, PoolClosed, PoolExhausted]
DRIVER = [RuleViolation, StaleHandle, IllegalTransition]


@pytest.mark.parametrize(("environment", "driver"), [*product(ENVIRONMENT, DRIVER)])
def test_the_families_share_no_base_below_exception(environment: type[Exception], driver: type[Exception]) -> None:
    shared = set(environment.__mro__) & set(driver.__mro__)
    assert shared == {Exception, BaseException, object}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (NdisError, NdisStatus.FAILURE),
        (PoolExhausted, NdisStatus.RESOURCES),
        (PoolClosed, NdisStatus.CLOSING),
    ],
)
def test_an_environment_error_carries_its_status(kind: type[NdisError], status: NdisStatus) -> None:
    assert kind("no").status is status
    assert kind("no", NdisStatus.OPEN_FAILED).status is NdisStatus.OPEN_FAILED
    assert str(kind("no")) == "no"


def test_success_is_a_status_like_any_other() -> None:
    assert NdisError("odd", NdisStatus.SUCCESS).status is NdisStatus.SUCCESS


@pytest.mark.parametrize("kind", DRIVER)
def test_a_violation_carries_rule_subject_and_the_line_that_made_it(kind: type[RuleViolation]) -> None:
    subject = object()
    violation = kind("POOL-01", "it did; do not", subject)
    assert (violation.rule, violation.message, violation.subject) == ("POOL-01", "it did; do not", subject)
    assert violation.site.file == __file__
    assert violation.site.function.startswith("test_a_violation")
    assert violation.other is None
    assert str(violation) == f"POOL-01: it did; do not [at {violation.site}]"


def test_a_violation_shows_both_lines() -> None:
    here, before = Site("/far/driver.c", 3, "send"), Site("/far/driver.c", 1, "halt")
    violation = RuleViolation("BUF-05", "used", site=here, other=before)
    assert str(violation) == "BUF-05: used [at /far/driver.c:3 in send; before that: /far/driver.c:1 in halt]"


def test_a_violation_can_be_copied() -> None:
    violation = RuleViolation("BUF-05", "used", other=Site("/far/driver.c", 1, "halt"))
    assert str(copy.copy(violation)) == str(violation)
