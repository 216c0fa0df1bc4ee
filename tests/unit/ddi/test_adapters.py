"""The life of an adapter by its NDIS names."""

import logging

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ddi import NdisMRemoveMiniport, NdisMSetAttributesEx, NdisWriteErrorLogEntry
from asyncndis.ndis import AdapterAttributes, DevicePnpEvent, Driver, ErrorCode, Ndis
from tests.support.loops import settle
from tests.support.words import WordsMiniport, WordsProtocol, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_attributes_come_in_initialization() -> None:
    miniport = WordsMiniport()
    async with words_machine(miniport):
        assert miniport.handle.attributes == AdapterAttributes.DESERIALIZE | AdapterAttributes.BUS_MASTER
        with breaks("LIFE-11"):
            NdisMSetAttributesEx(miniport.handle, miniport, 0, AdapterAttributes.DESERIALIZE, 0)


async def test_a_failed_initialization() -> None:
    miniport = WordsMiniport(lambda handle: NdisStatus.ADAPTER_NOT_FOUND)
    async with Ndis() as ndis:
        driver = await Driver.load(ndis, miniport.entry)
        with pytest.raises(NdisError) as error:
            await driver.add_device()
        assert error.value.status is NdisStatus.ADAPTER_NOT_FOUND
        assert ndis.adapters == []


async def test_a_miniport_declares_its_hardware_failed() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()

    def notify(context: WordsMiniport, event: DevicePnpEvent, data: bytes, length: int) -> None:
        context.calls.append(("event", event, data, length))

    miniport.characteristics.PnPEventNotifyHandler = notify
    async with words_machine(miniport, protocol) as ndis:
        assert NdisMRemoveMiniport(miniport.handle) == NdisStatus.SUCCESS
        await settle()
        assert miniport.calls[-2:] == [("event", DevicePnpEvent.SURPRISE_REMOVED, b"", 0), ("halt",)]
        assert protocol.names() == ["close"]
        assert ndis.adapters == []


async def test_the_error_log(caplog: pytest.LogCaptureFixture) -> None:
    miniport = WordsMiniport()
    async with words_machine(miniport):
        with caplog.at_level(logging.WARNING, "asyncndis.ndis.error_log"):
            NdisWriteErrorLogEntry(miniport.handle, ErrorCode.TIMEOUT, 2, 7, 0x10, 99)
        log = miniport.handle.error_log
        assert [(entry.code, entry.values) for entry in log] == [(ErrorCode.TIMEOUT, (7, 0x10))]
        assert caplog.messages == ["nic: TIMEOUT ['0x7', '0x10']"]
