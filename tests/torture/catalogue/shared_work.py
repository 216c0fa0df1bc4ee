"""Tasks that depend on each other, of which one is cancelled: the others must hear of it."""

import asyncio

from .cases import DEADLOCK, bug
from .parts import io


class _Cache:
    """Computes each value once: the first to ask is the leader, those who come meanwhile wait for it."""

    def __init__(self) -> None:
        self.values: dict[str, asyncio.Future[int]] = {}

    async def get(self, key: str) -> int:
        while (value := self.values.get(key)) is not None:
            await self.follow(value)
            if not value.cancelled():
                return value.result()
        value = self.values[key] = asyncio.get_running_loop().create_future()
        try:
            await io(2)  # computes
        except BaseException:
            self.give_up(key)
            raise
        value.set_result(42)
        return 42

    async def follow(self, value: "asyncio.Future[int]") -> None:
        await asyncio.wait({value})

    def give_up(self, key: str) -> None:
        self.values.pop(key).cancel()


class _StubbornCache(_Cache):
    def give_up(self, key: str) -> None:
        """Leave the place to whoever comes next."""


class _DirectCache(_Cache):
    async def follow(self, value: "asyncio.Future[int]") -> None:
        await value


async def _ask(cache: _Cache) -> None:
    async def ask() -> None:
        assert await cache.get("answer") == 42

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(ask())


async def leader_gives_up() -> None:
    await _ask(_Cache())


@bug("leader-cancelled", fixed=leader_gives_up, depth=1, kind=DEADLOCK, cancel=True)
async def leader_leaves_its_place() -> None:
    """The task that computes a value for all is cancelled, and those who wait for the value are not told."""
    await _ask(_StubbornCache())


async def follower_waits_beside() -> None:
    await _ask(_Cache())


@bug("follower-cancels-the-future", fixed=follower_waits_beside, depth=1, cancel=True)
async def follower_awaits_the_future() -> None:
    """A follower is cancelled, and with it the future that it awaits, which the leader is about to complete."""
    await _ask(_DirectCache())


async def _produce(*, says_so: bool) -> None:
    """A consumer reads until the producer says that nothing more comes."""
    queue: asyncio.Queue[int | None] = asyncio.Queue()

    async def produce() -> None:
        try:
            for item in range(3):
                await io()
                queue.put_nowait(item)
        finally:
            if says_so:
                queue.put_nowait(None)
        if not says_so:
            queue.put_nowait(None)

    async def consume() -> None:
        while await queue.get() is not None:
            pass

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(produce())
        tasks.create_task(consume())


async def producer_says_so_in_any_case() -> None:
    await _produce(says_so=True)


@bug("producer-cancelled", fixed=producer_says_so_in_any_case, depth=1, kind=DEADLOCK, cancel=True)
async def producer_says_so_at_the_end() -> None:
    """A producer is cancelled before it has said that nothing more comes."""
    await _produce(says_so=False)


async def _meet(*, aborts: bool) -> None:
    """Three tasks meet at a barrier."""
    barrier = asyncio.Barrier(3)

    async def work(turns: int) -> None:
        try:
            await io(turns)
            await barrier.wait()
        except asyncio.BrokenBarrierError:
            return
        except asyncio.CancelledError:
            if aborts:
                await barrier.abort()
            raise

    async with asyncio.TaskGroup() as tasks:
        for turns in range(1, 4):
            tasks.create_task(work(turns))


async def barrier_aborted() -> None:
    await _meet(aborts=True)


@bug("one-does-not-come", fixed=barrier_aborted, depth=1, kind=DEADLOCK, cancel=True)
async def barrier_waited_for() -> None:
    """One of three tasks is cancelled on its way to a barrier, at which the others wait for ever."""
    await _meet(aborts=False)


class _Condition:
    """A condition by hand."""

    def __init__(self, *, takes_again: bool) -> None:
        self.takes_again = takes_again
        self.lock = asyncio.Lock()
        self.waiters: list[asyncio.Future[None]] = []

    async def wait(self) -> None:
        waiter = asyncio.get_running_loop().create_future()
        self.waiters.append(waiter)
        self.lock.release()
        cancelled: asyncio.CancelledError | None = None
        try:
            await waiter
        except asyncio.CancelledError as error:
            if not self.takes_again:
                raise
            cancelled = error
        while True:
            try:
                await self.lock.acquire()
                break
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    def notify_all(self) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.waiters.clear()


async def _await_news(condition: _Condition) -> None:
    news: list[str] = []

    async def read() -> None:
        async with condition.lock:
            while not news:
                await condition.wait()

    async def write() -> None:
        try:
            await io(3)
        finally:
            news.append("news")
            condition.notify_all()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write())
        for _ in range(2):
            tasks.create_task(read())


async def lock_taken_again() -> None:
    await _await_news(_Condition(takes_again=True))


@bug("cancelled-in-a-condition", fixed=lock_taken_again, depth=1, cancel=True)
async def lock_not_taken_again() -> None:
    """A waiter is cancelled while it is without the lock, which its block then releases all the same."""
    await _await_news(_Condition(takes_again=False))


async def _limit(*, counts_once: bool) -> None:
    """At most two requests run at once; a slot is given back once for each."""
    slots = asyncio.BoundedSemaphore(2)

    async def request(turns: int) -> None:
        await slots.acquire()
        has_slot = True
        try:
            await io(turns)
            slots.release()
            has_slot = False
            await io()  # writes the log
        except asyncio.CancelledError:
            if has_slot or not counts_once:
                slots.release()
            raise

    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(request(turns)) for turns in (1, 2)]
        await io(7)
        for task in running:
            task.cancel()


async def slot_released_once() -> None:
    await _limit(counts_once=True)


@bug("slot-released-twice", fixed=slot_released_once, depth=2)
async def slot_released_again() -> None:
    """A task is cancelled after it has given its slot back, and gives it back again."""
    await _limit(counts_once=False)
