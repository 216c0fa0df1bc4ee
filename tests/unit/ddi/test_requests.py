"""OID requests and resets by their NDIS calls."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NdisMQueryInformationComplete,
    NdisMResetComplete,
    NdisMSetInformationComplete,
    NdisRequest,
    NdisReset,
)
from asyncndis.ndis import AdapterAttributes, Oid, OidRequest, RequestType
from tests.support.loops import settle
from tests.support.words import FURTHER, WordsMiniport, WordsProtocol, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop

SUCCESS, PENDING = NdisStatus.SUCCESS, NdisStatus.PENDING


def query(oid: int, room: int = 4) -> OidRequest:
    return OidRequest(RequestType.QUERY_INFORMATION, oid, bytearray(room))


async def test_a_query_that_is_answered_at_once() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport, protocol):
        request = query(Oid.GEN_MAXIMUM_TOTAL_SIZE)
        assert NdisRequest(protocol.binding, request) == SUCCESS
        assert (bytes(request.buffer), request.bytes_written) == ((1514).to_bytes(4, "little"), 4)
        short = query(Oid.IEEE_802_3_CURRENT_ADDRESS)
        assert NdisRequest(protocol.binding, short) == NdisStatus.BUFFER_TOO_SHORT
        assert short.bytes_needed == 6
        assert protocol.calls == []


async def test_a_query_that_is_answered_later() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport, protocol):
        request = query(FURTHER)
        assert NdisRequest(protocol.binding, request) == PENDING
        assert miniport.calls[-1] == ("query", FURTHER, 4)
        with breaks("OID-12"):
            NdisRequest(protocol.binding, request)
        NdisMQueryInformationComplete(miniport.handle, SUCCESS, bytes_written=4)
        assert protocol.calls == [("answered", request, SUCCESS)]
        assert request.bytes_written == 4
        with breaks("OID-02"):
            NdisMQueryInformationComplete(miniport.handle, SUCCESS)


async def test_a_setting_that_is_taken_later() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport, protocol):
        miniport.calls.clear()
        request = OidRequest(RequestType.SET_INFORMATION, FURTHER, b"\2\0\0\0")
        assert NdisRequest(protocol.binding, request) == SUCCESS
        assert request.bytes_read == 4

    def set_information(context: object, oid: int, buffer: memoryview, length: int) -> tuple[NdisStatus, int, int]:
        return (PENDING, 0, 0) if oid == FURTHER else (SUCCESS, length, 0)

    miniport.characteristics.SetInformationHandler = set_information
    async with words_machine(miniport, protocol):
        assert NdisRequest(protocol.binding, request) == PENDING
        NdisMSetInformationComplete(miniport.handle, NdisStatus.INVALID_LENGTH, bytes_read=0, bytes_needed=8)
        assert protocol.calls == [("answered", request, NdisStatus.INVALID_LENGTH)]
        assert request.bytes_needed == 8


@pytest.mark.parametrize("pends", [False, True])
async def test_a_reset(pends: bool) -> None:
    miniport = WordsMiniport(attributes=AdapterAttributes.BUS_MASTER)
    protocol = WordsProtocol()
    miniport.reset_status = PENDING if pends else SUCCESS
    async with words_machine(miniport, protocol):
        assert NdisReset(protocol.binding) == PENDING
        if pends:
            assert NdisReset(protocol.binding) == NdisStatus.RESET_IN_PROGRESS
            NdisMResetComplete(miniport.handle, SUCCESS, True)
        await settle()
        with breaks("LIFE-14"):
            NdisMResetComplete(miniport.handle, SUCCESS, False)
        assert ("reset", SUCCESS) in protocol.calls
        assert [call[:3] for call in protocol.calls if call[0] == "status"] == [
            ("status", NdisStatus.RESET_START, b""),
            ("status", NdisStatus.RESET_END, b""),
        ]
