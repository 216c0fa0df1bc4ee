"""Packets in a row: what is done to them is what is done to each."""

import asyncio

import pytest

from asyncndis.base import NdisStatus, observe
from asyncndis.memory import BufferPool, HeapProvider, Memory, Packet, PacketEvent, PacketFlags, PacketPool, PacketState
from asyncndis.memory.rows import (
    contents_of,
    free_row,
    glance,
    lend,
    make_row,
    refill_row,
    send,
    survey,
    take_back,
    transfer_all,
)
from tests.unit.kernel.expecting import Recorder, breaks

FRAME = bytes(range(64))


class Row:
    """Packets of one buffer each."""

    def __init__(self, packets: PacketPool, buffers: BufferPool) -> None:
        self._packets = packets
        self._buffers = buffers

    @classmethod
    async def make(cls) -> "Row":
        return cls(await PacketPool.create(16), await BufferPool.create(32))

    def packet(self, *memories: Memory) -> Packet:
        packet = self._packets.allocate_nowait()
        for memory in memories:
            packet.chain_at_back(self._buffers.allocate_nowait(memory))
        return packet


pytestmark = pytest.mark.asyncio


async def test_a_survey_tells_the_different_heads() -> None:
    row = await Row.make()
    block = HeapProvider().allocate(64)
    block.view[:] = FRAME
    other = bytes(64)
    packets = [row.packet(memory) for memory in (FRAME, bytearray(FRAME), memoryview(FRAME), block, other)]
    assert survey(packets, 14, 64) == {FRAME[:14], other[:14]} == {packet.head(14) for packet in packets}
    assert survey([], 14, 64) == set()
    assert row.packet().head(14) == b""
    assert row.packet(FRAME[:5], FRAME[5:]).head(14) == FRAME[:5]


async def test_what_needs_a_closer_look() -> None:
    row = await Row.make()
    plain = row.packet(FRAME)
    flagged, sent, chained = row.packet(FRAME), row.packet(FRAME), row.packet(FRAME[:32], FRAME[32:])
    flagged.set_flags(PacketFlags.DONT_LOOPBACK)
    sent.transfer(PacketEvent.SEND)
    for packet in (flagged, sent, chained, row.packet(), row.packet(FRAME[:13]), row.packet(bytes(65)), b"frame"):
        assert survey([plain, packet], 14, 64) is None  # type: ignore[list-item]  # bytes are no packet
    with observe(Recorder()):
        watched = await Row.make()
    assert survey([watched.packet(FRAME)], 14, 64) is None


async def test_what_needs_a_closer_look_is_neither_lent_nor_sent() -> None:
    row = await Row.make()
    plain, wire_only = row.packet(FRAME), row.packet(FRAME)
    flagged, sent, chained = row.packet(FRAME), row.packet(FRAME), row.packet(FRAME[:32], FRAME[32:])
    wire_only.set_flags(PacketFlags.DONT_LOOPBACK)
    flagged.set_flags(PacketFlags.LOOPBACK_ONLY)
    sent.transfer(PacketEvent.SEND)
    odd = (plain, flagged, sent, chained, row.packet(), row.packet(FRAME[:13]), row.packet(bytes(65)), b"frame")
    for packet in odd:
        assert not lend([plain, packet], 14, 64, "protocols")  # type: ignore[list-item]  # bytes are no packet
        assert not send([plain, packet], 14, 64, "adapter", looped=False)  # type: ignore[list-item]  # bytes are no packet
    assert not lend([wire_only], 14, 64, "protocols")
    assert not send([plain], 14, 64, "adapter", looped=True)
    assert (plain.state, plain.holder) == (PacketState.OWNED, None)
    assert send([wire_only], 14, 64, "adapter", looped=True)
    assert (wire_only.state, wire_only.holder) == (PacketState.SENDING, "adapter")


async def test_what_was_lent_or_sent_comes_back() -> None:
    row = await Row.make()
    packets = [row.packet(FRAME) for _ in range(3)]
    assert lend(packets, 14, 64, "them")
    assert {(packet.state, packet.holder) for packet in packets} == {(PacketState.LENT, "them")}
    take_back(packets, PacketEvent.RETURN, PacketState.LENT, PacketState.RETURNED)
    assert {(packet.state, packet.holder) for packet in packets} == {(PacketState.RETURNED, None)}
    assert send(packets, 14, 64, "them", looped=False), "they can be used at once"
    take_back(packets, PacketEvent.COMPLETE, PacketState.SENDING, PacketState.SENT)
    with breaks("SEND-02", "is not legal"):
        take_back(packets, PacketEvent.COMPLETE, PacketState.SENDING, PacketState.SENT)
    free_row(packets)


async def test_what_is_unusual_comes_back_as_each_packet_would() -> None:
    row = await Row.make()
    scarce, lent = row.packet(FRAME), row.packet(FRAME)
    scarce.oob.status = NdisStatus.RESOURCES
    assert not lend([scarce], 14, 64, "them")
    assert lend([lent], 14, 64, "them")
    take_back([lent], PacketEvent.RETURN, PacketState.SENDING, PacketState.SENT)
    assert (lent.state, lent.holder) == (PacketState.RETURNED, None)
    with observe(Recorder()):
        watched = (await Row.make()).packet(FRAME)
    watched.transfer(PacketEvent.SEND, "adapter")
    take_back([watched], PacketEvent.COMPLETE, PacketState.SENDING, PacketState.SENT)
    assert watched.state is PacketState.SENT
    assert not lend([watched], 14, 64, "them"), "it stays under watch"


async def test_packets_change_hands_as_each_would() -> None:
    row = await Row.make()
    packets = [row.packet(FRAME) for _ in range(3)]
    transfer_all(packets, PacketEvent.SEND, "adapter")
    assert {(packet.state, packet.holder) for packet in packets} == {(PacketState.SENDING, "adapter")}
    transfer_all(packets, PacketEvent.HAND_ON, "below")
    assert {packet.stacks_remaining for packet in packets} == {1}
    transfer_all(packets, PacketEvent.HAND_BACK, "adapter")
    transfer_all(packets, PacketEvent.COMPLETE)
    assert {(packet.state, packet.holder) for packet in packets} == {(PacketState.SENT, None)}
    assert survey(packets, 14, 64) == {FRAME[:14]}  # they are at home again
    packets[0].transfer(PacketEvent.INDICATE)
    packets[0].transfer(PacketEvent.RETURN)
    transfer_all(packets, PacketEvent.SEND, "adapter")  # from two different states
    assert {packet.state for packet in packets} == {PacketState.SENDING}


async def test_a_watched_packet_stays_under_watch() -> None:
    with observe(Recorder()):
        row = await Row.make()
    packet = row.packet(FRAME)
    transfer_all([packet], PacketEvent.SEND)
    transfer_all([packet], PacketEvent.COMPLETE)
    assert survey([packet], 14, 64) is None


async def test_the_first_that_may_not_is_refused_and_those_before_it_went() -> None:
    row = await Row.make()
    packets = [row.packet(FRAME) for _ in range(3)]
    packets[1].transfer(PacketEvent.SEND)
    with breaks("SEND-01"):
        transfer_all(packets, PacketEvent.SEND, "adapter")
    assert [packet.state for packet in packets] == [PacketState.SENDING, PacketState.SENDING, PacketState.OWNED]
    with breaks("SEND-02"):
        transfer_all(packets[2:], PacketEvent.COMPLETE)
    with breaks("RCV-01"):
        transfer_all(packets[2:], PacketEvent.FREE)


async def test_a_row_is_made_and_freed_as_each_packet_would_be() -> None:
    packets, buffers = await PacketPool.create(8), await BufferPool.create(8)
    frames = [bytes([number]) * 60 for number in range(8)]
    assert make_row(packets, buffers, frames) is None  # nothing was ever made
    taken = [packets.allocate_nowait() for _ in range(8)]
    for packet in taken:
        packet.chain_at_back(buffers.allocate_nowait(b"before"))
        packet.oob.status = 7
    free_row(taken)
    assert (packets.outstanding, buffers.outstanding) == (0, 0)
    packets.set_protocol_id(3)
    row = make_row(packets, buffers, frames[:5], PacketFlags.DONT_LOOPBACK)
    assert row is not None
    assert (packets.outstanding, buffers.outstanding) == (5, 5)
    assert [packet.to_bytes() for packet in row] == frames[:5]
    assert {(packet.state, packet.flags, packet.protocol_id, packet.oob.status) for packet in row} == {
        (PacketState.OWNED, PacketFlags.DONT_LOOPBACK | 3, 3, 0)
    }
    assert make_row(packets, buffers, frames[:4]) is None  # three are left
    assert make_row(packets, buffers, []) is None
    assert glance(row, 3) == (frames[:5], [frame[:3] for frame in frames[:5]])
    assert contents_of(row) == frames[:5]
    assert survey(row, 14, 64, lent=True, sent=True) is not None
    row[1].oob.status = 0xC000009A
    assert survey(row, 14, 64, lent=True, sent=True) is None
    assert survey(row, 14, 64, sent=True) is not None
    free_row(row)
    with breaks("PKT-03"):
        row[0].to_bytes()
    with breaks("PKT-03"):
        free_row(row[:1])
    assert (packets.outstanding, buffers.outstanding, packets.statistics().free) == (0, 0, 8)


async def test_what_is_freed_in_a_row_serves_who_waits() -> None:
    packets, buffers = await PacketPool.create(2), await BufferPool.create(2)
    taken = [packets.allocate_nowait() for _ in range(2)]
    for packet in taken:
        packet.chain_at_back(buffers.allocate_nowait(FRAME))
    waiter = asyncio.ensure_future(packets.allocate())
    await asyncio.sleep(0)
    free_row(taken)
    assert await waiter is taken[0]


async def test_a_row_with_a_closer_look_at_each() -> None:
    row = await Row.make()
    block = HeapProvider().allocate(64)
    block.view[:] = FRAME
    adjusted, two, blocked = row.packet(FRAME), row.packet(FRAME[:32], FRAME[32:]), row.packet(block)
    assert adjusted.first is not None
    adjusted.first.adjust_length(20)
    assert contents_of([adjusted, two, blocked]) == [FRAME[:20], FRAME, FRAME]
    assert glance([blocked, row.packet(bytearray(FRAME))], 5)[1] == [FRAME[:5]] * 2
    sent = row.packet(FRAME)
    sent.transfer(PacketEvent.SEND)
    with breaks("SEND-01"):
        free_row([adjusted, two, blocked, sent])
    assert [packet.state for packet in (adjusted, two, blocked)] == [PacketState.FREE] * 3


async def test_heads_of_what_may_be_looped_back() -> None:
    row = await Row.make()
    plain, kept, only = row.packet(FRAME), row.packet(bytes(64)), row.packet(FRAME)
    kept.set_flags(PacketFlags.DONT_LOOPBACK)
    only.set_flags(PacketFlags.LOOPBACK_ONLY)
    assert survey([plain, kept], 14, 64, sent=True) == {FRAME[:14]}
    assert survey([plain, kept], 14, 64) is None
    assert survey([plain, only], 14, 64, sent=True) is None


async def test_packets_of_ones_own_describe_other_memory() -> None:
    packets, buffers = await PacketPool.create(8), await BufferPool.create(16)
    plain, adjusted, two, sent = (packets.allocate_nowait() for _ in range(4))
    for packet in (plain, adjusted, two, two, sent):
        packet.chain_at_back(buffers.allocate_nowait(FRAME))
    assert adjusted.first is not None
    adjusted.first.adjust_length(20)
    assert [packet.length for packet in (plain, adjusted, two)] == [64, 20, 128]
    frames = [bytes([number]) * (60 + number) for number in range(3)]
    refill_row([plain, adjusted, two], frames, buffers)
    assert [packet.to_bytes() for packet in (plain, adjusted, two)] == frames
    assert [packet.length for packet in (plain, adjusted, two)] == [60, 61, 62]
    assert buffers.outstanding == 4
    sent.transfer(PacketEvent.SEND)
    with breaks("SEND-01"):
        refill_row([sent], frames[:1], buffers)


async def test_a_row_of_several_pools_is_freed_into_each() -> None:
    one, other = await Row.make(), await Row.make()
    mixed = [one.packet(FRAME), other.packet(FRAME), one.packet(FRAME)]
    foreign = one._packets.allocate_nowait()
    foreign.chain_at_back(other._buffers.allocate_nowait(FRAME))
    free_row([*mixed, foreign])
    free_row([])
    free_row([one._packets.allocate_nowait()])  # without a buffer
    assert [pool.outstanding for pool in (one._packets, one._buffers, other._packets, other._buffers)] == [0] * 4
    again = one._packets.allocate_nowait()
    again.chain_at_back(one._buffers.allocate_nowait(FRAME))
    stranger = one._packets.allocate_nowait()
    stranger.chain_at_back(other._buffers.allocate_nowait(FRAME))
    free_row([again, stranger])
    assert [pool.outstanding for pool in (one._packets, one._buffers, other._packets, other._buffers)] == [0] * 4


async def test_a_pool_may_say_the_header_size_of_its_packets() -> None:
    packets = await PacketPool.create(2)
    packets.header_size = 14
    packet = packets.allocate_nowait()
    assert packet.oob.header_size == 14
    packet.clear_oob()
    assert packet.oob.header_size == 0
