"""The small vocabularies of NDIS: media, states, events, requests and flags, with the values of the NDIS 5 headers.

Names leave out the prefix of their group: ``NdisMedium.ETHERNET_802_3`` is ``NdisMedium802_3`` and
``PacketFilter.DIRECTED`` is ``NDIS_PACKET_TYPE_DIRECTED``. Source: the pages of NDIS_MEDIUM, OID_GEN_PHYSICAL_MEDIUM,
OID_GEN_CURRENT_PACKET_FILTER, NdisMSetAttributesEx and NET_PNP_EVENT.
"""

from enum import IntEnum, IntFlag

__all__ = [
    "AdapterAttributes",
    "DevicePnpEvent",
    "HardwareStatus",
    "InterruptMode",
    "MacOptions",
    "MediaState",
    "NdisMedium",
    "PacketFilter",
    "ParameterType",
    "PhysicalMedium",
    "PnpEvent",
    "PowerState",
    "ProtocolOptions",
    "RequestType",
]


class NdisMedium(IntEnum):
    """The kind of frames that an adapter speaks (NDIS_MEDIUM)."""

    ETHERNET_802_3 = 0
    TOKEN_RING_802_5 = 1
    FDDI = 2
    WAN = 3
    LOCAL_TALK = 4
    DIX = 5
    ARCNET_RAW = 6
    ARCNET_878_2 = 7
    ATM = 8
    WIRELESS_WAN = 9
    IRDA = 10
    BPC = 11
    CO_WAN = 12
    IEEE_1394 = 13
    INFINI_BAND = 14


class PhysicalMedium(IntEnum):
    """What the frames travel on (NDIS_PHYSICAL_MEDIUM), as far as NDIS 5.1 tells it."""

    UNSPECIFIED = 0
    WIRELESS_LAN = 1
    CABLE_MODEM = 2
    PHONE_LINE = 3
    POWER_LINE = 4
    DSL = 5
    FIBRE_CHANNEL = 6
    IEEE_1394 = 7
    WIRELESS_WAN = 8


class HardwareStatus(IntEnum):
    """What a NIC is doing (NDIS_HARDWARE_STATUS)."""

    READY = 0
    INITIALIZING = 1
    RESET = 2
    CLOSING = 3
    NOT_READY = 4


class MediaState(IntEnum):
    """Whether there is a link (NDIS_MEDIA_STATE)."""

    CONNECTED = 0
    DISCONNECTED = 1


class PowerState(IntEnum):
    """How awake a device is (NDIS_DEVICE_POWER_STATE): D0 works, D3 is off."""

    UNSPECIFIED = 0
    D0 = 1
    D1 = 2
    D2 = 3
    D3 = 4


class PnpEvent(IntEnum):
    """What a protocol is told by its PnP handler (NET_PNP_EVENT_CODE)."""

    SET_POWER = 0
    QUERY_POWER = 1
    QUERY_REMOVE_DEVICE = 2
    CANCEL_REMOVE_DEVICE = 3
    RECONFIGURE = 4
    BIND_LIST = 5
    BINDS_COMPLETE = 6
    PNP_CAPABILITIES = 7


class DevicePnpEvent(IntEnum):
    """What a miniport is told by MiniportPnPEventNotify (NDIS_DEVICE_PNP_EVENT)."""

    QUERY_REMOVED = 0
    REMOVED = 1
    SURPRISE_REMOVED = 2
    QUERY_STOPPED = 3
    STOPPED = 4
    POWER_PROFILE_CHANGED = 5


class RequestType(IntEnum):
    """What an NDIS_REQUEST asks for (NDIS_REQUEST_TYPE)."""

    QUERY_INFORMATION = 0
    SET_INFORMATION = 1
    QUERY_STATISTICS = 2
    OPEN = 3
    CLOSE = 4
    SEND = 5
    TRANSFER_DATA = 6
    RESET = 7
    GENERIC_1 = 8
    GENERIC_2 = 9
    GENERIC_3 = 10
    GENERIC_4 = 11


class ParameterType(IntEnum):
    """The kind of a configuration parameter (NDIS_PARAMETER_TYPE)."""

    INTEGER = 0
    HEX_INTEGER = 1
    STRING = 2
    MULTI_STRING = 3
    BINARY = 4


class InterruptMode(IntEnum):
    """How an interrupt is signalled (NDIS_INTERRUPT_MODE)."""

    LEVEL_SENSITIVE = 0
    LATCHED = 1


class PacketFilter(IntFlag):
    """Which frames a binding, or an adapter, receives (OID_GEN_CURRENT_PACKET_FILTER); none of them: nothing."""

    DIRECTED = 0x1
    MULTICAST = 0x2
    ALL_MULTICAST = 0x4
    BROADCAST = 0x8
    SOURCE_ROUTING = 0x10
    PROMISCUOUS = 0x20
    SMT = 0x40
    ALL_LOCAL = 0x80
    GROUP = 0x1000
    ALL_FUNCTIONAL = 0x2000
    FUNCTIONAL = 0x4000
    MAC_FRAME = 0x8000
    NO_LOCAL = 0x10000


class ProtocolOptions(IntFlag):
    """What a protocol promises or declines (OID_GEN_PROTOCOL_OPTIONS)."""

    ESTIMATED_LENGTH = 0x1
    NO_LOOPBACK = 0x2
    NO_RSVD_ON_RCVPKT = 0x4
    SEND_RESTRICTED = 0x8


class MacOptions(IntFlag):
    """What a miniport says of itself (OID_GEN_MAC_OPTIONS); with NO_LOOPBACK, NDIS loops frames back for it."""

    COPY_LOOKAHEAD_DATA = 0x1
    RECEIVE_SERIALIZED = 0x2
    TRANSFERS_NOT_PEND = 0x4
    NO_LOOPBACK = 0x8
    FULL_DUPLEX = 0x10
    EOTX_INDICATION = 0x20
    PRIORITY_802_1P = 0x40
    SUPPORTS_MAC_ADDRESS_OVERWRITE = 0x80
    RECEIVE_AT_DPC = 0x100
    VLAN_802_1Q = 0x200
    RESERVED = 0x80000000


class AdapterAttributes(IntFlag):
    """How NDIS is to treat an adapter (the attribute flags of NdisMSetAttributesEx)."""

    IGNORE_PACKET_TIMEOUT = 0x1
    IGNORE_REQUEST_TIMEOUT = 0x2
    IGNORE_TOKEN_RING_ERRORS = 0x4
    BUS_MASTER = 0x8
    INTERMEDIATE_DRIVER = 0x10
    DESERIALIZE = 0x20
    NO_HALT_ON_SUSPEND = 0x40
    SURPRISE_REMOVE_OK = 0x80
    NOT_CO_NDIS = 0x100
    USES_SAFE_BUFFER_APIS = 0x200
