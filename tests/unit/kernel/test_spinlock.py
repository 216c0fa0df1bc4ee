"""A spin lock excludes, raises to DISPATCH_LEVEL, is handed over in order, and refuses what breaks its rules."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio import WouldBlock
from anyio.lowlevel import checkpoint

from asyncndis.base import Probe, Profile, RuleViolation, observe
from asyncndis.kernel import Irql, Processor, SpinLock, at_irql, current_irql, current_processor
from asyncndis.kernel.processors import raised
from tests.support.loops import LOOPS, run_on, settle
from tests.support.worlds import Yielding, assert_lock_at_rest, rest

pytestmark = pytest.mark.every_loop


@pytest.fixture(autouse=True)
def nobody_is_raised() -> Generator[None]:
    with rest():
        yield


def breaks(rule: str, words: str = "") -> pytest.RaisesExc[RuleViolation]:
    return pytest.raises(RuleViolation, match=rf"^{rule}: .*{words}")


@asynccontextmanager
async def held_elsewhere(lock: SpinLock) -> AsyncGenerator[None]:
    """While the block runs, another task holds ``lock``."""
    go = anyio.Event()

    async def hold() -> None:
        async with lock:
            await go.wait()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hold)
        await settle()
        try:
            yield
        finally:
            go.set()


@asynccontextmanager
async def left_locked(lock: SpinLock) -> AsyncGenerator[None]:
    """A task ended and has not released ``lock``; afterwards the table of the raised is swept for other tests."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lock.acquire, name="forgetful")
    try:
        yield
    finally:
        raised.clear()


async def plainly(lock: SpinLock) -> None:
    async with lock:
        assert lock.holder is current_processor()
        assert current_irql() == Irql.DISPATCH
        assert [held.name for held in current_processor().held_locks] == [lock.name]


async def by_hand(lock: SpinLock) -> None:
    await lock.acquire()
    assert current_irql() == Irql.DISPATCH
    lock.release()


async def synchronously(lock: SpinLock) -> None:
    with lock:
        assert current_irql() == Irql.DISPATCH


async def at_apc_level(lock: SpinLock) -> None:
    with at_irql(Irql.APC):
        async with lock:
            assert current_irql() == Irql.DISPATCH
        assert current_irql() == Irql.APC


async def by_the_dpr_forms(lock: SpinLock) -> None:
    with at_irql(Irql.DISPATCH):
        await lock.acquire_dpr()
        assert current_irql() == Irql.DISPATCH
        lock.release_dpr()
        lock.acquire_dpr_nowait()
        lock.release_dpr()
        assert current_irql() == Irql.DISPATCH


class TestTaking:
    @pytest.mark.parametrize("probe", [None, Probe(), Yielding()], ids=["bare", "observed", "scheduled"])
    @pytest.mark.parametrize("take", [plainly, by_hand, synchronously, at_apc_level, by_the_dpr_forms])
    async def test_the_holder_is_at_dispatch_level(
        self, take: Callable[[SpinLock], Awaitable[None]], probe: Probe | None
    ) -> None:
        if probe is None:
            lock = SpinLock("rx")
        else:
            with observe(probe):
                lock = SpinLock("rx")
        for _ in range(3):  # the first time binds the lock to the loop
            await take(lock)
            assert lock.holder is None
            assert current_irql() == Irql.PASSIVE
            assert not raised
        await assert_lock_at_rest(lock)

    async def test_a_free_lock_is_had_without_giving_way(self) -> None:
        lock = SpinLock()
        async with anyio.create_task_group() as tasks:
            others: list[str] = []

            async def other() -> None:
                others.append("ran")

            tasks.start_soon(other)
            async with lock:
                assert others == []

    async def test_locks_nest_and_restore_what_each_has_saved(self) -> None:
        outer, inner = SpinLock("outer"), SpinLock("inner")
        async with outer, inner:
            assert [lock.name for lock in current_processor().held_locks] == ["inner", "outer"]
            assert inner.below is outer
        async with outer:
            async with inner:
                pass
            assert current_irql() == Irql.DISPATCH
            assert outer.holder is current_processor()

    async def test_plain_and_dpr_nest(self) -> None:
        outer, inner = SpinLock("outer"), SpinLock("inner")
        async with outer:
            await inner.acquire_dpr()
            inner.release_dpr()
            assert current_irql() == Irql.DISPATCH

    async def test_nothing_of_the_last_use_is_left(self) -> None:
        """The short way in counts on it."""
        outer, inner = SpinLock("outer"), SpinLock("inner")
        async with outer, inner:
            pass
        with at_irql(Irql.DISPATCH):
            await outer.acquire_dpr()
            outer.release_dpr()
        for lock in (outer, inner):
            async with lock:
                assert current_processor().held_locks == (lock,)
                with breaks("LOCK-05", "acquired by the plain form"):
                    lock.release_dpr()
                with Processor("CPU 1"):
                    pass
            await assert_lock_at_rest(lock)
            assert not raised

    async def test_a_held_lock_is_not_had(self) -> None:
        lock = SpinLock("rx")
        async with held_elsewhere(lock):
            with pytest.raises(WouldBlock):
                lock.acquire_nowait()
            with at_irql(Irql.DISPATCH), pytest.raises(WouldBlock):
                lock.acquire_dpr_nowait()
            assert lock.holder is not current_processor()
        await assert_lock_at_rest(lock)

    @pytest.mark.parametrize("other_is_raised", [False, True])
    async def test_it_is_handed_over_in_order(self, *, other_is_raised: bool) -> None:
        lock, order = SpinLock("rx"), list[int]()

        async def take(number: int) -> None:
            async with lock:
                order.append(number)
                await checkpoint()

        async with anyio.create_task_group() as tasks:
            await lock.acquire()
            for number in range(10):
                tasks.start_soon(take, number)
                await settle()
            assert lock.statistics().waiting == 10
            lock.release()
            assert lock.statistics().waiting == 9
            if not other_is_raised:
                assert not raised, "it is handed over, but nobody has run"
            with pytest.raises(WouldBlock):
                lock.acquire_nowait()
            async with lock:
                assert order == list(range(10))
        assert lock.statistics().contended == 11

    async def test_a_newcomer_gets_in_line_after_a_hand_over(self) -> None:
        """When the table of the raised is empty, but the lock is on its way to somebody."""
        lock, order = SpinLock("rx"), list[str]()

        async def take(name: str) -> None:
            await lock.acquire()
            order.append(name)
            lock.release()

        async with anyio.create_task_group() as tasks:
            await lock.acquire()
            tasks.start_soon(take, "first")
            await settle()
            lock.release()
            await take("newcomer")
        assert order == ["first", "newcomer"]

    async def test_what_it_tells_of_itself(self) -> None:
        lock = SpinLock("rx")
        assert repr(lock) == "<SpinLock 'rx' free, 0 waiting>"
        async with held_elsewhere(lock):
            seen = lock.statistics()
            assert (seen.locked, seen.waiting, seen.contended) == (True, 0, 0)
            assert seen.holder is not None
            assert "hold" in seen.holder
            assert repr(lock) == f"<SpinLock 'rx' held by {seen.holder}, 0 waiting>"
        lock.free()
        assert repr(lock) == "<SpinLock 'rx' freed, 0 waiting>"


class TestRules:
    @pytest.mark.parametrize("probe", [None, Probe()], ids=["bare", "observed"])
    async def test_it_is_not_taken_twice(self, probe: Probe | None) -> None:
        with observe(probe or Probe()):
            lock = SpinLock("rx")
        if probe is None:
            lock = SpinLock("rx")
        async with lock:
            with breaks("LOCK-02", "acquires rx, which it holds already"):
                await lock.acquire()
            with breaks("LOCK-02"):
                lock.acquire_nowait()
            with breaks("LOCK-02"):
                await lock.acquire_dpr()
            assert current_irql() == Irql.DISPATCH
        await assert_lock_at_rest(lock)

    async def test_only_what_is_held_is_released(self) -> None:
        lock = SpinLock("rx")
        for release in (lock.release, lock.release_dpr):
            with breaks("LOCK-03", "nobody holds it"):
                release()
        async with lock:
            pass
        with breaks("LOCK-03"):
            lock.release()

    @pytest.mark.parametrize("raised_before", [False, True])
    async def test_a_holder_that_ended_is_told(self, *, raised_before: bool) -> None:
        lock = SpinLock("rx")
        if raised_before:
            await by_hand(lock)
        async with left_locked(lock):
            with breaks("LOCK-04", "rx can never be acquired: its holder, .*, ended without releasing it"):
                await lock.acquire()
            with pytest.raises(WouldBlock):
                lock.acquire_nowait()
            with breaks("LOCK-10"):
                lock.release()

    async def test_plain_goes_with_plain_and_dpr_with_dpr(self) -> None:
        lock = SpinLock("rx")
        async with lock:
            with breaks("LOCK-05", "acquired by the plain form and is released by the Dpr form"):
                lock.release_dpr()
        with at_irql(Irql.DISPATCH):
            await lock.acquire_dpr()
            with breaks("LOCK-05", "acquired by the Dpr form and is released by the plain form"):
                lock.release()
            lock.release_dpr()
        await assert_lock_at_rest(lock)

    @pytest.mark.parametrize("level", [Irql.PASSIVE, Irql.APC])
    async def test_the_dpr_form_needs_dispatch_level(self, level: int) -> None:
        lock = SpinLock("rx")
        with at_irql(level):
            with breaks("LOCK-06", "use the plain form below DISPATCH_LEVEL"):
                await lock.acquire_dpr()
            with breaks("LOCK-06"):
                lock.acquire_dpr_nowait()
        await assert_lock_at_rest(lock)

    async def test_locks_are_released_in_reverse_order(self) -> None:
        outer, inner = SpinLock("outer"), SpinLock("inner")
        async with outer, inner:
            with breaks("LOCK-07", "outer is released while inner, taken later, is held"):
                outer.release()
        await assert_lock_at_rest(outer)

    async def test_a_freed_lock_is_not_used(self) -> None:
        lock = SpinLock("rx")
        async with lock:
            pass
        lock.free()
        with breaks("LOCK-09", "was freed"):
            await lock.acquire()
        with breaks("LOCK-09", "was freed"):
            lock.acquire_nowait()
        with breaks("LOCK-09", "freed twice"):
            lock.free()

    async def test_a_lock_may_be_freed_before_it_was_ever_used(self) -> None:
        lock = SpinLock("rx")
        lock.free()
        with breaks("LOCK-09"):
            await lock.acquire()

    async def test_a_held_lock_is_not_freed(self) -> None:
        lock = SpinLock("rx")
        async with lock:
            with breaks("LOCK-09", "freed while .* holds it"):
                lock.free()
        await assert_lock_at_rest(lock)

    async def test_a_lock_on_its_way_to_the_next_is_not_freed(self) -> None:
        lock = SpinLock("rx")
        async with anyio.create_task_group() as tasks:
            await lock.acquire()
            tasks.start_soon(by_hand, lock)
            await settle()
            lock.release()
            with breaks("LOCK-09", "freed while the next in line holds it"):
                lock.free()
        await assert_lock_at_rest(lock)
        lock.free()

    async def test_another_task_does_not_release_it(self) -> None:
        lock = SpinLock("rx")
        async with held_elsewhere(lock):
            with breaks("LOCK-10", "but .*hold.* holds it"):
                lock.release()
            with at_irql(Irql.DISPATCH), breaks("LOCK-10"):
                lock.release_dpr()
        await assert_lock_at_rest(lock)

    async def test_it_is_not_taken_above_dispatch_level(self) -> None:
        lock = SpinLock("rx")
        with at_irql(Irql.DIRQL):
            with breaks("IRQL-01", "at DIRQL 3"):
                await lock.acquire()
            with breaks("IRQL-01"):
                lock.acquire_dpr_nowait()

    async def test_it_is_released_at_dispatch_level(self) -> None:
        lock = SpinLock("rx")
        async with lock:
            with at_irql(5), breaks("IRQL-01", "released at DIRQL 5"):
                lock.release()
            current_processor().lower_irql(Irql.PASSIVE)
            with breaks("IRQL-01", "released at PASSIVE_LEVEL"):
                lock.release()
            current_processor().raise_irql(Irql.DISPATCH)

    @pytest.mark.parametrize("argument", ["name", "profile"])
    async def test_bad_arguments_are_named(self, argument: str) -> None:
        with pytest.raises(TypeError, match=rf"^{argument} is a"):
            SpinLock(**{argument: 3})  # type: ignore[arg-type]  # the point of the test


class TestCriticalSections:
    """What Windows CE makes of spin locks."""

    async def test_no_level_changes(self) -> None:
        lock = SpinLock("rx", profile=Profile.CE)
        async with lock:
            assert current_irql() == Irql.PASSIVE
            assert current_processor().held_locks == (lock,)
        with lock:
            assert current_irql() == Irql.PASSIVE
        await assert_lock_at_rest(lock)

    async def test_the_holder_may_enter_again(self) -> None:
        lock = SpinLock("rx", profile=Profile.CE)
        async with lock, lock:
            lock.acquire_nowait()
            lock.release()
            async with held_up_by(lock):
                pass
            assert lock.holder is current_processor()
        await assert_lock_at_rest(lock)

    async def test_it_is_left_as_often_as_it_was_entered(self) -> None:
        lock = SpinLock("rx", profile=Profile.CE)
        async with lock, lock:
            pass
        with breaks("LOCK-03"):
            lock.release()

    async def test_a_section_may_be_entered_again_around_another(self) -> None:
        outer, inner = SpinLock("outer", profile=Profile.CE), SpinLock("inner", profile=Profile.CE)
        async with outer, inner:
            async with outer:
                pass
            with breaks("LOCK-07"):
                outer.release()
        await assert_lock_at_rest(outer)
        await assert_lock_at_rest(inner)

    async def test_the_dpr_form_is_legal_at_any_level(self) -> None:
        lock = SpinLock("rx", profile=Profile.CE)
        await lock.acquire_dpr()
        lock.release_dpr()
        await assert_lock_at_rest(lock)

    async def test_others_wait(self) -> None:
        lock = SpinLock("rx", profile=Profile.CE)
        async with held_elsewhere(lock):
            with pytest.raises(WouldBlock):
                lock.acquire_nowait()
        await plain_section(lock)


async def plain_section(lock: SpinLock) -> None:
    async with lock:
        pass


@asynccontextmanager
async def held_up_by(lock: SpinLock) -> AsyncGenerator[None]:
    """While the block runs, another task waits for ``lock``; it gets it later and gives it back."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(plain_section, lock)
        await settle()
        assert lock.statistics().waiting == 1
        tasks.cancel_scope.cancel()
        yield


class Journal(Probe):
    def __init__(self) -> None:
        self.heard: list[str] = []

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        self.heard.append(f"before {operation}")

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        self.heard.append(f"after {operation}")


class Refuser(Probe):
    def __init__(self, operation: str) -> None:
        self.operation = operation

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        if operation == self.operation:
            raise RuleViolation("TEST-01", f"{operation} is refused", subject)


class TestProbe:
    async def test_it_hears_each_call_by_its_ndis_name(self) -> None:
        journal = Journal()
        with observe(journal):
            lock = SpinLock("rx")
        async with lock:
            await checkpoint()
        with at_irql(Irql.DISPATCH):
            lock.acquire_dpr_nowait()
            lock.release_dpr()
        lock.free()
        names = [
            "NdisAcquireSpinLock",
            "NdisReleaseSpinLock",
            "NdisDprAcquireSpinLock",
            "NdisDprReleaseSpinLock",
            "NdisFreeSpinLock",
        ]
        assert journal.heard == [f"{when} {name}" for name in names for when in ("before", "after")]

    @pytest.mark.parametrize("operation", ["NdisAcquireSpinLock", "NdisReleaseSpinLock", "NdisFreeSpinLock"])
    async def test_what_it_refuses_has_not_happened(self, operation: str) -> None:
        refuser = Refuser(operation)
        with observe(refuser):
            lock = SpinLock("rx")

        async def use() -> None:
            await lock.acquire()
            lock.release()
            lock.free()

        with pytest.raises(RuleViolation, match=f"{operation} is refused"):
            await use()
        refuser.operation = ""
        if operation == "NdisReleaseSpinLock":
            assert lock.holder is current_processor()
            lock.release()
        await assert_lock_at_rest(lock)

    async def test_a_lock_that_is_freed_while_its_taker_is_preempted_is_not_taken(self) -> None:
        with observe(Yielding()):
            lock = SpinLock("rx")
        async with anyio.create_task_group() as tasks:

            async def take() -> None:
                with breaks("LOCK-09"):
                    await lock.acquire()

            async def free() -> None:
                lock.free()

            tasks.start_soon(take)
            tasks.start_soon(free)


class TestCancellation:
    async def test_a_waiter_that_is_cancelled_after_the_hand_over_passes_it_on(self) -> None:
        lock, order = SpinLock("rx"), list[str]()
        first = anyio.CancelScope()

        async def take(name: str, scope: anyio.CancelScope) -> None:
            with scope:
                async with lock:
                    order.append(name)

        async with anyio.create_task_group() as tasks:
            await lock.acquire()
            tasks.start_soon(take, "first", first)
            await settle()
            tasks.start_soon(take, "second", anyio.CancelScope())
            await settle()
            lock.release()
            first.cancel()
        assert order[-1] == "second"
        await assert_lock_at_rest(lock)

    async def test_nobody_spins_after_a_cancelled_wait(self) -> None:
        lock = SpinLock("rx")
        async with held_elsewhere(lock):
            with at_irql(Irql.DISPATCH) as processor:
                with anyio.CancelScope() as scope:
                    scope.cancel()
                    await lock.acquire_dpr()
                assert scope.cancelled_caught
                assert not processor.spinning
        await assert_lock_at_rest(lock)


@pytest.mark.parametrize("first", LOOPS)
@pytest.mark.parametrize("second", LOOPS)
def test_a_lock_made_outside_serves_the_loops_that_run_one_after_another(first: str, second: str) -> None:
    lock = SpinLock("rx")
    run_on(first, lambda: plainly(lock))
    if (first == "trio") is (second == "trio"):
        run_on(second, lambda: plainly(lock))
    else:
        with pytest.raises(RuntimeError):
            run_on(second, lambda: plainly(lock))
    assert lock.holder is None


def test_without_a_loop_it_cannot_be_taken() -> None:
    with pytest.raises(RuntimeError, match="no event loop runs here"):
        SpinLock().acquire_nowait()


def test_a_lock_left_by_a_loop_that_ended_is_told() -> None:
    lock = SpinLock("rx")
    run_on("asyncio", lock.acquire)
    try:
        with breaks("LOCK-04"):
            run_on("asyncio", lock.acquire)
    finally:
        raised.clear()


@pytest.mark.parametrize("first_use", [True, False])
def test_a_callback_that_leaves_it_locked_is_told(*, first_use: bool) -> None:
    """A callback of asyncio is no task, and the lock beneath knows tasks only."""
    lock = SpinLock("rx")

    async def main() -> None:
        if not first_use:
            await plainly(lock)
        asyncio.get_running_loop().call_soon(lock.acquire_nowait)
        await settle()
        with breaks("LOCK-04"):
            await lock.acquire()
        with pytest.raises(WouldBlock):
            lock.acquire_nowait()
        asyncio.get_running_loop().call_soon(lock.release)
        await settle()
        await plainly(lock)

    run_on("asyncio", main)
