"""Somebody waits for a signal that was given already, or given to somebody else."""

import asyncio
from collections import deque

from .cases import DEADLOCK, bug
from .parts import io


async def _drain(*, clears_first: bool) -> None:
    """A worker takes jobs off a list whenever it is woken; a client adds them and wakes it."""
    jobs: deque[int] = deque()
    wake = asyncio.Event()
    handled: list[int] = []

    async def worker() -> None:
        while len(handled) < 4:
            await wake.wait()
            if clears_first:
                wake.clear()
            while jobs:
                handled.append(jobs.popleft())
                await io()
            await io()  # writes its log
            if not clears_first:
                wake.clear()

    async def client() -> None:
        for job in range(4):
            jobs.append(job)
            wake.set()
            await io(4)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker())
        tasks.create_task(client())
    assert handled == [0, 1, 2, 3]


async def event_cleared_first() -> None:
    await _drain(clears_first=True)


@bug("event-cleared-after-work", fixed=event_cleared_first, depth=2, kind=DEADLOCK)
async def event_cleared_after_work() -> None:
    """A job that comes between the last look at the list and the clearing of the event is never noticed."""
    await _drain(clears_first=False)


class _Slot:
    """A place for one item, that producers fill and consumers empty, with one condition for both."""

    def __init__(self, *, wakes_all: bool) -> None:
        self.wakes_all = wakes_all
        self.changed = asyncio.Condition()
        self.items: list[int] = []

    def wake(self) -> None:
        if self.wakes_all:
            self.changed.notify_all()
        else:
            self.changed.notify()

    async def put(self, item: int) -> None:
        async with self.changed:
            await self.changed.wait_for(lambda: not self.items)
            self.items.append(item)
            self.wake()

    async def get(self) -> int:
        async with self.changed:
            await self.changed.wait_for(lambda: self.items)
            item = self.items.pop()
            self.wake()
            return item


async def _pass_through(slot: _Slot) -> None:
    got: list[int] = []

    async def produce(first: int) -> None:
        for item in range(first, first + 2):
            await slot.put(item)
            await io(2)

    async def consume() -> None:
        got.extend([await slot.get() for _ in range(2)])

    async with asyncio.TaskGroup() as tasks:
        for number in range(2):
            tasks.create_task(produce(10 * number))
            tasks.create_task(consume())
            await io(12)
    assert sorted(got) == [0, 1, 10, 11]


async def slot_wakes_all() -> None:
    await _pass_through(_Slot(wakes_all=True))


@bug("notify-wakes-the-wrong-one", fixed=slot_wakes_all, depth=3, kind=DEADLOCK)
async def slot_wakes_one() -> None:
    """Producers and consumers wait on one condition, so that notify() may wake one who has to go on waiting."""
    await _pass_through(_Slot(wakes_all=False))


async def _hand_over_config(*, looks_first: bool) -> None:
    ready = asyncio.Condition()
    config: dict[str, int] = {}

    async def use() -> int:
        async with ready:
            if looks_first:
                await ready.wait_for(lambda: config)
            else:
                await ready.wait()
            return config["port"]

    async def load() -> None:
        async with ready:
            config["port"] = 80
            ready.notify_all()

    async with asyncio.TaskGroup() as tasks:
        user = tasks.create_task(use())
        tasks.create_task(load())
    assert user.result() == 80


async def config_looked_for_first() -> None:
    await _hand_over_config(looks_first=True)


@bug("wait-without-a-look", fixed=config_looked_for_first, depth=1, kind=DEADLOCK)
async def config_waited_for_blindly() -> None:
    """A condition is waited for without a look at what it is about; who comes late has missed the notification."""
    await _hand_over_config(looks_first=False)


async def _wait_for_items(*, looks_under_lock: bool) -> None:
    condition = asyncio.Condition()
    items: deque[str] = deque()

    async def consume() -> str:
        if looks_under_lock:
            async with condition:
                while not items:
                    await condition.wait()
                return items.popleft()
        while not items:
            async with condition:
                await condition.wait()
        return items.popleft()

    async def produce(item: str) -> None:
        await io(2)
        async with condition:
            await io()  # validates the item
            items.append(item)
            condition.notify()

    async with asyncio.TaskGroup() as tasks:
        consumer = tasks.create_task(consume())
        tasks.create_task(produce("letter"))
    assert consumer.result() == "letter"


async def items_looked_at_under_lock() -> None:
    await _wait_for_items(looks_under_lock=True)


@bug("look-outside-the-lock", fixed=items_looked_at_under_lock, depth=2, kind=DEADLOCK)
async def items_looked_at_outside() -> None:
    """The list is looked at before the lock is taken; whoever fills it meanwhile notifies nobody."""
    await _wait_for_items(looks_under_lock=False)


async def _dozing_worker(*, announces_first: bool) -> None:
    """A worker that dozes when there is nothing to do; a client wakes it only if it says that it dozes."""
    jobs: deque[int] = deque()
    done: list[int] = []
    wake = asyncio.Event()
    dozes = False

    async def worker() -> None:
        nonlocal dozes
        while len(done) < 3:
            if announces_first:
                wake.clear()
                dozes = True
            if jobs:
                done.append(jobs.popleft())
                await io()
                continue
            await io()  # flushes its statistics
            if not announces_first:
                wake.clear()
                dozes = True
            await wake.wait()
            dozes = False

    async def client() -> None:
        for job in range(3):
            jobs.append(job)
            if dozes:
                wake.set()
            await io(5)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker())
        tasks.create_task(client())
    assert done == [0, 1, 2]


async def doze_announced_first() -> None:
    await _dozing_worker(announces_first=True)


@bug("doze-announced-too-late", fixed=doze_announced_first, depth=2, kind=DEADLOCK)
async def doze_announced_too_late() -> None:
    """A worker looks for jobs, and only a turn later says that it dozes: the job in between wakes nobody."""
    await _dozing_worker(announces_first=False)


async def _pulse(*, counts: bool) -> None:
    """Three workers do two rounds; the next round begins when all have ended the one before."""
    rounds = asyncio.Condition()
    arrived = number = 0

    async def arrive() -> None:
        nonlocal arrived, number
        async with rounds:
            mine = number
            arrived += 1
            if arrived == 3:
                arrived = 0
                number += 1
                rounds.notify_all()
            elif counts:
                await rounds.wait_for(lambda: number != mine)
            else:
                await rounds.wait_for(lambda: arrived == 0)

    async def work() -> None:
        for _ in range(2):
            await io()
            await arrive()
            await io(3)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(3):
            tasks.create_task(work())
    assert number == 2


async def barrier_counts_rounds() -> None:
    await _pulse(counts=True)


@bug("barrier-without-rounds", fixed=barrier_counts_rounds, depth=3, kind=DEADLOCK)
async def barrier_without_rounds() -> None:
    """A barrier is open while nobody has arrived; who comes back fast closes it before the others have left."""
    await _pulse(counts=False)


async def _baton(*, hands_on: bool) -> None:
    """Two workers sleep until they are woken for a job; one of them may be told to leave at the same time."""
    jobs: list[str] = []
    done: list[str] = []
    sleepers: deque[asyncio.Future[None]] = deque()
    leaving: set[int] = set()

    def wake_one() -> None:
        if sleepers:
            sleepers.popleft().set_result(None)

    async def worker(number: int) -> None:
        while number not in leaving:
            if not jobs:
                sleeper = asyncio.get_running_loop().create_future()
                sleepers.append(sleeper)
                await sleeper
                continue
            done.append(jobs.pop())
            leaving.update((0, 1))
            while sleepers:
                wake_one()
        if hands_on and jobs:
            wake_one()

    async def boss() -> None:
        await io(3)
        jobs.append("the job")
        wake_one()

    async def fire(number: int) -> None:
        await io(6)
        leaving.add(number)

    async with asyncio.TaskGroup() as tasks:
        for number in range(2):
            tasks.create_task(worker(number))
        tasks.create_task(boss())
        tasks.create_task(fire(0))
    assert done == ["the job"]


async def baton_handed_on() -> None:
    await _baton(hands_on=True)


@bug("woken-one-leaves", fixed=baton_handed_on, depth=4, kind=DEADLOCK)
async def baton_dropped() -> None:
    """The one worker that is woken for a job is told to leave before it runs, and wakes nobody in its place."""
    await _baton(hands_on=False)
