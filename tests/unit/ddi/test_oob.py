"""Out-of-band data by its NDIS names."""

from collections.abc import Callable

import pytest

from asyncndis import ddi
from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NDIS_GET_ORIGINAL_PACKET,
    NDIS_GET_PACKET_CANCEL_ID,
    NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO,
    NDIS_GET_PACKET_STATUS,
    NDIS_GET_PACKET_TIME_SENT,
    NDIS_OOB_DATA_FROM_PACKET,
    NDIS_PACKET_EXTENSION_FROM_PACKET,
    NDIS_PER_PACKET_INFO_FROM_PACKET,
    NDIS_SET_ORIGINAL_PACKET,
    NDIS_SET_PACKET_CANCEL_ID,
    NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO,
    NDIS_SET_PACKET_STATUS,
    NDIS_SET_PACKET_TIME_TO_SEND,
    NdisAllocatePacket,
    NdisAllocatePacketPool,
    NdisFreePacket,
    NdisIMCopySendCompletePerPacketInfo,
    NdisIMCopySendPerPacketInfo,
    NdisIMGetCurrentPacketStack,
)
from asyncndis.memory import PACKET_STACKS, Packet, PacketEvent, PerPacketInfo
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def new_packet() -> Packet:
    _, pool = await NdisAllocatePacketPool(1, 0)
    assert pool is not None
    _, packet = NdisAllocatePacket(pool)
    assert packet is not None
    return packet


@pytest.mark.parametrize("what", ["HEADER_SIZE", "STATUS", "TIME_TO_SEND", "TIME_SENT", "TIME_RECEIVED", "CANCEL_ID"])
async def test_a_number_is_kept(what: str) -> None:
    read: Callable[[Packet], int] = getattr(ddi, f"NDIS_GET_PACKET_{what}")
    write: Callable[[Packet, int], None] = getattr(ddi, f"NDIS_SET_PACKET_{what}")
    packet = await new_packet()
    assert read(packet) == 0
    write(packet, 14)
    assert read(packet) == 14


async def test_the_status_is_one_of_ndis() -> None:
    packet = await new_packet()
    NDIS_SET_PACKET_STATUS(packet, NdisStatus.RESOURCES)
    assert NDIS_GET_PACKET_STATUS(packet) == NdisStatus.RESOURCES
    assert NDIS_OOB_DATA_FROM_PACKET(packet).status == NdisStatus.RESOURCES


async def test_two_times_share_a_place() -> None:
    packet = await new_packet()
    NDIS_SET_PACKET_TIME_TO_SEND(packet, 5)
    assert NDIS_GET_PACKET_TIME_SENT(packet) == 5


async def test_media_specific_info() -> None:
    packet = await new_packet()
    assert NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(packet) == (None, 0)
    NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO(packet, b"token ring", 5)
    assert NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(packet) == (memoryview(b"token"), 5)


async def test_slots() -> None:
    packet = await new_packet()
    extension = NDIS_PACKET_EXTENSION_FROM_PACKET(packet)
    extension[PerPacketInfo.IEEE_8021Q] = 0x2A
    assert extension[PerPacketInfo.IEEE_8021Q] == 0x2A
    assert NDIS_PER_PACKET_INFO_FROM_PACKET(packet, PerPacketInfo.IEEE_8021Q) == 0x2A
    assert NDIS_PER_PACKET_INFO_FROM_PACKET(packet, PerPacketInfo.IP_SEC) is None


async def test_original_packet() -> None:
    packet, original = await new_packet(), await new_packet()
    assert NDIS_GET_ORIGINAL_PACKET(packet) is None
    NDIS_SET_ORIGINAL_PACKET(packet, original)
    assert NDIS_GET_ORIGINAL_PACKET(packet) is original


async def test_information_goes_down_and_up() -> None:
    above, below = await new_packet(), await new_packet()
    NDIS_SET_PACKET_CANCEL_ID(above, 7)
    NdisIMCopySendPerPacketInfo(below, above)
    assert NDIS_GET_PACKET_CANCEL_ID(below) == 7
    NDIS_SET_PACKET_CANCEL_ID(below, 8)
    NdisIMCopySendCompletePerPacketInfo(above, below)
    assert NDIS_GET_PACKET_CANCEL_ID(above) == 8


async def test_packet_stack() -> None:
    packet = await new_packet()
    packet.transfer(PacketEvent.SEND, to="an intermediate driver")
    for _ in range(PACKET_STACKS):
        area, is_there = NdisIMGetCurrentPacketStack(packet)
        assert area is not None
        assert is_there
        packet.transfer(PacketEvent.HAND_ON, to="the one below")
    assert NdisIMGetCurrentPacketStack(packet) == (None, False)


async def test_a_free_packet_has_no_data() -> None:
    packet = await new_packet()
    NdisFreePacket(packet)
    with breaks("PKT-03"):
        NDIS_OOB_DATA_FROM_PACKET(packet)
