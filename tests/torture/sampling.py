"""What the tests of strategies share: the orders that a strategy draws, and programs that it must or must not fail."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import anyio
from anyio.lowlevel import checkpoint

from asyncndis.torture.strategies.base import Run, Strategy
from tests.torture.abstract import Machine


def sample(strategy: Strategy, program: Sequence[Sequence[str]], count: int) -> list[Run]:
    """So many runs of an abstract program."""
    machine = Machine(program, strategy)
    runs: list[Run] = []
    for number in range(count):
        assert strategy.begin(number)
        runs.append(machine.run(number)[0])
    return runs


def orders(strategy: Strategy, program: Sequence[Sequence[str]], count: int) -> list[tuple[int, ...]]:
    """The actors of so many runs, step by step."""
    return [tuple(step.actor for step in run.steps) for run in sample(strategy, program, count)]


def switches(order: tuple[int, ...]) -> int:
    """How often another actor goes on than before."""
    return sum(one != other for one, other in pairwise(order))


async def spinners() -> None:
    """Two tasks poll until a third one has done its work."""
    done: list[bool] = []

    async def poll() -> None:
        while not any(done):  # noqa: ASYNC110 - it is what the strategies have to bear
            await asyncio.sleep(0)

    async def work() -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        done.append(True)

    await asyncio.gather(poll(), poll(), work())


async def cancelled_scopes() -> None:
    """anyio delivers a cancellation again and again, until the tasks have left the scope."""

    async def stubborn() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                for _ in range(5):
                    await checkpoint()

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(stubborn)
        await checkpoint()
        tasks.cancel_scope.cancel()


async def late_look() -> None:
    """Fails if four steps of one task come before the second step of another."""
    flag = asyncio.Event()

    async def look() -> None:
        await asyncio.sleep(0)
        assert not flag.is_set(), "too late"

    async def raise_flag() -> None:
        for _ in range(4):
            await asyncio.sleep(0)
        flag.set()

    await asyncio.gather(look(), raise_flag())


async def small() -> None:
    """Two tasks of three steps."""

    async def walk() -> None:
        for _ in range(2):
            await asyncio.sleep(0)

    await asyncio.gather(walk(), walk())


async def large() -> None:
    """Eight tasks of eight steps on one counter: more orders than anybody can try."""
    total = 0

    async def walk() -> None:
        nonlocal total
        for _ in range(8):
            total += 1
            await asyncio.sleep(0)

    await asyncio.gather(*(walk() for _ in range(8)))
