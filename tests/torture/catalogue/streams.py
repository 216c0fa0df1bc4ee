"""Queues, readers and writers, of which more than one task takes hold at a time."""

import asyncio
import struct

from .cases import DEADLOCK, bug
from .parts import io


class _Wire:
    """A writer that gives way between two writes, and keeps what was written."""

    def __init__(self) -> None:
        self.written = bytearray()

    async def write(self, data: bytes) -> None:
        self.written += data
        await io()  # drains

    def frames(self) -> list[bytes]:
        data, frames = bytes(self.written), list[bytes]()
        while data:
            (length,) = struct.unpack(">H", data[:2])
            assert length < 64, "a header is no header"
            frames.append(data[2 : 2 + length])
            data = data[2 + length :]
        return frames


async def _write_frames(*, locks: bool) -> None:
    wire = _Wire()
    lock = asyncio.Lock()

    async def send(frame: bytes, delay: int) -> None:
        await io(delay)
        header = struct.pack(">H", len(frame))
        if locks:
            async with lock:
                await wire.write(header)
                await wire.write(frame)
        else:
            await wire.write(header)
            await wire.write(frame)

    await asyncio.gather(send(b"first", 0), send(b"second", 4))
    assert sorted(wire.frames()) == [b"first", b"second"]


async def frames_written_under_a_lock() -> None:
    await _write_frames(locks=True)


@bug("frames-interleaved", fixed=frames_written_under_a_lock, depth=2)
async def frames_written_in_two_parts() -> None:
    """A second sender writes its header between the header and the body of the first."""
    await _write_frames(locks=False)


async def _read_together(*, locks: bool) -> None:
    """Two tasks read messages from one stream, which a third feeds."""
    reader = asyncio.StreamReader()
    lock = asyncio.Lock()
    messages: list[bytes] = []

    async def read() -> None:
        if locks:
            async with lock:
                messages.append(await reader.readline())
        else:
            messages.append(await reader.readline())

    async def feed() -> None:
        for line in (b"one\n", b"two\n"):
            reader.feed_data(line)
            await io(3)
        reader.feed_eof()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed())
        tasks.create_task(read())
        await io(4)
        tasks.create_task(read())
    assert messages == [b"one\n", b"two\n"]


async def stream_read_under_a_lock() -> None:
    await _read_together(locks=True)


@bug("two-readers-of-one-stream", fixed=stream_read_under_a_lock, depth=2)
async def stream_read_by_two() -> None:
    """A stream is read while another task waits for its data already, which it does not allow."""
    await _read_together(locks=False)


async def _read_in_parts(*, locks: bool) -> None:
    """Two tasks read messages, a length and a body, that have all arrived."""
    reader = asyncio.StreamReader()
    lock = asyncio.Lock()
    messages: list[bytes] = []

    async def read_message() -> None:
        (length,) = await reader.readexactly(1)
        await io()  # finds a buffer
        messages.append(await reader.readexactly(length))

    async def read() -> None:
        if locks:
            async with lock:
                await read_message()
        else:
            await read_message()

    reader.feed_data(b"\x03one\x05three")
    reader.feed_eof()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(read())
            await io(4)
    assert sorted(messages) == [b"one", b"three"]


async def message_read_under_a_lock() -> None:
    await _read_in_parts(locks=True)


@bug("body-taken-for-a-length", fixed=message_read_under_a_lock, depth=2)
async def message_read_in_two_parts() -> None:
    """A reader takes the first byte of another's body for the length of its own message."""
    await _read_in_parts(locks=False)


async def _join_queue(*, marks_last: bool) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    stored: list[int] = []

    async def work() -> None:
        while True:
            item = await queue.get()
            if not marks_last:
                queue.task_done()
            await io()  # stores it
            stored.append(item)
            if marks_last:
                queue.task_done()

    async def produce() -> None:
        for item in range(3):
            queue.put_nowait(item)
            await io(3)

    worker = asyncio.create_task(work())
    await produce()
    await queue.join()
    worker.cancel()
    await asyncio.wait({worker})
    assert stored == [0, 1, 2]


async def done_marked_last() -> None:
    await _join_queue(marks_last=True)


@bug("done-before-it-is-done", fixed=done_marked_last, depth=1)
async def done_marked_first() -> None:
    """task_done() comes before the work, so that join() lets the worker be stopped in the middle of the last item."""
    await _join_queue(marks_last=False)


async def _retry_jobs(*, counts: bool) -> None:
    """Two workers; what fails at first is put back; one sentinel for each says that no more comes."""
    queue: asyncio.Queue[tuple[str, int] | None] = asyncio.Queue()
    done: list[str] = []

    async def work() -> None:
        while (job := await queue.get()) is not None:
            name, attempt = job
            await io()
            if name == "flaky" and attempt == 0:
                queue.put_nowait((name, 1))
            else:
                done.append(name)
            queue.task_done()

    async def produce() -> None:
        for name in ("good", "flaky", "fine"):
            queue.put_nowait((name, 0))
        if counts:
            await queue.join()
        else:
            await io(7)
        for _ in range(2):
            queue.put_nowait(None)

    await asyncio.gather(work(), work(), produce())
    assert sorted(done) == ["fine", "flaky", "good"], "a job is lost"


async def sentinel_after_the_join() -> None:
    await _retry_jobs(counts=True)


@bug("sentinel-overtakes-a-retry", fixed=sentinel_after_the_join, depth=2)
async def sentinel_after_the_last_job() -> None:
    """A job is put back behind the sentinels, where nobody reads any more."""
    await _retry_jobs(counts=False)


class _Broadcast:
    """Gives each item to all subscribers, through a small queue for each."""

    def __init__(self, *, waits: bool) -> None:
        self.waits = waits
        self.queues = [asyncio.Queue[int](2) for _ in range(2)]

    async def publish(self, item: int) -> None:
        for queue in self.queues:
            if self.waits:
                await queue.put(item)
            else:
                queue.put_nowait(item)

    async def subscribe(self, queue: "asyncio.Queue[int]") -> list[int]:
        return [await queue.get() for _ in range(5)]

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            readers = [tasks.create_task(self.subscribe(queue)) for queue in self.queues]
            for item in range(5):
                await self.publish(item)
                await io()
        assert [reader.result() for reader in readers] == [[0, 1, 2, 3, 4]] * 2


async def broadcast_waits() -> None:
    await _Broadcast(waits=True).run()


@bug("slow-subscriber", fixed=broadcast_waits, depth=1)
async def broadcast_does_not_wait() -> None:
    """A subscriber that is slow for three items finds the broadcaster with a full queue and no patience."""
    await _Broadcast(waits=False).run()


async def _close_writer(*, flushes: bool) -> None:
    """A writer task drains a queue to the wire; closing must not lose what was accepted."""
    queue: asyncio.Queue[int] = asyncio.Queue()
    wire: list[int] = []

    async def write() -> None:
        while True:
            item = await queue.get()
            await io()
            wire.append(item)
            queue.task_done()

    writer = asyncio.create_task(write())
    for item in range(3):
        queue.put_nowait(item)
        await io(2)
    if flushes:
        await queue.join()
    else:
        while not queue.empty():  # noqa: ASYNC110 - this is the bug
            await asyncio.sleep(0.001)
    writer.cancel()
    await asyncio.wait({writer})
    assert wire == [0, 1, 2], "accepted data is lost"


async def writer_flushed() -> None:
    await _close_writer(flushes=True)


@bug("closed-when-empty", fixed=writer_flushed, depth=1)
async def writer_closed_when_empty() -> None:
    """The queue is empty while the last item is still on its way to the wire."""
    await _close_writer(flushes=False)


async def _rendezvous(*, cancels_politely: bool) -> None:
    """A request and its answer go through two bounded queues, in both directions at once."""
    requests: asyncio.Queue[int] = asyncio.Queue(1)
    answers: asyncio.Queue[int] = asyncio.Queue(0 if cancels_politely else 1)
    got: list[int] = []

    async def serve() -> None:
        for _ in range(6):
            number = await requests.get()
            await answers.put(number)

    async def ask() -> None:
        for number in range(6):
            await requests.put(number)
            await io(3)
            if not answers.empty() and number < 4:
                got.append(answers.get_nowait())
        while len(got) < 6:
            got.append(await answers.get())

    await asyncio.gather(ask(), serve())
    assert got == [0, 1, 2, 3, 4, 5]


async def answers_unbounded() -> None:
    await _rendezvous(cancels_politely=True)


@bug("both-queues-full", fixed=answers_unbounded, depth=3, kind=DEADLOCK)
async def answers_bounded() -> None:
    """The client waits to send while the server waits to answer, since neither reads before it has written."""
    await _rendezvous(cancels_politely=False)
