"""Bugs as users of pools, brokers and clients report them: a hand-made primitive, a rare order, a long delay."""

import asyncio
import contextlib
from collections import deque

from .cases import DEADLOCK, bug
from .parts import io


async def _mailbox(*, gives_back: bool) -> None:
    """A receiver gives up at the moment at which its message comes."""
    loop = asyncio.get_running_loop()
    box: deque[str] = deque()
    waiters: list[asyncio.Future[str]] = []

    def deliver() -> None:
        waiting = [waiter for waiter in waiters if not waiter.done()]
        if waiting:
            waiting[0].set_result("message")
        else:
            box.append("message")

    async def receive() -> str:
        if box:
            return box.popleft()
        waiter: asyncio.Future[str] = loop.create_future()
        waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if gives_back and waiter.done() and not waiter.cancelled():
                box.append(waiter.result())
            raise

    async def poll() -> None:
        for _ in range(2):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await receive()
                    return
        raise AssertionError("the message is lost")

    polling = asyncio.create_task(poll())
    await io()
    loop.call_later(1, deliver)
    await polling


async def mailbox_that_takes_back() -> None:
    await _mailbox(gives_back=True)


@bug("message-comes-with-the-timeout", fixed=mailbox_that_takes_back, depth=2)
async def mailbox_that_loses() -> None:
    """A message is handed to a receiver whose timeout fires before it runs, and nobody has it then."""
    await _mailbox(gives_back=False)


async def _compaction(*, looks: bool) -> None:
    """A log keeps its last fifty entries, and its reader may be slow."""
    log: dict[int, int] = {}

    async def append() -> None:
        for number in range(60):
            log[number] = number
            log.pop(number - 50, None)
            await io()

    async def read() -> None:
        position = 0
        for _ in range(10):
            await io()
            if looks and log:
                position = max(position, min(log))
            if looks and position not in log:
                continue
            assert not log or position in log, f"entry {position} is gone"
            position += bool(log)

    await asyncio.gather(append(), read())


async def reader_that_skips() -> None:
    await _compaction(looks=True)


@bug("reader-behind-compaction", fixed=reader_that_skips, depth=2)
async def reader_that_trusts() -> None:
    """The reader falls fifty appends behind, and the entry that it wants next was removed."""
    await _compaction(looks=False)


async def _epochs(*, pins_first: bool) -> None:
    """Old versions are freed twenty epochs after a reader that pinned an epoch could have seen them."""
    current = epoch = 0
    pinned: list[int] = []
    retired: list[tuple[int, int]] = []
    freed: set[int] = set()

    async def read() -> None:
        for _ in range(4):
            seen = current
            if not pins_first:
                await io()  # to register with the collector
            pinned.append(epoch)
            if pins_first:
                seen = current
            await io()
            assert seen not in freed, "used after it was freed"
            pinned.clear()
            await io()

    async def write() -> None:
        nonlocal current, epoch
        for version in range(1, 31):
            retired.append((epoch, current))
            current, epoch = version, version
            for then, old in list(retired):
                if epoch - then > 20 and all(pin > then for pin in pinned):
                    retired.remove((then, old))
                    freed.add(old)
            await io()

    await asyncio.gather(read(), write())


async def pinned_before_reading() -> None:
    await _epochs(pins_first=True)


@bug("pinned-after-reading", fixed=pinned_before_reading, depth=2)
async def pinned_after_reading() -> None:
    """Between reading a version and pinning its epoch, a reader is held up for more than twenty writes."""
    await _epochs(pins_first=False)


async def _on_call(*, serialized: bool) -> None:
    """Two doctors leave if another one is on call: each looks at both, and changes its own."""
    on_call = {"first": True, "second": True}
    lock = asyncio.Lock()

    async def leave(name: str, after: int) -> None:
        await io(after)
        async with lock if serialized else contextlib.nullcontext():
            count = 0
            for doctor in ("first", "second"):
                await io()
                count += on_call[doctor]
            if count == 2:
                await io()
                on_call[name] = False

    await asyncio.gather(leave("first", 0), leave("second", 6))
    assert any(on_call.values()), "nobody is on call"


async def leave_one_by_one() -> None:
    await _on_call(serialized=True)


@bug("write-skew", fixed=leave_one_by_one, depth=3)
async def leave_together() -> None:
    """Both see two on call before either has left."""
    await _on_call(serialized=False)


async def _stealing(*, at_once: bool) -> None:
    """An owner takes tasks from one end of a deque, a thief from the other; both may want the last one."""
    tasks = [1, 2, 3]
    top, bottom = 0, len(tasks)
    done: list[int] = []

    async def own() -> None:
        nonlocal top, bottom
        for _ in tasks:
            last = bottom = bottom - 1
            await io()
            seen = top
            if seen > last:
                bottom = seen
                continue
            if seen == last:
                if not at_once:
                    await io()
                top = bottom = seen + 1
            done.append(tasks[last])

    async def steal() -> None:
        nonlocal top
        await io(9)
        for _ in range(2):
            seen = top
            await io()
            if seen < bottom:
                await io()
                if top == seen:
                    top = seen + 1
                    done.append(tasks[seen])

    await asyncio.gather(own(), steal())
    assert len(done) == len(set(done)), f"done: {done}"


async def last_task_claimed_at_once() -> None:
    await _stealing(at_once=True)


@bug("last-task-stolen-too", fixed=last_task_claimed_at_once, depth=4)
async def last_task_claimed_late() -> None:
    """The thief takes the last task after the owner has seen it there, and before the owner says so."""
    await _stealing(at_once=False)


async def _bakery(*, announces: bool) -> None:
    """Lamport's bakery: whoever has the smallest number may enter, and who is drawing one is waited for."""
    customers = range(3)
    numbers = [0 for _ in customers]
    drawing = [False for _ in customers]
    inside: list[int] = []

    async def buy(me: int) -> None:
        await io(8 * me)
        drawing[me] = announces
        highest = max(numbers)
        await io()
        numbers[me] = highest + 1
        drawing[me] = False
        for other in customers:
            while drawing[other]:
                await io()
            while numbers[other] and (numbers[other], other) < (numbers[me], me):
                await io()
        inside.append(me)
        await io()
        assert inside == [me], f"inside together: {inside}"
        inside.remove(me)
        numbers[me] = 0

    await asyncio.gather(*(buy(me) for me in customers))


async def bakery() -> None:
    await _bakery(announces=True)


@bug("bakery-without-choosing", fixed=bakery, depth=4)
async def bakery_in_a_hurry() -> None:
    """Two draw the same number, and the one with the smaller place looks after the other has looked and gone in."""
    await _bakery(announces=False)


async def _queued_request(*, leaves: bool) -> None:
    """Requests stand in a line for one connection, and each lets the next one go."""
    line: list[asyncio.Event] = []

    async def request() -> None:
        turn = asyncio.Event()
        line.append(turn)
        if len(line) == 1:
            turn.set()
        try:
            await turn.wait()
            await io()
        except asyncio.CancelledError:
            if not leaves and not turn.is_set():
                raise  # it has no connection to give back
            _leave(line, turn)
            raise
        _leave(line, turn)

    await asyncio.wait([asyncio.create_task(request()) for _ in range(3)])


def _leave(line: list[asyncio.Event], turn: asyncio.Event) -> None:
    line.remove(turn)
    if line:
        line[0].set()


async def request_that_leaves_the_line() -> None:
    await _queued_request(leaves=True)


@bug("request-left-in-the-line", fixed=request_that_leaves_the_line, depth=1, kind=DEADLOCK, cancel=True)
async def request_that_stays_in_the_line() -> None:
    """A request that is cancelled while it waits stays in the line, and the connection is kept for it."""
    await _queued_request(leaves=False)


async def _initialiser(*, shared: bool) -> None:
    """The first user makes what all users need."""
    begun = asyncio.Event()
    ready = asyncio.Event()
    lock = asyncio.Lock()

    async def use() -> None:
        async with lock if shared else contextlib.nullcontext():
            if ready.is_set():
                return
            if not shared and begun.is_set():
                await ready.wait()
                return
            begun.set()
            await io(2)
            ready.set()

    await asyncio.wait([asyncio.create_task(use()) for _ in range(3)])


async def initialised_by_whoever_is_left() -> None:
    await _initialiser(shared=True)


@bug("initialiser-cancelled", fixed=initialised_by_whoever_is_left, depth=1, kind=DEADLOCK, cancel=True)
async def initialised_by_the_first() -> None:
    """The user that makes it is cancelled, and the others wait for it for ever."""
    await _initialiser(shared=False)


async def _half_open(*, marks_first: bool) -> None:
    """A circuit breaker that is half open lets one call through, to probe."""
    state = "half open"
    probes = 0

    async def call(after: int) -> None:
        nonlocal state, probes
        await io(after)
        if state != "half open":
            return
        if marks_first:
            state = "probing"
        await io()
        state = "probing"
        probes += 1

    await asyncio.gather(call(0), call(4))
    assert probes == 1, f"{probes} probes"


async def one_probe() -> None:
    await _half_open(marks_first=True)


@bug("two-probes", fixed=one_probe, depth=2)
async def two_probes() -> None:
    """Two calls see the breaker half open before either has marked that it probes."""
    await _half_open(marks_first=False)


async def _finished_elsewhere(*, checks_late: bool) -> None:
    """A reply is swapped out of one buffer while a writer that chose that buffer is still at it."""
    buffers: list[list[int]] = [[], []]
    current = 0
    flushed: list[int] = []

    async def log() -> None:
        for number in range(2):
            mine = current
            if not checks_late:
                await io()  # to format the line
            buffers[mine].append(number)
            await io()

    async def flush() -> None:
        nonlocal current
        for _ in range(2):
            await io(4)
            old, current = current, 1 - current
            await io()
            flushed.extend(buffers[old])
            await io()
            buffers[old] = []

    await asyncio.gather(log(), flush())
    assert sorted(flushed + buffers[0] + buffers[1]) == [0, 1], f"flushed: {flushed}"


async def buffer_chosen_when_needed() -> None:
    await _finished_elsewhere(checks_late=True)


@bug("line-into-a-flushed-buffer", fixed=buffer_chosen_when_needed, depth=3)
async def buffer_chosen_too_early() -> None:
    """A line goes into the buffer that was flushed meanwhile, and is thrown away with it."""
    await _finished_elsewhere(checks_late=False)
