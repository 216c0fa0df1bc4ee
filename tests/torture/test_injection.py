"""What can be injected when: cancellations of tasks that have begun, of scopes that can be reached, early timers."""

import asyncio

import anyio

from asyncndis.torture import choose, explore
from asyncndis.torture.injection import possible_injections
from asyncndis.torture.loop import ControlledLoop


def possible() -> list[str]:
    """What could be injected now, in words, without what would meet the program itself."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, ControlledLoop)
    return [each.text(loop) for each in possible_injections(loop) if each.target]


def test_a_task_can_be_cancelled_once_and_when_it_has_begun() -> None:
    seen: list[list[str]] = []

    async def program() -> None:
        worker = asyncio.create_task(asyncio.Event().wait(), name="worker")
        seen.append(possible())
        await asyncio.sleep(0)
        seen.append(possible())
        worker.cancel()
        seen.append(possible())
        await asyncio.wait([worker])
        seen.append(possible())

    assert explore(program, schedules=1).failure is None
    assert seen[:4] == [[], ["cancel worker"], [], []]


def test_the_innermost_scope_that_is_no_shield_can_be_cancelled() -> None:
    seen: list[list[str]] = []

    async def wait() -> None:
        with anyio.CancelScope(), anyio.CancelScope(shield=True):
            await anyio.sleep_forever()

    async def program() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait, name="worker")
            tasks.start_soon(anyio.sleep_forever, name="other")
            await asyncio.sleep(0)
            seen.append(possible())
            tasks.cancel_scope.cancel()
            seen.append([each for each in possible() if "scope of other" in each])

    explore(program, schedules=1)
    assert seen[:2] == [
        ["cancel worker", "cancel the scope of worker", "cancel other", "cancel the scope of other"],
        [],
    ]


def test_a_timer_can_fire_early_only_while_others_are_ready() -> None:
    seen: list[list[str]] = []

    async def program() -> None:
        seen.append(possible())
        sleeper = asyncio.create_task(asyncio.sleep(1), name="sleeper")
        await asyncio.sleep(0)
        seen.append(possible())
        asyncio.get_running_loop().call_soon(lambda: seen.append(possible()))
        other = asyncio.create_task(asyncio.sleep(0), name="other")
        seen.append(possible())
        await asyncio.gather(sleeper, other)

    assert explore(program, schedules=1).failure is None
    assert seen[:3] == [[], ["cancel sleeper"], ["cancel sleeper", "let the earliest timer fire"]]


def test_what_an_injection_does_to_the_program_itself_is_excused() -> None:
    async def program() -> None:
        await asyncio.sleep(1)
        await asyncio.wait_for(asyncio.sleep(1), 5)

    assert explore(program, strategy="random", schedules=300, cancel=True).failure is None


def test_a_run_has_no_more_injections_than_its_budget() -> None:
    counts: set[int] = set()

    async def victim() -> None:
        for _ in range(3):
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                struck.append(0)

    struck: list[int] = []

    async def program() -> None:
        struck.clear()
        choose("a value, which no injection is", 2)
        workers = [asyncio.create_task(victim()) for _ in range(3)]
        await asyncio.wait(workers)
        counts.add(len(struck))

    explore(program, strategy="random", schedules=500, cancel=True)
    assert counts == {0, 1, 2}
