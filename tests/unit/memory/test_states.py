"""The tables are what the objects do: every edge is taken, every non-edge is refused."""

from collections.abc import Callable

import pytest

from asyncndis.base import IllegalTransition, Probe, RuleViolation, observe
from asyncndis.memory import (
    BUFFER_STATES,
    PACKET_STATES,
    Buffer,
    BufferEvent,
    BufferPool,
    BufferState,
    Packet,
    PacketEvent,
    PacketPool,
    PacketState,
)
from asyncndis.memory.states import rule_of
from tests.unit.memory.making import buffer_pool, packet_pool

PACKET_EDGES = list(PACKET_STATES)
BUFFER_EDGES = list(BUFFER_STATES)


def packet_in(state: PacketState, pool: PacketPool) -> Packet:
    """A packet brought to a state by the shortest way that the table has."""
    packet = pool.allocate_nowait()
    if state is PacketState.FREE:
        packet.free()
    ways = {
        PacketState.SENDING: [PacketEvent.SEND],
        PacketState.SENT: [PacketEvent.SEND, PacketEvent.COMPLETE],
        PacketState.LENT: [PacketEvent.INDICATE],
        PacketState.INDICATED_RESOURCES: [PacketEvent.INDICATE_RESOURCES],
        PacketState.RETURNED: [PacketEvent.INDICATE, PacketEvent.RETURN],
        PacketState.TRANSFER_DATA: [PacketEvent.TRANSFER],
    }
    for event in ways.get(state, []):
        packet.transfer(event, to="somebody")
    assert packet.state is state
    return packet


def happen(packet: Packet, event: PacketEvent) -> Packet:
    """Let an event happen to a packet, on the way that it has in life."""
    if event is PacketEvent.FREE:
        packet.free()
    elif event is PacketEvent.ALLOCATE and packet.state is PacketState.FREE:
        return packet.pool.allocate_nowait()
    else:
        if event is PacketEvent.HAND_BACK and PACKET_STATES.allows(packet.state, PacketEvent.HAND_ON):
            packet.transfer(PacketEvent.HAND_ON, to="below")
        packet.transfer(event, to="somebody")
    return packet


@pytest.fixture(params=[None, Probe()], ids=["bare", "watched"])
def packets(request: pytest.FixtureRequest) -> PacketPool:
    if request.param is None:
        return packet_pool()
    with observe(request.param):
        return packet_pool()


@pytest.mark.parametrize(("state", "event", "after"), PACKET_EDGES, ids=str)
def test_packet_edges(packets: PacketPool, state: PacketState, event: PacketEvent, after: PacketState) -> None:
    assert happen(packet_in(state, packets), event).state is after


@pytest.mark.parametrize(
    ("state", "event"), [(s, e) for s in PacketState for e in PacketEvent if not PACKET_STATES.allows(s, e)], ids=str
)
def test_packet_non_edges(packets: PacketPool, state: PacketState, event: PacketEvent) -> None:
    packet = packet_in(state, packets)
    holder = packet.holder
    with pytest.raises(RuleViolation) as caught:
        happen(packet, event)
    assert caught.value.subject is packet
    assert caught.value.rule == rule_of(state, event)
    assert (packet.state, packet.holder) == (state, holder)


def test_the_rules_of_packet_events() -> None:
    assert rule_of(PacketState.SENDING, PacketEvent.SEND) == "SEND-01"
    assert rule_of(PacketState.SENT, PacketEvent.COMPLETE) == "SEND-02"
    assert rule_of(PacketState.LENT, PacketEvent.INDICATE) == "RCV-01"
    assert rule_of(PacketState.RETURNED, PacketEvent.RETURN) == "RCV-07"
    assert rule_of(PacketState.OWNED, PacketEvent.TRANSFER_COMPLETE) == "RCV-12"
    assert rule_of(PacketState.FREE, PacketEvent.FREE) == "PKT-03"


@pytest.mark.parametrize("event", [PacketEvent.ALLOCATE, PacketEvent.FREE])
def test_the_events_of_the_pool_are_not_handed_over(packets: PacketPool, event: PacketEvent) -> None:
    packet = packets.allocate_nowait()
    with pytest.raises(IllegalTransition, match="legal now: send, indicate"):
        packet.transfer(event)
    assert packet.state is PacketState.OWNED


def test_only_events_are_handed_over(packets: PacketPool) -> None:
    with pytest.raises(TypeError, match="event is a PacketEvent"):
        packets.allocate_nowait().transfer("send it")  # type: ignore[arg-type]  # the mistake that is tested


def chain(buffer: Buffer) -> None:
    packet_pool().allocate_nowait().chain_at_back(buffer)


def unchain(buffer: Buffer) -> None:
    assert buffer.packet is not None
    buffer.packet.unchain_at_front()


BUFFER_ACTS: dict[BufferEvent, Callable[[Buffer], object]] = {
    BufferEvent.FREE: Buffer.free,
    BufferEvent.ADJUST: lambda buffer: buffer.adjust_length(1),
    BufferEvent.RESTORE: Buffer.restore_length,
    BufferEvent.CHAIN: chain,
    BufferEvent.UNCHAIN: unchain,
}


def buffer_in(state: BufferState, pool: BufferPool) -> Buffer:
    buffer = pool.allocate_nowait(b"frame")
    if state in {BufferState.ADJUSTED, BufferState.CHAINED_ADJUSTED}:
        buffer.adjust_length(1)
    if state in {BufferState.CHAINED, BufferState.CHAINED_ADJUSTED}:
        chain(buffer)
    if state is BufferState.FREE:
        buffer.free()
    assert buffer.state is state
    return buffer


@pytest.mark.parametrize(("state", "event", "after"), BUFFER_EDGES, ids=str)
def test_buffer_edges(state: BufferState, event: BufferEvent, after: BufferState) -> None:
    pool = buffer_pool()
    buffer = buffer_in(state, pool)
    if event is BufferEvent.ALLOCATE:
        assert pool.allocate_nowait(b"frame") is buffer
    else:
        BUFFER_ACTS[event](buffer)
    assert buffer.state is after


@pytest.mark.parametrize(
    ("state", "event"),
    [
        (state, event)
        for state in BufferState
        for event in BUFFER_ACTS
        # what is not chained cannot be unchained, and restoring a free buffer finds nothing to restore
        if not BUFFER_STATES.allows(state, event)
        and event is not BufferEvent.UNCHAIN
        and (state, event) != (BufferState.FREE, BufferEvent.RESTORE)
    ],
    ids=str,
)
def test_buffer_non_edges(state: BufferState, event: BufferEvent) -> None:
    buffer = buffer_in(state, buffer_pool())
    with pytest.raises(RuleViolation):
        BUFFER_ACTS[event](buffer)
    assert buffer.state is state
