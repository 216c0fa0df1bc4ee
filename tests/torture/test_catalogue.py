"""The explorer finds every bug of the catalogue, says what kind it is, and reports none of the fixed twins."""

from collections import Counter

import pytest

from asyncndis.torture import explore
from tests.torture.catalogue import CASES, Case

SCHEDULES = 10_000
SCHEDULES_OF_FIXED = 100
SCHEDULES_OF_A_STACK = 20  # each takes as long as forty of another program

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_bug_is_found(case: Case) -> None:
    result = explore(case.buggy, schedules=SCHEDULES, cancel=case.cancel, faults=case.faults)
    assert result.failure is not None, f"not found in {result.schedules} schedules"
    assert result.failure.kind is case.kind, result.failure.report()


@every_case
def test_fixed_twin_is_not_reported(case: Case) -> None:
    schedules = SCHEDULES_OF_A_STACK if case.family == "drivers_stack" else SCHEDULES_OF_FIXED
    result = explore(case.fixed, schedules=schedules, cancel=case.cancel, faults=case.faults)
    assert result.failure is None, result.failure.report()


@every_case
def test_bug_does_not_show_in_the_order_of_asyncio(case: Case) -> None:
    """Otherwise it would take no explorer to find it. In virtual time: some of them take a nap."""
    result = explore(case.buggy, strategy="dfs", schedules=1, cancel=case.cancel, faults=case.faults)
    assert result.failure is None, result.failure.report()


def test_catalogue_is_large_and_varied() -> None:
    assert len(CASES) >= 60
    assert {name: count for name, count in Counter(case.name for case in CASES).items() if count > 1} == {}
    assert {case.depth for case in CASES} == set(range(1, 7))
    assert sum(case.cancel or case.faults is not None for case in CASES) >= 12
    assert all(case.summary.endswith(".") for case in CASES)
