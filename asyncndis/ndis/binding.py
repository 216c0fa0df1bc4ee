"""A binding: one protocol on one adapter, and everything that the protocol may call.

Source: the pages of NdisOpenAdapter, NdisCloseAdapter, NdisSend, NdisSendPackets, NdisReturnPackets, NdisTransferData,
NdisRequest, NdisReset and NdisCancelSendPackets. Its life is the table ``BINDING_STATES``. The calls that end in
``nowait`` answer as NDIS does, at once; the others wait for the outcome, and raise ``NdisError`` where it is a failure.
"""

from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisError, NdisStatus, Probe, RuleViolation, check_instance, check_integer
from asyncndis.kernel import Irql
from asyncndis.kernel.seam import PlainCalls, calls_at
from asyncndis.kernel.waiting import check_may_wait, preempt
from asyncndis.memory import Memory, Packet

from .lookahead import Transferred
from .media import PacketFilter, RequestType
from .oids import Oid, decode_oid, encode_oid, oid_name
from .outcome import Outcome
from .pending import begin_close
from .requests import OidRequest
from .send_rows import submit_row
from .states import BindingState
from .upper_edge import Shown, UpperEdge
from .watched import Watched
from .wishes import Wishes

if TYPE_CHECKING:
    from .adapter import Adapter
    from .library import Ndis
    from .registered import RegisteredProtocol

__all__ = ["Binding", "BindingStatistics"]

_PENDING = NdisStatus.PENDING
_DISPATCH = Irql.DISPATCH
_UNWATCHED = nullcontext()
_SUCCESS = NdisStatus.SUCCESS
_OPEN = BindingState.OPEN
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class BindingStatistics:
    """A binding at one moment.

    :ivar state: where it is in its life
    :ivar sends: packets of its that are in flight
    :ivar lent: packets that it has and has promised to return
    :ivar requests: its requests that are not completed
    :ivar received: frames that its protocol was given
    """

    state: BindingState
    sends: int
    lent: int
    requests: int
    received: int


class Binding(UpperEdge):
    """A protocol's handle to an adapter (NDIS_OPEN_BLOCK); made when the protocol opens it."""

    __slots__ = ("_wishes",)

    def __init__(
        self, library: "Ndis", protocol: "RegisteredProtocol", adapter: "Adapter", probe: Probe | None
    ) -> None:
        super().__init__(library, protocol, adapter, probe)
        self._wishes = Wishes(self)

    def __repr__(self) -> str:
        return f"<Binding {self.name!r} {self._state.value}, received {self._received}>"

    @property
    def address(self) -> bytes:
        """The station address of its adapter. IRQL: any."""
        return self.adapter.current_address

    @property
    def maximum_frame_size(self) -> int:
        """The longest frame without its header, in bytes. IRQL: any."""
        return self.adapter.maximum_frame_size

    def statistics(self) -> BindingStatistics:
        """The state of it now; O(n) in the packets that are out on its adapter. IRQL: any."""
        adapter = self.adapter
        return BindingStatistics(
            self._state,
            adapter.sends.of_binding(self),
            adapter.receives.of_binding(self),
            adapter.requests.of_binding(self),
            self._received,
        )

    # Sending

    def send_nowait(self, packet: Packet) -> NdisStatus:
        """Send a packet (NdisSend). IRQL: <= DISPATCH, no spin lock held (SEND-12).

        Rules: SEND-01, SEND-11, SEND-13, PKT-12.

        :param packet: with the whole frame; its first buffer holds the MAC header
        :returns: PENDING, and it comes back through ProtocolSendComplete, perhaps before this call returns; another
            status, and it is back already: INVALID_PACKET for a bad length, CLOSING, RESET_IN_PROGRESS, ...
        :raises RuleViolation: BIND-02 when the binding is not open; SEND-01, RCV-01, PKT-03 when the packet is not the
            caller's
        """
        self._require_open("NdisSend")
        probe = self.probe
        if probe is None:
            return self.adapter.sends.submit(self, packet)
        probe.before("NdisSend", self, packet)
        status = self.adapter.sends.submit(self, packet)
        probe.after("NdisSend", self, packet, status)
        return status

    def send_packets(self, packets: Iterable[Packet]) -> None:
        """Send packets (NdisSendPackets). IRQL: <= DISPATCH, no spin lock held (SEND-12).

        Each of them comes back through ProtocolSendComplete, whatever becomes of it. Rules as :meth:`send_nowait`.

        :param packets: in the order in which they are to reach the wire
        """
        probe = self.probe
        if self._state is not _OPEN:
            self._require_open("NdisSendPackets")
        packets = tuple(packets)
        if probe is None:
            sends = self.adapter.sends
            if not submit_row(sends, self, packets):
                sends.submit_all(self, packets)
            return
        probe.before("NdisSendPackets", self, packets)
        self.adapter.sends.submit_all(self, packets)
        probe.after("NdisSendPackets", self, packets)

    async def send(self, packet: Packet) -> NdisStatus:
        """Send a packet and wait until it is back. IRQL: PASSIVE, no spin lock held.

        ProtocolSendComplete is not called for it. A caller that is cancelled waits all the same, since the packet is
        not its own before; when the patience of the library ends, the packet is taken back. Rules as
        :meth:`send_nowait`.

        :param packet: as in :meth:`send_nowait`
        :returns: SUCCESS
        :raises NdisError: with the status, where it was not sent
        """
        check_may_wait("waits for a packet to be sent", self, "use send_nowait() there")
        if self.probe is not None:
            await preempt(self.probe, "NdisSend", self)
        if packet in self._awaited:
            raise RuleViolation("SEND-01", f"{packet!r} is sent again while it is waited for", packet)
        outcome = self._awaited[packet] = Outcome()
        try:
            status: int = self.send_nowait(packet)
            if status == _PENDING:
                library = self.adapter.library
                status = await outcome.outlast(
                    library.clock, library.patience, lambda: self.adapter.sends.take_back((packet,))
                )
        finally:
            self._awaited.pop(packet, None)
        if NdisStatus(status).is_error:
            raise NdisError(f"{self.name}: the packet was not sent: {NdisStatus(status).name}", NdisStatus(status))
        return NdisStatus(status)

    async def send_frame(self, frame: Memory) -> NdisStatus:
        """Send bytes, in a packet of this binding's own, and wait until they are sent.

        IRQL: PASSIVE, no spin lock held.

        :param frame: the whole frame, with its header; not to be changed meanwhile
        :returns: SUCCESS
        :raises NdisError: with the status, where it was not sent
        """
        async with self.frames.borrow(frame) as packet:
            return await self.send(packet)

    def cancel_sends(self, cancel_id: int) -> None:
        """Ask that sends be given up (NdisCancelSendPackets): no guarantee. IRQL: <= DISPATCH. Rule: SEND-14.

        :param cancel_id: that of ``packet.cancel_id``; 0 means none, and is refused
        :raises RuleViolation: SEND-14 for 0, BIND-02 when the binding is not open
        """
        check_integer("cancel_id", cancel_id, 0, (1 << 64) - 1)
        self._require_open("NdisCancelSendPackets")
        if not cancel_id:
            raise RuleViolation(
                "SEND-14", f"{self.name} cancels sends by the id 0, which no packet has; give each send an id", self
            )
        with self._watched("NdisCancelSendPackets", cancel_id):
            self.adapter.sends.cancel(self, cancel_id)

    # Receiving

    def return_packets(self, packets: Iterable[Packet]) -> None:
        """Return lent packets (NdisReturnPackets). IRQL: <= DISPATCH, no spin lock held (RCV-14).

        Rules: RCV-07, RCV-08.

        :param packets: each as often as the receive handler said it would be
        :raises RuleViolation: RCV-07 when one was not lent to this binding, or was returned before; RCV-08 when its
            receive handler still runs
        """
        packets = tuple(packets)
        copies = self._copies
        has_copies = bool(copies._owed or copies._transfers)
        calls = None if has_copies or self.probe is not None else calls_at(_DISPATCH)
        if calls is not None and self.adapter.receives.give_back_row(self, packets, calls):
            return
        watched = _UNWATCHED if self.probe is None else self._watched("NdisReturnPackets", packets)
        with watched, PlainCalls(_DISPATCH) as calls:
            if not has_copies and self.adapter.receives.give_back_row(self, packets, calls):
                return
            for packet in packets:
                if not self._copies.give_back(packet):
                    self.adapter.receives.give_back(self, packet)

    def return_packet(self, packet: Packet) -> None:
        """Return one lent packet; see :meth:`return_packets`. IRQL: <= DISPATCH, no spin lock held."""
        self.return_packets((packet,))

    def transfer_data_nowait(self, context: object, offset: int, count: int, packet: Packet) -> Transferred:
        """Have the rest of a frame copied, within the lookahead handler (NdisTransferData). IRQL: <= DISPATCH.

        Rules: RCV-11, RCV-12.

        :param context: as the handler was given it
        :param offset: first byte, counted behind the header
        :param count: how many bytes
        :param packet: the protocol's own, with buffers for them
        :returns: the status, and how many bytes were copied; PENDING, and ProtocolTransferDataComplete follows
        :raises RuleViolation: RCV-11 outside the handler
        """
        check_integer("offset", offset)
        check_integer("count", count)
        self._require_open("NdisTransferData")
        if self.probe is not None:
            self.probe.before("NdisTransferData", self, packet)
        if isinstance(context, Shown):
            result = self._transfer_from(context, offset, count, packet)
        else:
            result = self.adapter.lookahead.transfer(self, context, offset, count, packet)
        if self.probe is not None:
            self.probe.after("NdisTransferData", self, packet, result)
        return result

    def received_packet(self, context: object) -> Packet | None:
        """The packet behind a frame that is shown to the lookahead handler (NdisGetReceivedPacket). IRQL: <= DISPATCH.

        :param context: as the handler was given it
        :returns: the packet, read-only and only within the handler; None where the miniport indicated no packet
        """
        return context.packet if isinstance(context, Shown) else None

    # Requests and resets

    def request_nowait(self, request: OidRequest) -> NdisStatus:
        """Ask for information, or set some (NdisRequest). IRQL: <= DISPATCH, no spin lock held. Rules: OID-05, OID-12.

        Packet filter, multicast list and lookahead are this binding's: NDIS sets the miniport to what all bindings
        together want.

        :param request: stays untouched until it is completed
        :returns: PENDING, and ProtocolRequestComplete follows; any other status is the outcome
        :raises RuleViolation: BIND-02 when the binding is not open, OID-12 when the request is pending
        """
        check_instance("a request", request, OidRequest)
        self._require_open("NdisRequest")
        return self._request(request, self._request_is_complete)

    async def request(self, request: OidRequest) -> NdisStatus:
        """Submit a request and wait for its outcome. IRQL: PASSIVE, no spin lock held.

        A caller that is cancelled waits all the same, since the request is not its own before; when the patience of
        the library ends, the request is taken back.

        :param request: as in :meth:`request_nowait`
        :returns: the final status
        """
        check_instance("a request", request, OidRequest)
        check_may_wait("waits for a request", self, "use request_nowait() there")
        if self.probe is not None:
            await preempt(self.probe, "NdisRequest", self)
        self._require_open("NdisRequest")
        outcome = Outcome()

        def done(_request: OidRequest, status: NdisStatus) -> None:
            outcome.set(status)

        status: int = self._request(request, done)
        if status == _PENDING:
            library = self.adapter.library
            status = await outcome.outlast(
                library.clock, library.patience, lambda: self.adapter.requests.take_back(request)
            )
        return NdisStatus(status)

    async def query(self, oid: int) -> Any:
        """Ask for the value of an OID. IRQL: PASSIVE, no spin lock held.

        :param oid: one of ``Oid``, or a vendor's own
        :returns: its value, of the kind that the OID has
        :raises NdisError: with the status, where there is no answer: INVALID_OID, NOT_SUPPORTED, ...
        """
        room = 64
        while True:
            request = OidRequest(RequestType.QUERY_INFORMATION, oid, bytearray(room))
            status = await self.request(request)
            is_short = status in (NdisStatus.BUFFER_TOO_SHORT, NdisStatus.INVALID_LENGTH)
            if not is_short or not room < request.bytes_needed <= _MOST_BYTES:
                break
            room = request.bytes_needed
        self._raise_failure("query", oid, status)
        return decode_oid(oid, request.buffer[: request.bytes_written])

    async def set(self, oid: int, value: Any) -> None:
        """Set the value of an OID. IRQL: PASSIVE, no spin lock held.

        :param oid: one of ``Oid``, or a vendor's own
        :param value: of the kind that the OID has
        :raises NdisError: with the status, where it is not accepted
        """
        request = OidRequest(RequestType.SET_INFORMATION, oid, encode_oid(oid, value))
        self._raise_failure("set", oid, await self.request(request))

    async def set_filter(self, packet_filter: PacketFilter) -> None:
        """Choose which frames are received: ``set`` of OID_GEN_CURRENT_PACKET_FILTER. IRQL: PASSIVE, no spin lock held.

        :param packet_filter: 0 for none
        :raises NdisError: with the status, where the miniport refuses it
        """
        await self.set(Oid.GEN_CURRENT_PACKET_FILTER, packet_filter)

    def reset_nowait(self) -> NdisStatus:
        """Have the adapter reset (NdisReset). IRQL: <= DISPATCH.

        :returns: PENDING, and ProtocolResetComplete follows; RESET_IN_PROGRESS; ADAPTER_NOT_READY
        """
        self._require_open("NdisReset")
        with self._watched("NdisReset"):
            return self.adapter.resets.begin(self._reset_is_complete, self)

    async def reset(self) -> None:
        """Have the adapter reset, and wait until that is done. IRQL: PASSIVE, no spin lock held.

        :raises NdisError: with the status, where it was not
        """
        check_may_wait("waits for a reset", self, "use reset_nowait() there")
        if self.probe is not None:
            await preempt(self.probe, "NdisReset", self)
        self._require_open("NdisReset")
        await self.adapter.library.reset(self.adapter)

    async def close(self) -> None:
        """Close the binding, and wait until everything pending on it is completed (NdisCloseAdapter). IRQL: PASSIVE.

        Rules: BIND-02, BIND-05, RCV-17. The library closes what is open when a protocol is unbound.

        :raises RuleViolation: BIND-02 when it is not open
        """
        check_may_wait("waits for a binding to close", self, "leave that to a work item")
        if self.probe is not None:
            await preempt(self.probe, "NdisCloseAdapter", self)
        self._require_open("NdisCloseAdapter")
        with self._watched("NdisCloseAdapter"):
            await self.adapter.library.close_binding(self)

    async def begin_close(self) -> NdisStatus:
        """Close the binding as NDIS does (NdisCloseAdapter): it is dead from now on. IRQL: PASSIVE, no spin lock held.

        Rules: BIND-02, BIND-05, RCV-17.

        :returns: SUCCESS, and it is closed; PENDING while something of it is out, and ProtocolCloseAdapterComplete
            follows
        :raises RuleViolation: BIND-02 when it is not open
        """
        check_may_wait("closes a binding", self, "leave that to a work item")
        if self.probe is not None:
            await preempt(self.probe, "NdisCloseAdapter", self)
        self._require_open("NdisCloseAdapter")
        return await begin_close(self.adapter.library, self)

    def unbind_later(self) -> None:
        """Have ProtocolUnbindAdapter called for it, soon (NdisUnbindAdapter). IRQL: <= DISPATCH.

        :raises RuleViolation: BIND-02 when it is not open
        """
        self._require_open("NdisUnbindAdapter")
        library = self.adapter.library
        with self._watched("NdisUnbindAdapter"):
            library.group.start_soon(library.unbind, self, name=f"unbind of {self.name}")

    def _transfer_from(self, shown: "Shown", offset: int, count: int, packet: Packet) -> Transferred:
        """The rest of a frame that was indicated as a packet; NDIS itself copies it."""
        if shown.packet is None:
            raise RuleViolation(
                "RCV-11", f"{self.name} asks for data outside ProtocolReceive; call it in the callback", packet
            )
        size = self.adapter.header_size
        if offset + count + size > shown.packet.length:
            return Transferred(NdisStatus.FAILURE, 0)
        return Transferred(_SUCCESS, packet.copy_from(shown.packet, source_offset=offset + size, count=count))

    def _request(self, request: OidRequest, done: Any) -> NdisStatus:
        probe = self.probe
        if probe is not None:
            probe.before("NdisRequest", self, request)
        refusal = self.refuses_traffic()
        if refusal is not None and refusal is not NdisStatus.ADAPTER_NOT_READY:
            return refusal
        status = self._wishes.submit(request, done)
        if probe is not None:
            probe.after("NdisRequest", self, request, status)
        return status

    def _request_is_complete(self, request: OidRequest, status: NdisStatus) -> None:
        self._tell("request_complete", request, status)

    def _reset_is_complete(self, status: NdisStatus) -> None:
        self._tell("reset_complete", status)

    def _raise_failure(self, verb: str, oid: int, status: NdisStatus) -> None:
        if status is not _SUCCESS:
            raise NdisError(f"{self.name}: {verb} of {oid_name(oid)} was answered {status.name}", status)

    def _require_open(self, operation: str) -> None:
        if self._state is not _OPEN:
            raise RuleViolation(
                "BIND-02",
                f"{operation} on {self!r}; use a binding after its open has completed and before it is closed",
                self,
            )

    def _watched(self, operation: str, *arguments: object) -> Watched:
        return Watched(self.probe, operation, self, *arguments)

    def _as_binding(self) -> "Binding":
        return self
