"""Work that runs in threads, whose order and end nobody has promised."""

import asyncio

from .cases import bug
from .parts import io


async def _write_twice(*, waits: bool) -> None:
    """A file is written by threads; the last version has to be there in the end."""
    file = [""]

    def write(text: str) -> None:
        file[0] = text

    if waits:
        for text in ("draft", "final"):
            await asyncio.to_thread(write, text)
    else:
        await asyncio.gather(*(asyncio.to_thread(write, text) for text in ("draft", "final")))
    assert file == ["final"]


async def written_in_turn() -> None:
    await _write_twice(waits=True)


@bug("threads-out-of-order", fixed=written_in_turn, depth=1)
async def written_at_once() -> None:
    """Two threads write the same file, and the older version is written last."""
    await _write_twice(waits=False)


async def _read_and_close(*, waits: bool) -> None:
    """A thread reads a file that is closed a while later."""
    is_open = True
    failed = False

    def read() -> None:
        nonlocal failed
        failed = not is_open

    reading = asyncio.get_running_loop().run_in_executor(None, read)
    if waits:
        await asyncio.wait({reading})
    else:
        await asyncio.sleep(0.01)
    is_open = False
    await asyncio.wait({reading})
    assert not failed, "a thread reads a file that is closed"


async def closed_when_read() -> None:
    await _read_and_close(waits=True)


@bug("closed-under-a-thread", fixed=closed_when_read, depth=1, cancel=True)
async def closed_after_a_while() -> None:
    """A thread takes longer than was thought, and finds its file closed."""
    await _read_and_close(waits=False)


async def _refresh(*, checks: bool) -> None:
    """A page is loaded by threads whenever the address changes; the page of the last address is shown."""
    shown = ""
    wanted = ""

    async def load(address: str) -> None:
        nonlocal shown, wanted
        wanted = address
        page = await asyncio.to_thread(str.upper, address)
        await io()
        if not checks or wanted == address:
            shown = page

    async with asyncio.TaskGroup() as tasks:
        for address in ("old", "new"):
            tasks.create_task(load(address))
    assert shown == wanted.upper(), "an old page is shown"


async def page_checked() -> None:
    await _refresh(checks=True)


@bug("old-page-comes-last", fixed=page_checked, depth=1)
async def page_shown_as_it_comes() -> None:
    """The page of an old address is loaded slowly, and shown over the new one."""
    await _refresh(checks=False)
