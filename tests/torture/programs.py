"""Small asyncio programs, each with something typical to explore."""

import asyncio
from collections.abc import Callable

__all__ = ["conflicting", "independent", "locked", "racing", "spinning"]


async def _repeat(times: int, act: Callable[[int], object]) -> None:
    for number in range(times):
        act(number)
        await asyncio.sleep(0)


async def independent(_seen: list[object]) -> None:
    """Two tasks of three awaits each that share nothing."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_repeat(3, list[int]().append))
        group.create_task(_repeat(3, list[int]().append))


async def conflicting(seen: list[object]) -> None:
    """Two tasks of three awaits each that append to one list."""
    shared: list[object] = []
    async with asyncio.TaskGroup() as group:
        group.create_task(_repeat(3, lambda _: shared.append("a")))
        group.create_task(_repeat(3, lambda _: shared.append("b")))
    seen.extend(shared)


async def racing(seen: list[object]) -> None:
    """An update that is lost if another one comes in between."""
    count = 0

    async def add() -> None:
        nonlocal count
        before = count
        await asyncio.sleep(0)
        count = before + 1

    await asyncio.gather(add(), add())
    seen.append(count)


async def locked(seen: list[object]) -> None:
    """The same under a lock."""
    lock, count = asyncio.Lock(), 0

    async def add() -> None:
        nonlocal count
        async with lock:
            before = count
            await asyncio.sleep(0)
            count = before + 1

    await asyncio.gather(add(), add())
    seen.append(count)


async def spinning(seen: list[object]) -> None:
    """A task that asks again and again until another one has come by."""
    flag = False

    async def spin() -> None:
        while not flag:  # noqa: ASYNC110 - spinning is what it is about
            await asyncio.sleep(0)
        seen.append("released")

    async def release() -> None:
        nonlocal flag
        await asyncio.sleep(0)
        flag = True

    await asyncio.gather(spin(), release())
