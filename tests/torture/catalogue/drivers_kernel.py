"""Wrong drivers: spin locks, events, DPCs, timers and work items."""

import asyncio
from collections import deque

from asyncndis.kernel import Dpc, Kernel, NdisEvent, SpinLock, Timer, WorkItem, flush_dpcs
from asyncndis.memory import Buffer, BufferPool
from asyncndis.testing import assert_pool_at_rest

from .cases import DEADLOCK, VIOLATION, bug
from .parts import io


async def _two_locks(*, in_order: bool) -> None:
    """Sending takes the lock of the ring and then that of the statistics; who reads them takes both, too."""
    ring, statistics = SpinLock("tx-ring"), SpinLock("statistics")

    async def send() -> None:
        async with ring:
            await io()  # spins for the hardware
            async with statistics:
                pass

    async def read() -> None:
        await io(4)
        first, second = (ring, statistics) if in_order else (statistics, ring)
        async with first:
            await io()
            async with second:
                pass

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        tasks.create_task(read())


async def spin_locks_in_order() -> None:
    await _two_locks(in_order=True)


@bug("spin-locks-out-of-order", fixed=spin_locks_in_order, depth=2, kind=DEADLOCK)
async def spin_locks_out_of_order() -> None:
    """Two processors each hold the spin lock for which the other spins."""
    await _two_locks(in_order=False)


async def _take_from_cache(*, unlocks: bool) -> None:
    """Buffers are kept in a list under a spin lock; when it is empty, the pool has to help."""
    async with BufferPool.create(4, name="tx") as pool:
        lock = SpinLock("cache")
        cache = [pool.allocate_nowait(bytes(60)) for _ in range(2)]

        async def take() -> Buffer:
            async with lock:
                if cache:
                    return cache.pop()
                if not unlocks:
                    return await pool.allocate(bytes(60))
            return await pool.allocate(bytes(60))

        async def send() -> None:
            buffer = await take()
            await io(2)
            async with lock:
                cache.append(buffer)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(send())
                await io(3)
        for buffer in cache:
            buffer.free()
        assert_pool_at_rest(pool)


async def allocated_without_the_lock() -> None:
    await _take_from_cache(unlocks=True)


@bug("allocated-under-a-spin-lock", fixed=allocated_without_the_lock, depth=2, kind=VIOLATION)
async def allocated_under_the_lock() -> None:
    """Three frames at once empty the cache, and only then a buffer is allocated while the lock is held."""
    await _take_from_cache(unlocks=False)


async def _wait_for_frames(*, resets_first: bool) -> None:
    """A work loop sleeps on an event that the interrupt handler sets."""
    arrived = NdisEvent("frames have arrived")
    frames: deque[int] = deque()
    handled: list[int] = []

    async def work() -> None:
        while len(handled) < 3:
            await arrived.wait()
            if resets_first:
                arrived.reset()
            while frames:
                handled.append(frames.popleft())
            await io()  # indicates them
            if not resets_first:
                arrived.reset()

    async def interrupt() -> None:
        for frame in range(3):
            frames.append(frame)
            arrived.set()
            await io(4)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(work())
        tasks.create_task(interrupt())
    assert handled == [0, 1, 2]


async def event_reset_first() -> None:
    await _wait_for_frames(resets_first=True)


@bug("event-reset-after-work", fixed=event_reset_first, depth=2, kind=DEADLOCK)
async def event_reset_last() -> None:
    """The event is reset after the frames were handled, together with the news of one more."""
    await _wait_for_frames(resets_first=False)


async def _dpc_for_each(*, handles_all: bool) -> None:
    """Each interrupt queues the DPC; one that is queued already is not queued again."""
    frames: deque[int] = deque()
    handled: list[int] = []

    def handle() -> None:
        while frames:
            handled.append(frames.popleft())
            if not handles_all:
                return

    async with Kernel() as kernel:
        dpc = Dpc(handle, name="receive")
        for frame in range(3):
            frames.append(frame)
            dpc.queue()
            await io(4)
        await flush_dpcs(kernel)
        assert handled == [0, 1, 2], "a frame was not handled"


async def dpc_handles_all() -> None:
    await _dpc_for_each(handles_all=True)


@bug("one-dpc-for-two-interrupts", fixed=dpc_handles_all, depth=1)
async def dpc_handles_one() -> None:
    """Two interrupts come before the DPC runs, which runs once and handles one frame."""
    await _dpc_for_each(handles_all=False)


async def _schedule_work(*, looks: bool) -> None:
    """Link changes are handled in a work item, which is scheduled at each of them."""
    handled = 0
    changes = 0

    def handle() -> None:
        nonlocal handled
        handled = changes

    async with Kernel():
        item = WorkItem(handle, name="link change")
        for _ in range(3):
            changes += 1
            if not (looks and item.scheduled):
                item.schedule()
            await io(4)
    assert handled == 3


async def work_item_looked_at() -> None:
    await _schedule_work(looks=True)


@bug("work-item-scheduled-twice", fixed=work_item_looked_at, depth=1, kind=VIOLATION)
async def work_item_scheduled_blindly() -> None:
    """The link changes again before the work item has begun, and it is scheduled a second time."""
    await _schedule_work(looks=False)


async def _stop_timer(*, flushes: bool) -> None:
    """A timer polls the card; halting cancels it and frees what it uses."""
    registers: list[int] | None = [0]

    def poll() -> None:
        assert registers is not None, "the timer's function runs on a halted adapter"
        registers[0] += 1

    async with Kernel() as kernel:
        timer = Timer(poll, name="poll")
        timer.set(10)
        await asyncio.sleep(0.01)
        await io(6)
        timer.cancel()
        if flushes:
            await flush_dpcs(kernel)
        registers = None


async def timer_flushed() -> None:
    await _stop_timer(flushes=True)


@bug("timer-due-at-halt", fixed=timer_flushed, depth=1)
async def timer_cancelled_only() -> None:
    """Cancelling comes too late for a timer whose function is due, and halting does not wait for it."""
    await _stop_timer(flushes=False)


async def _guarded_count(*, keeps: bool) -> None:
    """Two processors count packets under a spin lock, and let go of it in between."""
    lock = SpinLock("statistics")
    count = 0

    async def add(delay: int) -> None:
        nonlocal count
        await io(delay)
        async with lock:
            before = count
            if keeps:
                count = before + 1
        if not keeps:
            await io()  # writes it to the card
            async with lock:
                count = before + 1

    async with asyncio.TaskGroup() as tasks:
        for delay in (0, 4):
            tasks.create_task(add(delay))
    assert count == 2, "a packet is not counted"


async def lock_kept() -> None:
    await _guarded_count(keeps=True)


@bug("lock-dropped-in-the-middle", fixed=lock_kept, depth=2)
async def lock_dropped() -> None:
    """What was read under a lock is written under the same lock taken a second time."""
    await _guarded_count(keeps=False)
