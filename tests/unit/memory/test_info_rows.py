"""Information slots of packets in a row: as those of each by itself."""

import asyncio

from asyncndis.memory import Packet, PacketPool, PerPacketInfo
from asyncndis.memory.info_rows import carry_info, clear_info, info_of, set_info

SLOT, OTHER = PerPacketInfo.TCP_IP_CHECKSUM, PerPacketInfo.IEEE_8021Q


def row(count: int) -> list[Packet]:
    async def make() -> list[Packet]:
        pool = await PacketPool.create(count)
        return [pool.allocate_nowait() for _ in range(count)]

    return asyncio.run(make())


def test_what_is_set_is_there_until_it_is_set_anew() -> None:
    packets = row(3)
    assert info_of(packets, SLOT) is None
    set_info(packets, SLOT, [None, 1, 2])
    assert info_of(packets, SLOT) == [packet.info(SLOT) for packet in packets] == [None, 1, 2]
    assert info_of(packets, OTHER) is None
    set_info(packets, SLOT, [None] * 3)
    assert info_of(packets, SLOT) is None


def test_what_is_cleared_is_empty_and_the_rest_stays() -> None:
    packets = row(3)
    set_info(packets, SLOT, [1, None, 3])
    set_info(packets, OTHER, [None, None, 4])
    clear_info(packets, SLOT)
    assert info_of(packets, SLOT) is None
    assert info_of(packets, OTHER) == [None, None, 4]
    clear_info(packets, SLOT, OTHER)
    assert info_of(packets, OTHER) is None


def test_slots_are_carried_and_what_stood_there_is_not_kept() -> None:
    sources, packets = row(4), row(4)
    set_info(sources, SLOT, [1, None, 3, None])
    set_info(packets, OTHER, [None, None, "old", "old"])
    carry_info(sources, packets)
    assert info_of(packets, SLOT) == [1, None, 3, None]
    assert info_of(packets, OTHER) is None
    set_info(sources, SLOT, [9] * 4)
    assert info_of(packets, SLOT) == [1, None, 3, None]
