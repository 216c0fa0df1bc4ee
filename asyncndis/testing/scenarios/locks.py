"""Locks, events, timers, DPCs and work items, small enough to be searched to the end.

Two or three tasks each, and one truth about what they did, whoever ran first.
"""

from anyio import CancelScope, create_task_group
from anyio.lowlevel import checkpoint

from asyncndis.kernel import (
    Dpc,
    Irql,
    Kernel,
    Mutex,
    NdisEvent,
    ReadWriteLock,
    SpinLock,
    Timer,
    WorkItem,
    current_irql,
    flush_dpcs,
    sleep,
)
from asyncndis.testing.checks import check_equal, check_that
from asyncndis.testing.playing import Scenario, scenario

__all__ = ["LOCKS"]


@scenario()
async def spin_lock_order(_seed: int) -> None:
    """Two tasks take two spin locks in one order: each is alone inside, and nobody waits for ever."""
    ring, statistics = SpinLock("ring"), SpinLock("statistics")
    inside: list[int] = []
    done = 0

    async def work(number: int) -> None:
        nonlocal done
        async with ring:
            inside.append(number)
            async with statistics:
                check_equal("who is inside", inside, [number])
                check_equal("the level", current_irql(), Irql.DISPATCH)
                done += 1
            inside.remove(number)
        check_equal("the level afterwards", current_irql(), Irql.PASSIVE)

    async with create_task_group() as tasks:
        tasks.start_soon(work, 0)
        tasks.start_soon(work, 1)
    check_equal("how often it was done", done, 2)


@scenario()
async def lock_hand_off(_seed: int) -> None:
    """A task that waits for a spin lock is cancelled, perhaps when its turn has come: the next one gets the lock."""
    lock = SpinLock("ring")
    scope = CancelScope()
    done: list[str] = []

    async def give_up() -> None:
        with scope:
            async with lock:
                done.append("cancelled")

    async def persist() -> None:
        async with lock:
            done.append("patient")

    async with create_task_group() as tasks:
        tasks.start_soon(give_up)
        tasks.start_soon(persist)
        async with lock:
            done.append("first")
        scope.cancel()
    check_that("the others had their turn", {"first", "patient"} <= set(done))
    check_that("nobody holds the lock", not lock.statistics().locked)
    lock.free()


@scenario()
async def readers_and_writer(_seed: int) -> None:
    """Two tasks read what a third one writes in two parts: each sees both parts, or none."""
    lock, row = ReadWriteLock("table"), SpinLock("row")
    table = [0, 0]
    seen: list[tuple[int, int]] = []

    async def read() -> None:
        async with lock.read():
            first = table[0]
            async with row:  # where others may go on
                seen.append((first, table[1]))

    async def write() -> None:
        async with lock.write():
            table[0] += 1
            async with row:
                check_equal("who reads meanwhile", lock.statistics().readers, 0)
            table[1] += 1

    async with create_task_group() as tasks:
        tasks.start_soon(read)
        tasks.start_soon(write)
        tasks.start_soon(read)
    check_equal("the table", table, [1, 1])
    check_that(f"each saw both parts or none: {seen}", all(first == second for first, second in seen))


@scenario()
async def mutex_over_waits(_seed: int) -> None:
    """Two tasks read a number, wait, and write it back, with a mutex that they take twice: no step is lost."""
    mutex = Mutex("number")
    number = 0

    async def increase() -> None:
        nonlocal number
        async with mutex, mutex:
            before = number
            await checkpoint()
            number = before + 1

    async with create_task_group() as tasks:
        tasks.start_soon(increase)
        tasks.start_soon(increase)
    check_equal("the number", number, 2)
    check_equal("how deep the mutex is held", mutex.statistics().depth, 0)


@scenario()
async def event_set_and_reset(_seed: int) -> None:
    """An event is set and reset at once: who waited before goes on, and who comes later waits for the next time."""
    event = NdisEvent("link up")
    arrived = 0

    async def wait() -> None:
        nonlocal arrived
        check_that("the event came", await event.wait())
        arrived += 1

    async with create_task_group() as tasks:
        tasks.start_soon(wait)
        tasks.start_soon(wait)
        await checkpoint()
        waiting = event.statistics().waiting
        event.set()
        event.reset()
        check_equal("who waits still", event.statistics().waiting, 0)
        await checkpoint()
        check_that("nobody came who had not waited", arrived <= waiting)
        event.set()
    check_equal("who went on", arrived, 2)


@scenario()
async def timer_against_cancel(_seed: int) -> None:
    """A timer is cancelled when it is due: either that succeeds, or its function runs, and never both."""
    runs: list[str] = []
    async with Kernel():
        timer = Timer(runs.append, "once", name="due")
        timer.set(1)
        cancelled: list[bool] = []

        async def cancel() -> None:
            await sleep(1000)
            cancelled.append(timer.cancel())

        async with create_task_group() as tasks:
            tasks.start_soon(cancel)
        await flush_dpcs()
        check_equal("how often its function ran", len(runs), 0 if cancelled[0] else 1)
        check_that("it is over", not timer.armed and not timer.pending)


@scenario()
async def dpc_is_queued_once(_seed: int) -> None:
    """Two tasks queue one DPC: it runs once for each time that it could be queued, at DISPATCH level."""
    levels: list[int] = []
    queued: list[bool] = []
    async with Kernel():
        dpc = Dpc(lambda: levels.append(current_irql()), name="deferred")

        async def queue() -> None:
            queued.append(dpc.queue())
            await checkpoint()
            queued.append(dpc.queue())

        async with create_task_group() as tasks:
            tasks.start_soon(queue)
            tasks.start_soon(queue)
        await flush_dpcs()
    check_equal("at which levels it ran", levels, [Irql.DISPATCH] * sum(queued))


@scenario()
async def work_item_of_a_dpc(_seed: int) -> None:
    """A DPC leaves the rest to a work item: that runs once, at PASSIVE level, before the kernel closes."""
    levels: list[int] = []
    ready = NdisEvent("ready")

    async def work() -> None:
        levels.append(current_irql())
        await ready.wait()
        levels.append(current_irql())

    async with Kernel():
        item = WorkItem(work, name="the rest")
        Dpc(item.schedule, name="deferred").queue()
        await checkpoint()
        ready.set()
    check_equal("at which levels it ran", levels, [Irql.PASSIVE] * 2)


LOCKS: tuple[Scenario, ...] = (
    spin_lock_order,
    lock_hand_off,
    readers_and_writer,
    mutex_over_waits,
    event_set_and_reset,
    timer_against_cancel,
    dpc_is_queued_once,
    work_item_of_a_dpc,
)
