"""What was true when it was looked at is no longer true when it is acted upon."""

import asyncio
from collections import deque

from .cases import bug
from .parts import Connection, io


async def _connect_once(*, locks: bool) -> None:
    lock = asyncio.Lock()
    opened: list[Connection] = []
    client: Connection | None = None

    async def connect() -> Connection:
        await io(2)
        opened.append(Connection())
        return opened[-1]

    async def get() -> Connection:
        nonlocal client
        if locks:
            async with lock:
                if client is None:
                    client = await connect()
                return client
        if client is None:
            client = await connect()
        return client

    async def request(delay: int) -> None:
        await io(delay)
        await (await get()).send("hello")

    await asyncio.gather(request(0), request(5))
    assert len(opened) == 1, "connected twice"


async def connected_under_a_lock() -> None:
    await _connect_once(locks=True)


@bug("connected-twice", fixed=connected_under_a_lock, depth=2)
async def connected_without_a_lock() -> None:
    """Two requests find that there is no connection yet, and both open one."""
    await _connect_once(locks=False)


async def _count(*, reads_late: bool) -> None:
    balance = 0

    async def deposit(amount: int) -> None:
        nonlocal balance
        if reads_late:
            await io()  # writes the journal
            balance += amount
        else:
            before = balance
            await io()
            balance = before + amount

    async with asyncio.TaskGroup() as tasks:
        for amount in (1, 2, 4):
            tasks.create_task(deposit(amount))
            await io(3)
    assert balance == 7, "a deposit is lost"


async def read_when_written() -> None:
    await _count(reads_late=True)


@bug("lost-update", fixed=read_when_written, depth=2)
async def read_before_written() -> None:
    """A balance is read, and written a turn later, over what others have written meanwhile."""
    await _count(reads_late=False)


async def _withdraw(*, reserves: bool) -> None:
    balance = 10

    async def withdraw(amount: int, delay: int) -> None:
        nonlocal balance
        await io(delay)
        if balance < amount:
            return
        if reserves:
            balance -= amount
            await io(2)  # asks the cash machine
        else:
            await io(2)
            balance -= amount

    await asyncio.gather(*(withdraw(6, delay) for delay in (0, 4)))
    assert balance >= 0, "overdrawn"


async def money_reserved() -> None:
    await _withdraw(reserves=True)


@bug("overdrawn", fixed=money_reserved, depth=2)
async def money_not_reserved() -> None:
    """Two withdrawals each find enough money for one."""
    await _withdraw(reserves=False)


async def _poll(*, handles_empty: bool) -> None:
    queue: asyncio.Queue[int] = asyncio.Queue()
    for item in range(3):
        queue.put_nowait(item)
    got: list[int] = []

    async def consume(delay: int) -> None:
        await io(delay)
        while not queue.empty():
            if handles_empty:
                try:
                    item = queue.get_nowait()
                except asyncio.QueueEmpty:
                    return
                await io()  # logs
            else:
                await io()
                item = queue.get_nowait()
            got.append(item)

    await asyncio.gather(consume(0), consume(7))
    assert sorted(got) == [0, 1, 2]


async def empty_handled() -> None:
    await _poll(handles_empty=True)


@bug("empty-after-all", fixed=empty_handled, depth=2)
async def emptiness_looked_at() -> None:
    """A queue was not empty when it was looked at, and is when it is read."""
    await _poll(handles_empty=False)


class _Semaphore:
    """A semaphore by hand: who is woken has to look again, since another may have come first."""

    def __init__(self, *, looks_again: bool) -> None:
        self.looks_again = looks_again
        self.free = 1
        self.waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        while self.free == 0:
            waiter = asyncio.get_running_loop().create_future()
            self.waiters.append(waiter)
            await waiter
            if not self.looks_again:
                break
        self.free -= 1

    def release(self) -> None:
        self.free += 1
        if self.waiters:
            self.waiters.popleft().set_result(None)


async def _enter_in_turn(semaphore: _Semaphore) -> None:
    async def use(delay: int) -> None:
        await io(delay)
        await semaphore.acquire()
        assert semaphore.free >= 0, "more have entered than may"
        await io(2)
        semaphore.release()

    async with asyncio.TaskGroup() as tasks:
        for delay in (0, 1, 7):
            tasks.create_task(use(delay))


async def woken_one_looks_again() -> None:
    await _enter_in_turn(_Semaphore(looks_again=True))


@bug("woken-and-overtaken", fixed=woken_one_looks_again, depth=3)
async def woken_one_trusts() -> None:
    """A waiter is woken, and before it runs a newcomer takes what was released."""
    await _enter_in_turn(_Semaphore(looks_again=False))


async def _snapshot(*, at_once: bool) -> None:
    """Money moves between two pots; whoever adds them up must see all of it."""
    pots = {"left": 5, "right": 5}

    async def move() -> None:
        await io(5)
        pots["left"] -= 1
        pots["right"] += 1

    async def audit() -> None:
        left = pots["left"]
        if not at_once:
            await io()  # fetches the other page
        assert left + pots["right"] == 10, "the sum is wrong"

    await asyncio.gather(move(), audit())


async def snapshot_at_once() -> None:
    await _snapshot(at_once=True)


@bug("torn-snapshot", fixed=snapshot_at_once, depth=2)
async def snapshot_page_by_page() -> None:
    """Something moves between the readings of the two parts of a sum."""
    await _snapshot(at_once=False)


async def _two_replicas(*, writes_both_first: bool) -> None:
    """A register kept in two copies; a reader asks either, and must not go back in time."""
    copies = [0, 0]

    async def write(value: int) -> None:
        if writes_both_first:
            copies[:] = [value, value]
            return
        for place in range(2):
            copies[place] = value
            await io()

    async def read(place: int) -> int:
        await io()
        return copies[place]

    async def look_twice() -> None:
        await io(6)
        first = await read(0)
        second = await read(1)
        assert second >= first, "the register went back in time"

    await asyncio.gather(write(1), look_twice())


async def replicas_written_together() -> None:
    await _two_replicas(writes_both_first=True)


@bug("not-linearizable", fixed=replicas_written_together, depth=2)
async def replicas_written_in_turn() -> None:
    """A read sees the new value in one copy, and a later one the old value in the other."""
    await _two_replicas(writes_both_first=False)


async def _elect(*, compares: bool) -> None:
    """Nodes elect a leader by writing their name into a lease that nobody has."""
    lease: list[str] = []
    leaders: list[str] = []

    async def campaign(name: str, delay: int) -> None:
        await io(delay)
        if lease:
            return
        await io()  # prepares its speech
        if compares and lease:
            return
        lease[:] = [name]
        await io()  # tells the others
        if lease == [name]:
            leaders.append(name)
            await io(2)  # leads

    async with asyncio.TaskGroup() as tasks:
        for place, name in enumerate("xyz"):
            tasks.create_task(campaign(name, 3 * place))
    assert len(leaders) == 1, f"leaders: {leaders}"


async def lease_compared() -> None:
    await _elect(compares=True)


@bug("two-leaders", fixed=lease_compared, depth=2)
async def lease_written_blindly() -> None:
    """A node that was slow to write its name does so after another has begun to lead."""
    await _elect(compares=False)
