"""Tasks that know their numbers, the callables that C queues for them, and jobs."""

import asyncio
from typing import Any

import pytest

from asyncndis.torture import explore
from asyncndis.torture.loop import ControlledLoop
from asyncndis.torture.points import CALLBACKS
from asyncndis.torture.tasks import ControlledTask, Job, StepType, WakeupType


def test_entries_are_known_by_their_actors() -> None:
    seen: list[list[int]] = []
    kinds: list[type] = []

    async def program() -> None:
        loop: Any = asyncio.get_running_loop()
        future = loop.create_future()
        waiter = asyncio.ensure_future(_wait_for(future))
        await asyncio.sleep(0)
        future.set_result(None)
        fresh = asyncio.create_task(asyncio.sleep(0))
        loop.call_soon(len, "")
        loop.call_soon(len, "")
        job = loop.run_in_executor(None, len, "")
        seen.append([loop.actor_of(entry) for entry in loop.ready])
        kinds[:] = [type(entry[0]) for entry in loop.ready]
        await asyncio.gather(waiter, fresh, job)

    assert explore(program, schedules=1).failure is None
    assert seen[0] == [1, 2, CALLBACKS, 3]
    assert kinds[0] is WakeupType
    assert kinds[1] is StepType
    assert kinds[3] is Job


async def _wait_for(future: "asyncio.Future[None]") -> None:
    await future


def test_tasks_are_walked_in_the_order_of_their_creation_in_a_set() -> None:
    async def program() -> None:
        tasks = {asyncio.create_task(asyncio.sleep(0)) for _ in range(20)}
        assert [each.number for each in tasks if isinstance(each, ControlledTask)] == list(range(1, 21))
        await asyncio.wait(tasks)

    assert explore(program, schedules=5).failure is None


def job_on(function: Any) -> "tuple[Job, asyncio.Future[Any]]":
    future: asyncio.Future[Any] = ControlledLoop().create_future()
    return Job(7, function, (), future), future


def test_a_job_settles_its_future() -> None:
    job, future = job_on(lambda: 5)
    job()
    assert (job.number, future.result()) == (7, 5)


def test_what_a_job_raises_belongs_to_who_waits() -> None:
    job, future = job_on(lambda: 1 / 0)
    job()
    with pytest.raises(ZeroDivisionError):
        future.result()


def test_an_interrupt_in_a_job_is_raised_where_it_rings() -> None:
    def ring() -> None:
        raise KeyboardInterrupt

    job, future = job_on(ring)
    with pytest.raises(KeyboardInterrupt):
        job()
    assert not future.done()


def test_a_job_that_nobody_waits_for_any_more_does_nothing() -> None:
    called: list[int] = []
    job, future = job_on(lambda: called.append(1))
    future.cancel()
    job()
    assert called == []


@pytest.mark.parametrize("fails", [False, True])
def test_a_job_that_cancels_its_own_future_keeps_its_answer_to_itself(*, fails: bool) -> None:
    def cancel() -> None:
        future.cancel()
        if fails:
            raise ValueError

    job, future = job_on(cancel)
    job()
    assert future.cancelled()
