"""Coroutines, tasks and errors that nobody looks after."""

import asyncio
import contextlib
from collections import deque

from .cases import LIVELOCK, NOT_AWAITED, NOT_RETRIEVED, TASKS_LEFT, bug
from .parts import Connection, io


async def _overflow(*, awaits: bool) -> None:
    """A log writes in one go when it is full; most of the time its reader empties it before."""
    lines: deque[str] = deque()
    written: list[str] = []

    async def flush() -> None:
        while lines:
            written.append(lines.popleft())
            await io()

    async def log() -> None:
        for number in range(6):
            lines.append(f"line {number}")
            if len(lines) > 3:
                if awaits:
                    await flush()
                else:
                    flush()  # type: ignore[unused-coroutine]  # the bug # pyright: ignore[reportUnusedCoroutine]
            await io(2)

    async def read() -> None:
        for _ in range(12):
            if lines:
                written.append(lines.popleft())
            await io()

    await asyncio.gather(log(), read())
    await flush()
    assert sorted(written) == [f"line {number}" for number in range(6)]


async def flush_awaited() -> None:
    await _overflow(awaits=True)


@bug("await-forgotten", fixed=flush_awaited, depth=1, kind=NOT_AWAITED)
async def flush_not_awaited() -> None:
    """The branch for a full log, which is seldom taken, calls a coroutine function and does not await it."""
    await _overflow(awaits=False)


async def _fire_and_forget(*, keeps: bool) -> None:
    """Each request is noted by a task of its own, until the connection is closed."""
    connection = Connection()
    notes: set[asyncio.Task[None]] = set()

    async def note(number: int) -> None:
        await connection.send(number)

    for number in range(3):
        task = asyncio.create_task(note(number))
        if keeps:
            notes.add(task)
        await io(3)
    if keeps:
        await asyncio.gather(*notes)
    connection.close()
    await io(5)


async def notes_waited_for() -> None:
    await _fire_and_forget(keeps=True)


@bug("fire-and-forget", fixed=notes_waited_for, depth=1, kind=NOT_RETRIEVED)
async def notes_forgotten() -> None:
    """A task that nobody waits for finds the connection closed, and nobody hears of it."""
    await _fire_and_forget(keeps=False)


async def _one_for_each(*, asks_at_once: bool) -> None:
    """Two workers serve a queue while there is something in it, until all of it is done."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    queue.put_nowait(1)

    async def work(delay: int) -> None:
        await io(delay)
        while not queue.empty():
            if asks_at_once:
                item = queue.get_nowait()
            else:
                await io()  # says what it is going to do
                item = await queue.get()
            assert item
            queue.task_done()

    workers = [asyncio.create_task(work(delay)) for delay in (0, 5)]
    assert workers
    await queue.join()
    await io(9)  # time enough for the workers to see that nothing is left


async def item_taken_at_once() -> None:
    await _one_for_each(asks_at_once=True)


@bug("worker-left-at-the-queue", fixed=item_taken_at_once, depth=2, kind=TASKS_LEFT)
async def item_waited_for() -> None:
    """Two workers see one item; the one who comes second waits for another for ever, and nobody for it."""
    await _one_for_each(asks_at_once=False)


async def _heart_beat(*, marks_first: bool) -> None:
    """Connecting starts a heart-beat, which disconnecting stops."""
    is_connected = False
    beating: asyncio.Task[None] | None = None

    async def beat() -> None:
        while True:  # noqa: ASYNC110 - a heart beats by the clock
            await asyncio.sleep(0.01)

    async def connect(delay: int) -> None:
        nonlocal is_connected, beating
        await io(delay)
        if is_connected:
            return
        is_connected = marks_first
        await io()  # shakes hands
        is_connected = True
        beating = asyncio.create_task(beat())

    await asyncio.gather(connect(0), connect(4))
    if beating is not None:
        beating.cancel()
        await asyncio.wait({beating})


async def connected_marked_first() -> None:
    await _heart_beat(marks_first=True)


@bug("second-heart-beat", fixed=connected_marked_first, depth=2, kind=TASKS_LEFT)
async def connected_marked_last() -> None:
    """Connecting twice starts two heart-beats, of which only the second is known to who stops it."""
    await _heart_beat(marks_first=False)


async def _gather_one_fails(*, by_group: bool) -> None:
    """A page is put together of two parts, one of which may fail."""
    connection = Connection()
    used_when_closed: list[str] = []

    async def fetch(part: str) -> None:
        for _ in range(3):
            await io()
            if not connection.is_open:
                used_when_closed.append(part)

    async def fail() -> None:
        await io(5)
        raise LookupError("no such part")

    try:
        if by_group:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(fetch("head"))
                tasks.create_task(fail())
        else:
            await asyncio.gather(fetch("head"), fail())
    except* LookupError:
        connection.close()
    await io(5)
    assert not used_when_closed, "a part is fetched on a connection that is closed"


async def parts_in_a_group() -> None:
    await _gather_one_fails(by_group=True)


@bug("gather-leaves-the-others", fixed=parts_in_a_group, depth=1)
async def parts_gathered() -> None:
    """gather() reports the first failure and lets the others go on, on a connection that is closed by then."""
    await _gather_one_fails(by_group=False)


async def _background_error(*, looks: bool) -> None:
    """A producer feeds a consumer; when it fails, the consumer must hear of it rather than wait for ever."""
    queue: asyncio.Queue[int | None] = asyncio.Queue()
    budget = 8

    async def produce() -> None:
        nonlocal budget
        try:
            for number in range(3):
                await io()
                if budget < 2:
                    raise RuntimeError("over budget")
                queue.put_nowait(number)
        finally:
            queue.put_nowait(None)

    async def spend() -> None:
        nonlocal budget
        await io(7)
        budget = 0

    producer = asyncio.create_task(produce())
    spender = asyncio.create_task(spend())
    while await queue.get() is not None:
        await io()
    await spender
    if looks:
        with contextlib.suppress(RuntimeError):
            await producer


async def producer_looked_after() -> None:
    await _background_error(looks=True)


@bug("error-nobody-asks-for", fixed=producer_looked_after, depth=1, kind=NOT_RETRIEVED)
async def producer_forgotten() -> None:
    """A producer that fails says that it is over, and nobody asks why."""
    await _background_error(looks=False)


async def _retry_conflict(*, gives_up: bool) -> None:
    """An update is tried again while its row is locked; the one who has locked it may have been stopped."""
    is_locked = False

    async def batch() -> None:
        nonlocal is_locked
        is_locked = True
        try:
            await io(3)
        finally:
            if gives_up:
                is_locked = False
        is_locked = False

    async def update() -> None:
        await io(8)
        while is_locked:  # noqa: ASYNC110 - trying again is how such programs wait
            await asyncio.sleep(0.001)

    async with asyncio.TaskGroup() as tasks:
        batching = tasks.create_task(batch())
        tasks.create_task(update())
        await io(10)
        batching.cancel()


async def lock_taken_away() -> None:
    await _retry_conflict(gives_up=True)


@bug("retries-for-ever", fixed=lock_taken_away, depth=2, kind=LIVELOCK)
async def lock_left_behind() -> None:
    """A mark that says "locked" outlives its task, and another tries again and again."""
    await _retry_conflict(gives_up=False)
