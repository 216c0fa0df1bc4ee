"""The small vocabularies: their values are those of the NDIS 5 headers, in the order in which the headers have them."""

from enum import IntEnum, IntFlag

import pytest

from asyncndis.ndis import media
from asyncndis.ndis.media import (
    AdapterAttributes,
    DevicePnpEvent,
    HardwareStatus,
    InterruptMode,
    MacOptions,
    MediaState,
    NdisMedium,
    PacketFilter,
    ParameterType,
    PhysicalMedium,
    PnpEvent,
    PowerState,
    ProtocolOptions,
    RequestType,
)

ENUMERATIONS: dict[type[IntEnum], str] = {
    NdisMedium: """
        ETHERNET_802_3 TOKEN_RING_802_5 FDDI WAN LOCAL_TALK DIX ARCNET_RAW ARCNET_878_2 ATM WIRELESS_WAN IRDA BPC
        CO_WAN IEEE_1394 INFINI_BAND
    """,
    PhysicalMedium: """
        UNSPECIFIED WIRELESS_LAN CABLE_MODEM PHONE_LINE POWER_LINE DSL FIBRE_CHANNEL IEEE_1394 WIRELESS_WAN
    """,
    HardwareStatus: "READY INITIALIZING RESET CLOSING NOT_READY",
    MediaState: "CONNECTED DISCONNECTED",
    PowerState: "UNSPECIFIED D0 D1 D2 D3",
    PnpEvent: """
        SET_POWER QUERY_POWER QUERY_REMOVE_DEVICE CANCEL_REMOVE_DEVICE RECONFIGURE BIND_LIST BINDS_COMPLETE
        PNP_CAPABILITIES
    """,
    DevicePnpEvent: "QUERY_REMOVED REMOVED SURPRISE_REMOVED QUERY_STOPPED STOPPED POWER_PROFILE_CHANGED",
    RequestType: """
        QUERY_INFORMATION SET_INFORMATION QUERY_STATISTICS OPEN CLOSE SEND TRANSFER_DATA RESET GENERIC_1 GENERIC_2
        GENERIC_3 GENERIC_4
    """,
    ParameterType: "INTEGER HEX_INTEGER STRING MULTI_STRING BINARY",
    InterruptMode: "LEVEL_SENSITIVE LATCHED",
}

FLAGS: dict[type[IntFlag], dict[str, int]] = {
    PacketFilter: {
        "DIRECTED": 0x1,
        "MULTICAST": 0x2,
        "ALL_MULTICAST": 0x4,
        "BROADCAST": 0x8,
        "SOURCE_ROUTING": 0x10,
        "PROMISCUOUS": 0x20,
        "SMT": 0x40,
        "ALL_LOCAL": 0x80,
        "GROUP": 0x1000,
        "ALL_FUNCTIONAL": 0x2000,
        "FUNCTIONAL": 0x4000,
        "MAC_FRAME": 0x8000,
        "NO_LOCAL": 0x10000,
    },
    ProtocolOptions: {"ESTIMATED_LENGTH": 1, "NO_LOOPBACK": 2, "NO_RSVD_ON_RCVPKT": 4, "SEND_RESTRICTED": 8},
    MacOptions: {
        "COPY_LOOKAHEAD_DATA": 1,
        "RECEIVE_SERIALIZED": 2,
        "TRANSFERS_NOT_PEND": 4,
        "NO_LOOPBACK": 8,
        "FULL_DUPLEX": 0x10,
        "EOTX_INDICATION": 0x20,
        "PRIORITY_802_1P": 0x40,
        "SUPPORTS_MAC_ADDRESS_OVERWRITE": 0x80,
        "RECEIVE_AT_DPC": 0x100,
        "VLAN_802_1Q": 0x200,
        "RESERVED": 0x80000000,
    },
    AdapterAttributes: {
        "IGNORE_PACKET_TIMEOUT": 1,
        "IGNORE_REQUEST_TIMEOUT": 2,
        "IGNORE_TOKEN_RING_ERRORS": 4,
        "BUS_MASTER": 8,
        "INTERMEDIATE_DRIVER": 0x10,
        "DESERIALIZE": 0x20,
        "NO_HALT_ON_SUSPEND": 0x40,
        "SURPRISE_REMOVE_OK": 0x80,
        "NOT_CO_NDIS": 0x100,
        "USES_SAFE_BUFFER_APIS": 0x200,
    },
}


@pytest.mark.parametrize("kind", ENUMERATIONS, ids=lambda kind: kind.__name__)
def test_enumerations_count_from_0(kind: type[IntEnum]) -> None:
    assert {member.name: member.value for member in kind} == {
        name: value for value, name in enumerate(ENUMERATIONS[kind].split())
    }


@pytest.mark.parametrize("kind", FLAGS, ids=lambda kind: kind.__name__)
def test_flags_have_their_bits(kind: type[IntFlag]) -> None:
    assert {member.name: member.value for member in kind} == FLAGS[kind]


def test_no_vocabulary_is_left_out() -> None:
    assert {kind.__name__ for kind in (*ENUMERATIONS, *FLAGS)} == set(media.__all__)
