"""Chains of buffers: order, sub-chains, counts, and one chain at most for each buffer."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from asyncndis.base import Probe, RuleViolation, observe
from asyncndis.memory import (
    PAGE_SIZE,
    Buffer,
    BufferPool,
    BufferState,
    HeapProvider,
    Packet,
    PacketCounts,
    PacketEvent,
    PacketPool,
)
from tests.unit.memory.making import Diary, buffer_pool, chained, fill, packet_pool

Chaining = Callable[[Packet, Buffer], None]
BOTH_ENDS = pytest.mark.parametrize("chaining", [Packet.chain_at_front, Packet.chain_at_back])
CHAINING: list[tuple[str, Chaining]] = [
    ("NdisChainBufferAtFront", Packet.chain_at_front),
    ("NdisChainBufferAtBack", Packet.chain_at_back),
]


@pytest.fixture(params=[None, Probe()], ids=["bare", "watched"])
def packet(request: pytest.FixtureRequest) -> Packet:
    """A packet that takes the short ways, and one that takes the careful ones."""
    if request.param is None:
        return packet_pool().allocate_nowait()
    with observe(request.param):
        return packet_pool().allocate_nowait()


@pytest.fixture
def buffers() -> BufferPool:
    return buffer_pool()


def linked(*parts: Buffer) -> Buffer:
    for before, after in pairwise(parts):
        before.link(after)
    return parts[0]


def test_at_back_and_at_front(packet: Packet, buffers: BufferPool) -> None:
    one, two, three = (buffers.allocate_nowait(b"x") for _ in range(3))
    packet.chain_at_back(one)
    packet.chain_at_back(two)
    packet.chain_at_front(three)
    assert list(packet) == [three, one, two]
    assert (packet.first, packet.last, one.next, two.next) == (three, two, two, None)
    assert [buffer.packet for buffer in packet] == [packet] * 3
    assert one.state is BufferState.CHAINED


def test_at_front_of_nothing(packet: Packet, buffers: BufferPool) -> None:
    buffer = buffers.allocate_nowait()
    packet.chain_at_front(buffer)
    assert (packet.first, packet.last) == (buffer, buffer)


@BOTH_ENDS
def test_linked_buffers_move_as_a_whole(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    (old,) = fill(packet, buffers, b"old")
    links = [buffers.allocate_nowait(b"x") for _ in range(3)]
    chaining(packet, linked(*links))
    expected = [*links, old] if chaining is Packet.chain_at_front else [old, *links]
    assert list(packet) == expected
    assert packet.last is expected[-1]
    assert packet.unchain_all() == expected
    for buffer in expected:
        buffer.free()


@BOTH_ENDS
def test_linked_buffers_in_an_empty_packet(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    links = [buffers.allocate_nowait(b"x") for _ in range(2)]
    chaining(packet, linked(*links))
    assert (packet.first, packet.last) == (links[0], links[1])


@BOTH_ENDS
def test_an_adjusted_buffer_stays_adjusted(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    buffer = buffers.allocate_nowait(b"frame")
    buffer.adjust_length(2)
    chaining(packet, buffer)
    states = [buffer.state]
    assert packet.unchain_at_front() is buffer
    assert [*states, buffer.state] == [BufferState.CHAINED_ADJUSTED, BufferState.ADJUSTED]


def test_a_linked_and_adjusted_buffer_stays_adjusted(packet: Packet, buffers: BufferPool) -> None:
    one, two = buffers.allocate_nowait(b"frame"), buffers.allocate_nowait()
    one.adjust_length(2)
    packet.chain_at_back(linked(one, two))
    assert packet.unchain_all() == [one, two]
    assert (one.state, two.state) == (BufferState.ADJUSTED, BufferState.ALLOCATED)


def test_unchain_at_front_to_empty(packet: Packet, buffers: BufferPool) -> None:
    one, two = fill(packet, buffers, b"one", b"two")
    assert packet.unchain_at_front() is one
    assert (one.next, one.packet, one.state) == (None, None, BufferState.ALLOCATED)
    assert (packet.first, packet.last) == (two, two)
    assert packet.unchain_at_front() is two
    assert (packet.first, packet.last) == (None, None)
    assert packet.unchain_at_front() is None
    one.free()


def test_unchain_at_back_to_empty(packet: Packet, buffers: BufferPool) -> None:
    one, two = fill(packet, buffers, b"one", b"two")
    assert packet.unchain_at_back() is two
    assert (packet.first, packet.last, one.next) == (one, one, None)
    assert packet.unchain_at_back() is one
    assert (packet.first, packet.last) == (None, None)
    assert packet.unchain_at_back() is None
    two.free()


def test_unchain_all_keeps_what_is_special(packet: Packet, buffers: BufferPool) -> None:
    plain, short = fill(packet, buffers, b"plain", b"short")
    short.adjust_length(1)
    assert packet.length == 6
    assert packet.unchain_all() == [plain, short]
    assert (plain.state, short.state) == (BufferState.ALLOCATED, BufferState.ADJUSTED)
    assert (plain.next, packet.length) == (None, 0)
    assert packet.unchain_all() == []


@BOTH_ENDS
def test_a_chained_buffer_is_not_freed(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    buffer = buffers.allocate_nowait(b"x")
    chaining(packet, buffer)
    with pytest.raises(RuleViolation, match="BUF-09"):
        buffer.free()
    assert list(packet) == [buffer]


def test_what_was_unchained_drags_nothing_along(packet: Packet, buffers: BufferPool) -> None:
    one, two = fill(packet, buffers, b"one", b"two")
    packet.unchain_at_front()
    other = packet_pool().allocate_nowait()
    other.chain_at_back(one)
    assert (list(other), list(packet)) == ([one], [two])


def test_a_loop_may_unchain(packet: Packet, buffers: BufferPool) -> None:
    expected = fill(packet, buffers, b"one", b"two", b"three")
    assert [buffer for buffer in packet if packet.unchain_at_front()] == expected


@BOTH_ENDS
def test_a_buffer_is_in_one_chain(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    one, two = fill(packet, buffers, b"one", b"two")
    for taken in (packet, packet_pool().allocate_nowait()):
        with pytest.raises(RuleViolation, match=r"BUF-10.*is in the chain of <Packet .*unchain it first"):
            chaining(taken, one)
    assert list(packet) == [one, two]


@BOTH_ENDS
def test_only_the_first_of_linked_buffers(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    links = [buffers.allocate_nowait(b"x") for _ in range(3)]
    linked(*links)
    with pytest.raises(RuleViolation, match=r"BUF-10.*follows another buffer"):
        chaining(packet, links[1])
    assert list(packet) == []
    chaining(packet, links[0])
    assert list(packet) == links


def test_a_buffer_follows_one_other(buffers: BufferPool) -> None:
    one, two, three = (buffers.allocate_nowait(b"x") for _ in range(3))
    one.link(three)
    with pytest.raises(RuleViolation, match="BUF-10"):
        two.link(three)


def test_a_link_into_a_chain_is_refused(packet: Packet, buffers: BufferPool) -> None:
    one, two, three = (buffers.allocate_nowait(b"x") for _ in range(3))
    one.link(two)
    packet.chain_at_back(three)
    with pytest.raises(RuleViolation, match="BUF-10"):
        two.link(three)


@BOTH_ENDS
def test_a_free_buffer_is_refused(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    buffer = buffers.allocate_nowait(b"x")
    buffer.free()
    with pytest.raises(RuleViolation, match="BUF-05"):
        chaining(packet, buffer)
    assert packet.first is None


@BOTH_ENDS
@pytest.mark.parametrize("wrong", [None, 7, "buffer", b"bytes"])
def test_only_buffers_are_chained(packet: Packet, chaining: Chaining, wrong: Buffer) -> None:
    with pytest.raises(TypeError, match=r"what is chained is a Buffer, not"):
        chaining(packet, wrong)
    assert packet.first is None


@BOTH_ENDS
def test_a_packet_is_no_buffer(packet: Packet, chaining: Chaining) -> None:
    other: object = packet_pool().allocate_nowait()
    with pytest.raises(TypeError, match=r"what is chained is a Buffer, not Packet"):
        chaining(packet, other)  # type: ignore[arg-type]  # the mistake that is tested


def test_a_free_packet_is_refused(packet: Packet, buffers: BufferPool) -> None:
    packet.free()
    for misuse in (
        lambda: packet.chain_at_back(buffers.allocate_nowait()),
        packet.unchain_at_front,
        packet.unchain_at_back,
        packet.unchain_all,
        packet.query,
        packet.recalculate_counts,
        packet.reinitialize,
    ):
        with pytest.raises(RuleViolation, match=r"PKT-03.*used after it was freed"):
            misuse()


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        (PacketEvent.SEND, "SEND-01"),
        (PacketEvent.INDICATE, "RCV-01"),
        (PacketEvent.INDICATE_RESOURCES, "RCV-01"),
        (PacketEvent.TRANSFER, "RCV-01"),
    ],
)
def test_a_packet_that_is_away_is_left_alone(
    packet: Packet, buffers: BufferPool, event: PacketEvent, rule: str
) -> None:
    (inside,) = fill(packet, buffers, b"inside")
    outside = buffers.allocate_nowait(b"outside")
    packet.transfer(event, to="miniport")
    for misuse in (
        lambda: packet.chain_at_front(outside),
        lambda: packet.chain_at_back(outside),
        packet.unchain_at_front,
        packet.unchain_at_back,
        packet.unchain_all,
        packet.reinitialize,
        lambda: inside.adjust_length(1),
    ):
        with pytest.raises(RuleViolation, match=rf"{rule}.*by miniport.*which is not with its allocator"):
            misuse()
    assert list(packet) == [inside]
    assert (packet.length, inside.length) == (6, 6)


def test_counts(packet: Packet, buffers: BufferPool) -> None:
    assert packet.query() == PacketCounts(0, 0, None, 0)
    one, _, _ = fill(packet, buffers, b"one", b"", bytes(PAGE_SIZE + 1))
    assert packet.query() == PacketCounts(4, 3, one, PAGE_SIZE + 4)
    assert (packet.physical_count, packet.buffer_count, packet.length) == (4, 3, PAGE_SIZE + 4)
    packet.unchain_at_back()
    assert packet.query() == PacketCounts(2, 2, one, 3)


def test_pages_of_blocks(packet: Packet, buffers: BufferPool) -> None:
    block = HeapProvider().allocate(3 * PAGE_SIZE, alignment=PAGE_SIZE)
    parts = [(0, PAGE_SIZE), (PAGE_SIZE - 1, 2), (PAGE_SIZE - 1, 1), (1, PAGE_SIZE), (5, 0), (0, 3 * PAGE_SIZE)]
    fill(packet, buffers, *(block[start : start + size] for start, size in parts))
    assert packet.physical_count == sum((1, 2, 1, 2, 1, 3))


def test_counts_are_stale_until_they_are_recalculated(packet: Packet, buffers: BufferPool) -> None:
    one, two = fill(packet, buffers, b"one", b"two")
    two.adjust_length(1)
    assert packet.length == 4, "nothing was asked for yet, so nothing is stale"
    one.adjust_length(0)
    assert packet.length == 4
    packet.recalculate_counts()
    assert packet.length == 1


@BOTH_ENDS
def test_chaining_counts_anew(packet: Packet, buffers: BufferPool, chaining: Chaining) -> None:
    assert packet.length == 0
    chaining(packet, buffers.allocate_nowait(b"one"))
    assert packet.length == 3
    chaining(packet, linked(buffers.allocate_nowait(b"four"), buffers.allocate_nowait(b"5")))
    assert packet.length == 8


def test_reinitialize(packet: Packet, buffers: BufferPool) -> None:
    one, two = fill(packet, buffers, b"one", b"two")
    two.adjust_length(1)
    packet.oob.status = 7
    assert packet.length == 4
    packet.reinitialize()
    assert packet.query() == PacketCounts(0, 0, None, 0)
    assert packet.oob.status == 7, "out-of-band data is the driver's to clear"
    assert (one.state, two.state) == (BufferState.ALLOCATED, BufferState.ADJUSTED)
    assert (one.packet, one.next) == (None, None)
    assert buffers.outstanding == 2, "nothing is lost in the books"
    one.free()


@pytest.mark.parametrize(("operation", "chaining"), CHAINING)
def test_chaining_is_seen(buffers: BufferPool, operation: str, chaining: Chaining) -> None:
    diary = Diary()
    with observe(diary):
        packet = packet_pool().allocate_nowait()
    buffer = buffers.allocate_nowait(b"x")
    diary.seen.clear()
    diary.arguments.clear()
    chaining(packet, buffer)
    assert diary.seen == [("before", operation), ("after", operation)]
    assert diary.arguments == [(packet, buffer)] * 2


@pytest.mark.parametrize(("operation", "chaining"), CHAINING)
def test_chaining_can_be_refused(buffers: BufferPool, operation: str, chaining: Chaining) -> None:
    with observe(Diary(refuses=operation)):
        packet = packet_pool().allocate_nowait()
    buffer = buffers.allocate_nowait(b"x")
    with pytest.raises(RuleViolation, match="TEST-01"):
        chaining(packet, buffer)
    assert (packet.first, buffer.state) == (None, BufferState.ALLOCATED)


def test_the_rest_is_seen(buffers: BufferPool) -> None:
    diary = Diary()
    with observe(diary):
        packet = packet_pool().allocate_nowait()
    one, two, _, _ = fill(packet, buffers, b"1", b"2", b"3", b"4")
    diary.seen.clear()
    diary.arguments.clear()
    packet.query()
    packet.recalculate_counts()
    packet.unchain_at_front()
    packet.unchain_at_back()
    packet.reinitialize()
    assert diary.seen == [
        ("before", "NdisQueryPacket"),
        *[(when, "NdisRecalculatePacketCounts") for when in ("before", "after")],
        *[(when, "NdisUnchainBufferAtFront") for when in ("before", "after")],
        *[(when, "NdisUnchainBufferAtBack") for when in ("before", "after")],
        *[(when, "NdisReinitializePacket") for when in ("before", "after")],
    ]
    assert diary.arguments[4] == (packet, one)
    assert diary.arguments[7:] == [(packet, 2), (packet, 2)], "two buffers were still chained"
    assert two.packet is None


def test_reinitialize_can_be_refused(buffers: BufferPool) -> None:
    with observe(Diary(refuses="NdisReinitializePacket")):
        packet = packet_pool().allocate_nowait()
    expected = fill(packet, buffers, b"1", b"2")
    with pytest.raises(RuleViolation, match="TEST-01"):
        packet.reinitialize()
    assert list(packet) == expected


def test_a_borrowed_packet_takes_the_careful_way() -> None:
    packets = packet_pool()
    packet = chained(b"one", packets=packets)
    packets.handle(packet)
    assert packet.length == 3
    buffer = packet.unchain_at_front()
    assert buffer is not None
    packet.chain_at_front(buffer)
    assert packet.first is buffer


def test_the_pool_type(packet: Packet) -> None:
    assert isinstance(packet.pool, PacketPool)
