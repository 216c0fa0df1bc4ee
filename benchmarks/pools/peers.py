"""The sides of the comparisons with a free descriptor: each a loop of one take and one give back, nothing else.

All loops have one shape, ``item = await take(); give(item)``. What is no pool by itself, such as a semaphore, becomes
one by the two functions that a program would write around it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import FunctionType
from typing import Any, TypeVar, cast

import anyio

from asyncndis.memory import BufferPool
from benchmarks.harness import Contender, Loop

__all__ = [
    "AWAITED",
    "FRAME",
    "NOWAIT",
    "ON_TRIO",
    "filled_pool",
    "new_items",
    "pool_loop",
    "psycopg_pool",
    "queue_of_items",
]

T = TypeVar("T")

SIZE = 64
FRAME = bytes(64)


def pool_loop(take: Callable[[], Awaitable[T]], give: Callable[[T], object]) -> Loop:
    """The loop over a pool that is taken from and given to by these two."""

    async def loop(count: int) -> None:
        for _ in range(count):
            item = await take()
            give(item)

    return with_code_of_its_own(loop)


def with_code_of_its_own(function: Callable[..., Any]) -> Loop:
    """A copy that shares no bytecode: the interpreter adapts bytecode to what it meets, and each peer is met alone."""
    original = cast(FunctionType, function)
    return FunctionType(original.__code__.replace(), original.__globals__, closure=original.__closure__)


def new_items() -> list[object]:
    """What a pool of a peer holds."""
    return [object() for _ in range(SIZE)]


async def filled_pool(count: int = SIZE) -> BufferPool:
    """A pool whose descriptors are all made and free."""
    pool = await BufferPool.create(count)
    for buffer in await pool.allocate_many(count):
        buffer.free()
    return pool


@asynccontextmanager
async def ours() -> AsyncGenerator[Loop]:
    """``await pool.allocate()`` and ``free``."""
    pool = await filled_pool()

    async def loop(count: int) -> None:
        allocate = pool.allocate
        for _ in range(count):
            buffer = await allocate()
            buffer.free()

    yield loop


@asynccontextmanager
async def ours_over_memory() -> AsyncGenerator[Loop]:
    """The same with the bytes to describe."""
    pool = await filled_pool()

    async def loop(count: int) -> None:
        allocate, frame = pool.allocate, FRAME
        for _ in range(count):
            buffer = await allocate(frame)
            buffer.free()

    yield loop


@asynccontextmanager
async def ours_nowait() -> AsyncGenerator[Loop]:
    """``pool.allocate_nowait()`` and ``free``."""
    pool = await filled_pool()

    async def loop(count: int) -> None:
        allocate = pool.allocate_nowait
        for _ in range(count):
            buffer = allocate()
            buffer.free()

    yield loop


@asynccontextmanager
async def floor() -> AsyncGenerator[Loop]:
    """An async function that pops a list, and a function that appends: nothing awaited can cost less."""
    items = new_items()

    async def take() -> object:
        return items.pop()

    def give(item: object) -> None:
        items.append(item)

    yield pool_loop(take, give)


def queue_of_items() -> asyncio.Queue[object]:
    """A queue that holds what is free."""
    queue = asyncio.Queue[object]()
    for item in new_items():
        queue.put_nowait(item)
    return queue


@asynccontextmanager
async def asyncio_queue() -> AsyncGenerator[Loop]:
    """A queue of what is free."""
    queue = queue_of_items()
    yield pool_loop(queue.get, queue.put_nowait)


@asynccontextmanager
async def asyncio_queue_nowait() -> AsyncGenerator[Loop]:
    """The same, never waiting."""
    queue = queue_of_items()

    async def loop(count: int) -> None:
        get, put = queue.get_nowait, queue.put_nowait
        for _ in range(count):
            item = get()
            put(item)

    yield loop


@asynccontextmanager
async def asyncio_semaphore() -> AsyncGenerator[Loop]:
    """A semaphore that counts the items of a list."""
    semaphore = asyncio.Semaphore(SIZE)
    items = new_items()

    async def take() -> object:
        await semaphore.acquire()
        return items.pop()

    def give(item: object) -> None:
        items.append(item)
        semaphore.release()

    yield pool_loop(take, give)


@asynccontextmanager
async def asyncio_semaphore_inline() -> AsyncGenerator[Loop]:
    """The same, written out in the loop instead of in two functions."""
    semaphore = asyncio.Semaphore(SIZE)
    items = new_items()

    async def loop(count: int) -> None:
        acquire, release, pop, append = semaphore.acquire, semaphore.release, items.pop, items.append
        for _ in range(count):
            await acquire()
            item = pop()
            append(item)
            release()

    yield loop


@asynccontextmanager
async def anyio_semaphore() -> AsyncGenerator[Loop]:
    """The semaphore of anyio, told not to yield where it need not."""
    semaphore = anyio.Semaphore(SIZE, fast_acquire=True)
    items = new_items()

    async def take() -> object:
        await semaphore.acquire()
        return items.pop()

    def give(item: object) -> None:
        items.append(item)
        semaphore.release()

    yield pool_loop(take, give)


@asynccontextmanager
async def aiologic_queue() -> AsyncGenerator[Loop]:
    """A queue for threads and tasks alike."""
    import aiologic

    queue = aiologic.SimpleQueue[object](new_items())
    yield pool_loop(queue.async_get, queue.put)


@asynccontextmanager
async def anyio_stream() -> AsyncGenerator[Loop]:
    """A memory object stream of what is free; it yields at each receive."""
    giver, taker = anyio.create_memory_object_stream[object](SIZE)
    async with giver, taker:
        for item in new_items():
            giver.send_nowait(item)
        yield pool_loop(taker.receive, giver.send_nowait)


@asynccontextmanager
async def anyio_limiter() -> AsyncGenerator[Loop]:
    """A capacity limiter that counts the items of a deque; it yields at each acquire."""
    limiter = anyio.CapacityLimiter(SIZE)
    items = deque(new_items())

    async def take() -> object:
        await limiter.acquire()
        return items.pop()

    def give(item: object) -> None:
        items.append(item)
        limiter.release()

    yield pool_loop(take, give)


@asynccontextmanager
async def trio_semaphore() -> AsyncGenerator[Loop]:
    """The semaphore of trio over a list; it yields at each acquire."""
    import trio

    semaphore = trio.Semaphore(SIZE)
    items = new_items()

    async def take() -> object:
        await semaphore.acquire()
        return items.pop()

    def give(item: object) -> None:
        items.append(item)
        semaphore.release()

    yield pool_loop(take, give)


class IdleConnection:
    """What stands in for a database connection, so that psycopg_pool can be measured without a server."""

    def __init__(self) -> None:
        from psycopg.pq import TransactionStatus

        self.pgconn = self
        self.transaction_status = TransactionStatus.IDLE

    @classmethod
    async def connect(cls, *_arguments: object, **_options: object) -> "IdleConnection":
        """A new one at once."""
        return cls()

    async def close(self) -> None:
        """Nothing to close."""


@asynccontextmanager
async def psycopg_pool(count: int = SIZE) -> AsyncGenerator[Any]:
    """The pool of psycopg over connections that cost nothing."""
    from psycopg_pool import AsyncConnectionPool

    stand_in = cast(Any, IdleConnection)
    async with AsyncConnectionPool("", connection_class=stand_in, min_size=count, open=False, timeout=3600) as pool:
        await pool.wait()
        yield pool


@asynccontextmanager
async def psycopg() -> AsyncGenerator[Loop]:
    """A connection taken and put back; both are awaited there."""
    async with psycopg_pool() as pool:

        async def loop(count: int) -> None:
            take, give = pool.getconn, pool.putconn
            for _ in range(count):
                item = await take()
                await give(item)

        yield loop


AWAITED = (
    Contender("ours", ours),
    Contender("ours over memory", ours_over_memory),
    Contender("the floor", floor),
    Contender("asyncio.Queue", asyncio_queue),
    Contender("asyncio.Semaphore + list", asyncio_semaphore),
    Contender("asyncio.Semaphore + list, inline", asyncio_semaphore_inline),
    Contender("anyio.Semaphore(fast) + list", anyio_semaphore),
    Contender("aiologic.SimpleQueue", aiologic_queue, "aiologic"),
    Contender("anyio memory stream", anyio_stream),
    Contender("anyio.CapacityLimiter + deque", anyio_limiter),
    Contender("psycopg_pool", psycopg, "psycopg_pool"),
)

NOWAIT = (
    Contender("ours", ours_nowait),
    Contender("asyncio.Queue", asyncio_queue),
    Contender("asyncio.Queue, get_nowait", asyncio_queue_nowait),
)

ON_TRIO = (
    Contender("ours", ours),
    Contender("trio.Semaphore + list", trio_semaphore),
)
