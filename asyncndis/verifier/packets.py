"""Rules of packets that take more than one call to break: stale counts, stale out-of-band data, unguarded pools.

BUF-11: counts are read that an adjusted buffer has made wrong. PKT-08: a packet is filled again with what it said of
its last use; header size and status do not count, since drivers set them once for all uses or before each. PKT-05: two
tasks use the NonInterlocked forms on one pool with no lock in common; one task alone needs none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from asyncndis.base import Site, caller_site
from asyncndis.base.context import LockView, raised_processor, running_context

from .reports import Reports
from .watch import Guarded

if TYPE_CHECKING:
    from asyncndis.memory import Buffer, DescriptorPool, Packet, PerPacketInfo

__all__ = ["PacketWatch"]

_EDITS = (
    "NdisChainBufferAtFront",
    "NdisChainBufferAtBack",
    "NdisUnchainBufferAtFront",
    "NdisUnchainBufferAtBack",
    "NdisRecalculatePacketCounts",
    "NdisReinitializePacket",
)
_FREES = ("NdisFreePacket", "NdisDprFreePacket", "NdisDprFreePacketNonInterlocked")
_SLOTS = range(12)


@dataclass(slots=True)
class _Use:
    """Who used a pool without its lock: one task so far, or several, and which locks they all held."""

    task: object
    site: Site
    common: set[LockView] | None = None


class PacketWatch:
    """Watches packets."""

    rules = frozenset({"BUF-11", "PKT-05", "PKT-08"})

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._counted: dict[Packet, Site | None] = {}
        self._stale: dict[Packet, tuple[Site, dict[object, object]]] = {}
        self._uses: dict[DescriptorPool[Any], _Use] = {}
        self.before: Mapping[str, Any] = {
            "NdisQueryPacket": self._counting,
            "NdisReinitializePacket": self._reinitializing,
            "NdisChainBufferAtFront": Guarded(self._stale, self._filling),
            "NdisChainBufferAtBack": Guarded(self._stale, self._filling),
            "NdisDprAllocatePacketNonInterlocked": self._guard,
            "NdisDprFreePacketNonInterlocked": self._guard_pool_of,
        }
        self.after: Mapping[str, Any] = {
            "NdisAdjustBufferLength": self._adjusted,
            **dict.fromkeys(_EDITS, Guarded(self._counted, self._recount)),
            **dict.fromkeys(_FREES, (Guarded(self._counted, self._recount), Guarded(self._stale, self._forget))),
        }

    def finish(self) -> None:
        """The run is over; what is out is the pools' to tell."""

    def _counting(self, packet: "Packet") -> None:
        adjusted = self._counted.setdefault(packet, None)
        if adjusted is not None:
            self._reports.report(
                "BUF-11",
                f"the counts of {packet!r} are read, and a chained buffer was adjusted since they were taken; "
                "call recalculate_counts() in between",
                packet,
                other=adjusted,
            )

    def _adjusted(self, buffer: "Buffer", _length: int) -> None:
        packet = buffer.packet
        if packet in self._counted:
            self._counted[packet] = caller_site()

    def _recount(self, packet: "Packet", *_: object) -> None:
        del self._counted[packet]

    def _forget(self, packet: "Packet") -> None:
        del self._stale[packet]

    def _reinitializing(self, packet: "Packet", *_: object) -> None:
        said = _metadata_of(packet)
        if said:
            self._stale[packet] = caller_site(), said

    def _filling(self, packet: "Packet", _buffer: "Buffer") -> None:
        since, said = self._stale.pop(packet)
        left = ", ".join(str(what) for what, value in _metadata_of(packet).items() if said.get(what) is value)
        if left:
            self._reports.report(
                "PKT-08",
                f"{packet!r} is filled again and still carries the {left} of its last use; clear_oob() comes first",
                packet,
                other=since,
            )

    def _guard_pool_of(self, packet: "Packet") -> None:
        self._guard(packet.pool)

    def _guard(self, pool: "DescriptorPool[Any]") -> None:
        processor, task = raised_processor(), running_context().current_task()
        held = set(() if processor is None else processor.held_locks)
        use = self._uses.get(pool)
        if use is None:
            self._uses[pool] = _Use(task, caller_site())
            return
        if use.common is not None or use.task != task:
            use.common = held if use.common is None else use.common & held
            if not use.common:
                del self._uses[pool]  # start over, or each later call would be told of
                self._reports.report(
                    "PKT-05",
                    f"two tasks use the NonInterlocked forms on pool {pool.name!r} with no lock in common; "
                    "hold one spin lock of the driver around each of these calls",
                    pool,
                    other=use.site,
                )
        use.site = caller_site()


def _metadata_of(packet: "Packet") -> dict[object, object]:
    """What a packet says of its present use."""
    oob = packet.oob
    said: dict[object, object] = {
        "time sent": oob.time_sent,
        "time received": oob.time_received,
        "media-specific information": oob.media_specific_info,
    }
    said.update((f"information slot {slot}", packet.info(cast("PerPacketInfo", slot))) for slot in _SLOTS)
    return {what: value for what, value in said.items() if value}
