"""One packet: who holds it, its bytes, and the ways back to its pool."""

from collections.abc import Callable

import pytest

from asyncndis.base import RuleViolation, observe
from asyncndis.kernel import Irql, at_irql
from asyncndis.memory import FirstBuffer, Packet, PacketEvent, PacketState, Priority
from asyncndis.memory.descriptor import AWAY
from tests.unit.memory.making import Diary, buffer_pool, chained, fill, packet_pool

FRAME = bytes.fromhex("020000000001 020000000002 88b5") + b"payload"


def watched(diary: Diary, *pieces: bytes | bytearray) -> Packet:
    with observe(diary):
        packets = packet_pool()
    packet = chained(*pieces, packets=packets)
    diary.seen.clear()
    diary.arguments.clear()
    return packet


class Named:
    name = "nic0"


def test_ownership_is_a_value() -> None:
    packet = packet_pool().allocate_nowait()
    miniport = Named()
    assert (packet.state, packet.holder) == (PacketState.OWNED, None)
    packet.transfer(PacketEvent.SEND, to=miniport)
    assert (packet.state, packet.holder) == (PacketState.SENDING, miniport)
    packet.transfer(PacketEvent.COMPLETE, to=miniport)
    assert (packet.state, packet.holder) == (PacketState.SENT, None), "with its allocator nobody else holds it"


def test_repr_reads_as_a_status_line() -> None:
    packet = chained(b"abc", b"de", packets=packet_pool(name="tx"))
    assert repr(packet) == "<Packet of 'tx' owned by its allocator, 2 buffers, 5 bytes>"
    packet.transfer(PacketEvent.SEND, to=Named())
    assert repr(packet) == "<Packet of 'tx' sending by nic0, 2 buffers, 5 bytes>"
    packet.transfer(PacketEvent.REQUEUE, to="queue")
    assert "sending by queue" in repr(packet)


def test_an_unwatched_packet_takes_the_short_ways_while_its_allocator_has_it() -> None:
    packet = packet_pool().allocate_nowait()
    pool = packet.pool
    homes = [packet._home]
    for act in (
        lambda: packet.transfer(PacketEvent.SEND),
        lambda: packet.transfer(PacketEvent.COMPLETE),
        packet.free,
        pool.allocate_nowait,
    ):
        act()
        homes.append(packet._home)
    assert homes == [pool, AWAY, pool, AWAY, pool]


def test_a_packet_may_be_sent_again_and_again() -> None:
    packet = packet_pool().allocate_nowait()
    for _ in range(3):
        packet.transfer(PacketEvent.SEND)
        packet.transfer(PacketEvent.COMPLETE)
        packet.transfer(PacketEvent.INDICATE)
        packet.transfer(PacketEvent.RETURN)
    packet.free()
    assert packet.state is PacketState.FREE


def test_first_buffer() -> None:
    packet = chained(b"abc", b"de")
    buffer, view, length, total = packet.first_buffer()
    assert buffer is packet.first
    assert view is not None
    assert (bytes(view), length, total) == (b"abc", 3, 5)


def test_first_buffer_counts_what_is_there() -> None:
    packet = chained(b"abc", b"de")
    assert packet.length == 5
    assert packet.last is not None
    packet.last.adjust_length(1)
    assert (packet.first_buffer().total_length, packet.length) == (4, 5)


@pytest.mark.parametrize("form", [Packet.first_buffer, Packet.first_buffer_safe])
def test_first_buffer_of_none(form: Callable[[Packet], FirstBuffer]) -> None:
    assert form(packet_pool().allocate_nowait()) == FirstBuffer(None, None, 0, 0)


def test_first_buffer_safe() -> None:
    packet = chained(b"abc")
    assert bytes(packet.first_buffer_safe(Priority.LOW).view or b"") == b"abc"
    with pytest.raises(TypeError, match="priority is an integer"):
        packet.first_buffer_safe("low")  # type: ignore[arg-type]  # the mistake that is tested


def test_the_safe_forms_may_find_nothing() -> None:
    low = Diary(fails="NdisGetFirstBufferFromPacketSafe")
    packet = watched(low, b"abc", b"de")
    assert packet.first_buffer_safe() == FirstBuffer(packet.first, None, 3, 5)
    assert bytes(packet.first_buffer().view or b"") == b"abc"
    target = watched(Diary(fails="NdisCopyFromPacketToPacketSafe"), bytearray(5))
    assert target.copy_from_safe(packet) == 0
    assert target.to_bytes() == bytes(5)
    assert target.copy_from(packet) == 5


def test_to_bytes() -> None:
    assert chained(b"abc", b"", b"de").to_bytes() == b"abcde"
    assert packet_pool().allocate_nowait().to_bytes() == b""


def test_copy_from() -> None:
    source, target = chained(b"abc", b"def"), chained(bytearray(2), bytearray(8))
    source.oob.status = 7
    assert target.copy_from(source) == 6
    assert target.to_bytes() == b"abcdef" + bytes(4)
    assert target.copy_from(source, offset=1, source_offset=4, count=1) == 1
    assert target.copy_from_safe(source, offset=9, source_offset=5, priority=Priority.HIGH) == 1
    assert target.to_bytes() == b"aecdef" + bytes(3) + b"f"
    assert target.copy_from_safe(source) == 6
    assert target.to_bytes() == b"abcdef" + bytes(3) + b"f"
    assert target.oob.status == 0


def test_a_copy_is_seen() -> None:
    diary = Diary()
    target, source = watched(diary, bytearray(2)), chained(b"abc")
    target.copy_from(source)
    assert diary.seen == [(when, "NdisCopyFromPacketToPacket") for when in ("before", "after")]
    assert diary.arguments == [(target, source), (target, source, 2)]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"offset": -1}, ValueError),
        ({"source_offset": 1 << 32}, ValueError),
        ({"count": 1.5}, TypeError),
        ({"offset": None}, TypeError),
    ],
)
def test_a_copy_with_bad_numbers(options: dict[str, int], error: type[Exception]) -> None:
    target = chained(bytearray(2))
    with pytest.raises(error, match=next(iter(options))):
        target.copy_from(chained(b"abc"), **options)
    assert target.to_bytes() == bytes(2)


def test_a_copy_needs_two_live_packets() -> None:
    target, gone = chained(bytearray(2)), packet_pool().allocate_nowait()
    gone.free()
    with pytest.raises(RuleViolation, match="PKT-03"):
        target.copy_from(gone)
    with pytest.raises(RuleViolation, match="PKT-03"):
        gone.copy_from(target)
    with pytest.raises(TypeError, match="the source of a copy is a Packet"):
        target.copy_from(b"abc")  # type: ignore[arg-type]  # the mistake that is tested


def test_swap_addresses() -> None:
    packet = chained(bytearray(FRAME[:12]), bytearray(FRAME[12:]))
    packet.swap_addresses()
    assert packet.to_bytes() == FRAME[6:12] + FRAME[:6] + FRAME[12:]


@pytest.mark.parametrize("pieces", [(), (bytearray(11), bytearray(1))])
def test_swap_addresses_needs_both(pieces: tuple[bytearray, ...]) -> None:
    with pytest.raises(ValueError, match="too short for an Ethernet header"):
        chained(*pieces).swap_addresses()


@pytest.mark.parametrize(
    "use", [Packet.to_bytes, Packet.swap_addresses, Packet.first_buffer, Packet.first_buffer_safe, Packet.free]
)
def test_use_after_free(use: Callable[[Packet], object]) -> None:
    packets = packet_pool(track=True)
    packet = packets.allocate_nowait()
    packet.free()
    with pytest.raises(RuleViolation, match="PKT-03") as caught:
        use(packet)
    assert caught.value.other is not None
    assert caught.value.other.function == "test_use_after_free"


def test_a_freed_packet_leaves_nothing_behind() -> None:
    packets = packet_pool(1, protocol_reserved_length=4)
    packet = packets.allocate_nowait()
    packet.oob.status = 1
    packet.set_flags(0x10)
    packet.protocol_reserved[:] = b"mine"
    buffer = fill(packet, buffer_pool(), b"abc")[0]
    assert packet.length == 3
    packet.unchain_at_front()
    packet.free()
    again = packets.allocate_nowait()
    assert again is packet
    assert (again.oob.status, again.flags, bytes(again.protocol_reserved)) == (0, 0, bytes(4))
    assert (again.length, again.first, buffer.packet) == (0, None, None)


@pytest.mark.parametrize("probe", [None, Diary()], ids=["bare", "watched"])
def test_free_with_buffers_chained(probe: Diary | None) -> None:
    packet = chained(b"abc") if probe is None else watched(probe, b"abc")
    for free in (packet.free, lambda: packet.pool.free(packet)):
        with pytest.raises(RuleViolation, match=r"PKT-01.*unchain them first"):
            free()
    assert (packet.state, packet.length, packet.pool.usage) == (PacketState.OWNED, 3, 1)
    packet.unchain_all()
    packet.free()
    assert packet.pool.usage == 0


def test_free_while_it_is_away() -> None:
    packet = chained(b"abc")
    packet.transfer(PacketEvent.SEND, to="nic")
    with pytest.raises(RuleViolation, match="SEND-01: NdisFreePacket on <Packet"):
        packet.free()
    assert packet.state is PacketState.SENDING


def test_plain_and_dpr_forms_mix() -> None:
    packets = packet_pool()
    with at_irql(Irql.DISPATCH):
        packets.allocate_dpr().free()
        packets.allocate_nowait().free_dpr()
        assert packets.usage == 0


def test_noninterlocked_forms_pair() -> None:
    packets = packet_pool()
    with at_irql(Irql.DISPATCH):
        plain, own = packets.allocate_dpr(), packets.allocate_dpr_noninterlocked()
        for mispaired in (plain.free_dpr_noninterlocked, own.free_dpr, own.free):
            with pytest.raises(RuleViolation, match="PKT-05"):
                mispaired()
        assert packets.usage == 2
        own.free_dpr_noninterlocked()
        plain.free()
        assert packets.allocate_nowait() is plain
        again = packets.allocate_nowait()
        assert again is own
        again.transfer(PacketEvent.SEND)
        again.transfer(PacketEvent.COMPLETE)
        again.free()
    assert packets.usage == 1


def test_a_noninterlocked_packet_does_all_that_others_do() -> None:
    packets = packet_pool()
    with at_irql(Irql.DISPATCH):
        packet = packets.allocate_dpr_noninterlocked()
        fill(packet, buffer_pool(), b"abc")
        packet.transfer(PacketEvent.SEND)
        packet.transfer(PacketEvent.COMPLETE)
        packet.unchain_all()
        with pytest.raises(RuleViolation, match="PKT-05"):
            packet.free()
        packet.free_dpr_noninterlocked()


def test_dpr_forms_need_dispatch() -> None:
    packet = packet_pool().allocate_nowait()
    for free in (packet.free_dpr, packet.free_dpr_noninterlocked):
        with pytest.raises(RuleViolation, match=r"PKT-04.*is called at PASSIVE_LEVEL; it needs exactly"):
            free()
    with at_irql(Irql.DIRQL), pytest.raises(RuleViolation, match=r"PKT-04.*DIRQL 3"):
        packet.free_dpr()
    assert packet.state is PacketState.OWNED


@pytest.mark.parametrize(
    ("operation", "noninterlocked"),
    [("NdisFreePacket", False), ("NdisDprFreePacket", False), ("NdisDprFreePacketNonInterlocked", True)],
)
def test_freeing_is_seen_under_its_name(operation: str, *, noninterlocked: bool) -> None:
    diary = Diary()
    with observe(diary):
        packets = packet_pool()
    with at_irql(Irql.DISPATCH):
        packet = packets.allocate_dpr_noninterlocked() if noninterlocked else packets.allocate_dpr()
        diary.seen.clear()
        free = {
            "NdisFreePacket": packet.free,
            "NdisDprFreePacket": packet.free_dpr,
            "NdisDprFreePacketNonInterlocked": packet.free_dpr_noninterlocked,
        }[operation]
        free()
    assert diary.seen == [("before", operation), ("after", operation)]


def test_freeing_can_be_refused() -> None:
    packet = watched(Diary(refuses="NdisFreePacket"))
    packet.oob.status = 1
    with pytest.raises(RuleViolation, match="TEST-01"):
        packet.free()
    assert (packet.state, packet.oob.status, packet.pool.usage) == (PacketState.OWNED, 1, 1)


def test_a_handle_ends_with_its_packet() -> None:
    packets = packet_pool()
    packet = packets.allocate_nowait()
    handle = packets.handle(packet)
    assert packets.resolve(handle) is packet
    packet.free()
    with pytest.raises(RuleViolation, match=r"PKT-03: packet handle .* is stale"):
        packets.resolve(handle)
