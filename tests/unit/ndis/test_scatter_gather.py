"""Scatter/gather lists of packets."""

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.memory import BufferPool, HeapProvider, Memory, Packet, PacketPool, PerPacketInfo
from asyncndis.ndis import Adapter, ScatterGather, ScatterGatherList
from asyncndis.ndis.library import Ndis
from tests.support.scripted import Listener, Scripted, virtual_stack

pytestmark = pytest.mark.every_loop


def list_of(packet: Packet) -> ScatterGatherList:
    found = packet.info(PerPacketInfo.SCATTER_GATHER_LIST)
    assert isinstance(found, ScatterGatherList)
    return found


async def packet_over(*memories: Memory) -> Packet:
    packets, buffers = await PacketPool.create(1), await BufferPool.create(8)
    packet = packets.allocate_nowait()
    for memory in memories:
        packet.chain_at_back(buffers.allocate_nowait(memory))
    return packet


async def test_memory_that_the_nic_reaches_keeps_its_address() -> None:
    block = HeapProvider().allocate(100)
    packet = await packet_over(block[10:50], block[60:64])
    wide = ScatterGather("wide", 1514, wide=True)
    wide.map_all([packet])
    assert list_of(packet).elements == ((block.physical_address + 10, 40), (block.physical_address + 60, 4))
    assert list_of(packet).number_of_elements == 2
    narrow = ScatterGather("narrow", 1514)
    narrow.map_all([packet])
    assert all(element.address < 1 << 32 for element in list_of(packet).elements)


async def test_bytes_are_seen_through_a_window_and_only_read() -> None:
    data = bytearray(range(100))
    packet = await packet_over(b"head", data)
    mapping = ScatterGather("rig", 1514)
    mapping.map_all([packet])
    first, second = list_of(packet).elements
    assert (first.length, second.length) == (4, 100)
    view = mapping.view_at(second.address + 5, 10)
    assert view is not None
    assert bytes(view) == data[5:15]
    assert view.readonly
    assert mapping.view_at(second.address + 95, 6) is None
    assert mapping.view_at(first.address - 1, 1) is None
    mapping.unmap(packet)
    mapping.unmap(packet)
    assert mapping.view_at(second.address, 1) is None
    assert packet.info(PerPacketInfo.SCATTER_GATHER_LIST) is None


async def test_an_empty_buffer_is_no_part() -> None:
    packet = await packet_over(b"head", b"", b"tail")
    mapping = ScatterGather("rig", 1514)
    mapping.map_all([packet])
    assert [element.length for element in list_of(packet).elements] == [4, 4]
    assert mapping.statistics().packets == 1
    assert repr(mapping) == "<ScatterGather 'rig' 1 packets mapped>"


class Gathering(Scripted):
    """A miniport that has its packets mapped."""

    longest = 1514

    async def initialize(self, adapter: Adapter) -> None:
        await super().initialize(adapter)
        adapter.initialize_scatter_gather(self.longest)


async def test_lists_come_and_go_with_sends() -> None:
    rig, protocol = Gathering(), Listener()
    async with virtual_stack(protocol, rig) as stack:
        packet = protocol.packet()
        mapping = stack.adapter.scatter_gather
        assert mapping is not None
        protocol.binding.send_nowait(packet)
        ((address, length),) = list_of(packet).elements
        assert bytes(stack.adapter.view_at(address, length)) == packet.to_bytes()
        assert mapping.statistics().packets == 1
        rig.complete()
        assert packet.info(PerPacketInfo.SCATTER_GATHER_LIST) is None
        assert (mapping.statistics().packets, mapping.statistics().mapped) == (0, 1)
        protocol.free()


async def test_the_longest_frame_must_be_known() -> None:
    class Short(Gathering):
        longest = 1500

    async with Ndis() as ndis:
        with pytest.raises(NdisError, match=r"has frames of 1514 bytes, and .* was initialized for 1500") as error:
            await ndis.add_adapter(Short())
        assert error.value.status is NdisStatus.FAILURE
