"""The block of out-of-band data: zero at first, shared storage, bounds."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.memory import NdisPacketFlags, OutOfBandData, PacketFlags, PerPacketInfo, ProtocolId

NUMBERS = {"header_size": 32, "status": 32, "time_to_send": 64, "time_sent": 64, "time_received": 64}


@pytest.mark.parametrize("field", NUMBERS)
def test_zero_at_first(field: str) -> None:
    assert getattr(OutOfBandData(), field) == 0


@pytest.mark.parametrize(("field", "bits"), NUMBERS.items())
def test_bounds(field: str, bits: int) -> None:
    oob = OutOfBandData()
    setattr(oob, field, (1 << bits) - 1)
    assert getattr(oob, field) == (1 << bits) - 1
    for bad, error in ((-1, ValueError), (1 << bits, ValueError), (None, TypeError), (1.0, TypeError)):
        with pytest.raises(error, match=field):
            setattr(oob, field, bad)
    assert getattr(oob, field) == (1 << bits) - 1


def test_a_status_stays_what_it_is() -> None:
    oob = OutOfBandData()
    oob.status = NdisStatus.RESOURCES
    assert oob.status is NdisStatus.RESOURCES


def test_two_times_share_their_place() -> None:
    oob = OutOfBandData()
    oob.time_to_send = 5
    assert oob.time_sent == 5
    oob.time_sent = 6
    assert (oob.time_to_send, oob.time_received) == (6, 0)


def test_media_specific_info() -> None:
    oob = OutOfBandData()
    assert oob.media_specific_info is None
    oob.media_specific_info = b"token ring"
    assert oob.media_specific_info == b"token ring"
    with pytest.raises(TypeError):
        oob.media_specific_info = 7  # type: ignore[assignment]  # the mistake that is tested
    oob.media_specific_info = None
    assert oob.media_specific_info is None


def test_values_of_the_header() -> None:
    assert list(PerPacketInfo) == list(range(12))
    assert (PerPacketInfo.SCATTER_GATHER_LIST, PerPacketInfo.SHORT_PACKET_PADDING) == (5, 11)
    assert (ProtocolId.TCP_IP, ProtocolId.IPX, ProtocolId.NBF, ProtocolId.MAX) == (2, 6, 7, 15)
    assert [flag.value for flag in NdisPacketFlags.__members__.values()] == [0x3F, 0x40, 0x80]
    assert {name: flag.value for name, flag in PacketFlags.__members__.items()} == {
        "PROTOCOL_ID_MASK": 0xF,
        "MULTICAST_PACKET": 0x10,
        "DONT_LOOPBACK": 0x80,
        "IS_LOOPBACK_PACKET": 0x100,
        "LOOPBACK_ONLY": 0x200,
        "DOUBLE_BUFFERED": 0x800,
        "SENT_AT_DPC": 0x1000,
        "USES_SG_BUFFER_LIST": 0x2000,
        "USES_ORIGINAL_PACKET": 0x4000,
        "PADDED": 0x10000,
        "XLATE_AT_TOP": 0x20000,
    }
