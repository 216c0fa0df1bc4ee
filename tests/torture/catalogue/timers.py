"""Time-outs, deadlines and delays that meet what they wait for at one moment, or come earlier than was hoped."""

import asyncio
import contextlib

from .cases import NOT_RETRIEVED, bug
from .parts import Connection, io

TICK = 0.01


async def _upload(*, joins: bool) -> None:
    """A connection is closed when an upload should be over."""
    connection = Connection()

    async def upload() -> None:
        for part in range(3):
            await asyncio.sleep(TICK)
            await connection.send(part)

    uploading = asyncio.create_task(upload())
    try:
        if joins:
            await asyncio.wait({uploading})
        else:
            await asyncio.sleep(6 * TICK)
    finally:
        uploading.cancel()
        await asyncio.wait({uploading})
    assert uploading.cancelled() or connection.sent == [0, 1, 2]
    assert joins or not uploading.cancelled(), "the upload was not over"


async def upload_joined() -> None:
    await _upload(joins=True)


@bug("slept-long-enough", fixed=upload_joined, depth=1, cancel=True)
async def upload_slept_for() -> None:
    """A sleep stands for a join, and on a slow day it is over before what it waits for."""
    await _upload(joins=False)


async def _give_up(*, looks: bool) -> None:
    """A timer gives up a request, to which the answer comes at the last moment."""
    loop = asyncio.get_running_loop()
    request = loop.create_future()

    def give_up() -> None:
        if not (looks and request.done()):
            request.set_exception(TimeoutError("no answer"))

    async def answer() -> None:
        await asyncio.sleep(TICK)
        if not request.done():
            request.set_result("answer")

    loop.call_later(TICK, give_up)
    answering = asyncio.create_task(answer())
    with contextlib.suppress(TimeoutError):
        await request
    await answering
    await asyncio.sleep(TICK)


async def gives_up_if_not_done() -> None:
    await _give_up(looks=True)


@bug("given-up-when-answered", fixed=gives_up_if_not_done, depth=1, kind=NOT_RETRIEVED)
async def gives_up_blindly() -> None:
    """The answer comes at the moment of the time-out and before it, and the timer's callback fails."""
    await _give_up(looks=False)


async def _save(*, clears_first: bool) -> None:
    """A document is saved a moment after it was changed."""
    text, saved, is_dirty = "", "", False

    async def save() -> None:
        nonlocal saved, is_dirty
        await asyncio.sleep(TICK)
        if clears_first:
            is_dirty = False
        content = text
        await io(2)  # writes
        saved = content
        if not clears_first:
            is_dirty = False

    def change(new: str) -> None:
        nonlocal text, is_dirty
        text = new
        if not is_dirty:
            is_dirty = True
            saving.append(asyncio.create_task(save()))

    async def type_on() -> None:
        await asyncio.sleep(TICK)
        change("hello world")

    saving: list[asyncio.Task[None]] = []
    typing = asyncio.create_task(type_on())
    await io()
    change("hello")
    await typing
    for task in saving:
        await task
    assert saved == text, "a change was not saved"


async def dirty_cleared_first() -> None:
    await _save(clears_first=True)


@bug("changed-while-saved", fixed=dirty_cleared_first, depth=2)
async def dirty_cleared_last() -> None:
    """A change comes while the document is being saved, and the mark that says so is cleared with the old one."""
    await _save(clears_first=False)


async def _midnight(*, together: bool) -> None:
    """At midnight the counter of invoices starts anew, and the first invoice of the year is written."""
    loop = asyncio.get_running_loop()
    midnight = loop.time() + TICK
    counter = 412
    invoices: list[int] = []

    def reset() -> None:
        nonlocal counter
        counter = 0

    def write() -> None:
        nonlocal counter
        counter += 1
        invoices.append(counter)

    def both() -> None:
        reset()
        write()

    if together:
        loop.call_at(midnight, both)
    else:
        loop.call_at(midnight, reset)
        loop.call_at(midnight, write)
    await asyncio.sleep(2 * TICK)
    assert invoices == [1]


async def midnight_in_one() -> None:
    await _midnight(together=True)


@bug("two-timers-of-one-moment", fixed=midnight_in_one, depth=1)
async def midnight_in_two() -> None:
    """Two timers are set for one moment, and are taken to fire in the order in which they were set."""
    await _midnight(together=False)


async def _move_with_timeout(*, rolls_back: bool) -> None:
    """A transfer of two steps is given a limited time."""
    pots = {"left": 5, "right": 5}

    async def move() -> None:
        await asyncio.sleep(TICK)
        pots["left"] -= 1
        try:
            await io()
        except asyncio.CancelledError:
            if rolls_back:
                pots["left"] += 1
            raise
        pots["right"] += 1

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5 * TICK):
            await move()
    assert sum(pots.values()) == 10, "money is lost"


async def move_rolled_back() -> None:
    await _move_with_timeout(rolls_back=True)


@bug("timeout-in-the-middle", fixed=move_rolled_back, depth=2, cancel=True)
async def move_interrupted() -> None:
    """A time-out strikes between the two steps of a transfer."""
    await _move_with_timeout(rolls_back=False)


async def _reconnect(*, closes: bool) -> None:
    """A connection that does not answer in time is replaced."""
    opened: list[Connection] = []

    async def connect() -> Connection:
        connection = Connection(f"connection {len(opened)}")
        opened.append(connection)
        try:
            await io(2)  # shakes hands
        except asyncio.CancelledError:
            if closes:
                connection.close()
            raise
        return connection

    for _ in range(3):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5 * TICK):
                connection = await connect()
                connection.close()
                break
    assert not any(connection.is_open for connection in opened), "a connection is left open"


async def half_open_closed() -> None:
    await _reconnect(closes=True)


@bug("timeout-during-handshake", fixed=half_open_closed, depth=1, cancel=True)
async def half_open_left() -> None:
    """The time-out strikes while hands are shaken, and nobody closes what is half open."""
    await _reconnect(closes=False)
