"""Packet pools: limits, overflow, the forms of allocation, cancellation."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, PoolClosed, PoolExhausted, Profile, RuleViolation, observe
from asyncndis.kernel import Irql, SpinLock, at_irql
from asyncndis.memory import PACKET_POOL_LIMIT, BufferPool, Packet, PacketPool, PacketState, ProtocolId, Watermarks
from tests.support.cancelling import Scenario, cancel_at_each_await
from tests.support.loops import LOOPS, settle
from tests.support.worlds import Yielding
from tests.unit.memory.making import Diary, fill, packet_pool

every_loop = pytest.mark.every_loop


@every_loop
async def test_a_packet_waits_for_its_turn() -> None:
    served: list[int] = []

    async def take(number: int) -> None:
        packet = await pool.allocate()
        served.append(number)
        packet.free()

    async with PacketPool.create(1) as pool:
        held = await pool.allocate()
        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(take, number)
                await settle()
            assert (pool.statistics().waiting, pool.usage) == (3, 1)
            held.free()
        assert served == [0, 1, 2]
        assert pool.usage == 0


@every_loop
async def test_a_packet_that_was_freed_is_as_good_as_new() -> None:
    async with PacketPool.create(1) as pool:
        packet = await pool.allocate()
        packet.free()
        again = await pool.allocate()
        assert (again, again.state, pool.usage) == (packet, PacketState.OWNED, 1)
        again.free()
        assert pool.usage == 0


@every_loop
async def test_an_awaited_call_is_a_scheduling_point() -> None:
    points: list[tuple[str, object]] = []

    async def note(operation: str, subject: object) -> None:
        points.append((operation, subject))

    diary = Diary()
    diary.preempt = note
    with observe(diary):
        pool = await PacketPool.create(1)
        packet = await pool.allocate()
    assert points == [("NdisAllocatePacketPool", "packets"), ("NdisAllocatePacket", pool)]
    packet.free()


@every_loop
async def test_closing_sends_waiters_home() -> None:
    pool = await PacketPool.create(0)

    async def take() -> None:
        with pytest.raises(PoolClosed, match="packet pool 'packets' is closed"):
            await pool.allocate()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(take)
        await settle()
        await pool.aclose()
    with pytest.raises(PoolClosed):
        pool.allocate_nowait()


@every_loop
async def test_waiting_is_refused_where_it_is_illegal() -> None:
    pool = await PacketPool.create(1)
    async with SpinLock("tx"):
        with pytest.raises(RuleViolation, match="LOCK-11"):
            await pool.allocate()
    with at_irql(Irql.DISPATCH), pytest.raises(RuleViolation, match="IRQL-02"):
        await pool.allocate()


@every_loop
async def test_a_pool_is_not_allocated_with_a_lock_held() -> None:
    async with SpinLock("tx"):
        with pytest.raises(RuleViolation, match=r"POOL-11: packet pool 'rx' is allocated while .* holds tx"):
            await PacketPool.create(1, name="rx")


@every_loop
async def test_borrow() -> None:
    async with BufferPool.create(1) as buffers, PacketPool.create(1) as pool:
        async with pool.borrow() as packet:
            buffer = fill(packet, buffers, b"abc")[0]
            assert pool.usage == 1
        assert (pool.usage, packet.state, buffer.packet) == (0, PacketState.FREE, None)

        async def fail_on_the_way() -> None:
            async with pool.borrow() as packet:
                packet.chain_at_back(buffer)
                raise LookupError

        with pytest.raises(LookupError):
            await fail_on_the_way()
        assert pool.usage == 0
        buffer.free()
        assert buffers.outstanding == 0


def test_count_and_overflow() -> None:
    packets = packet_pool(2, overflow=1)
    out = [packets.allocate_nowait() for _ in range(3)]
    assert (packets.capacity, packets.usage, len(set(out))) == (3, 3, 3)
    with pytest.raises(PoolExhausted, match=r"packet pool 'packets' .*3 of 3 out.*every descriptor is out") as caught:
        packets.allocate_nowait()
    assert caught.value.status is NdisStatus.RESOURCES
    for packet in out:
        packet.free()
    assert packets.usage == 0
    kept = {packets.allocate_nowait() for _ in range(3)} & set(out)
    assert len(kept) == 2, "the first one freed while overflow was out went back to the system"


def test_no_descriptors_at_all() -> None:
    with pytest.raises(PoolExhausted):
        packet_pool(0).allocate_nowait()


@pytest.mark.parametrize(
    ("count", "overflow", "capacity"),
    [(0xFFFF, 0, 0xFFFF), (0xFFFF, 9, 0xFFFF), (0xFFFE, 9, 0xFFFF), (1, 0xFFFF_FFFF, 0xFFFF)],
)
def test_the_sum_is_cut(count: int, overflow: int, capacity: int) -> None:
    assert packet_pool(count, overflow=overflow).capacity == capacity == PACKET_POOL_LIMIT


@every_loop
async def test_too_many_base_descriptors() -> None:
    with pytest.raises(NdisError, match="cannot have 65536 base descriptors now") as caught:
        await PacketPool.create(0x10000)
    assert caught.value.status is NdisStatus.RESOURCES


@pytest.mark.parametrize("operation", ["NdisAllocatePacketPool", "NdisAllocatePacketPoolEx"])
def test_creation_can_fail(operation: str) -> None:
    with observe(Diary(fails=operation)), pytest.raises(NdisError) as caught:
        packet_pool(1, overflow=int(operation.endswith("Ex")))
    assert caught.value.status is NdisStatus.RESOURCES


def test_creation_is_seen_under_its_name() -> None:
    diary = Diary()
    with observe(diary):
        packet_pool(1, overflow=1)
        packet_pool(1)
    names = ["NdisAllocatePacketPoolEx"] * 2 + ["NdisAllocatePacketPool"] * 2
    assert [operation for _, operation in diary.seen] == names


@pytest.mark.parametrize(
    ("options", "culprit"),
    [
        ({"count": -1}, "count"),
        ({"count": "x"}, "count"),
        ({"overflow": -1}, "overflow"),
        ({"protocol_reserved_length": 0xFFFF}, "protocol_reserved_length"),
        ({"reserve": 9}, "reserve"),
        ({"name": 7}, "name"),
        ({"starvation_seconds": 0}, "starvation_seconds"),
    ],
)
def test_bad_arguments(options: dict[str, Any], culprit: str) -> None:
    given: dict[str, Any] = {"count": 4, **options}
    with pytest.raises((TypeError, ValueError), match=culprit):
        PacketPool.create(**given)


def test_the_reserve() -> None:
    packets = packet_pool(2, reserve=1)
    packets.allocate_nowait()
    with pytest.raises(PoolExhausted):
        packets.allocate_nowait()
    emergency = packets.allocate_emergency()
    with pytest.raises(PoolExhausted):
        packets.allocate_emergency()
    emergency.free()
    assert packets.usage == 1


def test_resize() -> None:
    packets = packet_pool(1, overflow=1)
    packets.resize(3)
    assert packets.capacity == 4
    with pytest.raises(NdisError) as caught:
        packets.resize(0xFFFF)
    assert (caught.value.status, packets.capacity) == (NdisStatus.RESOURCES, 4)
    packets.resize(0xFFFE)
    assert packets.capacity == 0xFFFF
    with pytest.raises(TypeError, match="count"):
        packets.resize(None)  # type: ignore[arg-type]  # the mistake that is tested


def test_watermarks_may_reach_into_the_overflow() -> None:
    called: list[str] = []
    marks = Watermarks(0, 2, lambda _pool: called.append("low"), lambda _pool: called.append("high"))
    packets = packet_pool(1, overflow=1, watermarks=marks)
    out = [packets.allocate_nowait() for _ in range(2)]
    for packet in out:
        packet.free()
    assert called == ["high", "low"]


def test_a_packet_arrives_clean() -> None:
    packet = packet_pool().allocate_nowait()
    assert (packet.query(), packet.flags, packet.ndis_flags) == ((0, 0, None, 0), 0, 0x80)
    assert (packet.state, packet.holder, packet.oob.status) == (PacketState.OWNED, None, 0)


@every_loop
async def test_new_packets_carry_the_protocol_id() -> None:
    async with PacketPool.create(2) as pool:
        early = await pool.allocate()
        pool.set_protocol_id(ProtocolId.IPX)
        late = await pool.allocate()
        assert (early.protocol_id, late.protocol_id, pool.protocol_id) == (0, 6, 6)
        early.free()
        assert (await pool.allocate()).protocol_id == 6
        early.free()
        assert pool.allocate_nowait().protocol_id == 6
        early.free()
        late.free()
        for bad in (-1, 16):
            with pytest.raises(ValueError, match="protocol_id"):
                pool.set_protocol_id(bad)


DPR_FORMS: dict[str, Callable[[PacketPool], Packet]] = {
    "NdisDprAllocatePacket": PacketPool.allocate_dpr,
    "NdisDprAllocatePacketNonInterlocked": PacketPool.allocate_dpr_noninterlocked,
}


@pytest.mark.parametrize(("operation", "allocate"), DPR_FORMS.items())
def test_dpr_forms_need_dispatch(operation: str, allocate: Callable[[PacketPool], Packet]) -> None:
    packets = packet_pool()
    with pytest.raises(RuleViolation, match=rf"PKT-04: {operation} on pool 'packets' is called at PASSIVE_LEVEL"):
        allocate(packets)
    with at_irql(Irql.DIRQL), pytest.raises(RuleViolation, match="PKT-04"):
        allocate(packets)
    with at_irql(Irql.DISPATCH):
        assert allocate(packets).state is PacketState.OWNED
    assert packets.usage == 1


@pytest.mark.parametrize("profile", Profile)
def test_only_ce_lets_dpr_forms_run_anywhere(profile: Profile) -> None:
    packets = packet_pool(profile=profile)
    if profile is Profile.CE:
        packets.allocate_dpr().free_dpr()
        packets.allocate_dpr_noninterlocked().free_dpr_noninterlocked()
    else:
        with pytest.raises(RuleViolation, match="PKT-04"):
            packets.allocate_dpr()
    assert packets.usage == 0


def test_the_limit_holds_in_every_profile() -> None:
    packets = packet_pool(1, profile=Profile.NT)
    packets.allocate_nowait()
    with pytest.raises(PoolExhausted):
        packets.allocate_nowait()


@pytest.mark.parametrize(("operation", "allocate"), DPR_FORMS.items())
def test_dpr_forms_are_seen_under_their_names(operation: str, allocate: Callable[[PacketPool], Packet]) -> None:
    diary = Diary(fails=operation)
    with observe(diary):
        packets = packet_pool()
    diary.seen.clear()
    with at_irql(Irql.DISPATCH):
        with pytest.raises(PoolExhausted):
            allocate(packets)
        diary.failing = ""
        allocate(packets)
        with pytest.raises(PoolExhausted):
            allocate(packet_pool(0))
    assert diary.seen == [("before", operation), ("before", operation), ("after", operation)]


def test_a_packet_goes_back_to_its_own_pool() -> None:
    packets, others = packet_pool(name="rx"), packet_pool(name="tx")
    packet = packets.allocate_nowait()
    with pytest.raises(RuleViolation, match=r"PKT-03.*of pool 'rx' is given to pool 'tx'"):
        others.free(packet)
    packets.free(packet)
    assert packets.usage == 0


def test_a_watched_pool_uses_no_packet_twice() -> None:
    with observe(Diary()):
        packets = packet_pool(1)
    packet = packets.allocate_nowait()
    packet.free()
    again = packets.allocate_nowait()
    assert again is not packet
    with pytest.raises(RuleViolation, match="PKT-03"):
        packet.free()
    again.free()


# Every coroutine, cancelled at each of its awaits.


class World:
    """A pool of two that is empty, and what was taken from it."""

    def __init__(self, pool: PacketPool) -> None:
        self.pool = pool
        self.out = [pool.allocate_nowait() for _ in range(2)]


async def make() -> World:
    return World(await PacketPool.create(1, overflow=1))


async def make_observed() -> World:
    with observe(Yielding()):
        return await make()


async def allocate(world: World) -> None:
    (await world.pool.allocate()).free()


async def borrow(world: World) -> None:
    async with world.pool.borrow():
        await anyio.lowlevel.checkpoint()


async def two_in_a_row(world: World) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(allocate, world)
        await allocate(world)


async def free_all(world: World) -> None:
    while world.out:
        await settle()
        world.out.pop().free()
    await settle()


async def check(world: World) -> None:
    await free_all(world)
    seen = world.pool.statistics()
    assert (seen.outstanding, seen.in_hand, seen.waiting, seen.free) == (0, 0, 0, 2)
    assert len({world.pool.allocate_nowait() for _ in range(2)}) == 2


async def create(_world: World) -> None:
    async with PacketPool.create(3) as pool:
        (await pool.allocate()).free()


SCENARIOS = [
    Scenario(f"{act.__name__} {how}", maker, act, free_all, check)
    for act in (allocate, borrow, two_in_a_row, create)
    for how, maker in (("bare", make), ("observed", make_observed))
]


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_cancelled_at_each_await(scenario: Scenario[World], loop: str) -> None:
    record = cancel_at_each_await(scenario, loop)
    assert record.runs == (2 if loop == "trio" else 4) * (record.suspensions + 1)
