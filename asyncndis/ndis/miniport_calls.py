"""What a miniport calls while it runs: completions, indications, status.

Source: the pages of NdisMSendComplete, NdisMIndicateReceivePacket, NdisMEthIndicateReceive, NdisMTransferDataComplete,
NdisMQueryInformationComplete, NdisMIndicateStatus, NdisMResetComplete and NdisMRemoveMiniport. Each call is told to the
probe, refused where the adapter's life forbids it, and led to the module that does the work.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.memory import Packet

from .device_access import DeviceAccess
from .lookahead import LookaheadPath
from .receiving import ReceivePath
from .requests import RequestQueue
from .resetting import ResetMachine
from .send_rows import complete_row
from .sending import SendPath
from .states import AdapterState
from .watched import Watched

if TYPE_CHECKING:
    from .binding import Binding
    from .library import Ndis

__all__ = ["MiniportCalls"]

_SUCCESS = NdisStatus.SUCCESS
_RUNNING = AdapterState.RUNNING
_SILENT = frozenset(
    {
        AdapterState.ADDED,
        AdapterState.INITIALIZING,
        AdapterState.HALTING,
        AdapterState.HALTED,
        AdapterState.FAILED,
        AdapterState.SHUT_DOWN,
    }
)


class MiniportCalls(DeviceAccess):
    """The part of an adapter that its miniport calls while it runs.

    :ivar library: the machine that it is a part of
    :ivar connected: whether its medium is connected
    :ivar open_bindings: the protocols that receive from it
    """

    library: "Ndis"
    sends: SendPath
    receives: ReceivePath
    lookahead: LookaheadPath
    requests: RequestQueue
    resets: ResetMachine
    connected: bool
    open_bindings: tuple["Binding", ...]
    unconfirmed_status: int
    _state: AdapterState
    _shutdown: tuple[Callable[[Any], object], object] | None

    if TYPE_CHECKING:  # what an adapter knows of itself

        async def until(self, condition: Callable[[], bool]) -> None:
            """Wait until a condition holds."""

    def send_complete(self, packets: Packet | Iterable[Packet], status: int = _SUCCESS) -> None:
        """Give a sent packet back, or several with one status (NdisMSendComplete).

        IRQL: <= DISPATCH, no spin lock held. Rules: SEND-02, SEND-03, SEND-04, SEND-12. Afterwards it is not touched
        (SEND-05).

        :param packets: one for which the send handler answered PENDING, or several of these
        :param status: SUCCESS, FAILURE, REQUEST_ABORTED or another final status
        :raises RuleViolation: SEND-02 when it does not have that packet, SEND-03 when the status is not final
        """
        probe = self.probe
        if probe is None:
            if isinstance(packets, Packet):
                self.sends.complete(packets, status)
                return
            packets = tuple(packets)
            if type(status) is not NdisStatus or not complete_row(self.sends, packets, status):
                self.sends.complete_all(packets, status)
            return
        for packet in (packets,) if isinstance(packets, Packet) else tuple(packets):
            probe.before("NdisMSendComplete", self, packet, status)
            self.sends.complete(packet, status)
            probe.after("NdisMSendComplete", self, packet, status)

    def send_resources_available(self) -> None:
        """Say that there is room again, after RESOURCES (NdisMSendResourcesAvailable).

        IRQL: <= DISPATCH, no spin lock held. Rules: SEND-09, SEND-12.
        """
        with self._watched("NdisMSendResourcesAvailable"):
            self.sends.resources_available()

    def indicate(self, packets: Packet | Iterable[Packet]) -> None:
        """Indicate received packets (NdisMIndicateReceivePacket). IRQL: <= DISPATCH, no spin lock held.

        Rules: RCV-01, RCV-02, RCV-05, RCV-14 to RCV-16. ``packet.oob.status`` says before whether each is lent
        (SUCCESS) or stays the miniport's (RESOURCES). A serialized miniport reads it afterwards: SUCCESS, and the
        packet is back; PENDING, and MiniportReturnPacket will get it (RCV-03).

        :param packets: one, or several in the order in which they came
        :raises RuleViolation: RCV-01 when one is still lent, RCV-02 for another status, RCV-16 once halt has begun
        """
        if isinstance(packets, Packet):
            packets = (packets,)
        if self._state is not _RUNNING and self._state in _SILENT:
            self._require_alive("NdisMIndicateReceivePacket", "RCV-16")
        probe = self.probe
        if probe is None:
            self.receives.indicate(packets)
            return
        packets = tuple(packets)
        probe.before("NdisMIndicateReceivePacket", self, packets)
        self.receives.indicate(packets)
        probe.after("NdisMIndicateReceivePacket", self, packets)

    def indicate_lookahead(self, context: object, header: memoryview, lookahead: memoryview, packet_size: int) -> None:
        """Show a frame that protocols copy from (NdisMEthIndicateReceive). IRQL: DISPATCH, no spin lock held.

        Rules: RCV-10, RCV-13, RCV-14, RCV-16.

        :param context: what MiniportTransferData gets, to find the frame again
        :param header: the medium's header
        :param lookahead: the first bytes behind it, at least as many as OID_GEN_CURRENT_LOOKAHEAD says
        :param packet_size: all bytes behind the header
        """
        self._require_alive("NdisMEthIndicateReceive", "RCV-16")
        with self._watched("NdisMEthIndicateReceive", context, header, lookahead, packet_size):
            self.lookahead.indicate(context, memoryview(header), memoryview(lookahead), packet_size)

    def indicate_receive_complete(self) -> None:
        """The batch of frames is over (NdisMEthIndicateReceiveComplete). IRQL: DISPATCH. Rule: RCV-13."""
        with self._watched("NdisMEthIndicateReceiveComplete"):
            self.lookahead.indicate_complete()

    def transfer_data_complete(self, packet: Packet, status: int, count: int) -> None:
        """End a transfer that was answered PENDING (NdisMTransferDataComplete). IRQL: DISPATCH, no spin lock held.

        :param packet: that of MiniportTransferData
        :param status: how it went
        :param count: bytes that were copied
        :raises RuleViolation: RCV-12 when no such transfer is pending
        """
        with self._watched("NdisMTransferDataComplete", packet, status, count):
            self.lookahead.complete(packet, status, count)

    def query_complete(self, status: int, count: int = 0, needed: int = 0) -> None:
        """Answer a query that was PENDING (NdisMQueryInformationComplete). IRQL: <= DISPATCH, no spin lock held.

        Rules: OID-02, OID-03, OID-04, OID-07.

        :param status: how it went
        :param count: bytes written into the buffer
        :param needed: bytes that it would take, where the buffer is too short
        :raises RuleViolation: OID-02 when none is pending, OID-03 for PENDING
        """
        self._complete_request("NdisMQueryInformationComplete", status, count, needed, is_query=True)

    def set_complete(self, status: int, count: int = 0, needed: int = 0) -> None:
        """Answer a set that was PENDING (NdisMSetInformationComplete). IRQL: <= DISPATCH, no spin lock held.

        :param status: how it went
        :param count: bytes read from the buffer
        :param needed: bytes that it would take, where the buffer is too short
        :raises RuleViolation: as :meth:`query_complete`
        """
        self._complete_request("NdisMSetInformationComplete", status, count, needed, is_query=False)

    def indicate_status(self, status: int, data: bytes = b"") -> None:
        """Tell all protocols of a change (NdisMIndicateStatus). IRQL: <= DISPATCH, no spin lock held. Rule: LIFE-13.

        :param status: MEDIA_CONNECT, MEDIA_DISCONNECT, LINK_SPEED_CHANGE or another informational status
        :param data: what goes with it
        :raises RuleViolation: LIFE-13 in initialize, or once halt has begun
        """
        status = NdisStatus(status)
        self._require_alive("NdisMIndicateStatus", "LIFE-13")
        with self._watched("NdisMIndicateStatus", status, data):
            if status is NdisStatus.MEDIA_CONNECT or status is NdisStatus.MEDIA_DISCONNECT:
                self.connected = status is NdisStatus.MEDIA_CONNECT
            self.unconfirmed_status += 1
            for binding in self.open_bindings:
                binding.status(status, data)

    def indicate_status_complete(self) -> None:
        """Close the indications before (NdisMIndicateStatusComplete). IRQL: <= DISPATCH, no spin lock held.

        Rule: LIFE-13, after each indication one follows.
        """
        self._require_alive("NdisMIndicateStatusComplete", "LIFE-13")
        with self._watched("NdisMIndicateStatusComplete"):
            self.unconfirmed_status = 0
            for binding in self.open_bindings:
                binding.status_complete()

    def indicate_link(self, *, up: bool) -> None:
        """Tell all protocols that the cable was plugged in or pulled: both status calls at once. IRQL: <= DISPATCH.

        :param up: whether there is a link now
        """
        self.indicate_status(NdisStatus.MEDIA_CONNECT if up else NdisStatus.MEDIA_DISCONNECT)
        self.indicate_status_complete()

    def reset_complete(self, status: int = _SUCCESS, *, addressing_reset: bool = False) -> None:
        """End a reset that was answered PENDING (NdisMResetComplete). IRQL: <= DISPATCH, no spin lock held.

        :param status: how it went
        :param addressing_reset: whether filter, multicast list and lookahead are to be set anew
        :raises RuleViolation: LIFE-14 when none is pending
        """
        with self._watched("NdisMResetComplete", status, addressing_reset):
            self.resets.complete(status, addressing_reset=addressing_reset)

    def register_shutdown_handler(self, handler: Callable[[Any], object], context: object = None) -> None:
        """Have a function called when the system shuts down (NdisMRegisterAdapterShutdownHandler). IRQL: PASSIVE.

        Rule: LIFE-15, it only stops the NIC.

        :param handler: a plain function
        :param context: what it is called with
        """
        self.require_initializing("NdisMRegisterAdapterShutdownHandler")
        if not callable(handler):
            raise TypeError(f"handler is a function, not {type(handler).__name__}")
        self._shutdown = handler, context
        self.claims.enter(
            "a shutdown handler", "LIFE-03", lambda: self._shutdown is not None, self.deregister_shutdown_handler
        )

    def deregister_shutdown_handler(self) -> None:
        """Call that off, as halt does (NdisMDeregisterAdapterShutdownHandler). IRQL: PASSIVE."""
        self._shutdown = None

    def remove(self) -> None:
        """Declare the hardware failed: NDIS unbinds all and halts the adapter (NdisMRemoveMiniport).

        IRQL: <= DISPATCH.
        """
        with self._watched("NdisMRemoveMiniport"):
            self.library.remove_later(self._as_adapter())

    async def wait_for_returns(self) -> None:
        """Wait until every lent packet is back, as halt does (LIFE-04). IRQL: PASSIVE, no spin lock held."""
        await self.until(lambda: not self.receives.lent)

    def _complete_request(self, operation: str, status: int, count: int, needed: int, *, is_query: bool) -> None:
        with self._watched(operation, status):
            self.requests.complete(status, count, needed, is_query=is_query)

    @property
    def may_indicate(self) -> bool:
        """Whether it has started, and does not end yet. IRQL: any."""
        return self.state not in _SILENT

    def _require_alive(self, operation: str, rule: str) -> None:
        """Refuse an indication from an adapter that has not started, or ends."""
        if not self.may_indicate:
            raise RuleViolation(
                rule,
                f"{self.name} calls {operation} while it is {self.state.value}; indicate only while it runs",
                self,
            )

    def _watched(self, operation: str, *arguments: object) -> Watched:
        return Watched(self.probe, operation, self, *arguments)
