"""Deferred procedure calls."""

import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from asyncndis.kernel import Dpc, Irql, Kernel, KernelStatistics, SpinLock, current_irql, flush_dpcs
from asyncndis.kernel.processors import raised
from tests.unit.kernel.tasks import WAYS, settle, start

pytestmark = pytest.mark.every_loop


async def test_each_runs_once_at_dispatch_level_in_order() -> None:
    calls: list[tuple[object, ...]] = []

    def plain(*arguments: int) -> None:
        calls.append((*arguments, current_irql()))

    async def awaited(*arguments: int) -> None:
        plain(*arguments)

    async with Kernel() as kernel:
        dpcs = [Dpc(plain, 1), Dpc(awaited, 2, 3), Dpc(plain)]
        assert [dpc.queue() for dpc in dpcs] == [True, True, True]
        assert [dpc.queue() for dpc in dpcs] == [False, False, False]
        assert calls == []
        assert kernel.statistics().dpcs == 3
        await settle()
        assert calls == [(1, Irql.DISPATCH), (2, 3, Irql.DISPATCH), (Irql.DISPATCH,)]
        assert not any(dpc.queued or dpc.running for dpc in dpcs)
        assert dpcs[0].queue()
        await settle()
        assert len(calls) == 4
        assert kernel.statistics() == KernelStatistics(0, 0, 0)
    assert not raised


async def test_one_that_runs_may_be_queued_again_and_others_get_their_turn() -> None:
    states: list[str] = []
    turns: list[int] = []

    def again() -> None:
        states.append(repr(dpc))
        assert not dpc.queued
        if len(states) < 5:
            assert dpc.queue()
            assert not dpc.queue()
            states[-1] = repr(dpc)

    async def other() -> None:
        for _ in range(3):
            turns.append(len(states))
            await checkpoint()

    async with Kernel():
        dpc = Dpc(again, name="poll")
        assert repr(dpc) == "<Dpc 'poll' idle>"
        dpc.queue()
        assert repr(dpc) == "<Dpc 'poll' queued>"
        async with create_task_group() as group:
            group.start_soon(other)
            await settle()
    assert states == ["<Dpc 'poll' queued and running>"] * 4 + ["<Dpc 'poll' running>"]
    assert turns != [5, 5, 5]


async def test_one_after_another_on_a_processor_side_by_side_on_several() -> None:
    lock = SpinLock("ring")
    order: list[str] = []

    async def spins(name: str) -> None:
        order.append(f"{name} begins")
        async with lock:
            order.append(f"{name} ends")

    async with Kernel(processors=2):
        await lock.acquire()
        first, second, third = Dpc(spins, "a"), Dpc(spins, "b"), Dpc(spins, "c", processor=1)
        for dpc in (first, second, third):
            dpc.queue()
        await settle()
        assert sorted(order) == ["a begins", "c begins"]
        assert (first.running, second.queued, second.running) == (True, True, False)
        lock.release()
        await settle()
        assert order.index("a ends") < order.index("b begins")
        assert len(order) == 6
    assert not raised


async def test_a_flush_waits_for_what_is_queued_now() -> None:
    lock = SpinLock("ring")
    done: list[str] = []

    async def spins() -> None:
        async with lock:
            done.append("dpc")

    async with Kernel(processors=3) as kernel, create_task_group() as group:
        await flush_dpcs()
        await lock.acquire()
        Dpc(spins, processor=2).queue()
        flush = await start(group, lambda: flush_dpcs(kernel))
        assert flush.waits
        lock.release()
        await settle()
        assert done == ["dpc"]
        assert not flush.waits


@pytest.mark.parametrize("way", WAYS)
async def test_a_cancelled_flush_is_no_harm(way: str) -> None:
    lock = SpinLock("ring")

    async def spins() -> None:
        async with lock:
            pass

    async with Kernel() as kernel, create_task_group() as group:
        await lock.acquire()
        Dpc(spins).queue()
        flush = await start(group, flush_dpcs)
        flush.cancel(way)
        await settle()
        assert flush.cancelled
        lock.release()
        await flush_dpcs()
        assert kernel.statistics().dpcs == 0


async def test_bad_arguments_are_refused() -> None:
    async with Kernel(processors=2):
        with pytest.raises(ValueError, match="processor is from 0 to 0x1, not 2"):
            Dpc(list, processor=2)
        with pytest.raises(TypeError, match="name is a str"):
            Dpc(list, name=b"")  # type: ignore[arg-type]  # that is the test
        with pytest.raises(TypeError, match="function is a plain function or a coroutine function, not int"):
            Dpc(7)  # type: ignore[arg-type]  # that is the test
        with pytest.raises(TypeError, match="kernel is a Kernel, not int"):
            Dpc(list, kernel=7)  # type: ignore[arg-type]  # that is the test
        with pytest.raises(TypeError, match="kernel is a Kernel, not str"):
            await flush_dpcs("lab")  # type: ignore[arg-type]  # that is the test
