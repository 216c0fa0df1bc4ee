"""Spin locks against the oracle: holders, levels and broken rules agree after each of any steps.

Four actors take part: three tasks of asyncio, and a second processor that the first of them drives.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from anyio import WouldBlock
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncndis.base import Profile, RuleViolation
from asyncndis.kernel import Processor, SpinLock, current_processor
from asyncndis.kernel.processors import raised
from tests.model.lock_oracle import LockOracle
from tests.support.loops import settle

LOCKS = 2
DRIVEN = 3
ACTORS = st.integers(0, DRIVEN)
LOCK = st.integers(0, LOCKS - 1)
FORM = st.sampled_from([False, False, False, True])
Act = Callable[[], Awaitable[object]]


@dataclass
class Actor:
    """A task that does what it is told, one thing after the other."""

    inbox: "asyncio.Queue[Act]" = field(default_factory=asyncio.Queue[Act])
    outcome: str = ""
    waits_for: int | None = None
    is_over: bool = False

    async def live(self) -> None:
        while not self.is_over:
            act = await self.inbox.get()
            self.outcome = "waits"
            try:
                await act()
                self.outcome = "done"
            except RuleViolation as violation:
                self.outcome = violation.rule
            except WouldBlock:
                self.outcome = "busy"
            except asyncio.CancelledError:
                self.outcome = "cancelled"


class Locks(RuleBasedStateMachine):
    """Two locks, four actors, one oracle."""

    def __init__(self) -> None:
        super().__init__()
        self.strangers = {*raised}  # tasks of other tests that ended raised, as they should
        self.loop = asyncio.new_event_loop()
        self.cpu = Processor("CPU 1")
        self.actors = [Actor() for _ in range(DRIVEN)]
        self.tasks = [self.loop.create_task(actor.live()) for actor in self.actors]

    @initialize(profile=st.sampled_from([Profile.STRICT, Profile.STRICT, Profile.CE]))
    def make(self, profile: Profile) -> None:
        self.locks = [SpinLock(f"lock {number}", profile=profile) for number in range(LOCKS)]
        self.oracle: LockOracle[int] = LockOracle(LOCKS, raises=profile.locks_raise_irql)
        for lock in self.locks:  # the first use binds a lock to the loop, and goes the careful way
            assert self._do(0, lock.acquire_nowait) == self._do(0, lock.release) == "done"

    def _run(self) -> None:
        self.loop.run_until_complete(settle())

    def _task_of(self, name: int) -> int:
        return 0 if name == DRIVEN else name

    def _can_act(self, name: int) -> bool:
        return self.actors[self._task_of(name)].waits_for is None

    def _do(self, name: int, act: Callable[[], object]) -> str:
        """Let an actor do something that takes no waiting."""

        async def do() -> None:
            if name == DRIVEN:
                with self.cpu:
                    act()
            else:
                act()

        self.actors[self._task_of(name)].inbox.put_nowait(do)
        self._run()
        return self.actors[self._task_of(name)].outcome

    @rule(name=ACTORS, lock=LOCK, is_dpr=FORM)
    def acquire_nowait(self, name: int, lock: int, *, is_dpr: bool) -> None:
        if self._can_act(name):
            why_not = self.oracle.why_not_acquire(name, lock, is_dpr=is_dpr)
            taken = self.locks[lock]
            outcome = self._do(name, taken.acquire_dpr_nowait if is_dpr else taken.acquire_nowait)
            assert outcome == (why_not or "done")
            if not why_not:
                self.oracle.acquire(name, lock, is_dpr=is_dpr)

    @rule(name=st.integers(0, DRIVEN - 1), lock=LOCK, is_dpr=FORM)
    def acquire(self, name: int, lock: int, *, is_dpr: bool) -> None:
        """Tasks alone wait; and not for a lock of the other processor that the same task drives."""
        if not self._can_act(name) or self.oracle.holder(lock) == (DRIVEN if name == 0 else None):
            return
        why_not = self.oracle.why_not_acquire(name, lock, is_dpr=is_dpr)
        taken, actor = self.locks[lock], self.actors[name]
        actor.inbox.put_nowait(taken.acquire_dpr if is_dpr else taken.acquire)
        self._run()
        if why_not == "busy":
            assert actor.outcome == "waits"
            actor.waits_for = lock
            self.oracle.wait(name, lock, is_dpr=is_dpr)
        else:
            assert actor.outcome == (why_not or "done")
            if not why_not:
                self.oracle.acquire(name, lock, is_dpr=is_dpr)

    @rule(name=ACTORS, lock=LOCK, is_dpr=FORM, cancels=st.booleans())
    def release(self, name: int, lock: int, *, is_dpr: bool, cancels: bool) -> None:
        """Perhaps the first in line is cancelled in the same step, when it has the lock already."""
        if not self._can_act(name):
            return
        why_not = self.oracle.why_not_release(name, lock, is_dpr=is_dpr)
        released, line = self.locks[lock], self.oracle.line[lock]
        cancelled = line[0][0] if line and cancels and not why_not else None

        def act() -> None:
            (released.release_dpr if is_dpr else released.release)()
            if cancelled is not None:
                self.tasks[cancelled].cancel()

        assert self._do(name, act) == (why_not or "done")
        if not why_not:
            self.oracle.release(name, lock)
        if cancelled is not None:
            self._is_cancelled(cancelled, lock)
        self._hand_over(lock)

    def _is_cancelled(self, name: int, lock: int) -> None:
        assert self.actors[name].outcome == "cancelled"
        self.actors[name].waits_for = None
        self.oracle.cancel(name, lock)

    def _hand_over(self, lock: int) -> None:
        served = self.oracle.hand_over(lock)
        if served is not None:
            assert self.actors[served].outcome == "done"
            self.actors[served].waits_for = None

    @rule(lock=LOCK, number=st.integers(0, DRIVEN))
    @precondition(lambda self: any(self.oracle.line))
    def cancel(self, lock: int, number: int) -> None:
        line = self.oracle.line[lock]
        if line:
            name, _ = line[number % len(line)]
            self.tasks[name].cancel()
            self._run()
            self._is_cancelled(name, lock)

    @rule(name=ACTORS, level=st.sampled_from([0, 0, 0, 0, 1, 2, 5]))
    def change_level(self, name: int, level: int) -> None:
        """Levels are free to move where no lock is held; with one held, only above it and back."""
        if not self._can_act(name):
            return
        before = self.oracle.of(name).irql

        def act() -> None:
            processor = current_processor()
            (processor.raise_irql if level >= before else processor.lower_irql)(level)

        assert self._do(name, act) == "done"
        self.oracle.of(name).irql = level

    @rule(lock=LOCK, succeeds=st.sampled_from([False, False, False, True]))
    def free(self, lock: int, *, succeeds: bool) -> None:
        why_not = self.oracle.why_not_free(lock)
        if self._can_act(1) and (why_not or succeeds):
            assert self._do(1, self.locks[lock].free) == (why_not or "done")
            self.oracle.freed[lock] |= not why_not

    @invariant()
    def holders_agree(self) -> None:
        for number, lock in enumerate(self.locks):
            name = self.oracle.holder(number)
            seen = lock.statistics()
            assert (seen.locked, seen.waiting) == (name is not None, len(self.oracle.line[number]))
            if name is None:
                assert lock.holder is None
            elif name == DRIVEN:
                assert lock.holder is self.cpu
            else:
                assert lock.holder is not None
                assert lock.holder.task is self.tasks[name]

    @invariant()
    def processors_agree(self) -> None:
        processors = {task: raised.get(task) for task in (*self.tasks, self.cpu)}
        for name, processor in enumerate(processors.values()):
            who = self.oracle.of(name)
            assert (0 if processor is None else processor.irql) == who.irql
            names = [] if processor is None else [lock.name for lock in processor.held_locks]
            assert names == [f"lock {held.lock}" for held in reversed(who.held)]

    @invariant()
    def nobody_else_is_in_the_table(self) -> None:
        expected = {name for name, who in self.oracle.who.items() if who.irql or who.held}
        assert {*raised} - self.strangers == {(*self.tasks, self.cpu)[name] for name in expected}

    def teardown(self) -> None:
        for actor, task in zip(self.actors, self.tasks, strict=True):
            actor.is_over = True
            task.cancel()
        self.loop.run_until_complete(asyncio.wait(self.tasks))
        self.loop.close()
        raised.clear()


Locks.TestCase.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
TestLocks = Locks.TestCase
