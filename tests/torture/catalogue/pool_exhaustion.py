"""Everybody has a part of what is needed, and waits for the rest."""

import asyncio

from .cases import DEADLOCK, bug
from .parts import Pool, io


async def _take_parts(workers: int, size: int, parts: int, *, limit: int) -> None:
    """Each worker takes several items one by one from a pool; a limit says how many may be at it at once."""
    pool = Pool(size)
    admission = asyncio.Semaphore(limit)
    done = 0

    async def work() -> None:
        nonlocal done
        async with admission:
            taken: list[int] = []
            for _ in range(parts):
                taken.append(await pool.take())
                await io()
            done += 1
            for item in taken:
                pool.give_back(item)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(workers):
            tasks.create_task(work())
            await io(parts)
    assert done == workers
    assert len(pool.free) == size


async def one_takes_both() -> None:
    await _take_parts(2, 2, 2, limit=1)


@bug("one-each-of-two", fixed=one_takes_both, depth=2, kind=DEADLOCK)
async def two_take_one_each() -> None:
    """Two workers need two items each of two, and each has got one."""
    await _take_parts(2, 2, 2, limit=2)


async def two_may_take_three() -> None:
    await _take_parts(4, 8, 3, limit=3)


@bug("two-each-of-eight", fixed=two_may_take_three, depth=4, kind=DEADLOCK)
async def four_take_two_each() -> None:
    """Four workers need three items each of eight, and each has got two."""
    await _take_parts(4, 8, 3, limit=4)


async def four_may_take_two() -> None:
    await _take_parts(5, 5, 2, limit=4)


@bug("one-each-of-five", fixed=four_may_take_two, depth=5, kind=DEADLOCK)
async def five_take_one_each() -> None:
    """Five workers need two items each of five, and each has got one."""
    await _take_parts(5, 5, 2, limit=5)


async def _resize(*, holds: bool) -> None:
    """Uploads run two at a time; each makes a thumbnail, which is an upload as well."""
    slots = asyncio.Semaphore(2)
    stored: list[str] = []

    async def upload(name: str, *, thumbnail: bool) -> None:
        async with slots:
            await io()
            stored.append(name)
            if thumbnail and holds:
                await upload(f"small {name}", thumbnail=False)
        if thumbnail and not holds:
            await upload(f"small {name}", thumbnail=False)

    async with asyncio.TaskGroup() as tasks:
        for name in ("cat", "dog"):
            tasks.create_task(upload(name, thumbnail=True))
            await io(4)
    assert sorted(stored) == ["cat", "dog", "small cat", "small dog"]


async def thumbnail_uploaded_afterwards() -> None:
    await _resize(holds=False)


@bug("nested-semaphore", fixed=thumbnail_uploaded_afterwards, depth=2, kind=DEADLOCK)
async def thumbnail_uploaded_within() -> None:
    """Each upload holds a slot while it waits for one more."""
    await _resize(holds=True)


async def _pipeline(*, has_reserve: bool) -> None:
    """A reader queues frames in buffers of a pool; the writer needs a buffer for the header of each."""
    pool = Pool(3)
    headers = Pool(1) if has_reserve else pool
    queue: asyncio.Queue[int] = asyncio.Queue()
    written = 0

    async def read() -> None:
        for _ in range(4):
            queue.put_nowait(await pool.take())
            await io(4)

    async def write() -> None:
        nonlocal written
        for _ in range(4):
            frame = await queue.get()
            header = await headers.take()
            await io()
            headers.give_back(header)
            pool.give_back(frame)
            written += 1

    await asyncio.gather(read(), write())
    assert written == 4


async def headers_of_their_own() -> None:
    await _pipeline(has_reserve=True)


@bug("reader-takes-all-buffers", fixed=headers_of_their_own, depth=1, kind=DEADLOCK)
async def headers_of_the_same_pool() -> None:
    """A fast reader takes the last buffer, without which the writer cannot send what would free one."""
    await _pipeline(has_reserve=False)


async def _report(*, forks_late: bool) -> None:
    """A pool of connections serves requests; each request spawns a helper that needs a connection, too."""
    pool = Pool(2)
    done = 0

    async def helper() -> None:
        connection = await pool.take()
        await io()
        pool.give_back(connection)

    async def request() -> None:
        nonlocal done
        connection = await pool.take()
        await io()
        child = asyncio.create_task(helper())
        if forks_late:
            pool.give_back(connection)
            await child
        else:
            await child
            pool.give_back(connection)
        done += 1

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(request())
            await io(5)
    assert done == 3


async def connection_back_before_the_helper() -> None:
    await _report(forks_late=True)


@bug("helper-needs-a-connection", fixed=connection_back_before_the_helper, depth=3, kind=DEADLOCK)
async def connection_held_for_the_helper() -> None:
    """Requests hold all connections and wait for helpers that need one."""
    await _report(forks_late=False)
