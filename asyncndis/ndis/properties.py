"""The ready set of OIDs: what a miniport declares once, NDIS answers and judges for it.

``answer_query`` takes a value from what was declared (:class:`MiniportProperties`) or from what changes
(:class:`CurrentInformation`); ``check_setting`` judges a value that somebody wants to set. The list of supported OIDs
comes from the same tables, so that each OID on it is answered (OID-08). Source: the pages of the OIDs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Protocol

from asyncndis.base import NdisError, NdisStatus, check_instance, check_integer

from .filters import check_address
from .media import HardwareStatus, MacOptions, MediaState, NdisMedium, PacketFilter, PhysicalMedium, PowerState
from .oid_values import PnpCapabilities
from .oids import Oid, encode_oid, oid_name

__all__ = [
    "CurrentInformation",
    "MiniportCounters",
    "MiniportProperties",
    "answer_query",
    "check_setting",
    "supported_oids",
]

_LEAST_LOOKAHEAD = 256
_LEAST_FRAME, _MOST_FRAME = 46, 0xFFFF
_USUAL_FILTERS = (
    PacketFilter.DIRECTED
    | PacketFilter.MULTICAST
    | PacketFilter.ALL_MULTICAST
    | PacketFilter.BROADCAST
    | PacketFilter.PROMISCUOUS
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniportProperties:
    """What a miniport declares of itself and its NIC.

    :ivar permanent_address: the address that the NIC was made with, 6 bytes
    :ivar network_address: the one to use instead (NdisReadNetworkAddress), or None
    :ivar medium: the kind of frames
    :ivar physical_medium: what they travel on
    :ivar link_speed: in bit/s, a multiple of 100
    :ivar maximum_lookahead: in bytes, 256 at least
    :ivar maximum_frame_size: in bytes, without the header
    :ivar header_size: in bytes
    :ivar longest_frame: in bytes, with the header and what may stand behind it; None for no more than both
    :ivar maximum_list_size: the most multicast addresses
    :ivar maximum_send_packets: the most packets in one MiniportSendPackets
    :ivar transmit_buffer_space: memory for sending on the NIC, in bytes
    :ivar receive_buffer_space: memory for receiving on the NIC, in bytes
    :ivar transmit_block_size: the unit in which the first is taken, in bytes
    :ivar receive_block_size: the unit in which the second is taken, in bytes
    :ivar mac_options: what it says of itself
    :ivar supported_filters: the packet filters that it can be set to
    :ivar vendor_id: three bytes of the OUI and one of the vendor's own; 0xFFFFFF without an OUI
    :ivar vendor_description: the name of the NIC, in ASCII
    :ivar vendor_driver_version: the vendor's own
    :ivar driver_version: the version of NDIS that it was written for
    :ivar power: what it can do about power; None where it is not told of it
    :ivar further_oids: OIDs beyond the ready set, which the miniport itself answers
    """

    permanent_address: bytes
    network_address: bytes | None = None
    medium: NdisMedium = NdisMedium.ETHERNET_802_3
    physical_medium: PhysicalMedium = PhysicalMedium.UNSPECIFIED
    link_speed: int = 1_000_000_000
    maximum_lookahead: int = 1500
    maximum_frame_size: int = 1500
    header_size: int = 14
    longest_frame: int | None = None
    maximum_list_size: int = 32
    maximum_send_packets: int = 1
    transmit_buffer_space: int = 0x10000
    receive_buffer_space: int = 0x10000
    transmit_block_size: int = 1
    receive_block_size: int = 1
    mac_options: MacOptions = MacOptions.COPY_LOOKAHEAD_DATA | MacOptions.NO_LOOPBACK
    supported_filters: PacketFilter = _USUAL_FILTERS
    vendor_id: int = 0xFFFFFF
    vendor_description: str = "asyncndis miniport"
    vendor_driver_version: int = 0x00010000
    driver_version: tuple[int, int] = (5, 1)
    power: PnpCapabilities | None = None
    further_oids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check_station("permanent_address", self.permanent_address)
        if self.network_address is not None:
            _check_station("network_address", self.network_address)
        check_integer("maximum_lookahead", self.maximum_lookahead, _LEAST_LOOKAHEAD)
        check_integer("maximum_frame_size", self.maximum_frame_size, _LEAST_FRAME, _MOST_FRAME)
        check_integer("header_size", self.header_size, 1, _MOST_FRAME)
        check_integer("maximum_send_packets", self.maximum_send_packets, 1)
        check_integer("supported_filters", self.supported_filters)
        for oid, declared in _DECLARED.items():
            encode_oid(oid, declared(self))  # which refuses what no information buffer can hold
        encode_oid(Oid.GEN_SUPPORTED_LIST, self.further_oids)
        if self.power is not None:
            check_instance("power", self.power, PnpCapabilities)

    @property
    def current_address(self) -> bytes:
        """The address that it uses: the network address, where there is one."""
        return self.permanent_address if self.network_address is None else self.network_address

    @property
    def maximum_total_size(self) -> int:
        """The longest frame with its header, in bytes."""
        return self.longest_frame or self.maximum_frame_size + self.header_size


@dataclass(slots=True)
class MiniportCounters:
    """What a miniport counts, from 0 on, each under the name of its OID."""

    xmit_ok: int = 0
    rcv_ok: int = 0
    xmit_error: int = 0
    rcv_error: int = 0
    rcv_no_buffer: int = 0
    directed_bytes_xmit: int = 0
    directed_frames_xmit: int = 0
    multicast_bytes_xmit: int = 0
    multicast_frames_xmit: int = 0
    broadcast_bytes_xmit: int = 0
    broadcast_frames_xmit: int = 0
    directed_bytes_rcv: int = 0
    directed_frames_rcv: int = 0
    multicast_bytes_rcv: int = 0
    multicast_frames_rcv: int = 0
    broadcast_bytes_rcv: int = 0
    broadcast_frames_rcv: int = 0
    rcv_crc_error: int = 0
    rcv_error_alignment: int = 0
    xmit_one_collision: int = 0
    xmit_more_collisions: int = 0


class CurrentInformation(Protocol):
    """What changes while an adapter runs, as the answers need it."""

    @property
    def hardware_status(self) -> HardwareStatus:
        """What the NIC is doing."""
        ...

    @property
    def media_state(self) -> MediaState:
        """Whether there is a link."""
        ...

    @property
    def power_state(self) -> PowerState:
        """How awake the NIC is."""
        ...

    @property
    def packet_filter(self) -> PacketFilter:
        """The filter that was set last; none at first."""
        ...

    @property
    def lookahead(self) -> int:
        """The lookahead that was set last, in bytes."""
        ...

    @property
    def multicast_list(self) -> tuple[bytes, ...]:
        """The list that was set last."""
        ...

    @property
    def counters(self) -> MiniportCounters:
        """What was counted."""
        ...


_DECLARED: Mapping[int, Callable[[MiniportProperties], Any]] = {
    Oid.GEN_MEDIA_SUPPORTED: lambda declared: (declared.medium,),
    Oid.GEN_MEDIA_IN_USE: lambda declared: (declared.medium,),
    Oid.GEN_MAXIMUM_LOOKAHEAD: lambda declared: declared.maximum_lookahead,
    Oid.GEN_MAXIMUM_FRAME_SIZE: lambda declared: declared.maximum_frame_size,
    Oid.GEN_LINK_SPEED: lambda declared: declared.link_speed,
    Oid.GEN_TRANSMIT_BUFFER_SPACE: lambda declared: declared.transmit_buffer_space,
    Oid.GEN_RECEIVE_BUFFER_SPACE: lambda declared: declared.receive_buffer_space,
    Oid.GEN_TRANSMIT_BLOCK_SIZE: lambda declared: declared.transmit_block_size,
    Oid.GEN_RECEIVE_BLOCK_SIZE: lambda declared: declared.receive_block_size,
    Oid.GEN_VENDOR_ID: lambda declared: declared.vendor_id,
    Oid.GEN_VENDOR_DESCRIPTION: lambda declared: declared.vendor_description,
    Oid.GEN_DRIVER_VERSION: lambda declared: declared.driver_version,
    Oid.GEN_MAXIMUM_TOTAL_SIZE: lambda declared: declared.maximum_total_size,
    Oid.GEN_MAC_OPTIONS: lambda declared: declared.mac_options,
    Oid.GEN_MAXIMUM_SEND_PACKETS: lambda declared: declared.maximum_send_packets,
    Oid.GEN_VENDOR_DRIVER_VERSION: lambda declared: declared.vendor_driver_version,
    Oid.GEN_PHYSICAL_MEDIUM: lambda declared: declared.physical_medium,
    Oid.IEEE_802_3_PERMANENT_ADDRESS: lambda declared: declared.permanent_address,
    Oid.IEEE_802_3_CURRENT_ADDRESS: lambda declared: declared.current_address,
    Oid.IEEE_802_3_MAXIMUM_LIST_SIZE: lambda declared: declared.maximum_list_size,
}
_CURRENT: Mapping[int, Callable[[CurrentInformation], Any]] = {
    Oid.GEN_HARDWARE_STATUS: lambda current: current.hardware_status,
    Oid.GEN_CURRENT_PACKET_FILTER: lambda current: current.packet_filter,
    Oid.GEN_CURRENT_LOOKAHEAD: lambda current: current.lookahead,
    Oid.GEN_MEDIA_CONNECT_STATUS: lambda current: current.media_state,
    Oid.IEEE_802_3_MULTICAST_LIST: lambda current: current.multicast_list,
}
_COUNTED: Mapping[int, str] = {
    oid: name
    for name in (field.name for field in fields(MiniportCounters))
    for oid in Oid
    if oid.name in {f"GEN_{name.upper()}", f"IEEE_802_3_{name.upper()}"}
}


def answer_query(oid: int, properties: MiniportProperties, current: CurrentInformation) -> Any:
    """The value of an OID of the ready set. IRQL: any.

    :param oid: what is asked for
    :param properties: what the miniport declared
    :param current: what it is like now
    :raises NdisError: INVALID_OID, when it is none of the set; the miniport itself has to answer
    """
    check_integer("oid", oid)
    if oid in _DECLARED:
        return _DECLARED[oid](properties)
    if oid in _CURRENT:
        return _CURRENT[oid](current)
    if oid in _COUNTED:
        return getattr(current.counters, _COUNTED[oid])
    if oid == Oid.GEN_SUPPORTED_LIST:
        return supported_oids(properties)
    if properties.power is not None and oid == Oid.PNP_CAPABILITIES:
        return properties.power
    if properties.power is not None and oid == Oid.PNP_QUERY_POWER:
        return current.power_state
    raise NdisError(f"{oid_name(oid)} is not answered by {properties.vendor_description!r}", NdisStatus.INVALID_OID)


def check_setting(oid: int, value: Any, properties: MiniportProperties) -> None:
    """Judge a value that an OID of the ready set is to get. IRQL: any.

    :param oid: what is set
    :param value: its value, decoded
    :param properties: what the miniport declared
    :raises NdisError: NOT_SUPPORTED a filter that it has not; INVALID_DATA more lookahead than it can give, or a power
        state that is none; MULTICAST_FULL a longer list than it can hold (OID-09); INVALID_OID what cannot be set
    """
    check_integer("oid", oid)
    judge = _judge_power if oid == Oid.PNP_SET_POWER and properties.power is not None else _JUDGES.get(oid)
    if judge is None:
        raise NdisError(f"{oid_name(oid)} is not set by {properties.vendor_description!r}", NdisStatus.INVALID_OID)
    judge(value, properties)


def supported_oids(properties: MiniportProperties) -> tuple[int, ...]:
    """The list of OIDs that a miniport of such properties answers (GEN_SUPPORTED_LIST), in ascending order. IRQL: any.

    :param properties: what it declared
    """
    oids = {Oid.GEN_SUPPORTED_LIST, *_DECLARED, *_CURRENT, *_COUNTED, *_JUDGES, *properties.further_oids}
    if properties.power is not None:
        oids |= {Oid.PNP_CAPABILITIES, Oid.PNP_QUERY_POWER, Oid.PNP_SET_POWER}
    return tuple(sorted(oids))


def _check_station(what: str, address: object) -> None:
    address = check_address(what, address)
    if address[0] & 1:
        raise ValueError(f"{what} is that of one station; {address.hex(':')} is the address of a group")


def _judge_filter(value: int, properties: MiniportProperties) -> None:
    unknown = int(value) & ~int(properties.supported_filters)  # flags of no name would be lost to the ~ of flags
    if unknown:
        raise NdisError(
            f"{properties.vendor_description!r} cannot filter {PacketFilter(unknown).name or hex(unknown)}; it can "
            f"{properties.supported_filters.name or 'nothing'}",
            NdisStatus.NOT_SUPPORTED,
        )


def _judge_lookahead(value: int, properties: MiniportProperties) -> None:
    if value > properties.maximum_lookahead:
        raise NdisError(
            f"{properties.vendor_description!r} gives {properties.maximum_lookahead} bytes of lookahead at most, not "
            f"{value}",
            NdisStatus.INVALID_DATA,
        )


def _judge_multicast_list(value: tuple[bytes, ...], properties: MiniportProperties) -> None:
    if len(value) > properties.maximum_list_size:
        raise NdisError(
            f"{properties.vendor_description!r} holds {properties.maximum_list_size} multicast addresses at most, not "
            f"{len(value)}",
            NdisStatus.MULTICAST_FULL,
        )


def _judge_power(value: int, properties: MiniportProperties) -> None:
    if value == PowerState.UNSPECIFIED:
        raise NdisError(f"{properties.vendor_description!r} enters D0 to D3, no other state", NdisStatus.INVALID_DATA)


_JUDGES: Mapping[int, Callable[[Any, MiniportProperties], None]] = {
    Oid.GEN_CURRENT_PACKET_FILTER: _judge_filter,
    Oid.GEN_CURRENT_LOOKAHEAD: _judge_lookahead,
    Oid.IEEE_802_3_MULTICAST_LIST: _judge_multicast_list,
}
