"""Names of actors are short, and each is one actor's own."""

import asyncio

import anyio
import pytest

from asyncndis.torture import explore
from asyncndis.torture.naming import short_names


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("Task-3", "Task-3"),
        ("worker", "worker"),
        ("tests.pools.test_it.<locals>.take", "take"),
        ("Pool._refill", "_refill"),
        ("module.<lambda>", "<lambda>"),
        ("version 1.5 of it", "version 1.5 of it"),
        ("10.0.0.1", "10.0.0.1"),
        ("a..b", "a..b"),
        ("", ""),
    ],
)
def test_what_looks_like_a_qualified_name_is_cut(name: str, short: str) -> None:
    assert short_names([name]) == [short]


def test_later_ones_of_a_name_are_counted_and_the_first_keeps_it() -> None:
    assert short_names(["m.take", "other", "take", "n.take"]) == ["take", "other", "take (2)", "take (3)"]


def test_errors_and_reports_call_a_task_of_anyio_the_same() -> None:
    async def wait_for_it(event: anyio.Event) -> None:
        await event.wait()

    async def program() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait_for_it, anyio.Event())
            tasks.start_soon(wait_for_it, anyio.Event())
            await asyncio.sleep(0)

    failure = explore(program, schedules=1).failure
    assert failure is not None
    assert "wait_for_it waits for Event event in wait_for_it (test_naming.py:" in str(failure.error)
    assert "; wait_for_it (2) waits for" in str(failure.error)
    assert "waits for wait_for_it and wait_for_it (2) in program" in str(failure.error)
    assert "<locals>" not in failure.report()
    assert "  wait_for_it (2)  test_naming.py:" in failure.report()
