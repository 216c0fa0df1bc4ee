"""Status indications by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import NdisMIndicateStatus, NdisMIndicateStatusComplete
from asyncndis.ndis import Adapter
from tests.support.words import WordsMiniport, WordsProtocol, in_initialize, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_a_status_is_told() -> None:
    miniport, protocol = WordsMiniport(), WordsProtocol()
    async with words_machine(miniport, protocol):
        NdisMIndicateStatus(miniport.handle, NdisStatus.MEDIA_DISCONNECT, None, 0)
        NdisMIndicateStatus(miniport.handle, NdisStatus.LINK_SPEED_CHANGE, b"12345678", 4)
        NdisMIndicateStatusComplete(miniport.handle)
        assert protocol.calls == [
            ("status", NdisStatus.MEDIA_DISCONNECT, b"", 0),
            ("status", NdisStatus.LINK_SPEED_CHANGE, b"1234", 4),
            ("told",),
        ]
        assert not miniport.handle.connected


async def test_no_status_in_initialization() -> None:
    def begin(handle: Adapter) -> None:
        with breaks("LIFE-13"):
            NdisMIndicateStatus(handle, NdisStatus.MEDIA_CONNECT, None, 0)

    await in_initialize(begin)
