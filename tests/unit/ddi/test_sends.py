"""Sends by their NDIS calls."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NDIS_GET_PACKET_STATUS,
    NDIS_SET_PACKET_CANCEL_ID,
    NDIS_SET_PACKET_STATUS,
    NdisCancelSendPackets,
    NdisGeneratePartialCancelId,
    NdisMSendComplete,
    NdisMSendResourcesAvailable,
    NdisSend,
    NdisSendPackets,
)
from asyncndis.memory import Packet
from asyncndis.ndis import AdapterAttributes
from tests.support.words import Frames, WordsMiniport, WordsProtocol, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop

SUCCESS, PENDING, RESOURCES = NdisStatus.SUCCESS, NdisStatus.PENDING, NdisStatus.RESOURCES


async def test_a_packet_that_is_sent_at_once() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()
    async with words_machine(miniport, protocol):
        packet = frames.make()
        assert NdisSend(protocol.binding, packet) == SUCCESS
        assert miniport.calls[-1] == ("send", packet, packet.flags)
        assert protocol.calls == []
        with breaks("SEND-02"):
            NdisMSendComplete(miniport.handle, packet, SUCCESS)


async def test_a_packet_that_is_sent_later() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()
    miniport.send_status = PENDING
    async with words_machine(miniport, protocol):
        packet = frames.make()
        assert NdisSend(protocol.binding, packet) == PENDING
        NdisMSendComplete(miniport.handle, packet, NdisStatus.FAILURE)
        assert protocol.calls == [("sent", packet, NdisStatus.FAILURE)]


async def test_several_packets() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()
    arrays: list[list[Packet]] = []

    def send_packets(context: WordsMiniport, packets: list[Packet], count: int) -> None:
        assert len(packets) == count
        arrays.append(list(packets))
        for packet in packets:
            NdisMSendComplete(context.handle, packet, SUCCESS)

    miniport.characteristics.SendPacketsHandler = send_packets
    async with words_machine(miniport, protocol):
        packets = [frames.make() for _ in range(3)]
        NdisSendPackets(protocol.binding, packets, 2)
    assert arrays == [packets[:2]]
    assert protocol.calls[:2] == [("sent", packet, SUCCESS) for packet in packets[:2]]


async def test_a_serialized_miniport_runs_out_of_resources() -> None:
    frames, protocol = Frames(), WordsProtocol()
    miniport = WordsMiniport(attributes=AdapterAttributes.BUS_MASTER)
    await frames.allocate_pools()
    room = [1]

    def send_packets(context: WordsMiniport, packets: list[Packet], count: int) -> None:
        for packet in packets[:count]:
            NDIS_SET_PACKET_STATUS(packet, SUCCESS if room else RESOURCES)
            del room[:1]

    miniport.characteristics.SendPacketsHandler = send_packets
    async with words_machine(miniport, protocol):
        packets = [frames.make() for _ in range(2)]
        NdisSendPackets(protocol.binding, packets, 2)
        assert protocol.calls == [("sent", packets[0], SUCCESS)]
        room.append(1)
        NdisMSendResourcesAvailable(miniport.handle)
        assert protocol.calls[1:] == [("sent", packets[1], SUCCESS)]
        assert NDIS_GET_PACKET_STATUS(packets[1]) == SUCCESS


async def test_sends_are_cancelled_by_an_id() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()
    miniport.send_status = PENDING

    def cancel(context: WordsMiniport, cancel_id: int) -> None:
        context.calls.append(("cancel", cancel_id))
        NdisMSendComplete(context.handle, packet, NdisStatus.REQUEST_ABORTED)

    miniport.characteristics.CancelSendPacketsHandler = cancel
    async with words_machine(miniport, protocol):
        assert [NdisGeneratePartialCancelId() for _ in range(256)] == [*range(1, 256), 1]
        cancel_id = NdisGeneratePartialCancelId() << 56 | 5
        packet = frames.make()
        NDIS_SET_PACKET_CANCEL_ID(packet, cancel_id)
        NdisSend(protocol.binding, packet)
        NdisCancelSendPackets(protocol.binding, cancel_id)
        assert miniport.calls[-1] == ("cancel", cancel_id)
        assert protocol.calls == [("sent", packet, NdisStatus.REQUEST_ABORTED)]


async def test_no_machine() -> None:
    with pytest.raises(RuntimeError, match="no NDIS library is open here"):
        NdisGeneratePartialCancelId()
