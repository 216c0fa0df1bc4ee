"""Rules of who uses what: pools, buffers and packets belong to the driver that made them.

POOL-02: a pool is made outside initialization; POOL-05: it is smaller than the ring; POOL-16, BUF-05, BUF-06, PKT-03:
another driver uses a pool, or frees or adjusts what came from it; BUF-13: a miniport that promised the Safe forms uses
others; PKT-11: a reserved area is touched in another role. Pools that NDIS itself makes belong to nobody.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asyncndis.base import Site, caller_site, is_called_by_driver
from asyncndis.base.context import running_context

from .callers import Callers, driver_of
from .reports import Reports
from .watch import Guarded, WhileAny

if TYPE_CHECKING:
    from asyncndis.memory import Buffer, BufferPool, DescriptorPool, Packet
    from asyncndis.ndis import Adapter

    Pool = DescriptorPool[Any]

__all__ = ["OwnerWatch"]

_BUS_MASTER, _DESERIALIZE, _SAFE = 0x8, 0x20, 0x200
_BEGINNINGS = ("MiniportInitialize", "ProtocolBindAdapter")
_ALLOCATES = (
    "NdisAllocateBuffer",
    "NdisAllocatePacket",
    "NdisDprAllocatePacket",
    "NdisDprAllocatePacketNonInterlocked",
)
_FREES = {
    "NdisFreeBuffer": "BUF-05",
    "NdisAdjustBufferLength": "BUF-06",
    "NdisFreePacket": "PKT-03",
    "NdisDprFreePacket": "PKT-03",
    "NdisDprFreePacketNonInterlocked": "PKT-03",
}
_UNSAFE = ("NdisCopyFromPacketToPacket", "NdisGetFirstBufferFromPacket", "NdisQueryBuffer")
_AREAS = ("MiniportReserved", "MiniportReservedEx", "ProtocolReserved")


class OwnerWatch:
    """Watches which driver uses a pool, and what came from it."""

    rules = frozenset({"BUF-05", "BUF-06", "BUF-13", "PKT-03", "PKT-11", "POOL-02", "POOL-05", "POOL-16"})

    def __init__(self, reports: Reports, callers: Callers) -> None:
        self._reports = reports
        self._callers = callers
        self._owners: dict[Pool, object] = {}
        self._sites: dict[Pool, Site] = {}
        self._drivers: dict[object, object] = {}
        self._opening: set[object] = set()
        self._started: set[Adapter] = set()
        self._safe: set[Adapter] = set()
        self.before: Mapping[str, Any] = {
            "NdisAllocateBufferPool": self._creating,
            "NdisOpenAdapter": self._opens,
            "MiniportQueryInformation": self._asking,
            **dict.fromkeys(_ALLOCATES, Guarded(self._owners, self._allocating)),
            **{operation: WhileAny(self._owners, self._freer(rule)) for operation, rule in _FREES.items()},
            **dict.fromkeys(_UNSAFE, WhileAny(self._safe, self._mapping)),
            **{area: self._toucher(area) for area in _AREAS},
        }
        self.after: Mapping[str, Any] = {
            "NdisAllocateBufferPool": self._created,
            "NdisAllocatePacketPool": self._created,
            "NdisAllocatePacketPoolEx": self._created,
            "NdisFreeBufferPool": self._closed,
            "NdisFreePacketPool": self._closed,
            "NdisOpenAdapter": self._opened,
        }

    def finish(self) -> None:
        """The run is over."""

    # Pools

    def _creating(self, name: object) -> None:
        inside = self._callers.inside()
        if inside is not None and inside.handler not in _BEGINNINGS:
            self._reports.report(
                "POOL-02",
                f"{inside.handler} of {inside.owner.name} allocates buffer pool {name!r}; allocate pools in "
                "MiniportInitialize, ProtocolBindAdapter, or where the driver is loaded",
                name,
            )

    def _opens(self, _binding: object) -> None:
        self._opening.add(running_context().current_task())

    def _opened(self, _binding: object) -> None:
        self._opening.discard(running_context().current_task())

    def _created(self, pool: "Pool") -> None:
        inside = self._callers.inside()
        if inside is not None and running_context().current_task() not in self._opening:
            self._owners[pool] = driver_of(inside.owner)
            self._sites[pool] = caller_site()

    def _closed(self, pool: "Pool") -> None:
        self._owners.pop(pool, None)
        self._sites.pop(pool, None)

    def _asking(self, adapter: "Adapter", *_: object) -> None:
        """The first question comes when MiniportInitialize has succeeded."""
        if adapter in self._started:
            return
        self._started.add(adapter)
        if adapter.attributes & _SAFE:
            self._safe.add(adapter)
        ring = getattr(adapter.nic, "rx_ring", None)
        if isinstance(ring, int) and adapter.attributes & _BUS_MASTER:
            self._check_ring(adapter, ring)

    def _check_ring(self, adapter: "Adapter", ring: int) -> None:
        driver = driver_of(adapter)
        pools: list[BufferPool] = [
            pool  # type: ignore[misc]  # the kind of the pool is asked for by its rules
            for pool, owner in self._owners.items()
            if owner is driver and pool.rules.kind == "buffer"
        ]
        largest = max(pools, key=lambda pool: pool.capacity, default=None)
        if largest is not None and largest.capacity < ring:
            self._reports.report_late(
                "POOL-05",
                f"{adapter.name} has {largest.capacity} descriptors in {largest.name!r} for a receive ring of {ring}; "
                "take the count from the size of the ring",
                largest,
                site=self._sites[largest],
            )

    # What came from them

    def _stranger(self, pool: "Pool") -> Any:
        """The handler that runs, where it is one of another driver than that which made a pool."""
        owner = self._owners.get(pool)
        inside = None if owner is None else self._callers.inside()
        return inside if inside is not None and self._driver_of(inside.owner) is not owner else None

    def _driver_of(self, owner: object) -> object:
        """The same as :func:`driver_of`, looked up once."""
        driver = self._drivers.get(owner)
        if driver is None:
            driver = self._drivers[owner] = driver_of(owner)
        return driver

    def _allocating(self, pool: "Pool") -> None:
        inside = self._stranger(pool)
        if inside is not None:
            self._reports.report(
                "POOL-16",
                f"{inside.handler} of {inside.owner.name} allocates from pool {pool.name!r}, which another driver "
                "made; give each driver pools of its own",
                pool,
            )

    def _freer(self, rule: str) -> Any:
        owners = self._owners

        def freeing(descriptor: "Buffer | Packet", *_: object) -> None:
            pool = descriptor.pool
            inside = self._stranger(pool) if pool in owners else None
            if inside is not None:
                self._reports.report(
                    rule,
                    f"{inside.handler} of {inside.owner.name} frees or adjusts {descriptor!r}, which another driver "
                    "allocated; leave that to its owner",
                    descriptor,
                )

        return freeing

    def _mapping(self, descriptor: "Buffer | Packet", *_: object) -> None:
        inside = self._callers.inside()
        if inside is not None and inside.owner in self._safe and is_called_by_driver():
            self._reports.report(
                "BUF-13",
                f"{inside.handler} of {inside.owner.name} maps {descriptor!r} by a form that cannot fail, and has the "
                "attribute USES_SAFE_BUFFER_APIS; use the Safe form",
                descriptor,
            )

    def _toucher(self, area: str) -> Any:
        def touching(packet: "Packet") -> None:
            inside = self._callers.inside()
            if inside is None or self._owners.get(packet.pool) is driver_of(inside.owner):
                return
            is_miniport = inside.handler.startswith("Miniport")
            has_it = is_miniport and packet.holder is inside.owner
            if area == "ProtocolReserved":
                is_wrong = has_it
            else:
                is_wrong = not has_it or (area.endswith("Ex") and not inside.owner.attributes & _DESERIALIZE)
            if is_wrong:
                self._reports.report(
                    "PKT-11",
                    f"{inside.handler} of {inside.owner.name} touches {area} of {packet!r}; keep to the area of the "
                    "driver's role",
                    packet,
                )

        return touching
