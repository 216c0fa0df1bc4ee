"""Lock torture: tasks are born, take locks for short and for long, are cancelled, and die; a hundred thousand acquires.

Two are never in at once, nobody is overtaken, everybody inside is at DISPATCH_LEVEL, and nothing is left behind.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import anyio
import pytest
from anyio.lowlevel import checkpoint

from asyncndis.base import Profile
from asyncndis.kernel import Irql, SpinLock, at_irql, current_irql, current_processor
from tests.support.loops import run_on
from tests.support.worlds import assert_lock_at_rest, rest

ACQUIRES = 100_000
TASKS = [4, 32, 256]  # from twice the processors of a small machine
WAYS = [("asyncio", "native"), ("asyncio", "scope"), ("uvloop", "native"), ("uvloop", "scope"), ("trio", "scope")]
EACH = ACQUIRES // (len(TASKS) * len(WAYS)) + 1
LIFE = 50


class Ticket:
    """A place in line, and how to take it away."""

    def __init__(self) -> None:
        self.is_dead = False
        self.cancel: Callable[[], object] = lambda: None


class Torture:
    """One lock, an inner lock, and tasks that come and go."""

    def __init__(self, means: str, profile: Profile, seed: int) -> None:
        self.lock, self.inner = SpinLock("outer", profile=profile), SpinLock("inner", profile=profile)
        self._level = Irql.DISPATCH if profile.locks_raise_irql else Irql.PASSIVE
        self._means = means
        self._dice = Random(seed)
        self._line: list[Ticket] = []
        self._inside = 0
        self.acquires = 0
        self.cancelled = 0
        self.overtaken = 0

    async def run(self, tasks: int) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(self._reap)
            while self.acquires < EACH:
                async with anyio.create_task_group() as generation:
                    for _ in range(tasks):
                        generation.start_soon(self._live)
            group.cancel_scope.cancel()

    async def _live(self) -> None:
        for _ in range(self._dice.randint(1, LIFE)):
            ticket = Ticket()
            if self._means == "native":
                task = asyncio.ensure_future(self._enter(ticket))
                ticket.cancel = task.cancel
                await asyncio.wait([task])
                self.cancelled += task.cancelled()
                assert task.cancelled() or task.exception() is None, task.exception()
            else:
                with anyio.CancelScope() as scope:
                    ticket.cancel = scope.cancel
                    await self._enter(ticket)
                self.cancelled += scope.cancelled_caught
            assert current_processor().held_locks == ()
            if self._dice.random() < 0.3:
                await checkpoint()

    async def _enter(self, ticket: Ticket) -> None:
        self._line.append(ticket)
        if self._dice.random() < 0.2 and self._level:
            with at_irql(Irql.DISPATCH):
                await self._hold(ticket, self.lock.acquire_dpr, self.lock.release_dpr)
            assert current_irql() == Irql.PASSIVE
        else:
            await self._hold(ticket, self.lock.acquire, self.lock.release)

    async def _hold(self, ticket: Ticket, acquire: Callable[[], Awaitable[None]], release: Callable[[], None]) -> None:
        try:
            await acquire()
        except BaseException:
            self._line.remove(ticket)
            raise
        try:
            self._inside += 1
            self.acquires += 1
            assert self._inside == 1, "two are in at once"
            assert current_irql() == self._level
            while self._line[0].is_dead and self._line[0] is not ticket:
                self._line.append(self._line.pop(0))  # cancelled, and has not run since
            self.overtaken += self._line[0] is not ticket
            self._line.remove(ticket)
            await self._use()
        finally:
            self._inside -= 1
            release()
            if self._line and self._dice.random() < 0.05:
                self._cancel(self._line[0])  # to whom it was just handed

    async def _use(self) -> None:
        """Mostly short; sometimes others have a turn, or there is another lock inside."""
        roll = self._dice.random()
        if roll < 0.3:
            await checkpoint()
        elif roll < 0.5:
            async with self.inner:
                assert len(current_processor().held_locks) == 2

    def _cancel(self, ticket: Ticket) -> None:
        ticket.is_dead = True
        ticket.cancel()

    async def _reap(self) -> None:
        while True:
            await checkpoint()
            if self._line and self._dice.random() < 0.3:
                self._cancel(self._dice.choice(self._line))


@pytest.mark.parametrize("tasks", TASKS)
@pytest.mark.parametrize(("loop", "means"), WAYS)
def test_torture(loop: str, means: str, tasks: int) -> None:
    async def torture() -> None:
        tortured = Torture(means, Profile.CE if tasks == 32 else Profile.STRICT, tasks)
        await tortured.run(tasks)
        assert tortured.acquires >= EACH
        assert tortured.cancelled > EACH // 50
        assert tortured.overtaken == 0
        await assert_lock_at_rest(tortured.lock)
        await assert_lock_at_rest(tortured.inner)

    with rest():
        run_on(loop, torture)
