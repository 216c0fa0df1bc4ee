"""Small asyncio programs, each with something typical to explore."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator

__all__ = [
    "conflicting",
    "counting_to_one",
    "echoing",
    "in_order_of_completion",
    "independent",
    "jobs",
    "locked",
    "meeting",
    "racing",
    "sharing_a_generator",
    "sorting",
    "spinning",
    "timing_out",
    "walking",
]


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


async def jobs(seen: list[object]) -> None:
    """Functions in threads."""
    await asyncio.gather(asyncio.to_thread(seen.append, 1), asyncio.to_thread(seen.append, 2))


async def timing_out(seen: list[object]) -> None:
    """Sleeps against a timeout that comes before, after, and at the same time."""

    async def sleep(seconds: float) -> None:
        async with asyncio.timeout(1):
            await asyncio.sleep(seconds)
            seen.append(seconds)

    found = await asyncio.gather(sleep(1), sleep(0.5), sleep(2), return_exceptions=True)
    seen.append([type(each).__name__ for each in found])


async def _give(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def in_order_of_completion(seen: list[object]) -> None:
    """Whoever is done first is seen first."""
    tasks = [asyncio.ensure_future(_give(value)) for value in range(3)]  # of coroutines it makes tasks in any order
    for each in asyncio.as_completed(tasks):
        seen.append(await each)  # noqa: PERF401 - one by one is what it is about


async def counting_to_one(seen: list[object]) -> None:
    """A wait that ends with the first of three."""
    tasks = [asyncio.ensure_future(_give(value)) for value in range(3)]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    seen.append(sorted(task.result() for task in done))
    await asyncio.gather(*pending)


async def walking(seen: list[object]) -> None:
    """Two asynchronous generators side by side."""

    async def numbers() -> AsyncIterator[int]:
        for number in range(2):
            await asyncio.sleep(0)
            yield number

    async def walk(name: str) -> None:
        async for number in numbers():
            seen.append((name, number))  # noqa: PERF401 - one by one is what it is about

    await asyncio.gather(walk("a"), walk("b"))


async def meeting(seen: list[object]) -> None:
    """Two who wait for each other."""
    barrier = asyncio.Barrier(2)

    async def come(name: str) -> None:
        seen.append((name, await barrier.wait()))

    await asyncio.gather(come("a"), come("b"))


async def sorting(seen: list[object]) -> None:
    """A queue that gives the smallest first."""
    queue = asyncio.PriorityQueue[int]()

    async def get() -> None:
        seen.append(await queue.get())

    await asyncio.gather(queue.put(2), queue.put(1), get(), get())


async def sharing_a_generator(seen: list[object]) -> None:
    """Two tasks that draw from one generator."""

    def numbers() -> Iterator[int]:
        yield from range(10)

    shared = numbers()

    async def draw(name: str) -> None:
        for _ in range(2):
            seen.append((name, next(shared)))
            await asyncio.sleep(0)

    await asyncio.gather(draw("a"), draw("b"))


async def echoing(seen: list[object]) -> None:
    """A server and a client over the network in memory."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(1))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 9000)
    reader, writer = await asyncio.open_connection("127.0.0.1", 9000)
    writer.write(b"a")
    seen.append(await reader.read())
    writer.close()
    server.close()
