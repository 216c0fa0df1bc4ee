"""What only one kind of loop can do to a handler's await."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

import outcome
import pytest
import trio
from anyio import create_task_group

from asyncndis.base import RuleViolation
from asyncndis.kernel import Irql, invoke
from asyncndis.kernel.control import loop_control
from tests.unit.kernel.expecting import breaks
from tests.unit.kernel.tasks import start


@pytest.mark.anyio
async def test_a_wait_that_cannot_be_called_off_is_seen_through_first() -> None:
    steps: list[str] = []

    async def stubborn() -> None:
        with trio.CancelScope(shield=True):
            await trio.lowlevel.wait_task_rescheduled(lambda _raise_cancel: trio.lowlevel.Abort.FAILED)
        steps.append("went on")

    async def handler() -> None:
        with breaks("IRQL-02"):
            await invoke(stubborn, irql=Irql.DISPATCH)
        steps.append("told")

    async with create_task_group() as group:
        tasks: list[trio.lowlevel.Task] = []

        async def run() -> None:
            tasks.append(trio.lowlevel.current_task())
            await handler()

        await start(group, run)
        assert steps == []
        trio.lowlevel.reschedule(tasks[0])
    assert steps == ["went on", "told"]


@pytest.mark.anyio
async def test_a_wait_that_can_only_be_called_off_later_is_refused_then() -> None:
    cancels: list[Callable[[], NoReturn]] = []
    tasks: list[trio.lowlevel.Task] = []
    steps: list[str] = []

    def abort_later(raise_cancel: Callable[[], NoReturn]) -> trio.lowlevel.Abort:
        cancels.append(raise_cancel)
        return trio.lowlevel.Abort.FAILED

    async def slow() -> None:
        try:
            await trio.lowlevel.wait_task_rescheduled(abort_later)
        except RuleViolation:
            steps.append("refused")
            raise

    async def run() -> None:
        tasks.append(trio.lowlevel.current_task())
        with breaks("IRQL-02"):
            await invoke(slow, irql=Irql.DISPATCH)
        steps.append("told")

    async with create_task_group() as group:
        await start(group, run)
        trio.lowlevel.reschedule(tasks[0], outcome.capture(cancels[0]))
    assert steps == ["refused", "told"]


@pytest.mark.asyncio
async def test_a_task_that_is_awaited_is_called_off_as_a_cancellation_would() -> None:
    other = asyncio.create_task(asyncio.sleep(3600))

    async def handler() -> None:
        await other

    with breaks("IRQL-02"):
        await invoke(handler, irql=Irql.DISPATCH)
    with pytest.raises(asyncio.CancelledError):
        await other


@pytest.mark.asyncio
async def test_the_refusal_is_a_cancellation_to_asyncio_and_a_violation_to_the_driver() -> None:
    seen: list[type[BaseException]] = []

    async def handler() -> None:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError as error:
            seen.extend(type(error).__mro__)
            raise

    with breaks("IRQL-02") as caught:
        await invoke(handler, irql=Irql.DISPATCH)
    assert {RuleViolation, asyncio.CancelledError} <= set(seen)
    assert not isinstance(caught.value, asyncio.CancelledError)
    assert loop_control().RefusedAwait in seen
