"""The self-check finds where two runs of one schedule part."""

import asyncio
from typing import Any

from asyncndis.torture import choose
from asyncndis.torture.determinism import find_nondeterminism
from asyncndis.torture.search import Plan, simulated_runner
from tests.torture import faulty


def said_of(program: Any) -> str:
    with simulated_runner(program, Plan()) as runner:
        return find_nondeterminism(runner, [])


def test_a_deterministic_program_is_told_nothing() -> None:
    assert said_of(faulty.careful_pool) == ""


def test_the_step_and_the_line_where_runs_part_are_named() -> None:
    runs: list[int] = []

    async def program() -> None:
        runs.append(0)
        await asyncio.sleep(0)
        if len(runs) % 2:
            faulty.tasks.add(asyncio.create_task(asyncio.sleep(0)))
        await asyncio.sleep(0)

    line = program.__code__.co_firstlineno + 5
    assert said_of(program) == (
        f"two runs of one schedule part at step 2, after test_determinism.py:{line}: the program is not deterministic"
    )


def test_other_choices_are_another_run() -> None:
    runs: list[int] = []

    async def program() -> None:
        runs.append(0)
        choose(f"value {len(runs) % 2}", 2)

    assert "part at step 1, after" in said_of(program)


def test_without_a_line_of_the_program_none_is_named() -> None:
    futures: list[Any] = []

    def program() -> Any:
        futures.append(0)
        return asyncio.sleep(len(futures) % 2)

    assert said_of(program) == "two runs of one schedule part at step 1: the program is not deterministic"


def test_a_run_that_only_goes_on_longer_is_told_too() -> None:
    runs: list[int] = []

    async def program() -> None:
        runs.append(0)
        if len(runs) % 2:
            await asyncio.sleep(1)

    assert said_of(program) == "two runs of one schedule differ in length: the program is not deterministic"
