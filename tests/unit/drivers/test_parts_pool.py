"""Packets over the bytes of others are taken whole or not at all, and leave the others as they were."""

import pytest

from asyncndis.base import PoolClosed, PoolExhausted, RuleViolation
from asyncndis.drivers import PartsPool
from asyncndis.memory import BufferPool, HeapProvider, PacketEvent, PacketPool
from tests.unit.memory.making import buffer_pool, chained, packet_pool


def pool(packets: int = 2, buffers: int = 4) -> tuple[PartsPool, PacketPool, BufferPool]:
    of_packets, of_buffers = packet_pool(packets), buffer_pool(buffers)
    return PartsPool(of_packets, of_buffers), of_packets, of_buffers


def test_parts_and_the_bytes_of_a_packet() -> None:
    parts, packets, buffers = pool()
    block = HeapProvider().allocate(8)
    source = chained(bytearray(b"header"), block)
    over, other = parts.over(source), parts.allocate_nowait([b"new", memoryview(b"rest")])
    assert over.to_bytes() == source.to_bytes()
    assert [buffer.memory for buffer in over] == [buffer.memory for buffer in source]
    assert other.to_bytes() == b"newrest"
    assert (packets.outstanding, buffers.outstanding) == (2, 4)
    assert repr(parts) == "<PartsPool 2 packets out, 4 of 4 buffers>"
    assert parts.statistics().packets.outstanding == 2
    parts.free(over)
    parts.free(other)
    assert (packets.outstanding, buffers.outstanding, source.buffer_count) == (0, 0, 2)


def test_all_or_none() -> None:
    parts, packets, buffers = pool(packets=2, buffers=1)
    with pytest.raises(PoolExhausted):
        parts.over(chained(b"ab", b"cd"))
    with pytest.raises(PoolExhausted):
        parts.allocate_nowait([b"ab", b"cd"])
    assert (packets.outstanding, buffers.outstanding) == (0, 0)
    held = [packets.allocate_nowait() for _ in range(2)]
    with pytest.raises(PoolExhausted):
        parts.over(chained(b"ab"))
    assert buffers.outstanding == 0
    for packet in held:
        packet.free()
    packets.close()
    with pytest.raises(PoolClosed):
        parts.allocate_nowait([b"ab"])


def test_what_another_driver_has_is_not_freed() -> None:
    parts, packets, _ = pool()
    packet = parts.over(chained(b"ab"))
    packet.transfer(PacketEvent.SEND, "miniport")
    with pytest.raises(RuleViolation) as caught:
        parts.free(packet)
    assert (caught.value.rule, packets.outstanding, packet.buffer_count) == ("SEND-01", 1, 1)
