"""What tasks do with the public coroutines of the kernel, as scenarios to be cancelled at every await."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import anyio
from anyio.lowlevel import checkpoint

from asyncndis.kernel import (
    Dpc,
    InterlockedList,
    InterlockedStack,
    InterlockedUlong,
    Irql,
    Kernel,
    KernelStatistics,
    LockState,
    Mutex,
    NdisEvent,
    ReadWriteLock,
    SpinLock,
    Timer,
    VirtualClock,
    WorkItem,
    at_irql,
    flush_dpcs,
    invoke,
    sleep,
    use_clock,
)
from tests.reliability.scenarios import bare_and_observed
from tests.support.cancelling import Scenario
from tests.support.loops import settle
from tests.support.worlds import assert_lock_at_rest

__all__ = ["KERNEL_SCENARIOS"]


async def a_clock() -> VirtualClock:
    return VirtualClock()


async def ticks(clock: VirtualClock) -> None:
    """Move the clock over whatever is waited for."""
    for _ in range(4):
        await settle()
        await clock.run_until_idle()


async def sleep_and_wait(clock: VirtualClock) -> None:
    with use_clock(clock):
        await sleep(0)
        await sleep(500)
        assert not await NdisEvent().wait(5)


async def check_clock(clock: VirtualClock) -> None:
    assert await clock.run_until_idle() == 0, "a callback was left on the clock"


async def advance(clock: VirtualClock) -> None:
    called: list[int] = []
    for when in (1, 1, 2):
        clock.call_at(clock.now() + when, partial(called.append, when))
    await clock.advance(1)
    await clock.run_until_idle()
    assert len(called) == 3


async def let_alone(_clock: VirtualClock) -> None:
    """Nobody else is there."""


async def check_clock_can_be_moved(clock: VirtualClock) -> None:
    await clock.run_until_idle()
    await clock.advance(0)


async def an_event() -> NdisEvent:
    return NdisEvent()


async def wait_for_event(event: NdisEvent) -> None:
    assert await event.wait()
    assert await event.wait(1)


async def set_event(event: NdisEvent) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(event.wait)
        await settle()
        event.set()


async def check_event(event: NdisEvent) -> None:
    assert event.statistics().waiting == 0
    assert event.signaled


@dataclass
class MutexWorld:
    """A mutex and who is in it."""

    mutex: Mutex = field(default_factory=Mutex)
    inside: int = 0

    async def enter(self) -> None:
        async with self.mutex:
            self.inside += 1
            assert self.inside == 1
            try:
                await checkpoint()
            finally:
                self.inside -= 1


async def a_mutex() -> MutexWorld:
    return MutexWorld()


async def take_mutex(world: MutexWorld) -> None:
    await checkpoint()  # so that the others are first
    await world.enter()
    async with world.mutex, world.mutex:
        pass


async def contend_for_mutex(world: MutexWorld) -> None:
    async with anyio.create_task_group() as tasks:
        await world.mutex.acquire()
        tasks.start_soon(world.enter)
        try:
            await settle()
        finally:
            world.mutex.release()
        await world.enter()


async def check_mutex(world: MutexWorld) -> None:
    seen = world.mutex.statistics()
    assert (seen.depth, seen.waiting, world.inside) == (0, 0, 0)
    await world.enter()


@dataclass
class TableWorld:
    """A read/write lock and who is in it."""

    lock: ReadWriteLock = field(default_factory=ReadWriteLock)
    readers: int = 0
    writers: int = 0

    def look(self) -> None:
        seen = self.lock.statistics()
        assert seen.writing != (seen.readers > 0), "whoever is here is one or the other"

    async def read(self) -> None:
        async with self.lock.read():
            self.look()

    async def write(self) -> None:
        async with self.lock.write():
            self.look()


async def a_table() -> TableWorld:
    return TableWorld()


async def read_and_write(world: TableWorld) -> None:
    await checkpoint()
    await world.read()
    await world.write()
    state = LockState()
    await world.lock.acquire(state, write=False)
    world.lock.release(state)


async def read_in_a_handler(world: TableWorld) -> None:
    await checkpoint()
    await invoke(world.read, irql=Irql.DISPATCH)
    await invoke(world.write, irql=Irql.PASSIVE)


async def contend_for_table(world: TableWorld) -> None:
    """Readers and writers wait in turn, with whoever is cancelled among them."""
    state = LockState()
    for write in (True, False):
        async with anyio.create_task_group() as tasks:
            await world.lock.acquire(state, write=write)
            for use in (world.write, world.read, world.read, world.write):
                tasks.start_soon(use)
            try:
                await settle()
            finally:
                world.lock.release(state)
        await settle()


async def check_table(world: TableWorld) -> None:
    seen = world.lock.statistics()
    assert (seen.readers, seen.writing, seen.waiting) == (0, False, 0)
    with world.lock.write():
        pass


@dataclass
class ListWorld:
    """Interlocked objects under one lock."""

    lock: SpinLock = field(default_factory=SpinLock)
    queue: InterlockedList[int] = field(default_factory=InterlockedList[int])
    stack: InterlockedStack[int] = field(default_factory=InterlockedStack[int])
    number: InterlockedUlong = field(default_factory=InterlockedUlong)


async def lists() -> ListWorld:
    return ListWorld()


def interlocked(operate: Callable[[ListWorld], Awaitable[object]], name: str) -> Any:
    """One operation, while another task holds the lock and one more waits for it."""

    async def act(world: ListWorld) -> None:
        await checkpoint()
        await operate(world)

    act.__name__ = name
    return act


INTERLOCKED = [
    interlocked(lambda world: world.queue.insert_head(1, world.lock), "insert_head"),
    interlocked(lambda world: world.queue.insert_tail(1, world.lock), "insert_tail"),
    interlocked(lambda world: world.queue.remove_head(world.lock), "remove_head"),
    interlocked(lambda world: world.stack.push(1, world.lock), "push"),
    interlocked(lambda world: world.stack.pop(world.lock), "pop"),
    interlocked(lambda world: world.number.add(1, world.lock), "add"),
]


async def contend_for_lists(world: ListWorld) -> None:
    async def use() -> None:
        async with world.lock:
            assert len(world.queue) + world.stack.depth + world.number.value <= 1

    async with anyio.create_task_group() as tasks:
        await world.lock.acquire()
        tasks.start_soon(use)
        try:
            await settle()
        finally:
            world.lock.release()


async def check_lists(world: ListWorld) -> None:
    await assert_lock_at_rest(world.lock)
    await use_lists(world)


async def use_lists(world: ListWorld) -> None:
    world.queue.insert_tail_nowait(1, world.lock)
    world.stack.push_nowait(1, world.lock)


@dataclass
class KernelWorld:
    """Kernels that were opened, and a lock that their DPCs spin for."""

    clock: VirtualClock = field(default_factory=VirtualClock)
    lock: SpinLock = field(default_factory=SpinLock)
    kernels: list[Kernel] = field(default_factory=list[Kernel])

    async def spin(self) -> None:
        async with self.lock:
            pass

    async def work(self) -> None:
        await sleep(1000)
        Dpc(self.spin).queue()
        await flush_dpcs()


async def no_kernel() -> KernelWorld:
    return KernelWorld()


async def open_and_close(world: KernelWorld) -> None:
    with use_clock(world.clock):
        async with Kernel(processors=2) as kernel:
            world.kernels.append(kernel)
            Dpc(world.spin, processor=1).queue()
            WorkItem(world.work).schedule()
            Timer(world.spin).set(2)
            await flush_dpcs()
            await checkpoint()


async def hold_and_tick(world: KernelWorld) -> None:
    """Make the DPCs spin, and the work item sleep, for a while."""
    await world.lock.acquire()
    try:
        await settle()
    finally:
        world.lock.release()
    for _ in range(6):
        await settle()
        await world.clock.advance(0.001)


async def check_kernel(world: KernelWorld) -> None:
    for kernel in world.kernels:
        assert kernel.statistics() == KernelStatistics(0, 0, 0)
        assert "closed" in repr(kernel)
    await assert_lock_at_rest(world.lock)
    assert await world.clock.run_until_idle() == 0


async def handle(world: TableWorld) -> None:
    async def handler() -> None:
        await checkpoint()
        async with world.lock.read():
            with at_irql(Irql.DISPATCH):
                pass
        await checkpoint()

    await invoke(handler)


KERNEL_SCENARIOS: list[Scenario[Any]] = [
    *bare_and_observed(a_clock, [sleep_and_wait], ticks, check_clock),
    *bare_and_observed(a_clock, [advance], let_alone, check_clock_can_be_moved),
    *bare_and_observed(an_event, [wait_for_event], set_event, check_event),
    *bare_and_observed(a_mutex, [take_mutex], contend_for_mutex, check_mutex),
    *bare_and_observed(a_table, [read_and_write, read_in_a_handler, handle], contend_for_table, check_table),
    *bare_and_observed(lists, INTERLOCKED, contend_for_lists, check_lists),
    *bare_and_observed(no_kernel, [open_and_close], hold_and_tick, check_kernel),
]
