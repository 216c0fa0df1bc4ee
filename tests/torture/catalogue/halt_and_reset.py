"""A service stops, or starts anew, while work is still on its way in or out."""

import asyncio
from collections import deque

from .cases import DEADLOCK, bug
from .parts import io


class _Service:
    """Takes jobs while it is open; when it stops, it finishes what it has."""

    def __init__(self, *, looks_again: bool) -> None:
        self.looks_again = looks_again
        self.jobs: asyncio.Queue[asyncio.Future[str] | None] = asyncio.Queue()
        self.is_open = True

    async def submit(self) -> str:
        if self.is_closed():
            return "refused"
        await io()  # checks the quota
        if self.looks_again and self.is_closed():
            return "refused"
        job: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.jobs.put_nowait(job)
        return await job

    def is_closed(self) -> bool:
        return not self.is_open

    async def run(self) -> None:
        while (job := await self.jobs.get()) is not None:
            await io()
            job.set_result("done")

    def stop(self) -> None:
        self.is_open = False
        self.jobs.put_nowait(None)

    async def use(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.run())
            answers = [tasks.create_task(self.submit()) for _ in range(3)]
            await io(8)
            self.stop()
        assert {answer.result() for answer in answers} <= {"done", "refused"}


async def service_looks_again() -> None:
    await _Service(looks_again=True).use()


@bug("submitted-after-the-end", fixed=service_looks_again, depth=2, kind=DEADLOCK)
async def service_looks_once() -> None:
    """A job that was let in is queued when the service has stopped, and nobody ever answers it."""
    await _Service(looks_again=False).use()


class _Ring:
    """A transmit ring, which a reset empties."""

    def __init__(self, *, looks: bool) -> None:
        self.looks = looks
        self.generation = 0
        self.slots: list[str | None] = [None] * 4
        self.next = 0

    async def send(self, frame: str) -> bool:
        generation, slot = self.generation, self.next
        self.next = (slot + 1) % 4
        await io()  # maps the memory
        if self.looks and self.generation != generation:
            return False
        assert self.slots[slot] is None, "a descriptor is written over"
        self.slots[slot] = frame
        return True

    def reset(self) -> None:
        self.generation += 1
        self.slots = [None] * 4
        self.next = 0


async def _reset_ring(ring: _Ring) -> None:
    async def talk() -> None:
        await ring.send("first")

    async def reset() -> None:
        await io(3)
        ring.reset()
        await ring.send("hello again")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(talk())
        tasks.create_task(reset())
    assert ring.slots[0] is None or ring.slots.count(ring.slots[0]) == 1


async def sender_sees_the_reset() -> None:
    await _reset_ring(_Ring(looks=True))


@bug("reset-between-claim-and-write", fixed=sender_sees_the_reset, depth=2)
async def sender_misses_the_reset() -> None:
    """A sender has claimed a slot; the ring is reset and the slot given out again before the sender writes to it."""
    await _reset_ring(_Ring(looks=False))


class _Ticker:
    """Does something again and again, until it is stopped."""

    def __init__(self, *, looks: bool) -> None:
        self.looks = looks
        self.is_stopped = False
        self.handle: asyncio.TimerHandle | None = None
        self.ticks = 0
        self.running: set[asyncio.Task[None]] = set()

    def arm(self) -> None:
        self.handle = asyncio.get_running_loop().call_later(0.01, self.expire)

    def expire(self) -> None:
        task = asyncio.create_task(self.tick())
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def tick(self) -> None:
        self.ticks += 1
        await io()
        if not (self.looks and self.is_stopped):
            self.arm()

    def stop(self) -> None:
        self.is_stopped = True
        if self.handle is not None:
            self.handle.cancel()


async def _stop_ticker(ticker: _Ticker) -> None:
    ticker.arm()
    await asyncio.sleep(0.01)
    await io(4)
    ticker.stop()
    await asyncio.gather(*ticker.running)
    ticks = ticker.ticks
    await asyncio.sleep(0.02)
    assert ticker.ticks == ticks, "it ticks after it was stopped"


async def ticker_looks() -> None:
    await _stop_ticker(_Ticker(looks=True))


@bug("timer-armed-after-stop", fixed=ticker_looks, depth=2)
async def ticker_arms_blindly() -> None:
    """stop() cancels the timer while a tick is under way, which arms it again."""
    await _stop_ticker(_Ticker(looks=False))


class _Server:
    """Counts its clients, and closes when the last has left."""

    def __init__(self, *, counts_at_once: bool) -> None:
        self.counts_at_once = counts_at_once
        self.clients = 0
        self.is_closed = self.closing = False
        self.none_left = asyncio.Event()
        self.none_left.set()

    async def serve(self) -> None:
        if self.closing:
            return
        if self.counts_at_once:
            self.enter()
            await io()  # shakes hands
        else:
            await io()
            self.enter()
        await io()
        assert not self.is_closed, "a client is served by a closed server"
        self.clients -= 1
        if self.clients == 0:
            self.none_left.set()

    def enter(self) -> None:
        self.clients += 1
        self.none_left.clear()

    async def close(self) -> None:
        self.closing = True
        await self.none_left.wait()
        self.is_closed = True


async def _close_server(server: _Server) -> None:
    async def close() -> None:
        await io(6)
        await server.close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        tasks.create_task(server.serve())
        tasks.create_task(close())


async def clients_counted_at_once() -> None:
    await _close_server(_Server(counts_at_once=True))


@bug("client-not-counted-yet", fixed=clients_counted_at_once, depth=2)
async def clients_counted_late() -> None:
    """A server closes since nobody is there, while a client that was let in is still shaking hands."""
    await _close_server(_Server(counts_at_once=False))


async def _stale_completion(*, has_generations: bool) -> None:
    """A device completes requests in order; a reset makes it forget them, though one answer is on its way."""
    pending: deque[tuple[int, str]] = deque()
    generation = 0
    completed: list[str] = []

    async def device(asked: int, name: str) -> None:
        await io(2)
        if has_generations and asked != generation:
            return
        if pending:
            request = pending.popleft()
            assert request == (asked, name), f"{request} was completed by the answer to {name}"
            completed.append(name)

    async def driver() -> None:
        nonlocal generation
        pending.append((0, "read"))
        tasks.create_task(device(0, "read"))
        await io(5)
        pending.clear()
        generation += 1
        pending.append((generation, "write"))
        await io()
        tasks.create_task(device(generation, "write"))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(driver())
    assert completed[-1:] == ["write"]


async def answers_with_generations() -> None:
    await _stale_completion(has_generations=True)


@bug("answer-from-before-the-reset", fixed=answers_with_generations, depth=2)
async def answers_without_generations() -> None:
    """An answer from before a reset completes the first request after it."""
    await _stale_completion(has_generations=False)


async def _halt(*, waits: bool) -> None:
    """Halting frees the receive buffers; the handler of an interrupt may still be running."""
    buffers: list[bytearray] | None = [bytearray(4) for _ in range(2)]
    handlers: set[asyncio.Task[None]] = set()

    async def handle_interrupt(number: int) -> None:
        await io()  # reads the cause
        assert buffers is not None, "the handler runs on a halted adapter"
        buffers[number][0] = 1

    async def interrupt() -> None:
        for number in range(2):
            if buffers is None:
                return
            task = asyncio.create_task(handle_interrupt(number))
            handlers.add(task)
            task.add_done_callback(handlers.discard)
            await io(3)

    async def halt() -> None:
        nonlocal buffers
        await io(10)
        source.cancel()
        await asyncio.wait({source})
        if waits and handlers:
            await asyncio.wait(handlers)
        buffers = None
        for handler in tuple(handlers):
            await handler

    async with asyncio.TaskGroup() as tasks:
        source = tasks.create_task(interrupt())
        tasks.create_task(halt())


async def halt_waits_for_handlers() -> None:
    await _halt(waits=True)


@bug("halted-under-a-handler", fixed=halt_waits_for_handlers, depth=2)
async def halt_frees_at_once() -> None:
    """The adapter is halted when interrupts are off, but a handler that has begun before goes on."""
    await _halt(waits=False)
