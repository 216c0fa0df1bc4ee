"""What goes wrong in anyio programs: scopes, streams that close, events without a clear(), services not yet there."""

import asyncio
import math
from contextlib import AsyncExitStack, nullcontext

import anyio
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from .cases import DEADLOCK, bug


async def _turns(count: int = 1) -> None:
    for _ in range(count):
        await checkpoint()


async def _service(*, waits_for_start: bool) -> None:
    """A client talks to a service that has just been started."""
    doors: dict[str, list[str]] = {}

    async def serve(*, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        await _turns()  # binds its port
        doors["service"] = []
        task_status.started()

    async with anyio.create_task_group() as tasks:
        if waits_for_start:
            await tasks.start(serve)
        else:
            tasks.start_soon(serve)
            await _turns(4)
        doors["service"].append("hello")


async def service_has_started() -> None:
    await _service(waits_for_start=True)


@bug("client-before-service", fixed=service_has_started, depth=1)
async def service_should_have_started() -> None:
    """start_soon() returns before the service is there, and a client that is quick finds no door."""
    await _service(waits_for_start=False)


class _Shelf:
    """Items that are borrowed and come back."""

    def __init__(self) -> None:
        self.items = ["a", "b"]

    async def inspect(self) -> None:
        await _turns()


async def _borrow(*, shields: bool) -> None:
    """Each task inspects what it gives back; a scope around all of them is cancelled at some time."""
    shelf = _Shelf()

    async def borrow() -> None:
        item = shelf.items.pop()
        try:
            await _turns(2)
        finally:
            with anyio.CancelScope(shield=shields):
                await shelf.inspect()
                shelf.items.append(item)

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(borrow)
        await _turns(8)
        tasks.cancel_scope.cancel()
    assert sorted(shelf.items) == ["a", "b"], "an item is lost"


async def inspection_shielded() -> None:
    await _borrow(shields=True)


@bug("finally-under-a-cancelled-scope", fixed=inspection_shielded, depth=1)
async def inspection_cancelled() -> None:
    """Under a cancelled scope each await fails, also the one in finally that stands before the item is given back."""
    await _borrow(shields=False)


async def _limited(*, holds: bool) -> None:
    """Jobs run under a limiter of two, and each has a part that runs under it as well."""
    limiter = anyio.CapacityLimiter(2)
    done: list[str] = []

    async def part(name: str) -> None:
        async with limiter:
            await _turns()
            done.append(name)

    async def job(name: str) -> None:
        async with limiter:
            await _turns()
            if holds:
                async with anyio.create_task_group() as parts:
                    parts.start_soon(part, name)
        if not holds:
            await part(name)

    async with anyio.create_task_group() as tasks:
        for name in ("one", "two"):
            tasks.start_soon(job, name)
            await _turns(9)
    assert sorted(done) == ["one", "two"]


async def parts_after_the_job() -> None:
    await _limited(holds=False)


@bug("nested-limiter", fixed=parts_after_the_job, depth=2, kind=DEADLOCK)
async def parts_within_the_job() -> None:
    """Both jobs hold a token of the limiter while they wait for a part that needs one."""
    await _limited(holds=True)


async def _produce(*, clones: bool) -> None:
    """Two producers write to a stream that its owner closes."""
    send: MemoryObjectSendStream[int]
    receive: MemoryObjectReceiveStream[int]
    send, receive = anyio.create_memory_object_stream[int](math.inf)

    async def produce(stream: MemoryObjectSendStream[int], first: int) -> None:
        async with stream.clone() if clones else nullcontext(stream) as mine:
            for item in range(first, first + 2):
                await mine.send(item)

    got: list[int] = []
    async with send, receive:
        async with anyio.create_task_group() as tasks:
            for first in (0, 10):
                tasks.start_soon(produce, send, first)
            await _turns(5)
            if not clones:
                send.close()
        send.close()
        got.extend([item async for item in receive])
    assert sorted(got) == [0, 1, 10, 11]


async def stream_cloned() -> None:
    await _produce(clones=True)


@bug("closed-under-a-producer", fixed=stream_cloned, depth=1)
async def stream_shared() -> None:
    """The owner of a stream closes it while a producer that has no clone of its own still writes."""
    await _produce(clones=False)


class _Gate:
    """A gate that opens and shuts; anyio's events cannot be cleared, so each shutting makes a new one."""

    def __init__(self, *, keeps: bool) -> None:
        self.keeps = keeps
        self.is_open = False
        self.opened = anyio.Event()

    def open(self) -> None:
        self.is_open = True
        self.opened.set()

    def shut(self) -> None:
        self.is_open = False
        if not self.keeps or self.opened.is_set():
            self.opened = anyio.Event()

    async def passed(self) -> None:
        while not self.is_open:
            event = self.opened
            await _turns()  # looks for its ticket
            await event.wait()


async def _pass_gate(gate: _Gate) -> None:
    async def control() -> None:
        gate.shut()
        await _turns(4)
        gate.open()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(control)
        tasks.start_soon(gate.passed)


async def gate_keeps_its_event() -> None:
    await _pass_gate(_Gate(keeps=True))


@bug("waits-for-an-old-event", fixed=gate_keeps_its_event, depth=1, kind=DEADLOCK)
async def gate_replaces_its_event() -> None:
    """An event is replaced while somebody waits for it, and nobody will ever set the old one."""
    await _pass_gate(_Gate(keeps=False))


async def _notify(*, looks: bool) -> None:
    condition = anyio.Condition()
    letters: list[str] = []

    async def read() -> None:
        async with condition:
            while looks and not letters:
                await condition.wait()
            if not looks:
                await condition.wait()
            assert letters.pop() == "letter"

    async def write() -> None:
        await _turns(3)
        async with condition:
            letters.append("letter")
            condition.notify()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        tasks.start_soon(write)


async def letters_looked_for() -> None:
    await _notify(looks=True)


@bug("anyio-wait-without-a-look", fixed=letters_looked_for, depth=1, kind=DEADLOCK)
async def letters_waited_for() -> None:
    """A condition is waited for after it was notified."""
    await _notify(looks=False)


async def _receive_in_time(*, keeps: bool) -> None:
    """Whoever waits for an item is sent home after a while, even if the item has just come."""
    send, receive = anyio.create_memory_object_stream[str](1)
    box: list[str] = []
    patience = anyio.CancelScope()

    async def collect() -> None:
        with patience:
            item = await receive.receive()
            if keeps:
                box.append(item)
            await _turns()  # signs for it
            if not keeps:
                box.append(item)

    async with send, receive:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(collect)
            await send.send("parcel")
            await _turns(6)
            patience.cancel()
        assert len(box) + receive.statistics().current_buffer_used == 1, "the parcel is lost"


async def parcel_kept_at_once() -> None:
    await _receive_in_time(keeps=True)


@bug("sent-home-with-a-parcel", fixed=parcel_kept_at_once, depth=2)
async def parcel_signed_for_first() -> None:
    """A scope is cancelled while an item that was received is not yet put where it is safe."""
    await _receive_in_time(keeps=False)


async def _stop_receiver(*, by_scope: bool) -> None:
    """A receiver is stopped; the item that is sent at the same time must stay in the stream or arrive."""
    send, receive = anyio.create_memory_object_stream[str](1)
    got: list[str] = []
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            got.append(await receive.receive())

    async with send, receive:
        async with asyncio.TaskGroup() as tasks:
            receiver = tasks.create_task(run())
            await _turns(3)
            await send.send("item")
            await _turns(4)
            if by_scope:
                scope.cancel()
            else:
                receiver.cancel()
        assert len(got) + receive.statistics().current_buffer_used == 1, "the item is lost"


async def receiver_stopped_by_its_scope() -> None:
    await _stop_receiver(by_scope=True)


@bug("receive-cancelled-natively", fixed=receiver_stopped_by_its_scope, depth=2)
async def receiver_stopped_natively() -> None:
    """task.cancel() meets a receiver that was handed an item and has not run yet: anyio's streams then lose it."""
    await _stop_receiver(by_scope=False)


async def _broadcast(*, waits: bool) -> None:
    """Each subscriber has a stream with room for two."""
    got: list[list[int]] = [[], []]
    pairs = [anyio.create_memory_object_stream[int](2) for _ in range(2)]

    async def subscribe(number: int) -> None:
        async with pairs[number][1] as stream:
            async for item in stream:
                got[number].append(item)
                await _turns()

    async with AsyncExitStack() as streams, anyio.create_task_group() as tasks:
        for number, (send, receive) in enumerate(pairs):
            await streams.enter_async_context(send)
            await streams.enter_async_context(receive)
            tasks.start_soon(subscribe, number)
        for item in range(4):
            for send, _ in pairs:
                if waits:
                    await send.send(item)
                else:
                    send.send_nowait(item)
            await _turns(4)
        for send, _ in pairs:
            send.close()
    assert got == [[0, 1, 2, 3]] * 2


async def broadcast_awaits() -> None:
    await _broadcast(waits=True)


@bug("would-block", fixed=broadcast_awaits, depth=1)
async def broadcast_nowait() -> None:
    """send_nowait() to a subscriber that is slow raises WouldBlock in the broadcaster."""
    await _broadcast(waits=False)


async def _lock_across_cancel(*, guards: bool) -> None:
    """A hand-made lock, taken by a flag; a scope with a deadline may end its holder."""
    is_taken = False
    released = anyio.Event()

    async def use(turns: int) -> None:
        nonlocal is_taken, released
        while is_taken:
            await released.wait()
        is_taken = True
        try:
            await _turns(turns)
        except BaseException:
            if guards:
                give_back()
            raise
        give_back()

    def give_back() -> None:
        nonlocal is_taken, released
        is_taken = False
        released.set()
        released = anyio.Event()

    async def hurried() -> None:
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            await use(2)

    scopes: list[anyio.CancelScope] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hurried)
        tasks.start_soon(use, 1)
        await _turns(9)
        for scope in scopes:
            scope.cancel()
        await use(1)


async def flag_given_back() -> None:
    await _lock_across_cancel(guards=True)


@bug("scope-cancelled-with-the-flag", fixed=flag_given_back, depth=2, kind=DEADLOCK)
async def flag_kept() -> None:
    """A scope is cancelled while its task has a hand-made lock, which nobody opens any more."""
    await _lock_across_cancel(guards=False)


async def _half_frame(*, shields: bool) -> None:
    """A frame of two parts is written within a time limit."""
    wire: list[str] = []

    async def write(frame: str) -> None:
        for part in ("head", "body"):
            wire.append(f"{frame} {part}")
            await _turns()

    async def send(frame: str) -> None:
        with anyio.move_on_after(0.05), anyio.CancelScope(shield=shields):
            await write(frame)

    for frame in ("first", "second"):
        await send(frame)
    heads = [part for part in wire if part.endswith("head")]
    assert len(wire) == 2 * len(heads), "half a frame is on the wire"


async def frame_shielded() -> None:
    await _half_frame(shields=True)


@bug("half-a-frame", fixed=frame_shielded, depth=1, cancel=True)
async def frame_cut() -> None:
    """The time is over between the two parts of a frame, and the next frame is written behind half of one."""
    await _half_frame(shields=False)
