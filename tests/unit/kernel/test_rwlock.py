"""Read/write locks."""

from functools import partial

import anyio
import pytest
from anyio import WouldBlock, create_task_group
from anyio.abc import TaskGroup

from asyncndis.base import observe
from asyncndis.kernel import (
    Irql,
    LockState,
    ReadWriteAccess,
    ReadWriteLock,
    ReadWriteLockStatistics,
    SpinLock,
    at_irql,
    current_irql,
    current_processor,
)
from asyncndis.kernel.processors import raised
from tests.unit.kernel.expecting import Recorder, Refusing, breaks
from tests.unit.kernel.tasks import WAYS, Watched, settle, start

pytestmark = pytest.mark.every_loop


class Users:
    """Tasks that hold a lock until they are let go; readers' names begin with r, writers' with w."""

    def __init__(self, group: TaskGroup, lock: ReadWriteLock) -> None:
        self.group = group
        self.lock = lock
        self.inside: list[str] = []
        self.gates: dict[str, anyio.Event] = {}
        self.tasks: dict[str, Watched[None]] = {}

    async def come(self, *names: str) -> None:
        for name in names:
            self.gates[name] = anyio.Event()
            self.tasks[name] = await start(self.group, partial(self._use, name), name=name)

    async def _use(self, name: str) -> None:
        async with self.lock.write() if name.startswith("w") else self.lock.read():
            self.inside.append(name)
            try:
                await self.gates[name].wait()
            finally:
                self.inside.remove(name)

    async def go(self, *names: str) -> None:
        for name in names:
            self.gates[name].set()
        await settle()


async def test_many_readers_or_one_writer_first_come_first_served() -> None:
    lock = ReadWriteLock("table")
    async with create_task_group() as group:
        users = Users(group, lock)
        await users.come("r1", "r2", "w1", "r3", "r4", "w2", "w3", "r5")
        assert users.inside == ["r1", "r2"]  # the writer holds back those behind it
        assert lock.statistics() == ReadWriteLockStatistics(readers=2, writing=False, waiting=6, contended=6)
        await users.go("r1")
        assert users.inside == ["r2"]
        await users.go("r2")
        assert users.inside == ["w1"]
        assert lock.statistics() == ReadWriteLockStatistics(readers=0, writing=True, waiting=5, contended=6)
        await users.go("w1")
        assert sorted(users.inside) == ["r3", "r4"]  # readers in a row enter together
        await users.go("r4", "r3")
        assert users.inside == ["w2"]
        await users.go("w2")
        assert users.inside == ["w3"]
        await users.go("w3")
        assert users.inside == ["r5"]
        await users.go("r5")
    assert lock.statistics() == ReadWriteLockStatistics(readers=0, writing=False, waiting=0, contended=6)
    assert not raised


async def test_holding_raises_and_releasing_restores() -> None:
    lock, state = ReadWriteLock("table"), LockState()
    assert not state.write
    await lock.acquire(state, write=True)
    processor = current_processor()
    assert (current_irql(), processor.held_locks) == (Irql.DISPATCH, (state,))
    assert (state.name, state.lock, state.processor, state.write) == ("table", lock, processor, True)
    lock.release(state)
    assert (state.name, state.lock, state.processor) == ("unused lock state", None, None)
    with at_irql(Irql.DISPATCH):
        async with lock.read() as state:
            assert not state.write
        assert current_irql() == Irql.DISPATCH
    assert not raised


async def test_nesting_with_spin_locks() -> None:
    lock, ring = ReadWriteLock("table"), SpinLock("ring")
    async with ring, lock.read() as state:
        assert current_processor().held_locks == (state, ring)
    async with lock.write() as state, ring:
        assert current_processor().held_locks == (ring, state)
        with breaks("LOCK-07", "table is released while ring, taken later, is held"):
            lock.release(state)
    assert not raised


async def test_forms_for_plain_functions() -> None:
    lock = ReadWriteLock("table")
    with lock.read():
        assert lock.statistics().readers == 1
    with lock.write():
        assert lock.statistics().writing
    async with create_task_group() as group:
        users = Users(group, lock)
        await users.come("r1")
        with lock.read():
            pass
        state = LockState()
        with pytest.raises(WouldBlock):
            lock.acquire_nowait(state, write=True)
        assert state.lock is None
        await users.come("w1")
        with pytest.raises(WouldBlock), lock.read():  # no barging past the writer
            pass
        await users.go("r1", "w1")
    with lock.write():
        pass
    assert not raised


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_waiter_holds_nobody_back(way: str) -> None:
    lock = ReadWriteLock()
    async with create_task_group() as group:
        users = Users(group, lock)
        await users.come("r1", "w1", "r2", "w2", "r3")
        users.tasks["w1"].cancel(way)
        await settle()
        assert users.tasks["w1"].cancelled
        assert sorted(users.inside) == ["r1", "r2"]
        users.tasks["r3"].cancel(way)
        await settle()
        assert sorted(users.inside) == ["r1", "r2"]
        await users.go("r1", "r2")
        assert users.inside == ["w2"]
        await users.go("w2")
    assert lock.statistics() == ReadWriteLockStatistics(readers=0, writing=False, waiting=0, contended=4)
    assert not raised


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["w1", "r1"])
async def test_a_waiter_that_was_let_in_and_is_cancelled_passes_it_on(way: str, name: str) -> None:
    lock, state = ReadWriteLock(), LockState()
    async with create_task_group() as group:
        users = Users(group, lock)
        await lock.acquire(state, write=True)
        await users.come(name, "w2")
        lock.release(state)
        users.tasks[name].cancel(way)
        await settle()
        assert users.tasks[name].cancelled
        assert users.inside == ["w2"]
        await users.go("w2")
    assert lock.statistics().waiting == 0
    assert not raised


async def test_cancelled_waiters_that_did_not_run_yet_are_passed_over() -> None:
    lock, state = ReadWriteLock(), LockState()
    async with create_task_group() as group:
        users = Users(group, lock)
        await lock.acquire(state, write=True)
        await users.come("w1", "w2", "r1")
        users.tasks["w1"].cancel("native")
        users.tasks["w2"].cancel("native")
        lock.release(state)
        await settle()
        assert users.inside == ["r1"]
        await users.go("r1")
    assert not raised


async def test_each_acquire_has_a_state_of_its_own() -> None:
    lock, other, state = ReadWriteLock("table"), ReadWriteLock("names"), LockState()
    async with create_task_group() as group:
        users = Users(group, lock)
        await users.come("w1")
        waiter = await start(group, partial(lock.acquire, state, write=False))
        assert repr(state) == "<LockState waits for 'table' for reading>"
        with breaks("LOCK-13", "acquires names with a lock state that is in use for table"):
            await other.acquire(state, write=False)
        with breaks("LOCK-03", "table is released, but it is not held through this lock state"):
            lock.release(state)
        waiter.cancel()
        await users.go("w1")
    await lock.acquire(state, write=True)
    assert repr(state) == "<LockState holds 'table' for writing>"
    with breaks("LOCK-13", "names is released with the lock state of table"):
        other.release(state)
    with breaks("LOCK-13"):
        other.acquire_nowait(state, write=True)
    lock.release(state)
    assert repr(state) == "<LockState unused>"
    with breaks("LOCK-03"):
        lock.release(state)
    with pytest.raises(TypeError, match="state is a LockState"):
        await lock.acquire(None, write=True)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(TypeError, match="state is a LockState"):
        lock.release(None)  # type: ignore[arg-type]  # that is the test


@pytest.mark.parametrize(
    ("first", "second", "rule"),
    [
        (False, True, "LOCK-13"),
        (False, False, "LOCK-02"),
        (True, True, "LOCK-02"),
        (True, False, "LOCK-02"),
    ],
)
async def test_no_upgrade_and_no_second_acquire(*, first: bool, second: bool, rule: str) -> None:
    lock, other, state = ReadWriteLock("table"), ReadWriteLock("names"), LockState()
    await lock.acquire(state, write=first)
    async with other.read(), SpinLock("ring"):
        with breaks(rule, "acquires table"):
            await lock.acquire(LockState(), write=second)
        with breaks(rule, "acquires table"):
            lock.acquire_nowait(LockState(), write=second)
    lock.release(state)
    assert not raised


async def test_only_its_holder_releases_it() -> None:
    lock, state = ReadWriteLock("table"), LockState()

    async def thief() -> None:
        with breaks("LOCK-10", "table is released by thief, but"):
            lock.release(state)

    async with create_task_group() as group:
        await lock.acquire(state, write=False)
        watched = await start(group, thief, name="thief")
        assert watched.results == [None]
        lock.release(state)


async def test_levels() -> None:
    lock, state = ReadWriteLock("table"), LockState()
    with at_irql(Irql.DIRQL), breaks("IRQL-01", "table is acquired at DIRQL 3"):
        await lock.acquire(state, write=False)
    await lock.acquire(state, write=False)
    with at_irql(Irql.DIRQL), breaks("IRQL-01", "table is released at DIRQL 3"):
        lock.release(state)
    lock.release(state)
    assert not raised


async def test_a_dead_holder_is_named() -> None:
    lock, state = ReadWriteLock("table"), LockState()

    async def careless() -> None:
        await lock.acquire(LockState(), write=False)

    async with create_task_group() as group:
        users = Users(group, lock)
        await users.come("r1")
        await start(group, careless, name="careless")
        with breaks("LOCK-04", "its holder, careless, ended without releasing it"):
            await lock.acquire(state, write=True)
        assert state.lock is None
        await users.go("r1")
    raised.clear()


async def test_the_probe_sees_each_call_and_may_refuse_it() -> None:
    recorder = Recorder()
    with observe(recorder):
        lock = ReadWriteLock()
    async with lock.read():
        pass
    with lock.write():
        pass
    assert recorder.calls == [
        ("preempt", "NdisAcquireReadWriteLock"),
        *[(when, name) for name in ("NdisAcquireReadWriteLock", "NdisReleaseReadWriteLock") for when in CALL] * 2,
    ]
    with observe(Refusing()):
        lock = ReadWriteLock()
    with breaks("TEST-01"):
        await lock.acquire(LockState(), write=True)
    assert lock.statistics() == ReadWriteLockStatistics(readers=0, writing=False, waiting=0, contended=0)


CALL = ("before", "after")


async def test_repr_is_a_status_line() -> None:
    lock = ReadWriteLock("table")
    assert repr(lock) == "<ReadWriteLock 'table' free, 0 waiting>"
    async with lock.read():
        assert repr(lock) == "<ReadWriteLock 'table' 1 reading, 0 waiting>"
    async with lock.write():
        assert repr(lock) == "<ReadWriteLock 'table' held for writing, 0 waiting>"
    with pytest.raises(TypeError, match="name is a str"):
        ReadWriteLock(1)  # type: ignore[arg-type]  # that is the test
    with pytest.raises(TypeError, match="lock is a ReadWriteLock"):
        ReadWriteAccess(None, write=True)  # type: ignore[arg-type]  # that is the test
