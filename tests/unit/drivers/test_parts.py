"""Parts of a packet are its bytes from an offset on, without a copy; buffers over them are taken all or none."""

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.base import PoolExhausted, RuleViolation
from asyncndis.drivers import chain_parts, chain_parts_nowait, free_chain, head_of, parts_from
from asyncndis.memory import BufferPool, HeapProvider, PacketEvent, PacketPool
from tests.support.loops import settle
from tests.unit.memory.making import buffer_pool, chained, packet_pool

PIECES = st.lists(st.binary(max_size=6), max_size=6)
SOURCES = packet_pool(0xFFFF)


@given(PIECES, st.integers(0, 40))
def test_head_and_parts_are_the_whole(pieces: list[bytes], offset: int) -> None:
    packet = chained(*pieces, packets=SOURCES)
    whole = b"".join(pieces)
    assert head_of(packet, offset) == whole[:offset]
    parts = parts_from(packet, offset)
    assert b"".join(bytes(memoryview(part)) for part in parts) == whole[offset:]  # type: ignore[arg-type]  # no blocks
    assert all(len(part) for part in parts)


def test_parts_are_the_same_memory() -> None:
    memory = bytearray(b"abcdef")
    block = HeapProvider().allocate(4)
    first, second = parts_from(chained(memory, block), 2)
    assert isinstance(first, memoryview)
    first[0] = ord("C")
    assert memory == b"abCdef"
    assert second.address == block.address  # type: ignore[union-attr]  # a block, as the buffer describes one


def test_an_adjusted_length_counts() -> None:
    packet = chained(b"abcdef", b"gh")
    buffer = packet.first
    assert buffer is not None
    buffer.adjust_length(3)
    assert [bytes(part) for part in parts_from(packet, 1)] == [b"bc", b"gh"]  # type: ignore[arg-type]  # no blocks


@pytest.mark.every_loop
async def test_chaining_waits_for_buffers() -> None:
    async with BufferPool.create(2) as buffers, PacketPool.create(1) as packets:
        packet = await packets.allocate()
        held = await buffers.allocate()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(chain_parts, packet, [b"ab", b"cd"], buffers)
            await settle()
            assert packet.first is None
            held.free()
        assert packet.to_bytes() == b"abcd"
        await chain_parts(packet, [], buffers)
        free_chain(packet)
        packet.free()
        assert buffers.statistics().outstanding == 0


@pytest.mark.every_loop
async def test_a_cancelled_wait_takes_nothing() -> None:
    async with BufferPool.create(2) as buffers, PacketPool.create(1) as packets:
        packet = await packets.allocate()
        async with buffers.borrow():
            with anyio.move_on_after(0):
                await chain_parts(packet, [b"ab", b"cd"], buffers)
            assert packet.first is None
            assert buffers.statistics().outstanding == 1
        packet.free()


def test_chaining_at_once_is_all_or_none() -> None:
    buffers = buffer_pool(2)
    packet = packet_pool().allocate_nowait()
    with pytest.raises(PoolExhausted):
        chain_parts_nowait(packet, [b"a", b"b", b"c"], buffers)
    assert (packet.first, buffers.statistics().outstanding) == (None, 0)
    chain_parts_nowait(packet, [b"a", b"b"], buffers)
    assert packet.to_bytes() == b"ab"
    free_chain(packet)
    assert (packet.first, buffers.statistics().outstanding) == (None, 0)


def test_a_packet_that_is_with_another_driver() -> None:
    buffers = buffer_pool(2)
    packet = packet_pool().allocate_nowait()
    packet.transfer(PacketEvent.SEND, to="miniport")
    with pytest.raises(RuleViolation) as caught:
        chain_parts_nowait(packet, [b"a", b"b"], buffers)
    assert caught.value.rule == "SEND-01"
    assert buffers.statistics().outstanding == 0


def test_buffers_are_freed_at_their_own_length() -> None:
    buffers = buffer_pool(1)
    packet = packet_pool().allocate_nowait()
    chain_parts_nowait(packet, [b"abc"], buffers)
    first = packet.first
    assert first is not None
    first.adjust_length(1)
    free_chain(packet)
    assert buffers.statistics().outstanding == 0
