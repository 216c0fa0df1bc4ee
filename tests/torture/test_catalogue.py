"""The explorer finds every bug of the catalogue, says what kind it is, and reports none of the fixed twins."""

import asyncio
from collections import Counter

import pytest

from asyncndis.torture import explore
from tests.torture.catalogue import CASES, Case

SCHEDULES = 10_000
SCHEDULES_OF_FIXED = 100

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@every_case
def test_bug_is_found(case: Case) -> None:
    result = explore(case.buggy, schedules=SCHEDULES, cancel=case.cancel, faults=case.faults)
    assert result.failure is not None, f"not found in {result.schedules} schedules"
    assert result.failure.kind is case.kind, result.failure.report()


@every_case
def test_fixed_twin_is_not_reported(case: Case) -> None:
    result = explore(case.fixed, schedules=SCHEDULES_OF_FIXED, cancel=case.cancel, faults=case.faults)
    assert result.failure is None, result.failure.report()


@every_case
def test_both_pass_as_they_come(case: Case) -> None:
    """Otherwise it would take no explorer to find the bug."""

    async def run() -> None:
        async with asyncio.timeout(60):
            await case.buggy()
            await case.fixed()

    asyncio.run(run())


def test_catalogue_is_large_and_varied() -> None:
    assert len(CASES) >= 60
    assert {name: count for name, count in Counter(case.name for case in CASES).items() if count > 1} == {}
    assert {case.depth for case in CASES} == set(range(1, 7))
    assert sum(case.cancel or case.faults is not None for case in CASES) >= 12
    assert all(case.summary.endswith(".") for case in CASES)
