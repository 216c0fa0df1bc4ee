"""How frames would get from one task to another without the model: through a queue or a stream, at its best tuning.

One task produces and another consumes, both for as long as the loop runs. In a *hand-off* the consumer waits for each
frame, as a driver waits for its device: so with a queue of one. Where the queue is deep, one task fills it and the
other empties it, and tasks are switched once for so many frames; where a whole batch is one item, the queue has nothing
to do with frames any more.
"""

from asyncio import Queue, TaskGroup
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

from benchmarks.harness import Contender, Loop

from .samples import BATCH, FRAME_BYTES

__all__ = ["HAND_OFF", "PEERS"]

_DEPTH = 256
HAND_OFF = "asyncio.Queue, a hand-off for each frame"


def queue_of(depth: int) -> Loop:
    """Each frame is an item of a queue of such a depth."""
    frame = bytes(FRAME_BYTES)

    async def loop(count: int) -> None:
        queue: Queue[bytes] = Queue(depth)

        async def produce() -> None:
            put = queue.put
            for _ in range(count):
                await put(frame)

        async def consume() -> None:
            get = queue.get
            for _ in range(count):
                await get()

        async with TaskGroup() as group:
            group.create_task(produce())
            group.create_task(consume())

    return loop


@asynccontextmanager
async def hand_off() -> AsyncGenerator[Loop]:
    """A queue of one: the consumer waits for each frame."""
    yield queue_of(1)


@asynccontextmanager
async def deep_queue() -> AsyncGenerator[Loop]:
    """A deep queue: tasks are switched once for as many frames."""
    yield queue_of(_DEPTH)


@asynccontextmanager
async def queue_of_batches() -> AsyncGenerator[Loop]:
    """A queue of lists of frames, made and gone through by the two tasks."""
    frame = bytes(FRAME_BYTES)

    async def loop(count: int) -> None:
        queue: Queue[list[bytes]] = Queue(_DEPTH // BATCH)
        batches = -(-count // BATCH)

        async def produce() -> None:
            for _ in range(batches):
                await queue.put([frame for _ in range(BATCH)])

        async def consume() -> None:
            seen = 0
            for _ in range(batches):
                for _frame in await queue.get():
                    seen += 1

        async with TaskGroup() as group:
            group.create_task(produce())
            group.create_task(consume())

    yield loop


@asynccontextmanager
async def anyio_stream() -> AsyncGenerator[Loop]:
    """A memory object stream, deep enough for a batch at a time."""
    frame = bytes(FRAME_BYTES)

    async def loop(count: int) -> None:
        sending, receiving = anyio.create_memory_object_stream[bytes](_DEPTH)

        async def produce() -> None:
            async with sending:
                for _ in range(count):
                    await sending.send(frame)

        async with receiving, anyio.create_task_group() as group:
            group.start_soon(produce)
            async for _frame in receiving:
                pass

    yield loop


PEERS = (
    Contender(HAND_OFF, hand_off),
    Contender("asyncio.Queue of 256 frames", deep_queue),
    Contender("asyncio.Queue of lists of 32", queue_of_batches),
    Contender("anyio memory stream", anyio_stream),
)
