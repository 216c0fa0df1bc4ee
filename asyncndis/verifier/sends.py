"""Rules of the send path that take two events to break: between a send and its completion, and after it.

SEND-01: the bytes of a packet that is away change; SEND-05: a miniport touches what it has given back; SEND-09: after
RESOURCES it announces no room; SEND-10: a packet overtakes another; SEND-17: a send takes more than 30 s; PKT-14: an
intermediate driver sends a packet of its own in place of another, and drops what that one carried.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from asyncndis.base import NdisStatus, Site
from asyncndis.base.context import running_context

from .callers import Callers
from .fingerprint import fingerprint
from .reports import Reports
from .watch import Guarded

if TYPE_CHECKING:
    from asyncndis.memory import Packet, PerPacketInfo
    from asyncndis.ndis import Adapter, Binding

__all__ = ["SendWatch"]

_SECOND = 10_000_000
_LIMIT = 30 * _SECOND
_FEW = 8  # with more in flight, the clock is read once for each batch
_PENDING, _SUCCESS = NdisStatus.PENDING, NdisStatus.SUCCESS
_PRIORITY = cast("PerPacketInfo", 6)
_TRAVELLING = tuple(cast("PerPacketInfo", slot) for slot in (0, 2, 6))  # checksums, large sends, priority
_FREES = ("NdisDprFreePacket", "NdisDprFreePacketNonInterlocked", "NdisFreePacket")
_BATCHES = ("MiniportHandleInterrupt", "MiniportTimer", "MiniportReset")
_TOUCHES = (
    "MiniportReserved",
    "MiniportReservedEx",
    "NDIS_GET_PACKET_STATUS",
    "NDIS_SET_PACKET_STATUS",
    "NdisChainBufferAtBack",
    "NdisChainBufferAtFront",
    "NdisGetFirstBufferFromPacket",
    "NdisGetFirstBufferFromPacketSafe",
    "NdisQueryPacket",
    "NdisReinitializePacket",
    "NdisUnchainBufferAtBack",
    "NdisUnchainBufferAtFront",
)


class _Flight(NamedTuple):
    """A packet on its way: since when, and what its bytes were."""

    since: int
    fingerprint: int


class SendWatch:
    """Watches packets on their way from protocols to miniports and back."""

    rules = frozenset({"SEND-01", "SEND-05", "SEND-09", "SEND-10", "SEND-17", "PKT-14"})

    def __init__(self, reports: Reports, callers: Callers) -> None:
        self._reports = reports
        self._callers = callers
        self._flights: dict[Adapter, dict[Packet, _Flight]] = {}
        self._given_back: dict[Packet, Adapter] = {}
        self._now = 0
        self._handling: dict[Adapter, Packet] = {}
        self.before: Mapping[str, Any] = {
            "NdisSend": self._sending,
            "NdisSendPackets": self._sending_all,
            "NdisMSendComplete": self._completing,
            "MiniportSend": self._handing_over,
            "ndisMCheckForHang": self._hanging,
            **dict.fromkeys(_BATCHES, self._look_at_the_clock),
            **dict.fromkeys(_TOUCHES, Guarded(self._given_back, self._touching)),
        }
        self.after: Mapping[str, Any] = {
            "NdisSend": self._sent,
            "NdisMSendComplete": self._remember,
            "MiniportSend": Guarded(self._handling, self._handed_over),
            **dict.fromkeys(_FREES, self._forget),
        }

    def finish(self) -> None:
        """The run is over; what is out still is the stack's to judge (SEND-02, SEND-16)."""

    def _look_at_the_clock(self, *_: object) -> None:
        self._now = running_context().now()

    def _sending(self, binding: "Binding", packet: "Packet") -> None:
        self._look_at_the_clock()
        self._submitting(binding, packet)

    def _submitting(self, binding: "Binding", packet: "Packet") -> None:
        if binding.virtual_adapter is not None:
            self._check_information(binding, packet)
        self._take_off(binding.adapter, packet)

    def _sending_all(self, binding: "Binding", packets: "Iterable[Packet]") -> None:
        self._look_at_the_clock()
        for packet in packets:
            self._submitting(binding, packet)

    def _take_off(self, adapter: "Adapter", packet: "Packet") -> None:
        self._given_back.pop(packet, None)
        flights = self._flights.get(adapter)
        if flights is None:
            flights = self._flights[adapter] = {}
        flights.pop(packet, None)
        if packet.state != "free":
            flights[packet] = _Flight(self._now, fingerprint(packet))

    def _sent(self, binding: "Binding", packet: "Packet", status: NdisStatus) -> None:
        if status is not _PENDING and packet.holder is None:
            self._flights[binding.adapter].pop(packet, None)
            self._remember(binding.adapter, packet)

    def _completing(self, adapter: "Adapter", packet: "Packet", status: int) -> None:
        flights = self._flights.get(adapter)
        flight = None if flights is None else flights.get(packet)
        if flights is None or flight is None or packet.holder is not adapter:
            return
        if status == _SUCCESS and next(iter(flights)) is not packet and len(adapter.lower) <= 1:
            self._check_order(adapter, packet, flights)
        del flights[packet]
        if not adapter.lower and fingerprint(packet) != flight.fingerprint:
            self._reports.report(
                "SEND-01",
                f"the bytes of {packet!r} have changed since it was sent; leave them alone until ProtocolSendComplete",
                packet,
            )
        if len(flights) < _FEW:
            self._look_at_the_clock()
        if self._now - flight.since > _LIMIT:
            seconds = (self._now - flight.since) / _SECOND
            self._reports.report(
                "SEND-17",
                f"{adapter.name} completes {packet!r} {seconds:g} s after it was sent; complete each send within 30 s, "
                "with a failure where the transmitter has stopped",
                packet,
            )

    def _remember(self, adapter: "Adapter", packet: "Packet", _status: int = 0) -> None:
        # One that is free nobody touches unseen (PKT-03), and nobody would forget it; another was sent again meanwhile.
        if packet.holder is None and packet.state != "free":
            self._given_back[packet] = adapter

    def _forget(self, packet: "Packet") -> None:
        self._given_back.pop(packet, None)
        for flights in self._flights.values():
            flights.pop(packet, None)  # where it was given back by a status, or taken back by NDIS

    def _check_order(self, adapter: "Adapter", packet: "Packet", flights: "dict[Packet, _Flight]") -> None:
        """Whether one that was submitted before, with the same priority, is still on its way."""
        for earlier in list(flights):
            if earlier is packet:
                return
            if earlier.holder is not adapter:
                del flights[earlier]  # given back by a status, or taken back by NDIS
            elif earlier.info(_PRIORITY) == packet.info(_PRIORITY):
                self._reports.report(
                    "SEND-10",
                    f"{adapter.name} has sent {packet!r} before {earlier!r}, which was submitted earlier; keep the "
                    "order of packets of one priority",
                    packet,
                )
                return

    def _touching(self, packet: "Packet", *_: object) -> None:
        inside = self._callers.inside()
        if inside is None:
            return
        adapter = self._given_back.pop(packet)
        if inside.owner is adapter:
            self._reports.report(
                "SEND-05",
                f"{inside.handler} of {adapter.name} touches {packet!r}, which it has given back; take what is needed "
                "from it before",
                packet,
            )

    def _handing_over(self, adapter: "Adapter", packet: "Packet") -> None:
        if adapter.lower:
            self._handling[adapter] = packet

    def _handed_over(self, adapter: "Adapter", _packet: "Packet") -> None:
        del self._handling[adapter]

    def _check_information(self, binding: "Binding", packet: "Packet") -> None:
        """Whether a packet that an intermediate driver sends in place of another carries what that one did."""
        assert binding.virtual_adapter is not None
        original = self._handling.get(binding.virtual_adapter)
        if original is None or original is packet:
            return
        carried = [slot for slot in _TRAVELLING if original.info(slot) is not None]
        if carried and all(packet.info(slot) is None for slot in _TRAVELLING):
            self._reports.report(
                "PKT-14",
                f"{binding.virtual_adapter.name} sends {packet!r} in place of {original!r} without the per-packet "
                "information of that; call copy_send_info_from() first",
                packet,
            )

    def _hanging(self, adapter: "Adapter", _request_is_stuck: bool, queue_is_stuck: bool) -> None:
        if queue_is_stuck:
            self._reports.report_late(
                "SEND-09",
                f"{adapter.name} answered RESOURCES and has announced no room in two checks for hang; call "
                "NdisMSendComplete or NdisMSendResourcesAvailable when the ring has some",
                adapter,
                site=_site_of(adapter, "send_packets", "send"),
            )


def _site_of(adapter: "Adapter", *handlers: str) -> Site:
    """Where the first of these handlers is defined that there is."""
    sites = (adapter.site_of(handler) for handler in handlers)
    return next(site for site in sites if site is not None)
