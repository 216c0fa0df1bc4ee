"""Somebody is cancelled, by a colleague, a time-out or from outside, where nobody thought of it."""

import asyncio
import contextlib

from .cases import DEADLOCK, NOT_RETRIEVED, bug
from .parts import Connection, Pool, io


class _LosingPool(Pool):
    async def wait_for_hand_off(self, waiter: "asyncio.Future[int]") -> int:
        return await waiter


async def _share(pool: Pool) -> None:
    """Two tasks share one item, and whatever happens to them, it must be back in the end."""

    async def use() -> None:
        item = await pool.take()
        try:
            await io()
        finally:
            pool.give_back(item)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(2):
                tasks.create_task(use())
    finally:
        assert len(pool.free) == pool.size, "an item is lost"


async def hand_off_handed_on() -> None:
    await _share(Pool(1))


@bug("lost-in-hand-off", fixed=hand_off_handed_on, depth=2, cancel=True)
async def hand_off_lost() -> None:
    """A waiter is cancelled after an item was handed to it and before it runs, and nobody gives the item on."""
    await _share(_LosingPool(1))


async def _time_out(pool: Pool) -> None:
    """One holds the only item for a moment; the other has a little more patience than that."""

    async def hold() -> None:
        item = await pool.take()
        try:
            await asyncio.sleep(0.01)
        finally:
            pool.give_back(item)

    async def hurry() -> None:
        await io()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                pool.give_back(await pool.take())

    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(hold())
            tasks.create_task(hurry())
    finally:
        assert len(pool.free) == pool.size, "an item is lost"


async def timed_out_hand_off_handed_on() -> None:
    await _time_out(Pool(1))


@bug("timeout-after-hand-off", fixed=timed_out_hand_off_handed_on, depth=3, cancel=True)
async def timed_out_hand_off_lost() -> None:
    """The time-out strikes between the hand-off of an item and the waiter's next step."""
    await _time_out(_LosingPool(1))


async def _audited(*, tries_at_once: bool) -> None:
    lock = asyncio.Lock()
    balance = 0

    async def audit() -> None:
        await io()

    async def deposit() -> None:
        nonlocal balance
        await lock.acquire()
        if not tries_at_once:
            await audit()
        try:
            await audit()
            balance += 1
        finally:
            lock.release()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(deposit())
    assert 0 <= balance <= 2


async def audited_within_try() -> None:
    await _audited(tries_at_once=True)


@bug("cancelled-before-try", fixed=audited_within_try, depth=1, kind=DEADLOCK, cancel=True)
async def audited_before_try() -> None:
    """There is an await between the acquisition of a lock and the try that releases it."""
    await _audited(tries_at_once=False)


async def _retry(*, swallows: bool) -> None:
    """A supervisor stops a worker that retries whatever goes wrong."""
    stopping = asyncio.Event()

    async def send() -> None:
        try:
            await io(3)
        except asyncio.CancelledError as error:
            if swallows:
                raise ConnectionError("the send was interrupted") from error
            raise

    async def worker() -> None:
        while True:
            await stopping.wait()
            with contextlib.suppress(ConnectionError):
                await send()
                stopping.clear()

    task = asyncio.create_task(worker())
    await io()
    stopping.set()
    await io(6)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def cancel_passed_on() -> None:
    await _retry(swallows=False)


@bug("cancel-turned-into-error", fixed=cancel_passed_on, depth=2, kind=DEADLOCK)
async def cancel_turned_into_error() -> None:
    """A send turns its cancellation into an error of the connection, which the worker retries for ever."""
    await _retry(swallows=True)


async def _first_of_two(*, looks_at_both: bool) -> None:
    """A consumer waits for an item or for the order to stop, whichever comes first."""
    items: asyncio.Queue[int] = asyncio.Queue()
    stop = asyncio.Event()
    got: list[int] = []

    async def consume() -> None:
        while True:
            item = asyncio.create_task(items.get())
            stopped = asyncio.create_task(stop.wait())
            try:
                await asyncio.wait({item, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if stopped.done() and not (looks_at_both and item.done()):
                    return
                got.append(item.result())
            finally:
                for task in (item, stopped):
                    task.cancel()
                await asyncio.gather(item, stopped, return_exceptions=True)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(consume())
        for item in range(3):
            await io(6)
            items.put_nowait(item)
        await io(6)
        stop.set()
    assert len(got) + items.qsize() == 3, "an item is lost"


async def both_looked_at() -> None:
    await _first_of_two(looks_at_both=True)


@bug("loser-had-an-item", fixed=both_looked_at, depth=3)
async def only_the_stop_looked_at() -> None:
    """Both halves of a select are done, and what the one that is not looked at has fetched is thrown away."""
    await _first_of_two(looks_at_both=False)


async def _commit(*, waits: bool) -> None:
    """A commit must not be interrupted, nor outlive the connection on which it runs."""
    connection = Connection()

    async def commit() -> None:
        await connection.send("write")
        await connection.send("commit")

    async def transaction() -> None:
        try:
            if not waits:
                await asyncio.shield(commit())
                return
            inner = asyncio.ensure_future(commit())
            while not inner.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({inner})
        finally:
            connection.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(transaction())


async def commit_waited_for() -> None:
    await _commit(waits=True)


@bug("shielded-and-abandoned", fixed=commit_waited_for, depth=1, kind=NOT_RETRIEVED, cancel=True)
async def commit_abandoned() -> None:
    """What shield() protects goes on alone when the one who waits is cancelled, and finds its connection closed."""
    await _commit(waits=False)


async def _serve(*, opens_inside: bool) -> None:
    """A listener hands each connection to a task of its own; one of those fails, and all are stopped."""
    opened: list[Connection] = []

    def accept() -> Connection:
        opened.append(Connection(f"connection {len(opened)}"))
        return opened[-1]

    async def handle(connection: Connection) -> None:
        try:
            await connection.send("hello")
            if connection.name.endswith("2"):
                raise ConnectionError("the peer is gone")
        finally:
            connection.close()

    async def open_and_handle() -> None:
        await handle(accept())

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(4):
                tasks.create_task(open_and_handle() if opens_inside else handle(accept()))
                await io()
    except* ConnectionError:
        pass
    finally:
        assert not any(connection.is_open for connection in opened), "a connection was left open"


async def opened_by_its_handler() -> None:
    await _serve(opens_inside=True)


@bug("cancelled-before-its-first-step", fixed=opened_by_its_handler, depth=2)
async def opened_by_the_listener() -> None:
    """A task that is cancelled before it has begun never reaches the finally that closes what it was given."""
    await _serve(opens_inside=False)


async def _dead_waiter(*, skips_the_dead: bool) -> None:
    """A semaphore by hand, whose waiters may lose patience."""
    waiters: list[asyncio.Future[None]] = []
    free = 1

    async def acquire() -> None:
        nonlocal free
        if free:
            free -= 1
            return
        waiter = asyncio.get_running_loop().create_future()
        waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                release()
            raise

    def release() -> None:
        nonlocal free
        while waiters:
            waiter = waiters.pop(0)
            if not waiter.cancelled():
                waiter.set_result(None)
                return
            if not skips_the_dead:
                return
        free += 1

    async def use(turns: int) -> None:
        await acquire()
        try:
            await io(turns)
        finally:
            release()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(use(2))
        hasty = tasks.create_task(use(1))
        tasks.create_task(use(1))
        await io(8)
        hasty.cancel()


async def dead_waiters_skipped() -> None:
    await _dead_waiter(skips_the_dead=True)


@bug("wakes-the-dead", fixed=dead_waiters_skipped, depth=2, kind=DEADLOCK)
async def dead_waiter_woken() -> None:
    """A semaphore is released to a waiter that was cancelled, and the living one behind it is left to wait."""
    await _dead_waiter(skips_the_dead=False)


async def _return_after_reset(*, returns_first: bool) -> None:
    """Who is done with a connection resets it, and puts it back."""
    idle = [Connection("a"), Connection("b")]

    async def query() -> None:
        if not idle:
            return
        connection = idle.pop()
        try:
            await connection.send("select 1")
        finally:
            if returns_first:
                idle.append(connection)
            else:
                await connection.send("reset")
                idle.append(connection)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(query())
    finally:
        assert len(idle) == 2, "a connection has gone missing"


async def returned_at_once() -> None:
    await _return_after_reset(returns_first=True)


@bug("await-in-finally", fixed=returned_at_once, depth=1, cancel=True)
async def returned_after_a_reset() -> None:
    """The finally that gives a connection back awaits before it does, and that await is cancelled, too."""
    await _return_after_reset(returns_first=False)


async def _cancelled_while_it_stops(*, tells_apart: bool) -> None:
    """Whoever stops a helper ignores the helper's cancellation; its own must not be lost with it."""
    helper_runs = asyncio.Event()
    went_on = False

    async def helper() -> None:
        try:
            helper_runs.set()
            await asyncio.get_running_loop().create_future()
        finally:
            await io(2)  # says good-bye

    async def run() -> None:
        nonlocal went_on
        task = tasks.create_task(helper())
        try:
            await helper_runs.wait()
        finally:
            task.cancel()
        if tells_apart:
            await asyncio.wait({task})
        else:
            with contextlib.suppress(asyncio.CancelledError):
                await task
        went_on = runner.cancelling() > 0

    async with asyncio.TaskGroup() as tasks:
        runner = tasks.create_task(run())
        await io(8)
        runner.cancel()
    assert not went_on, "a cancelled task went on"


async def own_cancellation_told_apart() -> None:
    await _cancelled_while_it_stops(tells_apart=True)


@bug("own-cancellation-swallowed", fixed=own_cancellation_told_apart, depth=2)
async def own_cancellation_swallowed() -> None:
    """A task that waits for one it has cancelled takes its own cancellation for the other's."""
    await _cancelled_while_it_stops(tells_apart=False)
