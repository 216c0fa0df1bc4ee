"""Packets in a row: what is done to them is what is done to each."""

import pytest

from asyncndis.base import observe
from asyncndis.memory import BufferPool, HeapProvider, Memory, Packet, PacketEvent, PacketFlags, PacketPool, PacketState
from asyncndis.memory.rows import survey, transfer_all
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
