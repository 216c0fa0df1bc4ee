"""What has to hold after every step, or some time: programs that say so themselves."""

import asyncio

from asyncndis.torture import always, eventually

from .cases import INVARIANT, bug
from .parts import io


async def _read_and_write(*, looks_last: bool) -> None:
    """A lock for readers and writers, by two counts."""
    reading = writing = 0
    changed = asyncio.Condition()
    always(lambda: not (reading and writing), "a reader and a writer are inside together")

    async def read(delay: int) -> None:
        nonlocal reading
        await io(delay)
        async with changed:
            await changed.wait_for(lambda: not writing)
            reading += 1
        await io()
        async with changed:
            reading -= 1
            changed.notify_all()

    async def write(delay: int) -> None:
        nonlocal writing
        await io(delay)
        async with changed:
            await changed.wait_for(lambda: not (reading or writing))
            if looks_last:
                writing += 1
        if not looks_last:
            await io()  # opens the file
            writing += 1
        await io()
        async with changed:
            writing -= 1
            changed.notify_all()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(read(0))
        tasks.create_task(write(5))
        tasks.create_task(read(12))


async def writer_counted_under_the_lock() -> None:
    await _read_and_write(looks_last=True)


@bug("writer-counted-too-late", fixed=writer_counted_under_the_lock, depth=2, kind=INVARIANT)
async def writer_counted_outside() -> None:
    """A writer was let in and is not counted yet when a reader comes."""
    await _read_and_write(looks_last=False)


class _Account:
    """Pays from what is there; money on its way counts as reserved."""

    def __init__(self, *, reserves_first: bool) -> None:
        self.reserves_first = reserves_first
        self.balance = 10
        self.reserved = 0

    async def pay(self, amount: int, delay: int) -> None:
        await io(delay)
        if self.balance - self.reserved < amount:
            return
        if self.reserves_first:
            self.reserved += amount
            await io()  # asks the bank
        else:
            await io()
            self.reserved += amount
        await io()
        self.balance -= amount
        self.reserved -= amount


async def _pay(account: _Account) -> None:
    always(lambda: 0 <= account.reserved <= account.balance, "more is reserved than there is")
    async with asyncio.TaskGroup() as tasks:
        for place in range(3):
            tasks.create_task(account.pay(4, 4 * place))


async def reserved_at_once() -> None:
    await _pay(_Account(reserves_first=True))


@bug("reserved-too-late", fixed=reserved_at_once, depth=4, kind=INVARIANT)
async def reserved_after_a_question() -> None:
    """Three payments are let in before any of them has reserved its money."""
    await _pay(_Account(reserves_first=False))


async def _subscribe(*, keeps: bool) -> None:
    """A subscriber has to get the news, also if it subscribes a little late."""
    subscribers: list[list[str]] = []
    kept: list[str] = []
    inbox: list[str] = []
    eventually(lambda: inbox, "the subscriber never gets the news")

    async def subscribe() -> None:
        await io()
        subscribers.append(inbox)
        if keeps:
            inbox.extend(kept)

    async def publish() -> None:
        await io(4)
        kept.append("news")
        for subscriber in subscribers:
            subscriber.append("news")

    await asyncio.gather(subscribe(), publish())


async def news_kept() -> None:
    await _subscribe(keeps=True)


@bug("published-to-nobody", fixed=news_kept, depth=1, kind=INVARIANT)
async def news_not_kept() -> None:
    """News are published before the subscriber is there, and nobody keeps them for it."""
    await _subscribe(keeps=False)


async def _enter_by_flags(*, wants_first: bool) -> None:
    """Two tasks enter by Peterson's algorithm, which needs its two writes in this order."""
    wants = [False, False]
    turn = inside = 0
    always(lambda: inside <= 1, "two are inside")

    async def enter(me: int) -> None:
        nonlocal turn, inside
        for _ in range(2):
            if wants_first:
                wants[me] = True
                await io()
                turn = 1 - me
            else:
                turn = 1 - me
                await io()
                wants[me] = True
            await io()
            while wants[1 - me] and turn == 1 - me:
                await io()
            inside += 1
            await io()
            inside -= 1
            wants[me] = False

    await asyncio.gather(enter(0), enter(1))


async def flag_before_turn() -> None:
    await _enter_by_flags(wants_first=True)


@bug("peterson-in-the-wrong-order", fixed=flag_before_turn, depth=3, kind=INVARIANT)
async def turn_before_flag() -> None:
    """A task gives the turn away before it says that it wants to enter, and both enter."""
    await _enter_by_flags(wants_first=False)
