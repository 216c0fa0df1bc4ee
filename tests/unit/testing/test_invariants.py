"""Invariants: each check passes at rest, and says what is not."""

from dataclasses import replace

import pytest
from anyio import create_task_group, sleep_forever

from asyncndis.memory import BufferPool, PacketPool
from asyncndis.ndis import FramePool
from asyncndis.nic import Conditions, Wire, WireStatistics
from asyncndis.testing import (
    Hoarder,
    assert_frames_conserved,
    assert_pool_at_rest,
    assert_stack_at_rest,
    let_pass,
    no_leaks,
    open_pair,
    virtual_time,
)

pytestmark = pytest.mark.every_loop


async def test_a_pool_at_rest_has_nothing_out() -> None:
    async with BufferPool.create(2) as buffers, PacketPool.create(2) as packets, FramePool.create(2) as frames:
        for pool in (buffers, packets, frames):
            assert_pool_at_rest(pool)
        packet = frames.allocate_nowait(bytes(60))
        with pytest.raises(AssertionError, match=r"1 of 2 out.* is not at rest: PoolStatistics"):
            assert_pool_at_rest(frames)
        frames.free(packet)
        assert_pool_at_rest(frames)
    for pool in (buffers, packets, frames):
        assert_pool_at_rest(pool)


async def test_a_stack_at_rest_has_nothing_in_flight_or_lent() -> None:
    hoarder = Hoarder()
    async with virtual_time(), open_pair(right=hoarder) as (left, right):
        assert_stack_at_rest(left.stack)
        await left.talker.say(left.frames_to(right, 2))
        with pytest.raises(AssertionError, match=r"2 sends in flight.* is not at rest"):
            assert_stack_at_rest(left.stack)
        await let_pass(0.01)
        assert_stack_at_rest(left.stack)
        with pytest.raises(AssertionError, match=r"2 packets lent.* is not at rest"):
            assert_stack_at_rest(right.stack)
        hoarder.give_back()
        assert_stack_at_rest(right.stack)
        frame = left.binding.frames.allocate_nowait(bytes(60))
        with pytest.raises(AssertionError, match=r"frames of talker on left.* is not at rest"):
            assert_stack_at_rest(left.stack)
        left.binding.frames.free(frame)
        await left.stack.ndis.unbind(left.binding)
        assert_stack_at_rest(left.stack)


async def test_frames_on_a_bad_wire_are_conserved() -> None:
    async with virtual_time():
        wire = Wire(Conditions(loss=0.2, duplication=0.2, latency_us=1000), seed=3)
        async with open_pair(wire, rx_ring=256) as (left, right):
            await left.talker.say(left.frames_to(right, 50))
            assert_frames_conserved(wire)
            await let_pass(0.0005)
            assert wire.statistics().paths.on_the_way
            assert_frames_conserved(wire)
            await let_pass(1)
            assert_frames_conserved(wire)


class Forgetful(Wire):
    """Loses frames without counting them."""

    __slots__ = ()

    def statistics(self) -> WireStatistics:
        true = super().statistics()
        return replace(true, paths=replace(true.paths, delivered=true.paths.delivered - 2))


async def test_frames_that_vanish_are_missed() -> None:
    async def play() -> None:
        async with virtual_time(), open_pair(Forgetful()) as (left, right):
            await left.talker.say(left.frames_to(right, 3))
            await let_pass(0.01)

    with pytest.raises(AssertionError, match=r"<Wire 'wire' up, 3 frames.* has lost count of 2 frames"):
        await play()


async def test_a_block_that_tidies_up_leaves_nothing() -> None:
    outer = await BufferPool.create(1, name="of before")
    with no_leaks():
        async with create_task_group() as tasks, BufferPool.create(1):
            tasks.start_soon(let_pass, 0)
        async with virtual_time(), open_pair():
            pass
        outer.allocate_nowait().free()
    outer.close()


async def test_a_pool_that_is_left_is_named_with_its_place() -> None:
    place = r"tests.unit.testing.test_invariants\.py:\d+ in test_a_pool_that_is_left_is_named_with_its_place"
    pools: list[BufferPool] = []
    with pytest.raises(AssertionError, match=rf"left behind: <BufferPool 'mine'.*>, taken at {place}"), no_leaks():
        pools.append(await BufferPool.create(1, name="mine"))
    pools[0].close()


async def test_a_task_that_is_left_is_named() -> None:
    async with create_task_group() as tasks:
        with pytest.raises(AssertionError, match="left behind: task 'the sleeper'"), no_leaks():
            tasks.start_soon(sleep_forever, name="the sleeper")
        tasks.cancel_scope.cancel()


async def test_what_goes_wrong_in_the_block_comes_before_what_it_leaves() -> None:
    pools: list[BufferPool] = []

    async def fail() -> None:
        pools.append(await BufferPool.create(1))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), no_leaks():
        await fail()
    pools[0].close()
