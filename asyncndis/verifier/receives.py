"""Rules of the receive path that take two events to break.

RCV-03: a serialized miniport uses a packet again before it has read whether it is back; RCV-04: a deserialized one
reads that; RCV-09: a protocol writes to what it was lent; RCV-13: a batch of shown frames has no end; RCV-15, POOL-15:
an indicated packet lacks what protocols find there.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from asyncndis.base import NdisStatus, Site, caller_site

from .callers import Callers
from .fingerprint import fingerprint
from .reports import Reports
from .watch import Guarded, WhileAny

if TYPE_CHECKING:
    from asyncndis.memory import Packet
    from asyncndis.ndis import Adapter, Binding

__all__ = ["ReceiveWatch"]

_RESOURCES = NdisStatus.RESOURCES
_RESERVED = 32  # four pointers of 64 bits
_FREES = ("NdisDprFreePacket", "NdisDprFreePacketNonInterlocked", "NdisFreePacket")
_REUSES = (
    *_FREES,
    "NdisChainBufferAtBack",
    "NdisChainBufferAtFront",
    "NdisReinitializePacket",
    "NdisUnchainBufferAtBack",
    "NdisUnchainBufferAtFront",
)


class ReceiveWatch:
    """Watches packets and frames on their way from miniports to protocols and back."""

    rules = frozenset({"POOL-15", "RCV-03", "RCV-04", "RCV-09", "RCV-13", "RCV-15"})

    def __init__(self, reports: Reports, callers: Callers) -> None:
        self._reports = reports
        self._callers = callers
        self._unread: dict[Packet, Site] = {}  # of serialized miniports
        self._indicated: dict[Packet, Adapter] = {}  # of deserialized ones
        self._shown: dict[tuple[object, Packet], int] = {}
        self._lent: dict[Packet, int] = {}
        self._batches: dict[Adapter, Site] = {}
        self.before: Mapping[str, Any] = {
            "NdisMIndicateReceivePacket": self._indicating,
            "NDIS_GET_PACKET_STATUS": (Guarded(self._unread, self._read), Guarded(self._indicated, self._reading)),
            "NDIS_SET_PACKET_STATUS": Guarded(self._indicated, self._setting),
            "MiniportReturnPacket": WhileAny(self._unread, self._coming_home),
            "ProtocolReceivePacket": self._showing,
            "NdisReturnPackets": self._returning,
            "NdisMEthIndicateReceive": self._showing_frame,
            "NdisMEthIndicateReceiveComplete": self._batch_is_over,
            "MiniportHalt": Guarded(self._batches, self._leaving),
            **dict.fromkeys(_REUSES, Guarded(self._unread, self._reusing)),
        }
        self.after: Mapping[str, Any] = {
            "NdisMIndicateReceivePacket": self._was_indicated,
            "ProtocolReceivePacket": self._was_shown,
            "MiniportHandleInterrupt": Guarded(self._batches, self._leaving),
            **dict.fromkeys(_FREES, tuple(Guarded(noted, self._forget) for noted in (self._indicated, self._lent))),
        }

    def finish(self) -> None:
        """The run is over: no batch may be open, and no packet forgotten."""
        for adapter in list(self._batches):
            self._leaving(adapter)
        for packet, site in self._unread.items():
            self._reports.report_late(
                "RCV-03",
                f"the status of {packet!r} was not read after its indication; SUCCESS means that it is back already",
                packet,
                site=site,
            )

    def _indicating(self, adapter: "Adapter", packets: "Sequence[Packet]") -> None:
        for packet in packets:
            if packet in self._unread:
                self._reusing(packet)
            self._indicated.pop(packet, None)
            self._lent.pop(packet, None)
            if packet.oob.header_size != adapter.header_size:
                self._reports.report(
                    "RCV-15",
                    f"{adapter.name} indicates {packet!r} with a header size of {packet.oob.header_size} in its "
                    f"out-of-band data; set {adapter.header_size} when the packet is made",
                    packet,
                )
            if packet.pool.protocol_reserved_length < _RESERVED:
                self._reports.report(
                    "POOL-15",
                    f"{adapter.name} indicates a packet of pool {packet.pool.name!r}, which reserves "
                    f"{packet.pool.protocol_reserved_length} bytes for protocols; create it with {_RESERVED}",
                    packet.pool,
                )

    def _was_indicated(self, adapter: "Adapter", packets: "Sequence[Packet]") -> None:
        if not adapter.gate.serialized:
            for packet in packets:
                if packet.state != "free":  # else it came back and was freed meanwhile
                    self._indicated[packet] = adapter
            return
        site = caller_site()
        for packet in packets:
            if packet.state != "free" and packet.oob.status != _RESOURCES:
                self._unread[packet] = site

    def _read(self, packet: "Packet") -> None:
        del self._unread[packet]

    def _reading(self, packet: "Packet") -> None:
        adapter = self._indicated[packet]
        inside = self._callers.inside()
        if inside is not None and inside.owner is adapter and inside.handler != "MiniportReturnPacket":
            self._reports.report(
                "RCV-04",
                f"{inside.handler} of {adapter.name} reads the status of {packet!r} after its indication; a "
                "deserialized miniport keeps a copy of what it set: those with RESOURCES alone are back",
                packet,
            )

    def _setting(self, packet: "Packet", _status: int) -> None:
        del self._indicated[packet]

    def _forget(self, packet: "Packet") -> None:
        self._indicated.pop(packet, None)
        self._lent.pop(packet, None)

    def _coming_home(self, _adapter: "Adapter", packet: "Packet") -> None:
        self._unread.pop(packet, None)

    def _reusing(self, packet: "Packet", *_: object) -> None:
        since = self._unread.pop(packet)
        self._reports.report(
            "RCV-03",
            f"{packet!r} is used again, and its status was not read after the indication; SUCCESS means that it "
            "is back, PENDING that MiniportReturnPacket will bring it",
            packet,
            other=since,
        )

    def _showing(self, owner: object, packet: "Packet") -> None:
        self._shown[owner, packet] = fingerprint(packet)

    def _was_shown(self, owner: Any, packet: "Packet") -> None:
        before = self._shown.pop((owner, packet), None)
        if before is None or packet.state == "free":
            return
        now = fingerprint(packet)
        self._lent[packet] = now
        if now != before:
            self._reports.report_late(
                "RCV-09",
                f"ProtocolReceivePacket of {owner.name} has written to {packet!r}; copy what is to be changed, other "
                "protocols see the same bytes",
                packet,
                site=owner.site_of("receive_packet") or caller_site(),
            )

    def _returning(self, binding: "Binding", packets: "Sequence[Packet]") -> None:
        for packet in packets:
            before = self._lent.get(packet)
            if before is not None and fingerprint(packet) != before:
                self._lent[packet] = fingerprint(packet)
                self._reports.report(
                    "RCV-09",
                    f"{binding.name} returns {packet!r}, whose bytes have changed while it was lent; copy what is to "
                    "be changed",
                    packet,
                )

    def _showing_frame(self, adapter: "Adapter", *_: object) -> None:
        self._batches[adapter] = caller_site()

    def _batch_is_over(self, adapter: "Adapter") -> None:
        self._batches.pop(adapter, None)

    def _leaving(self, adapter: "Adapter") -> None:
        """A batch is to be over when the DPC that indicated it ends, at the latest when the miniport does."""
        self._reports.report_late(
            "RCV-13",
            f"{adapter.name} has shown frames and does not end the batch; call NdisMEthIndicateReceiveComplete "
            "when the ring is empty",
            adapter,
            site=self._batches.pop(adapter),
        )
