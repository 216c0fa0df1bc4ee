"""Offload headers: their ten bytes, in front of frames and beside packets."""

import sys

import pytest

from asyncndis.memory import BufferPool, PacketPool, PerPacketInfo
from asyncndis.nic.offload import NOTHING, Kind, OffloadHeader, join, note_headers, noted_headers, split

LARGE = OffloadHeader(1, Kind.TCP_IPV4, 54, 1448, 34, 16).to_bytes()
PARTIAL = OffloadHeader(1, 0, 0, 0, 34, 6).to_bytes()


def test_the_ten_bytes() -> None:
    assert OffloadHeader().to_bytes() == NOTHING
    assert OffloadHeader.parse(LARGE) == (1, 1, 54, 1448, 34, 16)
    numbers = b"".join(number.to_bytes(2, sys.byteorder) for number in (54, 1448, 34, 16))
    assert b"\x01\x01" + numbers == LARGE
    assert (OffloadHeader(flags=2).needs_checksum, OffloadHeader(kind=0x84).segments_as) == (False, Kind.TCP_IPV6)


@pytest.mark.parametrize("size", [60, 1514, 4086, 65_000])
def test_frames_part_from_their_headers_and_join_them(size: int) -> None:
    whole = [header + bytes([number]) * size for number, header in enumerate((NOTHING, PARTIAL, LARGE))]
    headers, frames = split(whole)
    assert headers == [NOTHING, PARTIAL, LARGE]
    assert [bytes(frame) for frame in frames] == [bytes([number]) * size for number in range(3)]
    assert join(headers, frames) == whole
    assert join(None, frames) == [NOTHING + frame[10:] for frame in whole]
    assert join([LARGE] * 3, frames) == [LARGE + frame[10:] for frame in whole]


def test_a_long_frame_is_not_copied() -> None:
    whole = LARGE + bytes(60_000)
    headers, frames = split([whole])
    assert join(headers, frames)[0] is whole


@pytest.mark.asyncio
async def test_packets_carry_headers_from_driver_to_driver() -> None:
    packets, buffers = await PacketPool.create(3), await BufferPool.create(3)
    row = [packets.allocate_nowait() for _ in range(3)]
    assert noted_headers(row) is None
    note_headers(row, [NOTHING, PARTIAL, LARGE])
    assert noted_headers(row) == [NOTHING, PARTIAL, LARGE]
    assert [packet.info(PerPacketInfo.TCP_LARGE_SEND) for packet in row] == [None, None, 1448]
    note_headers(row, [NOTHING] * 3)
    assert noted_headers(row) is None
    assert [packet.info(PerPacketInfo.TCP_LARGE_SEND) for packet in row] == [None] * 3
    for packet in row:
        packet.free()
    await packets.aclose()
    await buffers.aclose()
