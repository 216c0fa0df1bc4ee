"""The OIDs of a connectionless 802.3 miniport: their numbers, what may be done with them, and their values.

Names leave out the prefix: ``Oid.GEN_LINK_SPEED`` is ``OID_GEN_LINK_SPEED``, ``Oid.IEEE_802_3_CURRENT_ADDRESS`` is
``OID_802_3_CURRENT_ADDRESS``. What is not in the table is a vendor's own: its value is plain bytes. Rules: OID-04,
OID-08, OID-09. Source: the pages of the OIDs, and ntddndis.h for their numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from asyncndis.base import check_integer

from .media import (
    HardwareStatus,
    MacOptions,
    MediaState,
    NdisMedium,
    PacketFilter,
    PhysicalMedium,
    PowerState,
    ProtocolOptions,
)
from .oid_values import (
    Addresses,
    Array,
    Codec,
    Counter,
    EthernetAddress,
    LinkSpeed,
    Number,
    PowerCapabilities,
    Raw,
    Text,
    Version,
)

__all__ = ["BIND_ORDER", "OID_TABLE", "Oid", "OidEntry", "decode_oid", "encode_oid", "mandatory_oids", "oid_name"]


class Oid(IntEnum):
    """The number of a piece of information about an adapter (NDIS_OID)."""

    GEN_SUPPORTED_LIST = 0x00010101
    GEN_HARDWARE_STATUS = 0x00010102
    GEN_MEDIA_SUPPORTED = 0x00010103
    GEN_MEDIA_IN_USE = 0x00010104
    GEN_MAXIMUM_LOOKAHEAD = 0x00010105
    GEN_MAXIMUM_FRAME_SIZE = 0x00010106
    GEN_LINK_SPEED = 0x00010107
    GEN_TRANSMIT_BUFFER_SPACE = 0x00010108
    GEN_RECEIVE_BUFFER_SPACE = 0x00010109
    GEN_TRANSMIT_BLOCK_SIZE = 0x0001010A
    GEN_RECEIVE_BLOCK_SIZE = 0x0001010B
    GEN_VENDOR_ID = 0x0001010C
    GEN_VENDOR_DESCRIPTION = 0x0001010D
    GEN_CURRENT_PACKET_FILTER = 0x0001010E
    GEN_CURRENT_LOOKAHEAD = 0x0001010F
    GEN_DRIVER_VERSION = 0x00010110
    GEN_MAXIMUM_TOTAL_SIZE = 0x00010111
    GEN_PROTOCOL_OPTIONS = 0x00010112
    GEN_MAC_OPTIONS = 0x00010113
    GEN_MEDIA_CONNECT_STATUS = 0x00010114
    GEN_MAXIMUM_SEND_PACKETS = 0x00010115
    GEN_VENDOR_DRIVER_VERSION = 0x00010116
    GEN_SUPPORTED_GUIDS = 0x00010117
    GEN_NETWORK_LAYER_ADDRESSES = 0x00010118
    GEN_TRANSPORT_HEADER_OFFSET = 0x00010119
    GEN_PHYSICAL_MEDIUM = 0x00010202
    GEN_XMIT_OK = 0x00020101
    GEN_RCV_OK = 0x00020102
    GEN_XMIT_ERROR = 0x00020103
    GEN_RCV_ERROR = 0x00020104
    GEN_RCV_NO_BUFFER = 0x00020105
    GEN_DIRECTED_BYTES_XMIT = 0x00020201
    GEN_DIRECTED_FRAMES_XMIT = 0x00020202
    GEN_MULTICAST_BYTES_XMIT = 0x00020203
    GEN_MULTICAST_FRAMES_XMIT = 0x00020204
    GEN_BROADCAST_BYTES_XMIT = 0x00020205
    GEN_BROADCAST_FRAMES_XMIT = 0x00020206
    GEN_DIRECTED_BYTES_RCV = 0x00020207
    GEN_DIRECTED_FRAMES_RCV = 0x00020208
    GEN_MULTICAST_BYTES_RCV = 0x00020209
    GEN_MULTICAST_FRAMES_RCV = 0x0002020A
    GEN_BROADCAST_BYTES_RCV = 0x0002020B
    GEN_BROADCAST_FRAMES_RCV = 0x0002020C
    GEN_RCV_CRC_ERROR = 0x0002020D
    GEN_TRANSMIT_QUEUE_LENGTH = 0x0002020E
    IEEE_802_3_PERMANENT_ADDRESS = 0x01010101
    IEEE_802_3_CURRENT_ADDRESS = 0x01010102
    IEEE_802_3_MULTICAST_LIST = 0x01010103
    IEEE_802_3_MAXIMUM_LIST_SIZE = 0x01010104
    IEEE_802_3_MAC_OPTIONS = 0x01010105
    IEEE_802_3_RCV_ERROR_ALIGNMENT = 0x01020101
    IEEE_802_3_XMIT_ONE_COLLISION = 0x01020102
    IEEE_802_3_XMIT_MORE_COLLISIONS = 0x01020103
    IEEE_802_3_XMIT_DEFERRED = 0x01020201
    IEEE_802_3_XMIT_MAX_COLLISIONS = 0x01020202
    IEEE_802_3_RCV_OVERRUN = 0x01020203
    IEEE_802_3_XMIT_UNDERRUN = 0x01020204
    IEEE_802_3_XMIT_HEARTBEAT_FAILURE = 0x01020205
    IEEE_802_3_XMIT_TIMES_CRS_LOST = 0x01020206
    IEEE_802_3_XMIT_LATE_COLLISIONS = 0x01020207
    TCP_TASK_OFFLOAD = 0xFC010201
    PNP_CAPABILITIES = 0xFD010100
    PNP_SET_POWER = 0xFD010101
    PNP_QUERY_POWER = 0xFD010102
    PNP_ADD_WAKE_UP_PATTERN = 0xFD010103
    PNP_REMOVE_WAKE_UP_PATTERN = 0xFD010104
    PNP_WAKE_UP_PATTERN_LIST = 0xFD010105
    PNP_ENABLE_WAKE_UP = 0xFD010106


@dataclass(frozen=True, slots=True)
class OidEntry:
    """What is known of one OID.

    :ivar oid: its number
    :ivar queryable: whether it may be queried
    :ivar settable: whether it may be set
    :ivar mandatory: whether every 802.3 miniport answers it
    :ivar codec: the form of its value
    :ivar doc: what it tells, in words
    """

    oid: Oid
    queryable: bool
    settable: bool
    mandatory: bool
    codec: Codec
    doc: str


def _oid_or_number(number: int) -> int:
    return Oid(number) if number in _NUMBERS else number


_NUMBERS = frozenset(map(int, Oid))
_NUMBER = Number()
_ERRORS = Counter((4,))
_COUNTER = Counter()
_MEDIA = Array(Number(NdisMedium))
_ADDRESS = EthernetAddress()
_STRUCTURE = Raw()
_POWER = Number(PowerState)

# An OID, Q and S for what may be done with it, M where it is mandatory, the form of its value, its meaning.
_ROWS: tuple[tuple[Oid, str, Codec, str], ...] = (
    (Oid.GEN_SUPPORTED_LIST, "QM", Array(Number(_oid_or_number)), "the OIDs that the miniport answers"),
    (Oid.GEN_HARDWARE_STATUS, "QM", Number(HardwareStatus), "what the NIC is doing"),
    (Oid.GEN_MEDIA_SUPPORTED, "QM", _MEDIA, "the media that the NIC can speak"),
    (Oid.GEN_MEDIA_IN_USE, "QM", _MEDIA, "the media that it speaks now"),
    (Oid.GEN_MAXIMUM_LOOKAHEAD, "QM", _NUMBER, "the most lookahead that it can give, in bytes"),
    (Oid.GEN_MAXIMUM_FRAME_SIZE, "QM", _NUMBER, "the longest frame without its header, in bytes"),
    (Oid.GEN_LINK_SPEED, "QM", LinkSpeed(), "the speed of the link, in bit/s"),
    (Oid.GEN_TRANSMIT_BUFFER_SPACE, "QM", _NUMBER, "memory for sending on the NIC, in bytes"),
    (Oid.GEN_RECEIVE_BUFFER_SPACE, "QM", _NUMBER, "memory for receiving on the NIC, in bytes"),
    (Oid.GEN_TRANSMIT_BLOCK_SIZE, "QM", _NUMBER, "the unit in which memory for sending is taken, in bytes"),
    (Oid.GEN_RECEIVE_BLOCK_SIZE, "QM", _NUMBER, "the unit in which memory for receiving is taken, in bytes"),
    (Oid.GEN_VENDOR_ID, "QM", _NUMBER, "three bytes of the vendor's OUI and one of its own; 0xFFFFFF without one"),
    (Oid.GEN_VENDOR_DESCRIPTION, "QM", Text(), "the name of the NIC"),
    (Oid.GEN_CURRENT_PACKET_FILTER, "QSM", Number(PacketFilter), "which frames are received; none at first"),
    (Oid.GEN_CURRENT_LOOKAHEAD, "QSM", _NUMBER, "how much lookahead the bindings want, in bytes"),
    (Oid.GEN_DRIVER_VERSION, "QM", Version(), "the version of NDIS that the miniport was written for"),
    (Oid.GEN_MAXIMUM_TOTAL_SIZE, "QM", _NUMBER, "the longest frame with its header, in bytes"),
    (Oid.GEN_PROTOCOL_OPTIONS, "S", Number(ProtocolOptions), "what the protocol promises or declines"),
    (Oid.GEN_MAC_OPTIONS, "QM", Number(MacOptions), "what the miniport says of itself"),
    (Oid.GEN_MEDIA_CONNECT_STATUS, "QM", Number(MediaState), "whether there is a link"),
    (Oid.GEN_MAXIMUM_SEND_PACKETS, "Q", _NUMBER, "the most packets in one MiniportSendPackets; asked of those only"),
    (Oid.GEN_VENDOR_DRIVER_VERSION, "QM", _NUMBER, "the vendor's own version of the driver"),
    (Oid.GEN_SUPPORTED_GUIDS, "Q", _STRUCTURE, "the miniport's own GUIDs"),
    (Oid.GEN_NETWORK_LAYER_ADDRESSES, "S", _STRUCTURE, "the network addresses of a binding"),
    (Oid.GEN_TRANSPORT_HEADER_OFFSET, "S", _STRUCTURE, "what a protocol puts before the transport's header"),
    (Oid.GEN_PHYSICAL_MEDIUM, "Q", Number(PhysicalMedium), "what the frames travel on"),
    (Oid.GEN_XMIT_OK, "QM", _COUNTER, "frames sent without an error"),
    (Oid.GEN_RCV_OK, "QM", _COUNTER, "frames received without an error"),
    (Oid.GEN_XMIT_ERROR, "QM", _ERRORS, "frames that could not be sent"),
    (Oid.GEN_RCV_ERROR, "QM", _ERRORS, "frames received with an error, and not indicated"),
    (Oid.GEN_RCV_NO_BUFFER, "QM", _ERRORS, "frames lost for want of a buffer"),
    (Oid.GEN_DIRECTED_BYTES_XMIT, "Q", _COUNTER, "bytes sent to one station"),
    (Oid.GEN_DIRECTED_FRAMES_XMIT, "Q", _COUNTER, "frames sent to one station"),
    (Oid.GEN_MULTICAST_BYTES_XMIT, "Q", _COUNTER, "bytes sent to groups"),
    (Oid.GEN_MULTICAST_FRAMES_XMIT, "Q", _COUNTER, "frames sent to groups"),
    (Oid.GEN_BROADCAST_BYTES_XMIT, "Q", _COUNTER, "bytes sent to all"),
    (Oid.GEN_BROADCAST_FRAMES_XMIT, "Q", _COUNTER, "frames sent to all"),
    (Oid.GEN_DIRECTED_BYTES_RCV, "Q", _COUNTER, "bytes received for this station"),
    (Oid.GEN_DIRECTED_FRAMES_RCV, "Q", _COUNTER, "frames received for this station"),
    (Oid.GEN_MULTICAST_BYTES_RCV, "Q", _COUNTER, "bytes received for groups"),
    (Oid.GEN_MULTICAST_FRAMES_RCV, "Q", _COUNTER, "frames received for groups"),
    (Oid.GEN_BROADCAST_BYTES_RCV, "Q", _COUNTER, "bytes received for all"),
    (Oid.GEN_BROADCAST_FRAMES_RCV, "Q", _COUNTER, "frames received for all"),
    (Oid.GEN_RCV_CRC_ERROR, "Q", _ERRORS, "frames received with a wrong check sequence"),
    (Oid.GEN_TRANSMIT_QUEUE_LENGTH, "Q", _NUMBER, "packets waiting to be sent"),
    (Oid.IEEE_802_3_PERMANENT_ADDRESS, "QM", _ADDRESS, "the address that the NIC was made with"),
    (Oid.IEEE_802_3_CURRENT_ADDRESS, "QM", _ADDRESS, "the address that it uses"),
    (Oid.IEEE_802_3_MULTICAST_LIST, "QSM", Addresses(), "the multicast addresses that are received"),
    (Oid.IEEE_802_3_MAXIMUM_LIST_SIZE, "QM", _NUMBER, "the most addresses in that list"),
    (Oid.IEEE_802_3_MAC_OPTIONS, "Q", _NUMBER, "what an 802.3 miniport says of itself"),
    (Oid.IEEE_802_3_RCV_ERROR_ALIGNMENT, "QM", _ERRORS, "frames received with an alignment error"),
    (Oid.IEEE_802_3_XMIT_ONE_COLLISION, "QM", _ERRORS, "frames sent after one collision"),
    (Oid.IEEE_802_3_XMIT_MORE_COLLISIONS, "QM", _ERRORS, "frames sent after several collisions"),
    (Oid.IEEE_802_3_XMIT_DEFERRED, "Q", _ERRORS, "frames sent after having been deferred"),
    (Oid.IEEE_802_3_XMIT_MAX_COLLISIONS, "Q", _ERRORS, "frames not sent for too many collisions"),
    (Oid.IEEE_802_3_RCV_OVERRUN, "Q", _ERRORS, "frames lost since they came too fast"),
    (Oid.IEEE_802_3_XMIT_UNDERRUN, "Q", _ERRORS, "frames not sent since their bytes came too slowly"),
    (Oid.IEEE_802_3_XMIT_HEARTBEAT_FAILURE, "Q", _ERRORS, "frames sent without the heartbeat of the transceiver"),
    (Oid.IEEE_802_3_XMIT_TIMES_CRS_LOST, "Q", _ERRORS, "times that the carrier was lost while sending"),
    (Oid.IEEE_802_3_XMIT_LATE_COLLISIONS, "Q", _ERRORS, "collisions after the window for them"),
    (Oid.TCP_TASK_OFFLOAD, "QS", _STRUCTURE, "the work of TCP/IP that the NIC can take over"),
    (Oid.PNP_CAPABILITIES, "Q", PowerCapabilities(), "what can wake the system up; asked for power management"),
    (Oid.PNP_SET_POWER, "S", _POWER, "the power state to enter; it may not fail (OID-11)"),
    (Oid.PNP_QUERY_POWER, "Q", _POWER, "whether a power state could be entered"),
    (Oid.PNP_ADD_WAKE_UP_PATTERN, "S", _STRUCTURE, "a pattern that wakes the system up"),
    (Oid.PNP_REMOVE_WAKE_UP_PATTERN, "S", _STRUCTURE, "a pattern that no longer does"),
    (Oid.PNP_WAKE_UP_PATTERN_LIST, "Q", _STRUCTURE, "the patterns that do"),
    (Oid.PNP_ENABLE_WAKE_UP, "QS", _NUMBER, "what may wake the system up now, as flags"),
)

OID_TABLE: Mapping[Oid, OidEntry] = MappingProxyType(
    {oid: OidEntry(oid, "Q" in uses, "S" in uses, "M" in uses, codec, doc) for oid, uses, codec, doc in _ROWS}
)
"""Everything that is known of each OID, in the order of their numbers."""

_BY_NUMBER: dict[int, OidEntry] = {int(oid): entry for oid, entry in OID_TABLE.items()}
_NAMES: dict[int, str] = {int(oid): "OID_" + oid.name.removeprefix("IEEE_") for oid in OID_TABLE}

BIND_ORDER = (
    Oid.GEN_MAC_OPTIONS,
    Oid.IEEE_802_3_CURRENT_ADDRESS,
    Oid.GEN_MAXIMUM_LOOKAHEAD,
    Oid.GEN_CURRENT_LOOKAHEAD,
    Oid.GEN_MAXIMUM_SEND_PACKETS,
    Oid.IEEE_802_3_MAXIMUM_LIST_SIZE,
)
"""What NDIS asks a miniport that has just initialized, in order; MAXIMUM_SEND_PACKETS may go unanswered."""


def mandatory_oids() -> tuple[Oid, ...]:
    """The OIDs that every 802.3 miniport answers. IRQL: any."""
    return tuple(oid for oid, entry in OID_TABLE.items() if entry.mandatory)


def oid_name(oid: int) -> str:
    """What an OID is called: OID_GEN_LINK_SPEED, or its number where it is a vendor's own. IRQL: any."""
    entry = _entry(oid)
    return f"OID {oid:#010x}" if entry is None else _NAMES[entry.oid]


def encode_oid(oid: int, value: Any, room: int | None = None) -> bytes:
    """The bytes of an OID's value. IRQL: any.

    :param oid: one of :class:`Oid`, or a vendor's own
    :param value: of the kind that the OID has; plain bytes for a vendor's own
    :param room: bytes of the buffer, where it is known; a counter is 8 bytes where 8 fit in, and 4 otherwise
    :raises TypeError: when the value is of the wrong kind
    :raises ValueError: when the value does not fit
    :raises NdisError: INVALID_LENGTH, when the room is too short for a counter
    """
    codec = _codec(oid)
    if isinstance(codec, Counter):
        return codec.encode(oid_name(oid), value, room)
    return codec.encode(oid_name(oid), value)


def decode_oid(oid: int, data: bytes | bytearray | memoryview) -> Any:
    """The value of an OID. IRQL: any.

    :param oid: one of :class:`Oid`, or a vendor's own
    :param data: what the information buffer holds
    :returns: a value of the OID's kind; a copy of the bytes for a vendor's own
    :raises NdisError: INVALID_LENGTH when that is no length for it, INVALID_DATA when it cannot be
    """
    return _codec(oid).decode(oid_name(oid), bytes(data))


def _entry(oid: int) -> OidEntry | None:
    check_integer("oid", oid)
    return _BY_NUMBER.get(oid)


def _codec(oid: int) -> Codec:
    entry = _entry(oid)
    return _STRUCTURE if entry is None else entry.codec
