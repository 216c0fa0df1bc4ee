"""A processor is at one level and holds a stack of locks; a task is one by default, and may drive others."""

import math
from collections.abc import Generator

import anyio
import pytest
from anyio import WouldBlock
from anyio.lowlevel import checkpoint

from asyncndis.base import RuleViolation
from asyncndis.kernel import Irql, Processor, SpinLock, at_irql, current_irql, current_processor
from asyncndis.kernel.processors import irql_name, raised
from tests.support.worlds import rest


@pytest.fixture(autouse=True)
def nobody_is_raised() -> Generator[None]:
    with rest():
        yield


class TestLevels:
    def test_a_task_starts_at_passive_level(self) -> None:
        assert current_irql() == Irql.PASSIVE
        assert current_processor().irql == Irql.PASSIVE
        assert current_processor().held_locks == ()

    @pytest.mark.parametrize("level", [1, Irql.DISPATCH, 3, 26, 27, 30, Irql.HIGH])
    def test_a_block_runs_at_its_level(self, level: int) -> None:
        with at_irql(level) as processor:
            assert current_irql() == processor.irql == level
            assert current_processor() is processor
        assert current_irql() == Irql.PASSIVE

    def test_blocks_nest(self) -> None:
        with at_irql(Irql.DISPATCH) as outer, at_irql(5) as inner:
            assert inner is outer
            assert current_irql() == 5
        with at_irql(Irql.DISPATCH):
            with at_irql(5):
                pass
            assert current_irql() == Irql.DISPATCH

    def test_a_level_may_be_raised_to_itself(self) -> None:
        with at_irql(Irql.PASSIVE):
            assert current_irql() == Irql.PASSIVE
            assert not raised

    def test_raising_never_lowers(self) -> None:
        with (
            at_irql(5) as processor,
            pytest.raises(RuleViolation, match=r"^IRQL-01: .* DIRQL 5 to the lower DISPATCH"),
        ):
            processor.raise_irql(Irql.DISPATCH)

    def test_lowering_never_raises(self) -> None:
        with (
            at_irql(Irql.APC) as processor,
            pytest.raises(RuleViolation, match=r"^IRQL-01: .* to the higher HIGH_LEVEL"),
        ):
            processor.lower_irql(Irql.HIGH)

    def test_a_level_is_restored_by_hand(self) -> None:
        processor = current_processor()
        before = processor.raise_irql(Irql.DISPATCH)
        assert current_processor() is processor
        processor.lower_irql(before)
        assert current_irql() == Irql.PASSIVE

    @pytest.mark.parametrize("left_at", [Irql.PASSIVE, 6])
    def test_a_block_has_to_leave_at_its_level(self, left_at: int) -> None:
        with pytest.raises(RuleViolation, match=r"^IRQL-04: a handler entered at DIRQL 5 left at"), at_irql(5) as cpu:
            cpu.irql = left_at
        assert current_irql() == Irql.PASSIVE

    def test_an_error_is_not_hidden_by_the_level_it_left_at(self) -> None:
        def leave_early() -> None:
            with at_irql(5) as processor:
                processor.lower_irql(Irql.PASSIVE)
                raise LookupError

        with pytest.raises(LookupError):
            leave_early()

    @pytest.mark.parametrize("level", [None, "2", b"2", 2.0, math.nan, True])
    def test_a_level_is_an_integer(self, level: int) -> None:
        processor = current_processor()
        for change in (processor.raise_irql, processor.lower_irql):
            with pytest.raises(TypeError, match="an IRQL is an integer"):
                change(level)

    @pytest.mark.parametrize("level", [-1, 32, 2**63])
    def test_a_level_is_from_0_to_31(self, level: int) -> None:
        processor = current_processor()
        for change in (processor.raise_irql, processor.lower_irql):
            with pytest.raises(ValueError, match="an IRQL is from 0 to 0x1f"):
                change(level)

    @pytest.mark.parametrize(
        ("level", "name"),
        [(0, "PASSIVE_LEVEL"), (2, "DISPATCH_LEVEL"), (3, "DIRQL 3"), (30, "DIRQL 30"), (31, "HIGH_LEVEL")],
    )
    def test_a_level_has_a_name(self, level: int, name: str) -> None:
        assert irql_name(level) == name


class TestTasks:
    @pytest.mark.every_loop
    async def test_a_child_inherits_neither_level_nor_locks(self) -> None:
        seen: list[tuple[int, int]] = []

        async def child() -> None:
            seen.append((current_irql(), len(current_processor().held_locks)))
            await checkpoint()
            seen.append((current_irql(), len(current_processor().held_locks)))

        async with anyio.create_task_group() as tasks, SpinLock():
            tasks.start_soon(child)
            await checkpoint()
            await checkpoint()
            assert current_irql() == Irql.DISPATCH
        assert seen == [(Irql.PASSIVE, 0)] * 2

    @pytest.mark.every_loop
    async def test_each_task_keeps_its_own_level(self) -> None:
        async def hold(level: int) -> None:
            with at_irql(level):
                for _ in range(5):
                    await checkpoint()
                    assert current_irql() == level

        async with anyio.create_task_group() as tasks:
            for level in range(8):
                tasks.start_soon(hold, level)
        assert current_irql() == Irql.PASSIVE

    @pytest.mark.every_loop
    async def test_a_processor_is_named_after_its_task(self) -> None:
        async with anyio.create_task_group() as tasks:

            async def hold() -> None:
                async with SpinLock("rx"):
                    assert "hold" in current_processor().name
                    assert repr(current_processor()).endswith("at DISPATCH_LEVEL, holds rx>")

            tasks.start_soon(hold, name="hold the lock")

    @pytest.mark.every_loop
    async def test_an_old_object_does_not_speak_for_a_task_that_acts_as_another(self) -> None:
        old = current_processor()
        async with SpinLock():
            with pytest.raises(RuntimeError, match="acts as another processor by now"):
                old.raise_irql(5)
            old.lower_irql(Irql.PASSIVE)
            assert current_irql() == Irql.DISPATCH


class TestDriving:
    def test_a_task_acts_as_the_processor_it_drives(self) -> None:
        cpu = Processor("CPU 1")
        with cpu as driven:
            assert driven is cpu is current_processor()
            with at_irql(Irql.DISPATCH):
                assert cpu.irql == current_irql() == Irql.DISPATCH
        assert current_processor() is not cpu

    def test_a_driven_processor_says_what_it_is(self) -> None:
        cpu = Processor("CPU 1")
        assert repr(cpu) == "<Processor CPU 1 at PASSIVE_LEVEL, holds no lock>"
        assert Processor().name == "no task"

    def test_its_level_outlasts_the_block(self) -> None:
        cpu = Processor("CPU 1")
        with cpu:
            cpu.raise_irql(5)
        assert current_irql() == Irql.PASSIVE
        with cpu:
            assert current_irql() == 5
            cpu.lower_irql(Irql.PASSIVE)

    def test_an_idle_processor_can_be_raised(self) -> None:
        cpu = Processor("CPU 1")
        cpu.raise_irql(Irql.DISPATCH)
        assert current_irql() == Irql.PASSIVE
        with cpu:
            assert current_irql() == Irql.DISPATCH
        cpu.lower_irql(Irql.PASSIVE)

    @pytest.mark.every_loop
    async def test_any_number_may_be_raised(self) -> None:
        """When the table is long, those are looked for whose tasks have ended; a processor is no task."""
        cpus = [Processor(f"CPU {number}") for number in range(100)]
        for cpu in cpus:
            cpu.raise_irql(5)
        async with SpinLock():
            assert current_irql() == Irql.DISPATCH
        for cpu in cpus:
            with cpu:
                assert current_irql() == 5
                cpu.lower_irql(Irql.PASSIVE)
        assert not raised

    def test_blocks_of_processors_nest(self) -> None:
        first, second = Processor("CPU 1"), Processor("CPU 2")
        with at_irql(Irql.APC) as own:
            with first:
                first.raise_irql(5)
                with second:
                    assert current_irql() == Irql.PASSIVE
                assert current_processor() is first
                first.lower_irql(Irql.PASSIVE)
            assert current_processor() is own
            assert current_irql() == Irql.APC

    def test_the_driver_comes_back_on_the_way_of_an_error_too(self) -> None:
        with pytest.raises(LookupError), Processor("CPU 1"):
            raise LookupError
        assert not raised

    @pytest.mark.every_loop
    async def test_a_processor_acts_in_one_place_at_a_time(self) -> None:
        cpu = Processor("CPU 1")

        async def drive_too() -> None:
            with pytest.raises(RuntimeError, match=r"^CPU 1 is driven already"), cpu:
                pass

        with cpu:
            await drive_too()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(drive_too)
            assert current_processor() is cpu

    @pytest.mark.every_loop
    async def test_locks_belong_to_the_processor_that_took_them(self) -> None:
        lock, first, second = SpinLock("rx"), Processor("CPU 1"), Processor("CPU 2")
        with first:
            lock.acquire_nowait()
        assert current_irql() == Irql.PASSIVE
        for other in (second, Processor()):
            with other:
                with pytest.raises(WouldBlock):
                    lock.acquire_nowait()
                with pytest.raises(RuleViolation, match=r"^LOCK-10: .*but CPU 1 holds it"):
                    lock.release()
        with pytest.raises(WouldBlock):
            lock.acquire_nowait()
        with first:
            with pytest.raises(RuleViolation, match=r"^LOCK-02"):
                lock.acquire_nowait()
            lock.release()
        with second:
            lock.acquire_nowait()
            lock.release()

    @pytest.mark.every_loop
    async def test_one_task_cannot_wait_for_itself(self) -> None:
        lock, first = SpinLock("rx"), Processor("CPU 1")
        with first:
            lock.acquire_nowait()
        with pytest.raises(RuntimeError):
            await lock.acquire()
        with first:
            lock.release()

    @pytest.mark.parametrize("nested", [False, True])
    @pytest.mark.every_loop
    async def test_a_lock_of_the_driver_is_not_released_by_the_driven(self, *, nested: bool) -> None:
        lock, inner, cpu = SpinLock("rx"), SpinLock("tx"), Processor("CPU 1")
        for _ in range(2):  # the second time, the lock lends the processor that it made the first time
            await lock.acquire()
            if nested:
                await inner.acquire()
            with cpu, pytest.raises(RuleViolation, match=r"^LOCK-10: rx is released by CPU 1, but"):
                lock.release()
            if nested:
                inner.release()
            assert current_irql() == Irql.DISPATCH
            lock.release()
            assert not raised

    @pytest.mark.every_loop
    async def test_a_processor_that_moves_to_another_task_leaves_its_locks_behind(self) -> None:
        lock, cpu = SpinLock("rx"), Processor("CPU 1")
        with cpu:
            await lock.acquire()

        async def release_there() -> None:
            with cpu, pytest.raises(RuleViolation, match=r"^LOCK-10"):
                lock.release()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(release_there)
        with cpu:
            lock.release()


@pytest.mark.every_loop
async def test_tasks_that_ended_raised_do_not_pile_up() -> None:
    strangers = {*raised}

    async def end_raised() -> None:
        current_processor().raise_irql(Irql.DISPATCH)

    async with anyio.create_task_group() as tasks:
        for _ in range(300):
            tasks.start_soon(end_raised)
    current_processor()
    left = {*raised} - strangers
    assert len(left) <= 64
    for task in left:
        del raised[task]
