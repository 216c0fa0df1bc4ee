"""From a failing tape to a failure that can be read."""

import asyncio
from typing import Any

import pytest

from asyncndis.torture import FailureKind, explore, replay
from asyncndis.torture.describing import ENDLESS_STEPS, retrace
from asyncndis.torture.search import Plan, simulated_runner
from tests.torture import faulty


def test_a_failure_tells_the_schedule_as_found_and_as_shrunk() -> None:
    failure = explore(faulty.reversed_order, strategy="random", schedules=5000).failure
    assert failure is not None
    assert len(failure.steps) >= len(failure.minimal)
    assert all(step.lines for step in failure.minimal)
    assert failure.error.__traceback__ is not None


def test_lines_are_only_noted_where_they_are_wanted() -> None:
    with simulated_runner(faulty.lost_update, Plan()) as runner:
        _, bare = retrace(runner, [])
        _, told = retrace(runner, [], with_lines=True)
    assert [step.actor for step in bare.steps] == [step.actor for step in told.steps]
    assert not any(step.lines for step in bare.steps)
    assert bare.names == []
    assert told.names == ["Task-0", "Task-1", "Task-2"]


def test_an_endless_run_is_told_by_its_beginning() -> None:
    failure = explore(faulty.polite_forever, strategy="random", max_steps=5000).failure
    assert failure is not None
    assert failure.kind is FailureKind.LIVELOCK
    assert len(failure.minimal) == ENDLESS_STEPS
    assert replay(failure.replay, faulty.polite_forever) is not None


@pytest.mark.parametrize("strategy", ["random", "dfs"])
def test_what_only_seems_endless_within_few_steps_is_not_shrunk_to_that(strategy: str) -> None:
    async def program() -> None:
        """Ends after many steps, unless the second task comes first."""
        first: list[str] = []

        async def come(name: str) -> None:
            first.append(name)

        await asyncio.gather(come("a"), come("b"))
        for _ in range(2 * ENDLESS_STEPS if first[0] == "a" else 10 * ENDLESS_STEPS):
            await asyncio.sleep(0)

    failure = explore(program, strategy=strategy, max_steps=5 * ENDLESS_STEPS).failure
    assert failure is not None
    assert failure.kind is FailureKind.LIVELOCK
    assert replay(failure.replay, program) is not None


def test_what_does_not_fail_again_is_told_with_the_first_error() -> None:
    runs: list[Any] = []

    async def program() -> None:
        runs.append(0)
        await asyncio.sleep(0)
        assert len(runs) > 1, "only once"

    failure = explore(program, strategy="random").failure
    assert failure is not None
    assert "only once" in str(failure.error)
    assert "Run once more, this schedule passes" in failure.report()
