"""Known defects of other implementations, rebuilt as small wrong drivers: each is caught by the rule that names it.

The numbers are those of the reference, 5.2: R for ReactOS, W for ndiswrapper.
"""

import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from asyncndis.base import NdisError, NdisStatus, Profile, RuleViolation
from asyncndis.kernel import Irql, LockState, ReadWriteLock, SpinLock, at_irql
from asyncndis.memory import BufferPool, DriverMemory, MapRegisters, MemoryFlags, Packet, PacketPool
from asyncndis.ndis import (
    BROADCAST_ADDRESS,
    Adapter,
    Binding,
    FramePool,
    MacOptions,
    Miniport,
    Oid,
    OidRequest,
    Protocol,
    RequestType,
    open_stack,
)
from asyncndis.verifier import Findings, verify

pytestmark = pytest.mark.every_loop

FRAME = BROADCAST_ADDRESS + bytes(54)
PENDING, SUCCESS = NdisStatus.PENDING, NdisStatus.SUCCESS


@contextlib.asynccontextmanager
async def watched(*rules: str) -> AsyncGenerator[Findings]:
    """Runs a wrong driver; what it breaks may be raised besides being noted."""
    with verify() as findings, contextlib.suppress(RuleViolation):
        yield findings
    assert set(rules) <= set(findings.rules), findings.report()


class Card(Miniport):
    """A miniport that receives what it sends."""

    mac_options = MacOptions(0)
    rx: FramePool

    async def initialize(self, adapter: Adapter) -> None:
        self.rx = await adapter.allocate_frames(4)

    def send(self, packet: Packet) -> NdisStatus:
        self.adapter.indicate(self.rx.allocate_nowait(bytearray(packet.to_bytes())))
        return SUCCESS

    def return_packet(self, packet: Packet) -> None:
        self.rx.free(packet)


async def test_r2_pool_is_used_when_it_is_gone() -> None:
    """The pool's lock was taken before the handle was looked at: whoever comes late with a packet is let in."""
    async with watched("POOL-09"):
        pool = await PacketPool.create(2)
        packet = pool.allocate_nowait()
        pool.close()
        packet.free()


async def test_r3_the_level_is_saved_in_one_place_for_all() -> None:
    """Two locks that save the level in one shared place can only be released in the wrong order."""
    packets, buffers = SpinLock("packets"), SpinLock("buffers")
    async with watched("LOCK-07"):
        packets.acquire_nowait()
        buffers.acquire_nowait()
        try:
            packets.release()
        finally:
            buffers.release()
            packets.release()


async def test_r4_w2_pools_are_freed_with_descriptors_out() -> None:
    async with watched("POOL-07", "POOL-14"):
        packets, buffers = await PacketPool.create(1), await BufferPool.create(1)
        packet, buffer = packets.allocate_nowait(), buffers.allocate_nowait(bytes(64))
        packets.close()
        buffers.close()
        assert (packet.pool, buffer.pool) == (packets, buffers)  # the dangling pointers


class LockingCard(Card):
    """Calls protocols while it holds the lock that their calls take, too."""

    async def initialize(self, adapter: Adapter) -> None:
        await super().initialize(adapter)
        self.lock = SpinLock("adapter")

    def send(self, packet: Packet) -> NdisStatus:
        with self.lock:
            return super().send(packet)


class Answering(Protocol):
    """Sends from its receive handler."""

    def receive(self, binding: Binding, packet: Packet) -> None:
        binding.send_nowait(binding.frames.allocate_nowait(packet.to_bytes()))


async def test_r5_protocols_are_called_under_the_adapters_lock() -> None:
    async with watched("RCV-14", "LOCK-02"), open_stack(Answering(), LockingCard()) as stack:
        await stack.binding.send_frame(FRAME)


class LeavingCard(Card):
    """Returns on failure with its lock held."""

    def query(self, oid: int) -> Any:
        if oid == Oid.GEN_VENDOR_ID:
            SpinLock("log").acquire_nowait()
            return 0
        return super().query(oid)


async def test_r6_a_handler_returns_with_the_lock_held() -> None:
    async with watched("LOCK-04"), open_stack(Protocol(), LeavingCard()) as stack:
        await stack.binding.query(Oid.GEN_VENDOR_ID)


class ForgettingCard(Card):
    """Drops silently what it has no memory to queue."""

    async def initialize(self, adapter: Adapter) -> None:
        await super().initialize(adapter)
        self.notes = await adapter.allocate_buffers(1)
        self.taken = self.notes.allocate_nowait(bytes(8))

    async def halt(self) -> None:
        self.taken.free()
        await super().halt()

    def queue(self) -> None:
        with contextlib.suppress(NdisError):
            self.notes.allocate_nowait(bytes(8))

    def send(self, packet: Packet) -> NdisStatus:
        self.queue()
        return PENDING

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        if oid == Oid.GEN_VENDOR_ID:
            self.queue()
            return PENDING
        return super().query_information(oid, buffer)


async def test_r10_a_packet_is_dropped_where_there_is_no_memory() -> None:
    async with watched("SEND-02"), open_stack(Protocol(), ForgettingCard(), patience=0.05) as stack:
        stack.binding.send_nowait(stack.binding.frames.allocate_nowait(FRAME))


async def test_r10_a_request_is_dropped_where_there_is_no_memory() -> None:
    async with watched("OID-02"), open_stack(Protocol(), ForgettingCard(), patience=0.05) as stack:
        request = OidRequest(RequestType.QUERY_INFORMATION, Oid.GEN_VENDOR_ID, bytearray(4))
        stack.binding.request_nowait(request)


class TickingCard(Card):
    """Leaves its timer to tick when it halts."""

    async def initialize(self, adapter: Adapter) -> None:
        await super().initialize(adapter)
        self.watchdog = adapter.timer(print)
        self.watchdog.set_periodic(60_000)

    async def halt(self) -> None:
        self.rx.close()


async def test_r14_a_timer_is_left_when_the_miniport_halts() -> None:
    async with watched("LIFE-06"), open_stack(TickingCard()):
        pass


@pytest.mark.parametrize(("kind", "rule"), [(BufferPool, "POOL-04"), (PacketPool, "POOL-13")])
async def test_w1_a_pool_gives_one_too_many(kind: Any, rule: str) -> None:
    """Where a pool counts, the one that is too many is a status; where it does not, the verifier counts."""
    with verify() as findings:
        async with kind.create(2) as pool:
            descriptors = [pool.allocate_nowait() for _ in range(2)]
            with pytest.raises(NdisError) as refused:
                pool.allocate_nowait()
            assert refused.value.status == NdisStatus.RESOURCES
            for descriptor in descriptors:
                descriptor.free()
    assert not findings, rule


async def test_w1_a_pool_that_does_not_count() -> None:
    async with watched("POOL-04"), BufferPool.create(2, profile=Profile.NT) as pool:
        for buffer in [pool.allocate_nowait() for _ in range(3)]:
            buffer.free()


async def test_w3_a_chain_is_dragged_along() -> None:
    """The removed buffer keeps its link: chaining it anew brings what it was linked to into a second chain."""
    async with watched("BUF-10"), BufferPool.create(2) as buffers, PacketPool.create(2) as packets:
        first, second = buffers.allocate_nowait(bytes(1)), buffers.allocate_nowait(bytes(1))
        old, new = packets.allocate_nowait(), packets.allocate_nowait()
        old.chain_at_back(first)
        old.chain_at_back(second)
        old.unchain_at_front()
        try:
            first.link(second)  # the link that was not cleared
            new.chain_at_back(first)
        finally:
            for packet in (old, new):
                packet.unchain_all()
                packet.free()
            first.free()
            second.free()


async def test_w6_a_read_lock_does_not_raise_the_level() -> None:
    """A driver that relies on that calls under it what only PASSIVE_LEVEL may."""
    async with watched("IRQL-01"):
        with ReadWriteLock("filters").read():
            MapRegisters(1, 1514)


async def test_w6_one_lock_state_serves_twice() -> None:
    lock, state = ReadWriteLock("filters"), LockState()
    async with watched("LOCK-13"):
        lock.acquire_nowait(state, write=False)
        try:
            lock.acquire_nowait(state, write=False)
        finally:
            lock.release(state)


async def test_w7_a_register_is_mapped_twice() -> None:
    async with watched("DMA-01"), BufferPool.create(2) as pool:
        registers = MapRegisters(1, 64)
        first, second = pool.allocate_nowait(bytearray(64)), pool.allocate_nowait(bytearray(64))
        registers.start(first, 0, write_to_device=False)
        try:
            registers.start(second, 0, write_to_device=False)
        finally:
            registers.complete(first, 0)
            first.free()
            second.free()


async def test_w8_memory_is_freed_as_another_kind() -> None:
    """Who allocates memory without looking at the flags cannot tell what it is when it is freed."""
    memory = DriverMemory()
    async with watched("POOL-18"):
        block = memory.allocate(64, MemoryFlags.CONTIGUOUS)
        memory.free(block, 64)


async def test_w9_a_spin_lock_in_an_interrupt() -> None:
    async with watched("IRQL-01"):
        with at_irql(Irql.DIRQL), SpinLock("tx-ring"):
            pass
