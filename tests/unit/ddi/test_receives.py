"""Receives by their NDIS calls, in both styles."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NDIS_GET_PACKET_STATUS,
    NDIS_SET_PACKET_STATUS,
    NdisGetReceivedPacket,
    NdisMEthIndicateReceive,
    NdisMEthIndicateReceiveComplete,
    NdisMIndicateReceivePacket,
    NdisMTransferDataComplete,
    NdisReturnPackets,
    NdisTransferData,
)
from asyncndis.kernel import Irql, at_irql
from asyncndis.memory import Packet
from tests.support.words import FRAME, Frames, WordsMiniport, WordsProtocol, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop

SUCCESS, PENDING = NdisStatus.SUCCESS, NdisStatus.PENDING


async def test_a_packet_that_nobody_keeps() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()
    async with words_machine(miniport, protocol):
        packets = [frames.make(), frames.make()]
        NdisMIndicateReceivePacket(miniport.handle, packets, 1)
        assert protocol.calls[0] == ("received", packets[0])
        assert miniport.calls[-1] == ("returned", packets[0])
        with breaks("RCV-07"):
            NdisReturnPackets(packets, 1)


@pytest.mark.parametrize("protocols", [1, 2])
async def test_a_packet_that_is_returned_later(protocols: int) -> None:
    frames, miniport = Frames(), WordsMiniport()
    readers = [WordsProtocol(f"reader {number}") for number in range(protocols)]
    await frames.allocate_pools()
    async with words_machine(miniport, *readers):
        packet = frames.make()
        for reader in readers:
            reader.keeps = 1
        NdisMIndicateReceivePacket(miniport.handle, [packet], 1)
        for _ in readers:
            assert miniport.calls[-1] != ("returned", packet)
            NdisReturnPackets([packet], 1)
        assert miniport.calls[-1] == ("returned", packet)


async def test_a_packet_that_is_returned_too_early() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()

    def receive(context: object, packet: Packet) -> int:
        with breaks("RCV-08"):
            NdisReturnPackets([packet], 1)
        return 0

    protocol.characteristics.ReceivePacketHandler = receive
    async with words_machine(miniport, protocol):
        NdisMIndicateReceivePacket(miniport.handle, [frames.make()], 1)


async def test_a_packet_that_its_miniport_keeps_is_shown_where_packets_are_not_wanted() -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()
    copy, packet = frames.make(bytearray(46)), frames.make()
    results: list[object] = []

    def receive(
        context: object,
        frame: object,
        header: memoryview,
        header_size: int,
        lookahead: memoryview,
        lookahead_size: int,
        size: int,
    ) -> NdisStatus:
        assert (bytes(header), header_size) == (FRAME[:14], 14)
        assert (bytes(lookahead), lookahead_size, size) == (FRAME[14:], 46, 46)
        results.append(NdisGetReceivedPacket(protocol.binding, frame))
        results.append(NdisTransferData(protocol.binding, frame, 0, 46, copy))
        results.append(NdisTransferData(protocol.binding, frame, 1, 46, copy))
        return SUCCESS

    protocol.characteristics.ReceivePacketHandler = None
    protocol.characteristics.ReceiveHandler = receive
    async with words_machine(miniport, protocol):
        NDIS_SET_PACKET_STATUS(packet, NdisStatus.RESOURCES)
        NdisMIndicateReceivePacket(miniport.handle, [packet], 1)
    assert results == [packet, (SUCCESS, 46), (NdisStatus.FAILURE, 0)]
    assert copy.to_bytes() == FRAME[14:]
    assert NDIS_GET_PACKET_STATUS(packet) == NdisStatus.RESOURCES


@pytest.mark.parametrize("pends", [False, True])
async def test_a_frame_by_lookahead(pends: bool) -> None:
    frames, miniport, protocol = Frames(), WordsMiniport(), WordsProtocol()
    await frames.allocate_pools()
    copy = frames.make(bytearray(40))
    results: list[object] = []

    def transfer(packet: Packet, context: WordsMiniport, frame: object, offset: int, count: int) -> object:
        context.calls.append(("transfer", packet, frame, offset, count))
        return (PENDING, 0) if pends else (SUCCESS, count)

    def receive(context: object, frame: object, *_: object) -> NdisStatus:
        results.append(NdisGetReceivedPacket(protocol.binding, frame))
        results.append(NdisTransferData(protocol.binding, frame, 6, 40, copy))
        return SUCCESS

    miniport.characteristics.TransferDataHandler = transfer
    protocol.characteristics.ReceiveHandler = receive
    async with words_machine(miniport, protocol):
        with at_irql(Irql.DISPATCH):
            NdisMEthIndicateReceive(miniport.handle, "slot 3", bytearray(FRAME), 14, bytearray(FRAME[14:]), 20, 46)
            NdisMEthIndicateReceiveComplete(miniport.handle)
            if pends:
                NdisMTransferDataComplete(miniport.handle, copy, SUCCESS, 40)
        assert miniport.calls[-1] == ("transfer", copy, "slot 3", 6, 40)
        done = [("transferred", copy, SUCCESS, 40)] if pends else []
        assert protocol.calls == [("batch",), *done]
        with breaks("RCV-11"):
            NdisTransferData(protocol.binding, "slot 3", 0, 1, copy)
    assert results == [None, (PENDING, 0) if pends else (SUCCESS, 40)]
