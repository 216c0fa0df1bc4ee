"""The kernel as a whole, and the DPCs, work items and timers that it runs."""

from collections.abc import Callable
from functools import partial

import anyio
import pytest
from anyio import create_task_group
from anyio.lowlevel import checkpoint

from asyncndis.base import NdisError, NdisStatus
from asyncndis.kernel import (
    Dpc,
    Kernel,
    KernelStatistics,
    SpinLock,
    Timer,
    VirtualClock,
    WorkItem,
    current_kernel,
    sleep,
    use_clock,
)
from asyncndis.kernel.processors import raised
from tests.unit.kernel.expecting import breaks
from tests.unit.kernel.tasks import WAYS, settle, start

pytestmark = pytest.mark.every_loop


def fails() -> None:
    raise KeyError("callback")


async def fails_later() -> None:
    async with SpinLock("ring"):
        raise KeyError("callback")


async def test_it_is_found_inside_its_block_only() -> None:
    with pytest.raises(RuntimeError, match="no kernel is open here; open one"):
        current_kernel()
    async with Kernel(2, name="lab") as kernel:
        assert current_kernel() is kernel
        assert repr(kernel) == "<Kernel 'lab' open, 2 processors, 0 timers armed, 0 DPCs, 0 work items>"
        async with Kernel() as inner:
            assert current_kernel() is inner
        assert current_kernel() is kernel
        address = kernel.addresses.address_of(kernel)
        assert kernel.addresses.object_at(address) is kernel
    with pytest.raises(RuntimeError, match="no kernel is open here"):
        Timer(fails)
    assert repr(kernel) == "<Kernel 'lab' closed, 2 processors, 0 timers armed, 0 DPCs, 0 work items>"


async def test_it_serves_one_block_only() -> None:
    kernel = Kernel(name="lab")
    assert repr(kernel).startswith("<Kernel 'lab' not open yet, 1 processors")
    dpc, timer, item = Dpc(fails, kernel=kernel), Timer(fails, kernel=kernel), WorkItem(fails, kernel=kernel)
    calls: list[Callable[[], object]] = [dpc.queue, partial(timer.set, 1), item.schedule]

    def refused() -> None:
        for call in calls:
            with pytest.raises(NdisError, match="needs a kernel that is open: 'lab' is not") as caught:
                call()
            assert caught.value.status is NdisStatus.CLOSING
        assert (dpc.queued, timer.armed, item.scheduled) == (False, False, False)
        assert kernel.statistics() == KernelStatistics(0, 0, 0)

    refused()
    async with kernel:
        with pytest.raises(RuntimeError, match="'lab' serves one block only"):
            await kernel.__aenter__()
    refused()
    with pytest.raises(RuntimeError, match="'lab' serves one block only"):
        async with kernel:
            pass


async def test_at_the_end_what_was_begun_is_finished_and_timers_are_called_off(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with use_clock(VirtualClock()) as clock:
        steps: list[str] = []

        async def work() -> None:
            await checkpoint()
            steps.append("work item")
            Timer(steps.append, "never", name="too late").set(1)

        def deferred() -> None:
            steps.append("dpc")
            WorkItem(work).schedule()

        async with Kernel(name="lab") as kernel:
            Dpc(deferred).queue()
            Timer(steps.append, "never", name="link check").set_periodic(5)
            assert kernel.statistics() == KernelStatistics(timers=1, dpcs=1, work_items=0)
        assert steps == ["dpc", "work item"]
        assert await clock.run_until_idle() == 0
    assert [record.getMessage() for record in caplog.records] == [
        "'lab' was closed with timers armed, which are called off: link check",
        "'lab' was closed with timers armed, which are called off: too late",
    ]


async def test_a_clean_end_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async with Kernel():
        Dpc(list).queue()
    assert caplog.records == []


@pytest.mark.parametrize("function", [fails, fails_later])
@pytest.mark.parametrize("kind", ["dpc", "work item", "timer"])
async def test_an_exception_of_a_callback_cancels_the_block_and_comes_out_alone(
    kind: str, function: Callable[[], object]
) -> None:
    starts: dict[str, Callable[[], object]] = {
        "dpc": lambda: Dpc(function).queue(),
        "work item": lambda: WorkItem(function).schedule(),
        "timer": lambda: Timer(function).set(1),
    }
    cancelled: list[bool] = []

    async def main() -> None:
        async with Kernel():
            starts[kind]()
            try:
                await clock.advance(1)
                await anyio.sleep_forever()
            except anyio.get_cancelled_exc_class():
                cancelled.append(True)
                raise

    with use_clock(VirtualClock()) as clock, pytest.raises(KeyError) as caught:
        await main()
    assert cancelled == [True]
    assert caught.value.__cause__ is None
    assert not raised


async def test_an_exception_of_a_callback_comes_out_at_the_end_too() -> None:
    with pytest.raises(KeyError):
        async with Kernel():
            WorkItem(fails).schedule()


async def test_an_exception_of_the_block_comes_out_as_it_is() -> None:
    cause, context = ValueError(), TypeError()

    async def main(error: Exception) -> None:
        async with Kernel():
            WorkItem(anyio.sleep_forever).schedule()
            await checkpoint()
            try:
                raise context
            except TypeError:
                raise error from cause

    error = KeyError()
    with pytest.raises(KeyError) as caught:
        await main(error)
    assert caught.value is error
    assert (error.__cause__, error.__context__) == (cause, context)


async def test_several_exceptions_come_as_a_group() -> None:
    async def fails_when_cancelled() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            fails()

    async def main() -> None:
        async with Kernel():
            WorkItem(fails_when_cancelled).schedule()
            await checkpoint()
            raise ValueError

    with pytest.raises(ExceptionGroup) as caught:
        await main()
    assert sorted(type(error).__name__ for error in caught.value.exceptions) == ["KeyError", "ValueError"]


async def test_a_group_of_the_block_is_left_whole() -> None:
    with pytest.raises(ExceptionGroup, match="mine"):
        async with Kernel():
            raise ExceptionGroup("mine", [KeyError(), ValueError()])


async def test_a_block_that_fails_drops_what_has_not_begun(caplog: pytest.LogCaptureFixture) -> None:
    ran: list[str] = []
    kernel = Kernel(name="lab")
    dpcs = [Dpc(ran.append, "dpc", kernel=kernel) for _ in range(2)]

    async def main() -> None:
        async with kernel:
            for dpc in dpcs:
                dpc.queue()
            fails()

    with pytest.raises(KeyError):
        await main()
    assert ran == []
    assert not any(dpc.queued for dpc in dpcs)
    assert kernel.statistics() == KernelStatistics(0, 0, 0)
    assert caplog.messages == ["'lab' was closed with DPCs that never ran: 2"]


@pytest.mark.parametrize("way", WAYS)
async def test_cancelling_the_block(way: str) -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            steps.append("work item cancelled")

    async def main() -> None:
        async with Kernel():
            WorkItem(work).schedule()
            await anyio.sleep_forever()

    async with create_task_group() as group:
        watched = await start(group, main)
        watched.cancel(way)
        await settle()
        assert watched.cancelled
    assert steps == ["work item cancelled"]


@pytest.mark.parametrize("way", WAYS)
async def test_cancelling_the_end_of_the_block(way: str) -> None:
    steps: list[str] = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            steps.append("work item cancelled")

    async def main() -> None:
        async with Kernel():
            WorkItem(work).schedule()
            WorkItem(list).schedule()

    async with create_task_group() as group:
        watched = await start(group, main)
        assert watched.waits
        watched.cancel(way)
        await settle()
        assert watched.cancelled
    assert steps == ["work item cancelled"]


async def test_a_rule_broken_in_a_callback_comes_out() -> None:
    with breaks("IRQL-02"):
        async with Kernel():
            Dpc(checkpoint).queue()
    with breaks("LOCK-04"):
        async with Kernel():
            Dpc(SpinLock("ring").acquire_nowait).queue()
    raised.clear()


async def test_callbacks_know_the_kernel_and_its_clock() -> None:
    with use_clock(VirtualClock()) as clock:
        async with Kernel() as kernel:
            found: list[object] = []

            async def work() -> None:
                found.append(current_kernel())
                await sleep(1000)
                found.append(clock.now())

            WorkItem(work).schedule()
            Dpc(lambda: found.append(current_kernel())).queue()
            await clock.advance(1)
            assert len(found) == 3
            assert found.count(kernel) == 2
            assert 10_000 in found


@pytest.mark.parametrize(("processors", "error"), [(0, ValueError), (65, ValueError), ("2", TypeError)])
def test_bad_arguments_are_refused(processors: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="processors"):
        Kernel(processors)
    with pytest.raises(TypeError, match="name is a str"):
        Kernel(name=7)  # type: ignore[arg-type]  # that is the test
