"""Something is completed, closed or paid for twice, since two were about to do it."""

import asyncio
from collections import Counter, deque

from .cases import bug
from .parts import Connection, io


async def _answer_or_watchdog(*, looks: bool) -> None:
    """A request is completed by its answer or by its watchdog, which is stopped when the answer is there."""
    request = asyncio.get_running_loop().create_future()

    def complete(outcome: str) -> None:
        if not (looks and request.done()):
            request.set_result(outcome)

    async def receive() -> None:
        await io(2)
        complete("answer")

    async def watch() -> None:
        await io(7)
        complete("time is over")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(receive())
        watchdog = tasks.create_task(watch())
        assert await request in ("answer", "time is over")
        watchdog.cancel()


async def completed_if_not_done() -> None:
    await _answer_or_watchdog(looks=True)


@bug("answer-and-watchdog", fixed=completed_if_not_done, depth=2)
async def completed_blindly() -> None:
    """The answer and the watchdog both complete a request before its owner can stop the watchdog."""
    await _answer_or_watchdog(looks=False)


async def _close_once(*, marks_first: bool) -> None:
    connection = Connection()
    is_closed = False

    async def close() -> None:
        nonlocal is_closed
        if is_closed:
            return
        if marks_first:
            is_closed = True
        await connection.send("bye")
        is_closed = True
        connection.close()

    async def peer_is_gone() -> None:
        await io(5)
        await close()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(close())
        tasks.create_task(peer_is_gone())


async def closed_marked_first() -> None:
    await _close_once(marks_first=True)


@bug("closed-twice", fixed=closed_marked_first, depth=2)
async def closed_marked_last() -> None:
    """close() says that it is closed only after it has said good-bye, so that a second close() goes the same way."""
    await _close_once(marks_first=False)


async def _redeliver(*, claims: bool) -> None:
    """A job that is not acknowledged in time is given out again; it must not take effect twice."""
    queue = deque(["charge the card"])
    unacknowledged: set[str] = set()
    effects: Counter[str] = Counter()

    async def work(delay: int) -> None:
        await io(delay)
        if not queue:
            return
        job = queue.popleft()
        unacknowledged.add(job)
        await io(2)
        if claims and job not in unacknowledged:
            return
        unacknowledged.discard(job)
        effects[job] += 1

    async def redeliver() -> None:
        await io(5)
        for job in tuple(unacknowledged):
            queue.append(job)
            if claims:
                unacknowledged.discard(job)

    async with asyncio.TaskGroup() as tasks:
        for delay in (0, 4):
            tasks.create_task(work(delay))
        tasks.create_task(redeliver())
    assert effects["charge the card"] <= 1, "a card was charged twice"


async def job_claimed() -> None:
    await _redeliver(claims=True)


@bug("redelivered-and-done-twice", fixed=job_claimed, depth=3)
async def job_not_claimed() -> None:
    """A job is given out again while the first worker is still at it, and both carry it out."""
    await _redeliver(claims=False)


async def _hedge(*, one_wins: bool) -> None:
    """Two mirrors are asked at once; the first answer is recorded."""
    recorded: list[str] = []

    async def ask(mirror: str, turns: int) -> str:
        await io(turns)
        return mirror

    async def record(mirror: str, turns: int) -> None:
        answer = await ask(mirror, turns)
        if recorded:
            return
        if one_wins:
            recorded.append(answer)
            await io()  # writes to disk
        else:
            await io()  # writes to disk
            recorded.append(answer)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(record("near", 1))
        tasks.create_task(record("far", 5))
    assert len(recorded) == 1


async def one_mirror_wins() -> None:
    await _hedge(one_wins=True)


@bug("two-winners", fixed=one_mirror_wins, depth=2)
async def both_mirrors_win() -> None:
    """Both mirrors find that nothing is recorded yet, and both record."""
    await _hedge(one_wins=False)


class _Ledger:
    """Pays invoices; asking again with the same key must not pay again."""

    def __init__(self, *, reserves: bool) -> None:
        self.reserves = reserves
        self.answers: dict[str, asyncio.Future[str]] = {}
        self.paid = 0

    async def pay(self, key: str) -> str:
        if key in self.answers:
            return await self.answers[key]
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        if self.reserves:
            self.answers[key] = answer
        receipt = await self.transfer()
        self.answers[key] = answer
        answer.set_result(receipt)
        return receipt

    async def transfer(self) -> str:
        await io(2)
        self.paid += 1
        return f"receipt {self.paid}"


async def _pay_twice(ledger: _Ledger) -> None:
    async def client(patience: int) -> None:
        await io(patience)
        assert await ledger.pay("invoice 7") == "receipt 1"

    await asyncio.gather(client(0), client(5))
    assert ledger.paid == 1


async def key_reserved() -> None:
    await _pay_twice(_Ledger(reserves=True))


@bug("paid-twice", fixed=key_reserved, depth=2)
async def key_not_reserved() -> None:
    """The idempotency key is noted when the payment is over; a client that asks again meanwhile pays again."""
    await _pay_twice(_Ledger(reserves=False))
