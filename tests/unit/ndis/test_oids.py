"""OIDs: the table holds each of them once with its header's number, and values come back as they were encoded."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ndis.media import (
    HardwareStatus,
    MacOptions,
    MediaState,
    NdisMedium,
    PacketFilter,
    PhysicalMedium,
    PowerState,
    ProtocolOptions,
)
from asyncndis.ndis.oid_values import PnpCapabilities
from asyncndis.ndis.oids import (
    BIND_ORDER,
    OID_TABLE,
    Oid,
    OidEntry,
    decode_oid,
    encode_oid,
    mandatory_oids,
    oid_name,
)

ADDRESS = bytes.fromhex("020000000001")
GROUPS = (bytes.fromhex("01005e000001"), b"\xff" * 6)
VENDORS_OWN = 0xFF010203

# Values, and the bytes that a driver in C would see.
VALUES: list[tuple[Oid, Any, bytes]] = [
    (
        Oid.GEN_SUPPORTED_LIST,
        (Oid.GEN_SUPPORTED_LIST, Oid.PNP_SET_POWER, VENDORS_OWN),
        bytes.fromhex("01010100 010101fd 030201ff"),
    ),
    (Oid.GEN_HARDWARE_STATUS, HardwareStatus.CLOSING, b"\x03\0\0\0"),
    (Oid.GEN_MEDIA_SUPPORTED, (NdisMedium.ETHERNET_802_3, NdisMedium.FDDI), b"\0\0\0\0\x02\0\0\0"),
    (Oid.GEN_MEDIA_IN_USE, (), b""),
    (Oid.GEN_MAXIMUM_FRAME_SIZE, 1500, b"\xdc\x05\0\0"),
    (Oid.GEN_LINK_SPEED, 100_000_000, (1_000_000).to_bytes(4, "little")),
    (Oid.GEN_LINK_SPEED, 0xFFFF_FFFF * 100, b"\xff\xff\xff\xff"),
    (Oid.GEN_VENDOR_ID, 0xFFFFFF, b"\xff\xff\xff\0"),
    (Oid.GEN_VENDOR_DESCRIPTION, "Ethernet", b"Ethernet\0"),
    (Oid.GEN_CURRENT_PACKET_FILTER, PacketFilter.DIRECTED | PacketFilter.BROADCAST, b"\x09\0\0\0"),
    (Oid.GEN_DRIVER_VERSION, (5, 1), b"\x01\x05"),
    (Oid.GEN_PROTOCOL_OPTIONS, ProtocolOptions.NO_LOOPBACK, b"\x02\0\0\0"),
    (Oid.GEN_MAC_OPTIONS, MacOptions.NO_LOOPBACK | MacOptions.RESERVED, b"\x08\0\0\x80"),
    (Oid.GEN_MEDIA_CONNECT_STATUS, MediaState.DISCONNECTED, b"\x01\0\0\0"),
    (Oid.GEN_SUPPORTED_GUIDS, b"any structure", b"any structure"),
    (Oid.GEN_PHYSICAL_MEDIUM, PhysicalMedium.DSL, b"\x05\0\0\0"),
    (Oid.GEN_XMIT_OK, 1 << 40, b"\0\0\0\0\0\x01\0\0"),
    (Oid.GEN_XMIT_ERROR, 3, b"\x03\0\0\0"),
    (Oid.IEEE_802_3_CURRENT_ADDRESS, ADDRESS, ADDRESS),
    (Oid.IEEE_802_3_MULTICAST_LIST, GROUPS, b"".join(GROUPS)),
    (Oid.IEEE_802_3_MULTICAST_LIST, (), b""),
    (
        Oid.PNP_CAPABILITIES,
        PnpCapabilities(magic_packet=PowerState.D3, link_change=PowerState.D1),
        bytes.fromhex("00000000 04000000 00000000 02000000"),
    ),
    (Oid.PNP_SET_POWER, PowerState.D3, b"\x04\0\0\0"),
    (Oid.PNP_ENABLE_WAKE_UP, 3, b"\x03\0\0\0"),
]


def ndis_number(text: str) -> Oid:
    """A row of the header: name and number."""
    name, number = text.split()
    oid = Oid(int(number, 16))
    assert oid.name == name
    return oid


def test_numbers_are_the_headers() -> None:
    rows = """
        GEN_SUPPORTED_LIST 10101
        GEN_LINK_SPEED 10107
        GEN_VENDOR_ID 1010C
        GEN_CURRENT_PACKET_FILTER 1010E
        GEN_DRIVER_VERSION 10110
        GEN_MAC_OPTIONS 10113
        GEN_MAXIMUM_SEND_PACKETS 10115
        GEN_TRANSPORT_HEADER_OFFSET 10119
        GEN_PHYSICAL_MEDIUM 10202
        GEN_XMIT_OK 20101
        GEN_RCV_NO_BUFFER 20105
        GEN_DIRECTED_BYTES_XMIT 20201
        GEN_MULTICAST_BYTES_XMIT 20203
        GEN_BROADCAST_FRAMES_XMIT 20206
        GEN_DIRECTED_BYTES_RCV 20207
        GEN_BROADCAST_FRAMES_RCV 2020C
        GEN_RCV_CRC_ERROR 2020D
        GEN_TRANSMIT_QUEUE_LENGTH 2020E
        IEEE_802_3_PERMANENT_ADDRESS 1010101
        IEEE_802_3_MULTICAST_LIST 1010103
        IEEE_802_3_MAC_OPTIONS 1010105
        IEEE_802_3_XMIT_MORE_COLLISIONS 1020103
        IEEE_802_3_XMIT_DEFERRED 1020201
        IEEE_802_3_XMIT_LATE_COLLISIONS 1020207
        TCP_TASK_OFFLOAD FC010201
        PNP_CAPABILITIES FD010100
        PNP_ENABLE_WAKE_UP FD010106
    """
    for row in filter(None, map(str.strip, rows.splitlines())):
        ndis_number(row)
    assert len(Oid) == 68


def test_the_table_holds_each_oid_in_order() -> None:
    assert list(OID_TABLE) == sorted(Oid)
    assert all(entry.oid is oid and entry.doc for oid, entry in OID_TABLE.items())
    assert all(entry.queryable or entry.settable for entry in OID_TABLE.values())


def test_what_may_be_set() -> None:
    settable = {oid for oid, entry in OID_TABLE.items() if entry.settable}
    assert settable == {
        Oid.GEN_CURRENT_PACKET_FILTER,
        Oid.GEN_CURRENT_LOOKAHEAD,
        Oid.GEN_PROTOCOL_OPTIONS,
        Oid.GEN_NETWORK_LAYER_ADDRESSES,
        Oid.GEN_TRANSPORT_HEADER_OFFSET,
        Oid.IEEE_802_3_MULTICAST_LIST,
        Oid.TCP_TASK_OFFLOAD,
        Oid.PNP_SET_POWER,
        Oid.PNP_ADD_WAKE_UP_PATTERN,
        Oid.PNP_REMOVE_WAKE_UP_PATTERN,
        Oid.PNP_ENABLE_WAKE_UP,
    }
    assert {oid for oid in settable if OID_TABLE[oid].queryable} == {
        Oid.GEN_CURRENT_PACKET_FILTER,
        Oid.GEN_CURRENT_LOOKAHEAD,
        Oid.IEEE_802_3_MULTICAST_LIST,
        Oid.TCP_TASK_OFFLOAD,
        Oid.PNP_ENABLE_WAKE_UP,
    }


def test_what_every_miniport_answers() -> None:
    mandatory = mandatory_oids()
    optional = set(Oid) - set(mandatory)
    assert len(mandatory) == 32
    assert {oid for oid in BIND_ORDER if oid in optional} == {Oid.GEN_MAXIMUM_SEND_PACKETS}
    assert all(OID_TABLE[oid].queryable for oid in mandatory)
    assert not {oid for oid in mandatory if oid.name.startswith(("PNP", "TCP"))}


@pytest.mark.parametrize(("oid", "value", "data"), VALUES, ids=lambda part: getattr(part, "name", None))
def test_values_travel(oid: Oid, value: Any, data: bytes) -> None:
    assert encode_oid(oid, value) == data
    decoded = decode_oid(oid, memoryview(bytearray(data)))
    assert decoded == value
    assert type(decoded) is type(value)


def answer_of(oid: Oid, data: bytes) -> NdisError | bytes:
    """What comes of decoding: a refusal, or the value encoded again."""
    try:
        return encode_oid(oid, decode_oid(oid, data), len(data))
    except NdisError as error:
        return error


@given(st.sampled_from(Oid), st.binary(max_size=40))
def test_any_bytes_get_an_answer(oid: Oid, data: bytes) -> None:
    answer = answer_of(oid, data)
    if isinstance(answer, NdisError):
        assert answer.status in {NdisStatus.INVALID_LENGTH, NdisStatus.INVALID_DATA}
        assert oid_name(oid) in str(answer)
    elif oid is Oid.GEN_VENDOR_DESCRIPTION:
        assert answer == data[: data.index(0) + 1]
    else:
        assert answer == data


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=40))
def test_a_vendors_own_is_plain_bytes(number: int, data: bytes) -> None:
    if number not in OID_TABLE:
        assert decode_oid(number, data) == encode_oid(number, data) == data


@pytest.mark.parametrize(
    ("oid", "data", "status", "message"),
    [
        (Oid.GEN_LINK_SPEED, b"\0" * 3, NdisStatus.INVALID_LENGTH, "OID_GEN_LINK_SPEED is 4 bytes, not 3"),
        (Oid.GEN_VENDOR_ID, b"\0" * 8, NdisStatus.INVALID_LENGTH, "OID_GEN_VENDOR_ID is 4 bytes, not 8"),
        (Oid.GEN_DRIVER_VERSION, b"", NdisStatus.INVALID_LENGTH, "is 2 bytes, not 0"),
        (Oid.GEN_RCV_OK, b"\0" * 6, NdisStatus.INVALID_LENGTH, "is 4 or 8 bytes, not 6"),
        (Oid.GEN_SUPPORTED_LIST, b"\0" * 6, NdisStatus.INVALID_LENGTH, "is a multiple of 4 bytes, not 6"),
        (Oid.IEEE_802_3_CURRENT_ADDRESS, b"\0" * 5, NdisStatus.INVALID_LENGTH, "OID_802_3_CURRENT_ADDRESS is 6"),
        (Oid.IEEE_802_3_MULTICAST_LIST, b"\1" * 7, NdisStatus.INVALID_LENGTH, "multiple of 6 bytes, not 7"),
        (Oid.IEEE_802_3_MULTICAST_LIST, ADDRESS, NdisStatus.INVALID_DATA, "holds 02:00:00:00:00:01, which is no"),
        (Oid.GEN_HARDWARE_STATUS, b"\5\0\0\0", NdisStatus.INVALID_DATA, "holds 0x5: 5 is not a valid HardwareStatus"),
        (Oid.GEN_MEDIA_IN_USE, b"\x0f\0\0\0", NdisStatus.INVALID_DATA, "15 is not a valid NdisMedium"),
        (Oid.GEN_VENDOR_DESCRIPTION, b"endless", NdisStatus.INVALID_DATA, "is ASCII text ended by a zero"),
        (Oid.GEN_VENDOR_DESCRIPTION, b"\xfc\0", NdisStatus.INVALID_DATA, "is ASCII text ended by a zero"),
        (Oid.PNP_CAPABILITIES, b"\0" * 12, NdisStatus.INVALID_LENGTH, "is 16 bytes, not 12"),
        (Oid.PNP_SET_POWER, b"\5\0\0\0", NdisStatus.INVALID_DATA, "5 is not a valid PowerState"),
    ],
)
def test_wrong_buffers_are_answered(oid: Oid, data: bytes, status: NdisStatus, message: str) -> None:
    with pytest.raises(NdisError, match=message) as caught:
        decode_oid(oid, data)
    assert caught.value.status is status


@pytest.mark.parametrize(
    ("oid", "value", "error", "message"),
    [
        (Oid.GEN_VENDOR_ID, -1, ValueError, "OID_GEN_VENDOR_ID is from 0 to 0xffffffff, not -1"),
        (Oid.GEN_VENDOR_ID, "7", TypeError, "OID_GEN_VENDOR_ID is an integer, not str"),
        (Oid.GEN_LINK_SPEED, 150, ValueError, "units of 100 bit/s, and 150 is no multiple"),
        (Oid.GEN_LINK_SPEED, 0x1_0000_0000 * 100, ValueError, "OID_GEN_LINK_SPEED is from 0"),
        (Oid.GEN_DRIVER_VERSION, 0x0501, TypeError, "OID_GEN_DRIVER_VERSION is a tuple"),
        (Oid.GEN_DRIVER_VERSION, (5, 256), ValueError, "the minor number of OID_GEN_DRIVER_VERSION"),
        (Oid.GEN_HARDWARE_STATUS, 5, ValueError, "5 is not a valid HardwareStatus"),
        (Oid.GEN_VENDOR_DESCRIPTION, "Grüße", ValueError, "ASCII text without a zero"),
        (Oid.GEN_VENDOR_DESCRIPTION, "a\0b", ValueError, "ASCII text without a zero"),
        (Oid.GEN_VENDOR_DESCRIPTION, b"nic", TypeError, "OID_GEN_VENDOR_DESCRIPTION is a str"),
        (Oid.GEN_XMIT_OK, 1 << 64, ValueError, "OID_GEN_XMIT_OK is from 0"),
        (Oid.IEEE_802_3_CURRENT_ADDRESS, b"12345", ValueError, "OID_802_3_CURRENT_ADDRESS is 6 bytes, not 5"),
        (Oid.IEEE_802_3_MULTICAST_LIST, (b"1",), ValueError, "an address of OID_802_3_MULTICAST_LIST is 6"),
        (Oid.PNP_CAPABILITIES, 0, TypeError, "OID_PNP_CAPABILITIES is a PnpCapabilities"),
        (VENDORS_OWN, 7, TypeError, "OID 0xff010203 is a bytes"),
        (-1, b"", ValueError, "oid is from 0 to 0xffffffff"),
    ],
)
def test_wrong_values_are_refused(oid: int, value: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        encode_oid(oid, value)


@pytest.mark.parametrize("room", [None, 4, 7, 8, 100])
def test_counters_take_the_width_that_fits(room: int | None) -> None:
    frames = (1 << 32) + 5
    width = 4 if room in {4, 7} else 8
    data = encode_oid(Oid.GEN_RCV_OK, frames, room)
    assert len(data) == width
    assert decode_oid(Oid.GEN_RCV_OK, data) == (5 if width == 4 else frames)
    assert encode_oid(Oid.GEN_RCV_ERROR, frames, room) == b"\5\0\0\0"


@pytest.mark.parametrize("oid", [Oid.GEN_RCV_OK, Oid.GEN_RCV_ERROR])
def test_a_counter_needs_room(oid: Oid) -> None:
    with pytest.raises(NdisError, match="is 4 bytes at least, not 3") as caught:
        encode_oid(oid, 1, 3)
    assert caught.value.status is NdisStatus.INVALID_LENGTH


def test_oids_are_called_as_in_ndis() -> None:
    assert oid_name(Oid.GEN_LINK_SPEED) == "OID_GEN_LINK_SPEED"
    assert oid_name(0x01010103) == "OID_802_3_MULTICAST_LIST"
    assert oid_name(VENDORS_OWN) == "OID 0xff010203"


def test_entries_are_values() -> None:
    entry = OID_TABLE[Oid.GEN_CURRENT_LOOKAHEAD]
    assert entry == OidEntry(
        Oid.GEN_CURRENT_LOOKAHEAD,
        queryable=True,
        settable=True,
        mandatory=True,
        codec=entry.codec,
        doc="how much lookahead the bindings want, in bytes",
    )
