"""Small programs with known faults, used by several tests of the explorer."""

import asyncio


async def lost_update() -> None:
    total = 0

    async def add() -> None:
        nonlocal total
        seen = total
        await asyncio.sleep(0)
        total = seen + 1

    await asyncio.gather(add(), add())
    assert total == 2


async def reversed_order() -> None:
    """Fails in one of the orders in which four tasks can end, and not in asyncio's own."""
    order: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(0)
        order.append(number)

    await asyncio.gather(*map(work, range(4)))
    assert order != [3, 2, 1, 0]


async def crossed_locks() -> None:
    first, second = asyncio.Lock(), asyncio.Lock()

    async def take(one: asyncio.Lock, other: asyncio.Lock) -> None:
        async with one:
            await asyncio.sleep(0)
            async with other:
                pass

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(take(first, second), name="left")
        tasks.create_task(take(second, first), name="right")


async def polite_forever() -> None:
    turn = 0

    async def wait_for(mine: int, other: int) -> None:
        nonlocal turn
        while turn != mine:
            turn = other
            await asyncio.sleep(0)

    await asyncio.gather(wait_for(1, 2), wait_for(2, 1))


async def spins_with_lock() -> None:
    lock = asyncio.Lock()
    is_set = False

    async def spin() -> None:
        async with lock:
            while not is_set:  # noqa: ASYNC110 - that is the bug
                await asyncio.sleep(0)

    async def set_it() -> None:
        nonlocal is_set
        async with lock:
            is_set = True

    await asyncio.gather(spin(), set_it())


async def leaves_a_task() -> None:
    never = asyncio.get_running_loop().create_future()

    async def wait() -> None:
        await never

    tasks.add(asyncio.create_task(wait(), name="stray"))
    await asyncio.sleep(0)


tasks: set[asyncio.Task[None]] = set()


async def nobody_asks() -> None:
    async def fail() -> None:
        raise ValueError("nobody asks")

    tasks.add(asyncio.create_task(fail()))
    await asyncio.sleep(1)


async def forgets_to_await() -> None:
    asyncio.sleep(0)  # type: ignore[unused-coroutine]  # pyright: ignore[reportUnusedCoroutine]  # that is the bug


class HandOff:
    """A pool of one place; ``is_careful`` hands a place on that was given to a task which is cancelled."""

    def __init__(self, *, is_careful: bool) -> None:
        self.is_careful = is_careful
        self.free = 1
        self.waiters: list[asyncio.Future[None]] = []

    async def get(self) -> None:
        if self.free:
            self.free -= 1
            return
        seat: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiters.append(seat)
        try:
            await seat
        except asyncio.CancelledError:
            if self.is_careful and seat.done() and not seat.cancelled():
                self.put()
            raise

    def put(self) -> None:
        while self.waiters:
            seat = self.waiters.pop(0)
            if not seat.done():
                seat.set_result(None)
                return
        self.free += 1


async def use_pool(*, is_careful: bool) -> None:
    pool = HandOff(is_careful=is_careful)

    async def use() -> None:
        await pool.get()
        try:
            await asyncio.sleep(0)
        finally:
            pool.put()

    users = [asyncio.create_task(use()) for _ in range(3)]
    await asyncio.wait(users)
    assert pool.free == 1


async def careful_pool() -> None:
    await use_pool(is_careful=True)


async def careless_pool() -> None:
    await use_pool(is_careful=False)
