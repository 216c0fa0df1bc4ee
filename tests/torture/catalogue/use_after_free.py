"""Something is closed, recycled or evicted while somebody else still uses it."""

import asyncio
from collections import OrderedDict

from .cases import bug
from .parts import Connection, io


async def _close_pool(*, waits: bool) -> None:
    idle = [Connection("a"), Connection("b")]
    busy: set[Connection] = set()
    closing = asyncio.Event()
    one_is_back = asyncio.Event()

    async def query() -> None:
        if closing.is_set() or not idle:
            return
        connection = idle.pop()
        busy.add(connection)
        await connection.send("select 1")
        busy.remove(connection)
        idle.append(connection)
        one_is_back.set()

    async def shut_down() -> None:
        await io(4)
        closing.set()
        while waits and busy:
            one_is_back.clear()
            await one_is_back.wait()
        for connection in (*idle, *busy):
            connection.close()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(query())
        tasks.create_task(shut_down())


async def pool_waits_for_the_busy() -> None:
    await _close_pool(waits=True)


@bug("pool-closed-while-in-use", fixed=pool_waits_for_the_busy, depth=2)
async def pool_closes_the_busy() -> None:
    """A pool closes all its connections, also the one on which a query is under way."""
    await _close_pool(waits=False)


class _Shared:
    """A file that is opened by its first user and closed by its last."""

    def __init__(self, *, counts_late: bool) -> None:
        self.counts_late = counts_late
        self.users = 0
        self.file: Connection | None = None

    def acquire(self) -> Connection:
        self.users += 1
        if self.file is None:
            self.file = Connection("file")
        return self.file

    async def release(self) -> None:
        file = self.file
        assert file is not None
        if self.counts_late:
            is_last = self.users == 1
            await file.send("flush")
            self.users -= 1
        else:
            await file.send("flush")
            self.users -= 1
            is_last = self.users == 0
        if is_last:
            file.close()
            self.file = None


async def _count_users(shared: _Shared) -> None:
    async def append(delay: int) -> None:
        await io(delay)
        file = shared.acquire()
        await file.send("line")
        await shared.release()

    async with asyncio.TaskGroup() as tasks:
        for delay in (0, 6):
            tasks.create_task(append(delay))
    assert shared.file is None


async def users_counted_after_the_flush() -> None:
    await _count_users(_Shared(counts_late=False))


@bug("last-user-is-not-the-last", fixed=users_counted_after_the_flush, depth=2)
async def users_counted_before_the_flush() -> None:
    """Who thinks that it is the last user flushes the file; another opens it meanwhile and finds it closed."""
    await _count_users(_Shared(counts_late=True))


async def _send_zero_copy(*, waits: bool) -> None:
    """Frames are sent from one buffer that is filled again and again."""
    buffer = bytearray(4)
    wire: list[bytes] = []

    async def transmit(view: memoryview) -> None:
        await io()
        wire.append(bytes(view))

    async with asyncio.TaskGroup() as tasks:
        for number in range(4):
            buffer[:] = bytes([number]) * 4
            sending = tasks.create_task(transmit(memoryview(buffer)))
            if waits:
                await sending
            else:
                await io(3)
    assert wire == [bytes([number]) * 4 for number in range(4)]


async def buffer_reused_when_sent() -> None:
    await _send_zero_copy(waits=True)


@bug("buffer-reused-too-early", fixed=buffer_reused_when_sent, depth=1)
async def buffer_reused_too_early() -> None:
    """A buffer is filled anew while the frame before is still being sent from it."""
    await _send_zero_copy(waits=False)


class _Cache:
    """Keeps two sessions open, and closes the one that was used least recently."""

    def __init__(self, *, pins: bool) -> None:
        self.pins = pins
        self.sessions: OrderedDict[str, Connection] = OrderedDict()
        self.pinned: dict[str, int] = {}

    async def ask(self, host: str) -> None:
        session = self.sessions.pop(host, None) or Connection(host)
        self.sessions[host] = session
        self.pinned[host] = self.pinned.get(host, 0) + 1
        self.evict()
        await session.send("get /")
        self.pinned[host] -= 1

    def evict(self) -> None:
        for host in [*self.sessions]:
            if len(self.sessions) <= 2:
                return
            if not (self.pins and self.pinned[host]):
                self.sessions.pop(host).close()


async def _browse(cache: _Cache) -> None:
    async def browse(hosts: str, delay: int) -> None:
        await io(delay)
        for host in hosts:
            await cache.ask(host)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(browse("ab", 0))
        tasks.create_task(browse("cd", 5))


async def busy_sessions_pinned() -> None:
    await _browse(_Cache(pins=True))


@bug("evicted-while-in-use", fixed=busy_sessions_pinned, depth=3)
async def busy_sessions_evicted() -> None:
    """Two other requests push a session out of the cache while one is still under way on it."""
    await _browse(_Cache(pins=False))


async def _visit_all(*, copies: bool) -> None:
    sessions = {number: Connection(f"session {number}") for number in range(3)}

    async def ping_all() -> None:
        for session in tuple(sessions.values()) if copies else sessions.values():
            if session.is_open:
                session.sent.append("ping")
            await io()

    async def leave(number: int) -> None:
        await io(6)
        sessions.pop(number).close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ping_all())
        tasks.create_task(leave(0))


async def visits_a_copy() -> None:
    await _visit_all(copies=True)


@bug("changed-while-visited", fixed=visits_a_copy, depth=2)
async def visits_what_changes() -> None:
    """A session leaves the table while another task walks over it."""
    await _visit_all(copies=False)


async def _idle_timer(*, looks: bool) -> None:
    """A connection that is idle for a second is closed; the next request opens another."""
    loop = asyncio.get_running_loop()
    connection: Connection | None = None
    busy = False

    def close_if_idle() -> None:
        nonlocal connection
        if connection is not None and not (looks and busy):
            connection.close()
            connection = None

    async def request() -> None:
        nonlocal connection, busy
        if connection is None:
            connection = Connection()
        busy = True
        await connection.send("get /")
        busy = False

    await request()
    timer = loop.call_later(0.01, close_if_idle)
    await asyncio.sleep(0.01)
    await request()
    timer.cancel()
    if connection is not None:
        connection.close()


async def idle_timer_looks() -> None:
    await _idle_timer(looks=True)


@bug("idle-timer-during-request", fixed=idle_timer_looks, depth=2)
async def idle_timer_does_not_look() -> None:
    """The idle timer expires at the moment at which the next request begins."""
    await _idle_timer(looks=False)
