"""The base class of protocols: a driver overrides the handlers it needs.

Source: the pages of the ProtocolXxx functions. By default the class opens every adapter that it is offered, sets its
packet filter, and takes packets by ``receive``. A plain ``receive`` runs at DISPATCH_LEVEL and says how often it will
return the packet; a coroutine runs at PASSIVE_LEVEL, may wait, and has the packet until it ends.
"""

from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisError, NdisStatus
from asyncndis.memory import Packet

from .characteristics import ProtocolCharacteristics
from .media import PacketFilter, PnpEvent
from .requests import OidRequest

if TYPE_CHECKING:
    from .binding import Binding
    from .opening import BindContext

__all__ = ["Protocol"]

_SUCCESS = NdisStatus.SUCCESS
_HEADER = 14


class Protocol:
    """A protocol driver. Override handlers.

    Plain functions run at DISPATCH_LEVEL, coroutine functions at PASSIVE_LEVEL.

    ``class Echo(Protocol, ether_type=0x88B5)`` receives only frames of that EtherType.

    :cvar ether_type: the EtherType of the frames that ``receive`` gets; None for all
    :cvar packet_filter: which frames its bindings receive
    :cvar frame_count: how many frames of its own each binding has
    :ivar name: of the protocol, for messages
    :ivar bindings: those that are open
    """

    ether_type: int | None = None
    packet_filter: PacketFilter = PacketFilter.DIRECTED | PacketFilter.MULTICAST | PacketFilter.BROADCAST
    frame_count: int = 64

    def __init_subclass__(cls, *, ether_type: int | None = None, **options: Any) -> None:
        super().__init_subclass__(**options)
        if ether_type is not None:
            cls.ether_type = ether_type

    def __init__(self, *, name: str | None = None) -> None:
        self.name = type(self).__name__ if name is None else name
        self.bindings: list[Binding] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {len(self.bindings)} bindings>"

    @property
    def binding(self) -> "Binding":
        """The binding, where there is just one. IRQL: any.

        :raises NdisError: ADAPTER_NOT_OPEN, when there is none, or several
        """
        if len(self.bindings) != 1:
            raise NdisError(f"{self.name} has {len(self.bindings)} bindings, not one", NdisStatus.ADAPTER_NOT_OPEN)
        return self.bindings[0]

    # Binding

    async def bind_adapter(self, bind: "BindContext") -> Any:
        """An adapter is there to be bound to (ProtocolBindAdapter). IRQL: PASSIVE. Rules: BIND-01, BIND-03.

        This one opens it, calls :meth:`bind`, and sets the packet filter.

        :param bind: opens the adapter; legal only within this call
        :returns: None or SUCCESS; NOT_ACCEPTED or another status, and there is no binding; PENDING, and
            ``bind.complete`` follows
        """
        binding = await bind.open()
        self.bindings.append(binding)
        try:
            answer = self.bind(binding)
            if hasattr(answer, "__await__"):
                await answer
            await binding.set_filter(self.packet_filter)
        except BaseException:
            self.bindings.remove(binding)
            raise

    async def unbind_adapter(self, binding: "Binding") -> Any:
        """The adapter goes (ProtocolUnbindAdapter). IRQL: PASSIVE. Rules: BIND-03, BIND-04, RCV-17.

        This one calls :meth:`unbind` and closes the binding.

        :param binding: no sends after this; lent packets are returned
        """
        try:
            answer = self.unbind(binding)
            if hasattr(answer, "__await__"):
                await answer
        finally:
            if binding in self.bindings:  # not when the handler is called once more, after it was given up
                self.bindings.remove(binding)
        await binding.close()

    def bind(self, binding: "Binding") -> Any:
        """A binding is open; make the pools that it needs. IRQL: PASSIVE; may be a coroutine function.

        :param binding: everything that the protocol may call
        """

    def unbind(self, binding: "Binding") -> Any:
        """A binding is about to close; free what it needed. IRQL: PASSIVE; may be a coroutine function.

        :param binding: still open
        """

    # Traffic

    def receive(self, binding: "Binding", packet: Packet) -> Any:
        """A packet has come (ProtocolReceivePacket). IRQL: DISPATCH. Rules: RCV-06 to RCV-09.

        :param binding: where it came from
        :param packet: read-only
        :returns: how often ``binding.return_packet`` will be called for it; None for not at all. A coroutine function
            has it until it ends, and does not return it.
        """

    def receive_lookahead(
        self, binding: "Binding", context: object, header: memoryview, lookahead: memoryview, packet_size: int
    ) -> Any:
        """A frame is shown (ProtocolReceive): by a miniport that indicates no packets, or one low on resources.

        IRQL: DISPATCH. Rules: RCV-10, RCV-11. This one copies it, and gives :meth:`receive` the copy.

        :param binding: where it came from
        :param context: for ``binding.transfer_data_nowait``
        :param header: the medium's header; valid only within this call
        :param lookahead: the bytes behind it, as far as they are there; valid only within this call
        :param packet_size: all bytes behind the header
        """
        binding.copy_and_receive(context, header, lookahead, packet_size)

    def receive_complete(self, binding: "Binding") -> Any:
        """A batch of packets or shown frames is over (ProtocolReceiveComplete). IRQL: DISPATCH. Rule: RCV-13."""

    def send_complete(self, binding: "Binding", packet: Packet, status: NdisStatus) -> Any:
        """A packet is back (ProtocolSendComplete), perhaps before the call that sent it. IRQL: DISPATCH. Rule: SEND-13.

        :param binding: where it was sent
        :param packet: the protocol's own again
        :param status: how it went
        """

    def transfer_data_complete(self, binding: "Binding", packet: Packet, status: NdisStatus, count: int) -> Any:
        """A pended transfer has ended (ProtocolTransferDataComplete). IRQL: DISPATCH."""

    # Everything else

    def request_complete(self, binding: "Binding", request: OidRequest, status: NdisStatus) -> Any:
        """A pended request has ended (ProtocolRequestComplete). IRQL: DISPATCH."""

    def reset_complete(self, binding: "Binding", status: NdisStatus) -> Any:
        """A pended reset has ended (ProtocolResetComplete). IRQL: DISPATCH."""

    def open_adapter_complete(self, binding: "Binding", status: NdisStatus, open_error: NdisStatus) -> Any:
        """A pended open has ended (ProtocolOpenAdapterComplete). IRQL: PASSIVE."""

    def close_adapter_complete(self, binding: "Binding", status: NdisStatus) -> Any:
        """A pended close has ended (ProtocolCloseAdapterComplete). IRQL: PASSIVE."""

    def status(self, binding: "Binding", status: NdisStatus, data: bytes) -> Any:
        """Something has changed: MEDIA_CONNECT, RESET_START, ... (ProtocolStatus). IRQL: DISPATCH."""

    def status_complete(self, binding: "Binding") -> Any:
        """The changes are told (ProtocolStatusComplete). IRQL: DISPATCH."""

    def pnp_event(self, binding: "Binding", event: PnpEvent, data: object) -> Any:
        """The system asks or tells (ProtocolPnPEvent). IRQL: PASSIVE.

        :param binding: whom it is about
        :param event: such as SET_POWER
        :param data: what goes with it
        :returns: None or SUCCESS, or a status that declines
        """

    @classmethod
    def characteristics(cls, name: str) -> ProtocolCharacteristics:
        """What NDIS registers for this class. IRQL: any.

        :param name: of the protocol
        """
        optional = ("send_complete", "status", "status_complete", "transfer_data_complete", "pnp_event")
        overridden = {
            name: getattr(cls, name) for name in optional if getattr(cls, name) is not getattr(Protocol, name)
        }
        return ProtocolCharacteristics(
            name=name,
            open_adapter_complete=cls.open_adapter_complete,
            close_adapter_complete=cls.close_adapter_complete,
            reset_complete=cls.reset_complete,
            request_complete=cls.request_complete,
            receive=cls.receive_lookahead,
            receive_complete=cls.receive_complete,
            receive_packet=None if cls.receive is Protocol.receive else cls.receive,
            bind_adapter=cls.bind_adapter,
            unbind_adapter=cls.unbind_adapter,
            **overridden,
        )
