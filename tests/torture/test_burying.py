"""What a run leaves behind is ended without a word."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable

import anyio
import pytest

from asyncndis.torture import FailureKind, explore

Program = Callable[[], Awaitable[None]]


async def stuck() -> None:
    await anyio.Event().wait()


async def task_groups() -> None:
    async with anyio.create_task_group() as outer:
        outer.start_soon(stuck)
        async with asyncio.TaskGroup() as inner:
            inner.create_task(stuck())
            async with anyio.create_task_group() as innermost:
                innermost.start_soon(stuck)


async def waits_again_and_again() -> None:
    event, times = asyncio.Event(), 0
    while times < 20:
        try:
            await event.wait()
        finally:
            times += 1
            continue  # noqa: B012 - as stubborn as it can be


async def wrapped(program: Program) -> None:
    await program()


@pytest.mark.parametrize("program", [task_groups, waits_again_and_again])
def test_ending_what_waits_is_quiet(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[object] = []

    def hear(news: "sys.UnraisableHookArgs") -> None:
        heard.append(str(news.exc_value))

    monkeypatch.setattr(sys, "unraisablehook", hear)
    failure = explore(lambda: wrapped(lambda: wrapped(program)), schedules=10).failure
    gc.collect()
    assert failure is not None
    assert (failure.kind, heard) == (FailureKind.DEADLOCK, [])
