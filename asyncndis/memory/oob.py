"""Out-of-band data of a packet, and the information slots behind it.

Source: the pages of NDIS_OOB_DATA_FROM_PACKET, NDIS_PER_PACKET_INFO_FROM_PACKET and the macros around them. All is zero
when a packet is allocated; a packet that is used again keeps it, and its driver clears it (PKT-08). Times are in units
of 100 ns, status and sizes are unsigned 32-bit values.
"""

from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING

from asyncndis.base import NdisStatus, check_integer

from .buffer import Memory, described

if TYPE_CHECKING:
    from asyncndis.base import Probe

__all__ = [
    "EMPTY_SLOTS",
    "NdisPacketFlags",
    "OutOfBandData",
    "PacketFlags",
    "PerPacketInfo",
    "ProtocolId",
    "WatchedOutOfBandData",
]

_MOST_64_BITS = 0xFFFF_FFFF_FFFF_FFFF


class PacketFlags(IntFlag):
    """Flags of a packet; the four lowest bits are the protocol id of its pool."""

    PROTOCOL_ID_MASK = 0xF
    MULTICAST_PACKET = 0x10
    DONT_LOOPBACK = 0x80
    IS_LOOPBACK_PACKET = 0x100
    LOOPBACK_ONLY = 0x200
    DOUBLE_BUFFERED = 0x800
    SENT_AT_DPC = 0x1000
    USES_SG_BUFFER_LIST = 0x2000
    USES_ORIGINAL_PACKET = 0x4000
    PADDED = 0x10000
    XLATE_AT_TOP = 0x20000


class NdisPacketFlags(IntFlag):
    """The byte in which NDIS notes what a packet is."""

    WRAPPER_RESERVED = 0x3F
    CONTAINS_MEDIA_SPECIFIC_INFO = 0x40
    ALLOCATED_BY_NDIS = 0x80


class ProtocolId(IntEnum):
    """Protocols that NDIS knows by number."""

    DEFAULT = 0
    TCP_IP = 2
    IPX = 6
    NBF = 7
    MAX = 0xF


class PerPacketInfo(IntEnum):
    """The slots of information that travels with a packet."""

    TCP_IP_CHECKSUM = 0
    IP_SEC = 1
    TCP_LARGE_SEND = 2
    CLASSIFICATION_HANDLE = 3
    RESERVED = 4
    SCATTER_GATHER_LIST = 5
    IEEE_8021Q = 6
    ORIGINAL_PACKET = 7
    PACKET_CANCEL_ID = 8
    ORIGINAL_NET_BUFFER_LIST = 9
    CACHED_NET_BUFFER_LIST = 10
    SHORT_PACKET_PADDING = 11


EMPTY_SLOTS: list[object] = [None] * len(PerPacketInfo)


class OutOfBandData:
    """The block of out-of-band data of one packet (NDIS_PACKET_OOB_DATA). IRQL: any."""

    __slots__ = ("_header_size", "_media_specific_info", "_slots", "_status", "_time_received", "_time_sent")

    def __init__(self) -> None:
        self._header_size = 0
        self._status = int(NdisStatus.SUCCESS)
        self._time_sent = 0
        self._time_received = 0
        self._media_specific_info: Memory | None = None
        self._slots = EMPTY_SLOTS.copy()

    @property
    def header_size(self) -> int:
        """The length of the frame's header in bytes, 14 on 802.3; set before an indication (RCV-15)."""
        return self._header_size

    @header_size.setter
    def header_size(self, size: int) -> None:
        check_integer("header_size", size)
        self._header_size = size

    @property
    def status(self) -> int:
        """The status of a send, or what an indication allows: SUCCESS lends the packet, RESOURCES does not."""
        return self._status

    @status.setter
    def status(self, status: int) -> None:
        if type(status) is not int or status >> 32:  # a miniport sets one on every packet
            check_integer("status", status)
        self._status = status

    @property
    def time_to_send(self) -> int:
        """When to send the packet. It shares its place with :attr:`time_sent`."""
        return self._time_sent

    @time_to_send.setter
    def time_to_send(self, time: int) -> None:
        check_integer("time_to_send", time, 0, _MOST_64_BITS)
        self._time_sent = time

    @property
    def time_sent(self) -> int:
        """When the packet was sent. It shares its place with :attr:`time_to_send`."""
        return self._time_sent

    @time_sent.setter
    def time_sent(self, time: int) -> None:
        check_integer("time_sent", time, 0, _MOST_64_BITS)
        self._time_sent = time

    @property
    def time_received(self) -> int:
        """When the packet was received."""
        return self._time_received

    @time_received.setter
    def time_received(self, time: int) -> None:
        check_integer("time_received", time, 0, _MOST_64_BITS)
        self._time_received = time

    @property
    def media_specific_info(self) -> Memory | None:
        """Information of the medium's own; None where none was set. It stays the memory of who set it."""
        return self._media_specific_info

    @media_specific_info.setter
    def media_specific_info(self, info: Memory | None) -> None:
        self._media_specific_info = None if info is None else described(info)


class WatchedOutOfBandData(OutOfBandData):
    """The block of a packet that is watched: who reads the status, and who sets it, is told to the probe.

    :param probe: who is told
    :param packet: whose block it is
    """

    __slots__ = ("_packet", "_probe")

    def __init__(self, probe: "Probe", packet: object) -> None:
        super().__init__()
        self._probe = probe
        self._packet = packet

    @property
    def status(self) -> int:
        """The same as of any packet."""
        self._probe.before("NDIS_GET_PACKET_STATUS", self._packet)
        return self._status

    @status.setter
    def status(self, status: int) -> None:
        check_integer("status", status)
        self._probe.before("NDIS_SET_PACKET_STATUS", self._packet, status)
        self._status = status
