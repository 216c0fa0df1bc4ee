"""The base class of intermediate drivers: a protocol to the adapters below, and a miniport to the protocols above.

Source: the pages of NdisIMRegisterLayeredMiniport, NdisIMInitializeDeviceInstanceEx, NdisIMGetCurrentPacketStack and
NdisIMCopySendPerPacketInfo. Unless a driver overrides something, everything passes through: packets are handed on as
they are, requests go to the adapter below, status indications to the protocols above.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from asyncndis.base import NdisError, NdisStatus
from asyncndis.memory import Packet

from .characteristics import ProtocolCharacteristics
from .media import AdapterAttributes, MacOptions, PacketFilter, RequestType
from .miniport import Miniport
from .oids import Oid, decode_oid, encode_oid
from .requests import OidRequest

if TYPE_CHECKING:
    from .binding import Binding
    from .opening import BindContext

__all__ = ["Intermediate"]

_PENDING = NdisStatus.PENDING
_OF_NDIS = (NdisStatus.RESET_START, NdisStatus.RESET_END)


class Intermediate(Miniport):
    """An intermediate driver. Override handlers.

    Plain functions run at DISPATCH_LEVEL, coroutine functions at PASSIVE_LEVEL.

    :cvar lower_filter: which frames its lower edge receives at once; the protocols above usually choose them
    :cvar frame_count: how many frames of its own each binding below has
    :ivar lower: its bindings to the adapters below
    :ivar adapter: the virtual adapter that it offers above
    """

    attributes = (
        AdapterAttributes.INTERMEDIATE_DRIVER
        | AdapterAttributes.DESERIALIZE
        | AdapterAttributes.NO_HALT_ON_SUSPEND
        | AdapterAttributes.IGNORE_PACKET_TIMEOUT
        | AdapterAttributes.IGNORE_REQUEST_TIMEOUT
    )
    lower_filter: PacketFilter = PacketFilter(0)
    ether_type: ClassVar[int | None] = None
    frame_count: ClassVar[int] = 64

    def __init__(self, *, name: str | None = None, permanent_address: bytes | None = None) -> None:
        super().__init__(name=name, permanent_address=permanent_address)
        self.lower: list[Binding] = []
        self._passing: dict[Packet, Binding] = {}
        self._showing: Packet | None = None
        self._copies: dict[Packet, Packet] = {}

    @property
    def below(self) -> "Binding":
        """The binding to the adapter below; the first, where there are several. IRQL: any.

        :raises NdisError: ADAPTER_NOT_OPEN, when there is none
        """
        if not self.lower:
            raise NdisError(f"{self.name} is bound to nothing below", NdisStatus.ADAPTER_NOT_OPEN)
        return self.lower[0]

    # Downwards

    def send(self, packet: Packet) -> Any:
        """A protocol above sends a packet; here it is handed on to the adapter below. IRQL: DISPATCH.

        :param packet: this driver's until it is completed
        :returns: as ``Miniport.send``; a coroutine may return what ``await self.below.send(packet)`` does
        """
        return self.pass_down(packet)

    def pass_down(self, packet: Packet) -> NdisStatus:
        """Send a packet from above to the adapter below. IRQL: DISPATCH. Rule: PKT-14.

        As it is; where two intermediate drivers above have used up its stack locations, in a packet of this driver's
        own.

        :param packet: this driver's until it is completed
        :returns: as ``Binding.send_nowait``; FAILURE also where this driver has no packet left
        """
        if packet.stacks_remaining:
            return self.below.send_nowait(packet)
        copy = self._copy(packet)
        if copy is None:
            return NdisStatus.FAILURE
        status = self.below.send_nowait(copy)
        if status is not _PENDING:
            self._original(copy)
        return status

    def pass_down_all(self, packets: Iterable[Packet]) -> None:
        """Send packets from above to the adapter below, in one call: what ``send_packets`` is overridden with.

        IRQL: DISPATCH. Rule: PKT-14. Each as :meth:`pass_down` does; all of them come back through
        :meth:`send_complete`, or are completed here.

        :param packets: this driver's until they are completed, in their order
        """
        outward: list[Packet] = []
        for packet in packets:
            handed_on = packet if packet.stacks_remaining else self._copy(packet)
            if handed_on is None:
                self.adapter.send_complete(packet, NdisStatus.FAILURE)
            else:
                outward.append(handed_on)
        self.below.send_packets(outward)

    def cancel_send_packets(self, cancel_id: int) -> Any:
        """A protocol above gives up what it sent under an id; here the adapter below is told. IRQL: DISPATCH."""
        self.below.cancel_sends(cancel_id)

    def send_complete(self, binding: "Binding", packet: Packet, status: NdisStatus) -> Any:
        """A packet is back from below; here it is completed to whoever sent it. IRQL: DISPATCH.

        :param binding: where it was sent
        :param packet: this driver's again
        :param status: how it went
        """
        self.adapter.send_complete(self._original(packet) if packet in self._copies else packet, status)

    def _copy(self, packet: Packet) -> Packet | None:
        """A packet of this driver's own with the bytes of one from above; None where no packet is left."""
        try:
            copy = self.below.frames.allocate_nowait(packet.to_bytes())
        except NdisError:
            return None
        copy.copy_send_info_from(packet)
        self._copies[copy] = packet
        return copy

    def copy_of(self, packet: Packet) -> Packet | None:
        """The packet of this driver's own that was sent in place of one from above, if any. IRQL: any.

        :param packet: from above
        """
        return next((copy for copy, original in self._copies.items() if original is packet), None)

    def _original(self, copy: Packet) -> Packet:
        """The packet from above behind one of this driver's own, which is freed."""
        packet = self._copies.pop(copy)
        packet.copy_send_complete_info_from(copy)
        self.below.frames.free(copy)
        return packet

    # Upwards

    def receive(self, binding: "Binding", packet: Packet) -> Any:
        """A packet has come from below; here it is indicated to the protocols above. IRQL: DISPATCH.

        :param binding: where it came from
        :param packet: lent to this driver
        :returns: as ``Protocol.receive``
        """
        return self.pass_up(binding, packet)

    def pass_up(self, binding: "Binding", packet: Packet) -> int:
        """Indicate a packet from below to the protocols above, as it is. IRQL: DISPATCH.

        :param binding: where it came from
        :param packet: lent to this driver
        :returns: how often it will be returned: 1 while a protocol above has it, otherwise 0
        """
        is_low = packet.oob.status == NdisStatus.RESOURCES
        outer, self._showing = self._showing, packet
        self._passing[packet] = binding
        try:
            self.adapter.indicate(packet)
        finally:
            self._showing = outer
            if is_low:  # then it is back already, and nobody returns it
                del self._passing[packet]
        return 1 if packet in self._passing else 0

    def return_packet(self, packet: Packet) -> Any:
        """The protocols above have returned a packet; here it goes back below. IRQL: DISPATCH.

        :param packet: one that was indicated above
        """
        binding = self._passing.pop(packet)
        if packet is not self._showing:  # or pass_up() answers for it
            binding.return_packet(packet)

    def receive_lookahead(
        self, binding: "Binding", context: object, header: memoryview, lookahead: memoryview, packet_size: int
    ) -> Any:
        """A frame is shown from below; here it is copied, and the copy received. IRQL: DISPATCH."""
        binding.copy_and_receive(context, header, lookahead, packet_size)

    def receive_complete(self, binding: "Binding") -> Any:
        """A batch of packets from below is over; here each of them was passed up at once. IRQL: DISPATCH."""

    def status(self, binding: "Binding", status: NdisStatus, data: bytes) -> Any:
        """Something has changed below; here the protocols above are told. IRQL: DISPATCH."""
        if status not in _OF_NDIS and self.adapter.may_indicate:
            self.adapter.indicate_status(status, data)

    def status_complete(self, binding: "Binding") -> Any:
        """The changes below are told. IRQL: DISPATCH."""
        if self.adapter.may_indicate:
            self.adapter.indicate_status_complete()

    # Requests and resets

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        """A question from above; here it goes to the adapter below. IRQL: DISPATCH."""
        return self.pass_request(RequestType.QUERY_INFORMATION, oid, buffer)

    def set_information(self, oid: int, buffer: memoryview) -> Any:
        """A setting from above; here it goes to the adapter below. IRQL: DISPATCH."""
        if oid == Oid.GEN_CURRENT_PACKET_FILTER:
            self.packet_filter = PacketFilter(decode_oid(oid, buffer))
        elif oid == Oid.IEEE_802_3_MULTICAST_LIST:
            self.multicast_list = decode_oid(oid, buffer)
        return self.pass_request(RequestType.SET_INFORMATION, oid, buffer)

    def pass_request(self, type: RequestType, oid: int, buffer: memoryview) -> Any:  # noqa: A002 - as in NDIS_REQUEST
        """Pass a request on to the adapter below. IRQL: DISPATCH.

        :param type: whether it asks or sets
        :param oid: what is asked for, or set
        :param buffer: takes the answer, or has the value
        :returns: as ``Miniport.query_information``; PENDING, and it is completed when the answer is there
        """
        request = OidRequest(type, oid, buffer)
        status = self.below.request_nowait(request)
        return _PENDING if status is _PENDING else self._answer(request, status)

    def request_complete(self, binding: "Binding", request: OidRequest, status: NdisStatus) -> Any:
        """A request has been answered below; here the one from above is completed. IRQL: DISPATCH."""
        status, count, needed = self._answer(request, status)
        if request.is_query:
            self.adapter.query_complete(status, count, needed)
        else:
            self.adapter.set_complete(status, count, needed)

    async def reset(self) -> Any:
        """A protocol above asks for a reset; here the adapter below is reset. IRQL: PASSIVE."""
        await self.below.reset()
        return NdisStatus.SUCCESS

    def _answer(self, request: OidRequest, status: NdisStatus) -> tuple[NdisStatus, int, int]:
        """What the adapter below has answered; loopback is done there, and not here once more."""
        count = request.bytes_written if request.is_query else request.bytes_read
        if status is NdisStatus.SUCCESS and request.is_query and request.oid == Oid.GEN_MAC_OPTIONS:
            options = decode_oid(request.oid, request.buffer[:count])
            request.buffer[:count] = encode_oid(request.oid, options & ~MacOptions.NO_LOOPBACK)
        return status, count, request.bytes_needed

    # What the library asks

    async def bind_adapter(self, bind: "BindContext") -> Any:
        """An adapter below is there to be bound to (ProtocolBindAdapter). IRQL: PASSIVE.

        :param bind: opens the adapter; legal only within this call
        """
        binding = await bind.open()
        try:
            await self.bind(binding)
        except BaseException:
            if binding in self.lower:
                self.lower.remove(binding)
            raise

    async def unbind_adapter(self, binding: "Binding") -> Any:
        """An adapter below goes (ProtocolUnbindAdapter). IRQL: PASSIVE.

        :param binding: to it
        """
        await self.unbind(binding)
        await binding.close()

    async def bind(self, binding: "Binding") -> None:
        """A binding below is open. IRQL: PASSIVE.

        :param binding: the new one
        """
        self.lower.append(binding)
        if self.lower_filter:
            await binding.set_filter(self.lower_filter)

    async def unbind(self, binding: "Binding") -> None:
        """A binding below is about to close: without any, the virtual adapter is halted first. IRQL: PASSIVE.

        :param binding: still open
        """
        if len(self.lower) == 1 and binding.virtual_adapter is not None:
            await self.adapter.library.halt_adapter(binding.virtual_adapter)
        if binding in self.lower:
            self.lower.remove(binding)

    def nothing(self, *_: object) -> None:
        """What the lower edge does with events that do not concern it. IRQL: any."""

    @classmethod
    def lower_edge(cls, name: str) -> ProtocolCharacteristics:
        """What NDIS registers for the protocol half of this class. IRQL: any.

        :param name: of the driver
        """
        return ProtocolCharacteristics(
            name=name,
            open_adapter_complete=cls.nothing,
            close_adapter_complete=cls.nothing,
            reset_complete=cls.nothing,
            request_complete=cls.request_complete,
            receive=cls.receive_lookahead,
            receive_complete=cls.receive_complete,
            receive_packet=cls.receive,
            send_complete=cls.send_complete,
            status=cls.status,
            status_complete=cls.status_complete,
            bind_adapter=cls.bind_adapter,
            unbind_adapter=cls.unbind_adapter,
        )
