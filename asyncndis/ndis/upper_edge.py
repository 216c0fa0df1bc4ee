"""The upper edge of a binding: what NDIS tells a protocol, and what it asks about the binding.

Source: the pages of ProtocolReceivePacket, ProtocolReceive, ProtocolSendComplete, ProtocolStatus and their neighbours.
Handlers that wait are run one after another, in the order of the events. A packet that may not be kept is shown to a
protocol whose receive handler waits, which copies it.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from asyncndis.base import NdisError, NdisStatus, Probe, Site
from asyncndis.kernel.seam import PlainCalls
from asyncndis.memory import Packet

from .calling import Handler, Worker
from .copies import Copies
from .filters import ReceiveFilter
from .frames import FramePool
from .media import PacketFilter
from .outcome import Outcome
from .states import BINDING_STATES, BindingEvent, BindingState

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding
    from .library import Ndis
    from .registered import RegisteredProtocol

__all__ = ["Shown", "UpperEdge"]

_OPEN = BindingState.OPEN


class UpperEdge:
    """The part of a binding that leads to its protocol.

    :ivar adapter: what it is bound to
    :ivar protocol: whose it is
    :ivar context: the protocol's own, which its handlers get
    :ivar filter: which frames it receives
    :ivar lookahead: how many bytes it wants to look ahead
    :ivar virtual_adapter: of an intermediate driver, the adapter that it offers above
    """

    __slots__ = (
        "__weakref__",
        "_awaited",
        "_copies",
        "_ether_type",
        "_frames",
        "_handlers",
        "_in_batch",
        "_receive_row",
        "_received",
        "_sees_batches",
        "_send_complete_row",
        "_state",
        "_worker",
        "adapter",
        "closing_requested",
        "context",
        "filter",
        "lookahead",
        "name",
        "probe",
        "protocol",
        "virtual_adapter",
    )

    def __init__(
        self, library: "Ndis", protocol: "RegisteredProtocol", adapter: "Adapter", probe: Probe | None
    ) -> None:
        self.name = f"{protocol.name} on {adapter.name}"
        self.adapter = adapter
        self.protocol = protocol
        self.probe = probe
        self.context: object = None
        self.filter = ReceiveFilter(PacketFilter(0), adapter.current_address)
        self.lookahead = 0
        self.virtual_adapter: Adapter | None = None
        self.closing_requested = False
        self._state = BINDING_STATES.initial
        self._handlers: dict[str, Handler | None] = {}
        self._awaited: dict[Packet, Outcome] = {}
        self._frames: FramePool | None = None
        self._receive_row: Handler | None = None
        self._send_complete_row: Handler | None = None
        self._received = 0
        self._ether_type = protocol.ether_type
        self._sees_batches = protocol.sees_batches
        self._in_batch = False
        self._copies = Copies(self._as_binding())
        self._worker = Worker(library.group, f"receives of {self.name}", adapter.came_to_rest)

    @property
    def state(self) -> BindingState:
        """Where it is in its life. IRQL: any."""
        return self._state

    @property
    def is_closing(self) -> bool:
        """Whether it is about to close, as somebody has asked for. IRQL: any."""
        return self.closing_requested or self._state is BindingState.CLOSING

    @property
    def is_closed(self) -> bool:
        """Whether it has come to its end. IRQL: any."""
        return self._state is BindingState.CLOSED

    @property
    def is_open(self) -> bool:
        """Whether it can be used. IRQL: any."""
        return self._state is _OPEN

    @property
    def frames(self) -> FramePool:
        """The frames of this binding, which :meth:`send_frame` uses; as many as the protocol says. IRQL: any."""
        if self._frames is None:
            raise NdisError(f"{self.name} has no frames before it is open", NdisStatus.ADAPTER_NOT_OPEN)
        return self._frames

    # What the modules of NDIS ask

    def open(self, context: object, frames: FramePool) -> None:
        """The open has succeeded."""
        self.context = context
        self._frames = frames
        self._handlers = {
            name: self.protocol.handler(title, name, context, self._as_binding()) for name, title in _TITLES.items()
        }
        row_handler, binding = self.protocol.row_handler, self._as_binding()
        self._receive_row = row_handler("ProtocolReceivePacket", "receive_row", "receive", binding)
        self._send_complete_row = row_handler("ProtocolSendComplete", "send_complete_row", "send_complete", binding)
        self._state = BINDING_STATES.after(self._state, BindingEvent.OPENED)
        self.adapter.bindings_changed()

    def step(self, event: BindingEvent) -> None:
        """Go on to the next state."""
        self._state = BINDING_STATES.after(self._state, event)
        self.adapter.bindings_changed()
        self.adapter.came_to_rest()

    def owns(self, holder: object) -> bool:
        """Whether a packet is with the intermediate driver that this binding belongs to."""
        return self.virtual_adapter is not None and holder is self.virtual_adapter

    def refuses_traffic(self) -> NdisStatus | None:
        """The status by which traffic is refused now; None where it is not."""
        if self.closing_requested:
            return NdisStatus.CLOSING
        return self.adapter.refusal()

    def accepts(self, header: bytes) -> bool:
        """Whether its filter, and its protocol, let a frame with such a header pass."""
        if not self.filter.accepts(header[:6]):
            return False
        return self._ether_type is None or header[12:14] == self._ether_type

    def site_of(self, name: str) -> Site | None:
        """Where a handler is defined."""
        return self.protocol.site_of(name)

    def send_is_complete(self, packet: Packet, status: NdisStatus) -> None:
        """Tell the protocol that a packet is its own again."""
        if not self._is_awaited(packet, status):
            self._tell("send_complete", packet, status)

    def sends_are_complete(self, packets: Sequence[Packet], status: NdisStatus, calls: PlainCalls) -> None:
        """The same for several packets."""
        if self._awaited:
            packets = [packet for packet in packets if not self._is_awaited(packet, status)]
        if self._send_complete_row is not None and self.probe is None and packets:
            self._send_complete_row.call_in(calls, packets, status)
            return
        handler = self._handlers.get("send_complete")
        if handler is None:
            return
        if handler.awaited:
            for packet in packets:
                self._worker.post(handler.run, packet, status)
        else:
            handler.call_each(calls, packets, status)

    def receive_packet(self, packet: Packet, calls: PlainCalls, *, low: bool) -> int:
        """Give the protocol a packet; the answer is how often it will return it."""
        self._received += 1
        handler = self._handlers["receive_packet"]
        if handler is None or (low and handler.awaited):
            return self._show(packet)
        return self.call_receive(packet, calls)

    @property
    def plain_receiver(self) -> Handler | None:
        """The handler that takes packets, where it is a plain function."""
        handler = self._handlers["receive_packet"]
        return None if handler is None or handler.awaited else handler

    def receive_row(
        self,
        packets: Sequence[Packet],
        calls: PlainCalls,
        keep: "Callable[[Binding, Packet, int], object]",
    ) -> None:
        """Give the protocol packets in a row, where it has a :attr:`plain_receiver`.

        :param keep: told how often it will return a packet, where that is not 0
        """
        handler = self.plain_receiver
        assert handler is not None

        def answered(packet: Packet, answer: object) -> None:
            promised = self._promised(handler, answer)
            if promised:
                keep(self._as_binding(), packet, promised)

        self._received += len(packets)
        self._in_batch = self._sees_batches
        handler.call_each(calls, packets, answered=answered)

    def end_batch(self, calls: PlainCalls | None = None) -> None:
        """Tell the protocol that the packets of one indication are over, where it was given some and wants to know.

        :param calls: those of the indication, where that still runs
        """
        if not self._in_batch:
            return
        handler = self._handlers["receive_complete"]
        if calls is None or handler is None or handler.awaited:
            self.receive_complete()
        else:
            self._in_batch = False
            handler.call_in(calls)

    def call_receive(self, packet: Packet, calls: PlainCalls) -> int:
        """Call the handler that takes packets, now or in its turn; the answer is how often it will return this one."""
        handler = self._handlers["receive_packet"]
        assert handler is not None
        self._in_batch = self._sees_batches
        if handler.awaited:
            self._worker.post(self._receive_and_return, handler, packet)
            return 1
        return self._promised(handler, handler.call_in(calls, packet, failed=0))

    def _promised(self, handler: Handler, promised: object) -> int:
        """How often a packet will be returned, by what the handler that took it has answered."""
        if promised is None or isinstance(promised, NdisStatus):  # an NdisError is a status, and keeps nothing
            return 0
        if not isinstance(promised, int) or promised < 0:
            error = TypeError(f"{handler.name} answered {promised!r}; answer how often the packet will be returned")
            self.protocol.fail(error, handler.name)
            return 0
        return promised

    def copy_and_receive(self, context: object, header: memoryview, lookahead: memoryview, packet_size: int) -> None:
        """Copy a frame that is shown, and give the copy to the receive handler. IRQL: DISPATCH, within ProtocolReceive.

        Parameters as those of ``Protocol.receive_lookahead``.
        """
        if self._handlers["receive_packet"] is not None:
            self._copies.receive(context, header, lookahead, packet_size)

    def receive_lookahead(self, context: object, header: memoryview, lookahead: memoryview, size: int) -> None:
        """Show the protocol a frame."""
        self._received += 1
        self._tell("receive", context, header, lookahead, size)

    def receive_complete(self) -> None:
        """Tell the protocol that a batch of frames is over."""
        self._in_batch = False
        self._tell("receive_complete")

    def transfer_is_complete(self, packet: Packet, status: int, count: int) -> None:
        """Tell the protocol that a transfer has ended."""
        if self._copies.transfer_is_complete(packet, NdisStatus(status), count):
            self.end_batch()  # the frame came late, and is one for itself
            return
        self._tell("transfer_data_complete", packet, NdisStatus(status), count)

    def status(self, status: NdisStatus, data: bytes) -> None:
        """Tell the protocol of a change."""
        self._tell("status", status, data)

    def status_complete(self) -> None:
        """Tell the protocol that the changes are told."""
        self._tell("status_complete")

    def handler(self, name: str) -> Handler | None:
        """One of the protocol's handlers, bound to this binding's context."""
        return self._handlers.get(name)

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing of it is in flight, lent, asked for or being received."""
        adapter = self.adapter
        return not (
            self._worker.busy
            or len(self._copies)
            or adapter.sends.of_binding(self._as_binding())
            or adapter.receives.of_binding(self._as_binding())
            or adapter.requests.of_binding(self._as_binding())
            or adapter.resets.of_binding(self._as_binding())
            or adapter.lookahead.of_binding(self._as_binding())
        )

    def has(self, packet: Packet) -> bool:
        """Whether it was given a packet that it has not returned."""
        return self._copies.owes(packet) or self.adapter.receives.is_with(self._as_binding(), packet)

    @property
    def is_receiving(self) -> bool:
        """Whether a receive handler that may wait has not ended."""
        return self._worker.busy

    def take_back(self) -> list[Packet]:
        """Take back the packets that the protocol has not returned, and stop its handlers; the answer is which."""
        self._worker.stop()
        return self.adapter.receives.forget(self._as_binding()) + self._copies.forget()

    def _is_awaited(self, packet: Packet, status: NdisStatus) -> bool:
        """Tell the task that waits for a packet to be sent; False where none does."""
        outcome = self._awaited.pop(packet, None) if self._awaited else None
        if outcome is not None:
            outcome.set(status)
        return outcome is not None

    def _tell(self, name: str, *arguments: object) -> None:
        handler = self._handlers.get(name)
        if handler is None:
            return
        if handler.awaited:
            self._worker.post(handler.run, *arguments)
        else:
            handler.call(*arguments)

    def _show(self, packet: Packet) -> int:
        """A packet for a protocol that looks at frames, or one that may not be kept: as header and lookahead."""
        frame = packet.to_bytes()
        size = self.adapter.header_size
        context = Shown(packet)
        try:
            self._tell("receive", context, memoryview(frame)[:size], memoryview(frame)[size:], len(frame) - size)
        finally:
            context.packet = None
        self.receive_complete()
        return 0

    async def _receive_and_return(self, handler: Handler, packet: Packet) -> None:
        """Run a receive handler that may wait, and return its packet when it has ended."""
        try:
            await handler.run(packet)
        finally:
            if self._copies.owes(packet) or self.adapter.receives.owes(self._as_binding(), packet):
                self._as_binding().return_packet(packet)

    def _as_binding(self) -> "Binding":
        raise AssertionError("only a binding has an upper edge")


_TITLES = {
    "open_adapter_complete": "ProtocolOpenAdapterComplete",
    "close_adapter_complete": "ProtocolCloseAdapterComplete",
    "send_complete": "ProtocolSendComplete",
    "transfer_data_complete": "ProtocolTransferDataComplete",
    "reset_complete": "ProtocolResetComplete",
    "request_complete": "ProtocolRequestComplete",
    "receive": "ProtocolReceive",
    "receive_complete": "ProtocolReceiveComplete",
    "status": "ProtocolStatus",
    "status_complete": "ProtocolStatusComplete",
    "receive_packet": "ProtocolReceivePacket",
    "unbind_adapter": "ProtocolUnbindAdapter",
    "pnp_event": "ProtocolPnPEvent",
}


class Shown:
    """What stands for a packet while a protocol looks at it.

    :ivar packet: None once it does not any more
    """

    __slots__ = ("packet",)

    def __init__(self, packet: Packet) -> None:
        self.packet: Packet | None = packet
