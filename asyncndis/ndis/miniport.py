"""The base class of miniports: a driver overrides the handlers it needs, and declares the rest.

Source: the pages of the MiniportXxx functions. The class answers the mandatory OIDs from the properties that it
declares. A miniport that does not define ``halt`` lets NDIS give back whatever it took through its adapter; one that
does is responsible, as in C, and so is its ``initialize`` when that fails.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from asyncndis.base import NdisError, NdisStatus
from asyncndis.memory import Packet

from .characteristics import MiniportCharacteristics
from .media import (
    AdapterAttributes,
    DevicePnpEvent,
    HardwareStatus,
    MacOptions,
    MediaState,
    NdisMedium,
    PacketFilter,
    PowerState,
)
from .oid_values import PnpCapabilities
from .oids import Oid, decode_oid, encode_oid
from .properties import MiniportCounters, MiniportProperties, answer_query, check_setting

if TYPE_CHECKING:
    from .adapter import Adapter
    from .interrupts import Recognized

__all__ = ["Miniport"]

_OPTIONAL = {
    "check_for_hang": "check_for_hang",
    "disable_interrupt": "disable_interrupt",
    "enable_interrupt": "enable_interrupt",
    "handle_interrupt": "handle_interrupt",
    "isr": "isr",
    "send": "send",
    "send_packets": "send_packets",
    "transfer_data": "transfer_data",
    "return_packet": "return_packet",
    "allocate_complete": "allocate_complete",
    "cancel_send_packets": "cancel_send_packets",
    "shutdown": "shutdown",
}


class Miniport:
    """A miniport driver with one adapter. Override handlers.

    Plain functions run at DISPATCH_LEVEL, coroutine functions at PASSIVE_LEVEL.

    :cvar attributes: see ``AdapterAttributes``; without DESERIALIZE, NDIS calls its handlers one at a time
    :cvar check_for_hang_seconds: between two checks for hang; 0 means 2
    :cvar link_speed: in bit/s
    :cvar maximum_frame_size: in bytes, without the header
    :cvar maximum_total_size: in bytes, with the header and what may stand behind it; None for the frame with its header
    :cvar lookahead: the most it can give, in bytes
    :cvar maximum_send_packets: the most packets in one ``send_packets``
    :cvar maximum_list_size: the most multicast addresses
    :cvar mac_options: what it says of itself
    :cvar vendor_description: the name of the NIC
    :cvar further_oids: OIDs beyond the mandatory ones that ``query`` answers
    :cvar power: what it can do about power; None where it is not told of it
    :ivar name: of the driver, for messages
    :ivar adapter: NDIS's side of it, from ``initialize`` on
    :ivar permanent_address: its station address; set it in ``initialize``, or give the NIC one
    :ivar packet_filter: the filter that was set last; none at first
    :ivar multicast_list: the list that was set last
    """

    attributes: ClassVar[AdapterAttributes] = AdapterAttributes.DESERIALIZE | AdapterAttributes.BUS_MASTER
    check_for_hang_seconds: ClassVar[int] = 0
    link_speed: int = 1_000_000_000
    maximum_frame_size: int = 1500
    maximum_total_size: int | None = None
    lookahead: int = 1500
    maximum_send_packets: int = 64
    maximum_list_size: int = 32
    mac_options: MacOptions = MacOptions.COPY_LOOKAHEAD_DATA | MacOptions.NO_LOOPBACK
    vendor_description: str = ""
    further_oids: tuple[int, ...] = ()
    power: PnpCapabilities | None = None

    adapter: "Adapter"

    def __init__(self, *, name: str | None = None, permanent_address: bytes | None = None) -> None:
        self.name = type(self).__name__ if name is None else name
        self.permanent_address = permanent_address
        self.network_address: bytes | None = None
        self.packet_filter = PacketFilter(0)
        self.multicast_list: tuple[bytes, ...] = ()
        self.hardware_status = HardwareStatus.READY
        self.media_state = MediaState.CONNECTED
        self.power_state = PowerState.D0
        self._lookahead = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

    # The handlers that every miniport has

    def initialize(self, adapter: "Adapter") -> Any:
        """Start the NIC (MiniportInitialize). IRQL: PASSIVE; may be a coroutine function. Rules: LIFE-01 to LIFE-03.

        :param adapter: also ``self.adapter``; hardware and pools are claimed through it, the interrupt last
        :returns: None or SUCCESS, or the status of the failure; an ``NdisError`` is a failure, too
        """

    async def halt(self) -> None:
        """Stop the NIC (MiniportHalt). IRQL: PASSIVE; may be a plain function. Rules: LIFE-03 to LIFE-06, SEND-16.

        This one waits for lent packets and gives back everything that was claimed, the last first.
        """
        await self.adapter.wait_for_returns()
        await self.adapter.claims.release_all()

    def reset(self) -> Any:
        """Bring the NIC back (MiniportReset). IRQL: DISPATCH. Rules: LIFE-14, SEND-16.

        :returns: a status, or a pair of it and AddressingReset; PENDING, and ``adapter.reset_complete`` follows. A
            deserialized miniport completes its sends with REQUEST_ABORTED before.
        """
        return NdisStatus.NOT_RESETTABLE

    def query(self, oid: int) -> Any:
        """The value of an OID, for a miniport with more than the ready ones. IRQL: DISPATCH.

        :param oid: one of ``Oid``, or a vendor's own
        :returns: its value, of the kind that the OID has
        :raises NdisError: INVALID_OID, or another status, where there is no answer
        """
        return answer_query(oid, self.properties, self._current)

    def set(self, oid: int, value: Any) -> None:
        """Take the value of an OID; call this one first, it judges and keeps those that every miniport has.

        IRQL: DISPATCH.

        :param oid: one of ``Oid``, or a vendor's own
        :param value: decoded
        :raises NdisError: INVALID_OID, INVALID_DATA or another status, where it is refused
        """
        check_setting(oid, value, self.properties)
        if oid == Oid.GEN_CURRENT_PACKET_FILTER:
            self.packet_filter = PacketFilter(value)
        elif oid == Oid.IEEE_802_3_MULTICAST_LIST:
            self.multicast_list = value
        elif oid == Oid.GEN_CURRENT_LOOKAHEAD:
            self._lookahead = value
        elif oid == Oid.PNP_SET_POWER:
            self.power_state = value

    def counters(self) -> MiniportCounters:
        """What the statistics OIDs answer; by default what NDIS has counted on this adapter. IRQL: DISPATCH."""
        sends, receives = self.adapter.sends.statistics(), self.adapter.receives.statistics()
        return MiniportCounters(xmit_ok=sends.sent, xmit_error=sends.failed, rcv_ok=receives.indicated)

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        """Answer a query in bytes (MiniportQueryInformation). IRQL: DISPATCH. Rules: OID-02 to OID-04, OID-08.

        This one asks :meth:`query`. Override it to answer PENDING, and call ``adapter.query_complete`` later.

        :param oid: what is asked for
        :param buffer: takes the answer
        :returns: a status; or a tuple of it, the bytes written, and the bytes needed
        """
        value = self.query(oid)
        data = encode_oid(oid, value, max(4, len(buffer)))
        if len(data) > len(buffer):
            return NdisStatus.BUFFER_TOO_SHORT, 0, len(data)
        buffer[: len(data)] = data
        return NdisStatus.SUCCESS, len(data)

    def set_information(self, oid: int, buffer: memoryview) -> Any:
        """Take a setting in bytes (MiniportSetInformation). IRQL: DISPATCH. Rules: OID-02 to OID-04, OID-11.

        This one calls :meth:`set`. Override it to answer PENDING, and call ``adapter.set_complete`` later.

        :param oid: what is set
        :param buffer: the value
        :returns: a status; or a tuple of it, the bytes read, and the bytes needed
        """
        self.set(oid, decode_oid(oid, buffer))
        return NdisStatus.SUCCESS, len(buffer)

    # The handlers that a miniport may have: NDIS calls only those that are overridden

    def send(self, packet: Packet) -> Any:
        """Send a packet (MiniportSend). IRQL: DISPATCH. Rules: SEND-02 to SEND-10.

        :param packet: the miniport's until it is completed
        :returns: PENDING, and ``adapter.send_complete`` follows; a final status, and it is back; from a serialized
            miniport RESOURCES, and it comes again
        """
        raise NdisError(f"{self.name} sends nothing", NdisStatus.NOT_SUPPORTED)

    def send_packets(self, packets: Sequence[Packet]) -> Any:
        """Send packets (MiniportSendPackets); NDIS prefers it to ``send``. IRQL: DISPATCH. Rules: SEND-02 to SEND-10.

        :param packets: in the order in which they are to reach the wire. A serialized miniport sets ``oob.status`` of
            each; a deserialized one completes all of them later.
        """

    def return_packet(self, packet: Packet) -> Any:
        """A lent packet is back (MiniportReturnPacket). IRQL: DISPATCH.

        :param packet: one that was indicated; it may be used again
        """

    def cancel_send_packets(self, cancel_id: int) -> Any:
        """Give up what is queued under an id (MiniportCancelSendPackets). IRQL: DISPATCH. Rule: SEND-14.

        :param cancel_id: that of ``packet.cancel_id``; matching packets complete with REQUEST_ABORTED
        """

    def isr(self) -> "Recognized":
        """Serve the interrupt (MiniportISR). IRQL: DIRQL; a plain function. Rules: IRQL-05, LIFE-10.

        :returns: ``Recognized(interrupt_recognized, queue_handle_interrupt)``
        """
        raise NdisError(f"{self.name} has no interrupt", NdisStatus.NOT_SUPPORTED)

    def handle_interrupt(self) -> Any:
        """Do what the interrupt was about (MiniportHandleInterrupt). IRQL: DISPATCH, in a DPC."""

    def disable_interrupt(self) -> Any:
        """Mask the interrupt, where MiniportISR is not requested (MiniportDisableInterrupt). IRQL: DIRQL."""

    def enable_interrupt(self) -> Any:
        """Let it through again, after the DPC (MiniportEnableInterrupt). IRQL: DISPATCH."""

    def check_for_hang(self) -> bool:
        """Whether the NIC hangs, which leads to a reset (MiniportCheckForHang). IRQL: DISPATCH. Rule: LIFE-17."""
        return False

    def transfer_data(self, packet: Packet, context: object, offset: int, count: int) -> Any:
        """Copy a part of a frame that was shown (MiniportTransferData). IRQL: DISPATCH. Rules: RCV-11, RCV-12.

        :param packet: the protocol's, with buffers for the bytes
        :param context: that of ``adapter.indicate_lookahead``
        :param offset: first byte, counted behind the header
        :param count: how many
        :returns: a pair of status and bytes copied; PENDING, and ``adapter.transfer_data_complete`` follows
        """
        return NdisStatus.NOT_SUPPORTED, 0

    def allocate_complete(self, memory: object, length: int, context: object) -> Any:
        """Shared memory that was asked for is there, or None (MiniportAllocateComplete). IRQL: PASSIVE."""

    def pnp_event(self, event: DevicePnpEvent, data: bytes = b"") -> Any:
        """Something happened to the device (MiniportPnPEventNotify). IRQL: PASSIVE.

        :param event: such as SURPRISE_REMOVED: fail everything fast, do not touch the hardware
        :param data: what goes with it
        """

    def shutdown(self) -> Any:
        """The system shuts down (MiniportShutdown). Any IRQL. Rule: LIFE-15, only stop the NIC."""

    # What the library asks

    @property
    def properties(self) -> MiniportProperties:
        """What the class and this object declare, for the ready OIDs. IRQL: any."""
        return MiniportProperties(
            permanent_address=self.permanent_address or b"\x02\x00\x00\x00\x00\x01",
            network_address=self.network_address,
            link_speed=self.link_speed,
            maximum_lookahead=self.lookahead,
            maximum_frame_size=self.maximum_frame_size,
            longest_frame=self.maximum_total_size,
            maximum_send_packets=self.maximum_send_packets,
            maximum_list_size=self.maximum_list_size,
            mac_options=self.mac_options,
            vendor_description=self.vendor_description or self.name,
            medium=NdisMedium.ETHERNET_802_3,
            power=self.power,
            further_oids=self.further_oids,
        )

    @property
    def _current(self) -> "_Current":
        return _Current(self)

    @property
    def lets_ndis_release(self) -> bool:
        """Whether NDIS gives back what it took, since it does not define ``halt``. IRQL: any."""
        return type(self).halt is Miniport.halt

    @classmethod
    def characteristics(cls, name: str) -> MiniportCharacteristics:
        """What NDIS registers for this class: the handlers that it overrides. IRQL: any.

        :param name: of the driver
        """
        overridden = {
            field: getattr(cls, method)
            for field, method in _OPTIONAL.items()
            if getattr(cls, method) is not getattr(Miniport, method)
        }
        return MiniportCharacteristics(
            name=name,
            initialize=_start,
            halt=cls.halt,
            reset=cls.reset,
            query_information=cls.query_information,
            set_information=cls.set_information,
            pnp_event_notify=cls.pnp_event,
            **overridden,
        )


async def _start(miniport: Miniport, adapter: "Adapter") -> Any:
    """MiniportInitialize as NDIS sees it: the attributes, the address, then the driver's own.

    No method, since drivers have methods of such a name.
    """
    miniport.adapter = adapter
    adapter.set_attributes(
        miniport, check_for_hang_seconds=miniport.check_for_hang_seconds, attributes=miniport.attributes
    )
    if miniport.permanent_address is None:
        miniport.permanent_address = getattr(adapter.nic, "mac", None) or adapter.library.next_address()
    with adapter.open_configuration() as configuration:
        miniport.network_address = configuration.network_address()
    answer = miniport.initialize(adapter)
    return await answer if hasattr(answer, "__await__") else answer


class _Current:
    """What changes while a miniport runs, as the ready OIDs need it."""

    __slots__ = ("_miniport",)

    def __init__(self, miniport: Miniport) -> None:
        self._miniport = miniport

    @property
    def hardware_status(self) -> HardwareStatus:
        return self._miniport.hardware_status

    @property
    def media_state(self) -> MediaState:
        return self._miniport.media_state

    @property
    def power_state(self) -> PowerState:
        return self._miniport.power_state

    @property
    def packet_filter(self) -> PacketFilter:
        return self._miniport.packet_filter

    @property
    def lookahead(self) -> int:
        return self._miniport._lookahead

    @property
    def multicast_list(self) -> tuple[bytes, ...]:
        return self._miniport.multicast_list

    @property
    def counters(self) -> MiniportCounters:
        return self._miniport.counters()
