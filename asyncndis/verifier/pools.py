"""Rules across a pool's life and that of its descriptors: what is out when it is freed, what is never freed.

POOL-06, POOL-07, POOL-09, POOL-14; POOL-04 where a profile counts but does not enforce; PKT-07, whose buffers show as
lost only when their pool goes; BUF-14, when a descriptor over nothing is used.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asyncndis.base import Site, caller_site

from .reports import Reports
from .watch import Guarded, WhileAny

if TYPE_CHECKING:
    from asyncndis.memory import Buffer, DescriptorPool, Packet

    Pool = DescriptorPool[Any]

__all__ = ["PoolWatch"]

_CREATES = ("NdisAllocateBufferPool", "NdisAllocatePacketPool", "NdisAllocatePacketPoolEx")
_CLOSES = {"NdisFreeBufferPool": "POOL-07", "NdisFreePacketPool": "POOL-14"}
_FREES = ("NdisFreeBuffer", "NdisFreePacket", "NdisDprFreePacket", "NdisDprFreePacketNonInterlocked")
_CHAINS = ("NdisChainBufferAtFront", "NdisChainBufferAtBack")


class PoolWatch:
    """Watches pools, and buffers on their way through them."""

    rules = frozenset({"BUF-14", "PKT-07", "POOL-04", "POOL-06", "POOL-07", "POOL-09", "POOL-14"})

    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._open: dict[Pool, Site] = {}
        self._lenient: set[Pool] = set()  # those that grant more than they were allocated with
        self._closed: set[Pool] = set()
        self._dropped: dict[Buffer, Site] = {}
        self._empty: dict[Buffer, Site] = {}
        self.before: Mapping[str, Any] = {
            "NdisAllocateBuffer": Guarded(self._lenient, self._allocating),
            "NdisReinitializePacket": self._reinitializing,
            "NdisQueryBuffer": Guarded(self._empty, self._using),
            "NdisQueryBufferSafe": Guarded(self._empty, self._using),
            **dict.fromkeys(_CLOSES, self._closing),
            **dict.fromkeys(_FREES, WhileAny(self._closed, self._freeing)),
            **dict.fromkeys(_CHAINS, (WhileAny(self._empty, self._chaining), WhileAny(self._dropped, self._chaining))),
        }
        self.after: Mapping[str, Any] = {
            "NdisAllocateBuffer": self._allocated,
            "NdisFreeBuffer": (Guarded(self._dropped, self._forget), Guarded(self._empty, self._forget)),
            **dict.fromkeys(_CREATES, self._created),
            **dict.fromkeys(_CLOSES, self._was_closed),
        }

    def finish(self) -> None:
        """The run is over: every pool is to be freed, and no buffer lost."""
        for buffer, site in self._dropped.items():
            self._report_dropped(buffer, site)
        for pool, site in self._open.items():
            self._reports.report_late(
                "POOL-06",
                f"{pool!r} was never freed; close it when its driver ends, as `async with` does",
                pool,
                site=site,
            )

    def _created(self, pool: "Pool") -> None:
        self._open[pool] = caller_site()
        if not pool.profile.enforces_buffer_count:
            self._lenient.add(pool)

    def _closing(self, pool: "Pool") -> None:
        for buffer in [buffer for buffer in self._dropped if buffer.pool is pool]:
            self._report_dropped(buffer, self._dropped.pop(buffer))
        report = pool.leaks()
        if report:
            self._reports.report(
                _CLOSES[pool.rules.close],
                f"{pool!r} is freed before its descriptors; free them first",
                pool,
                other=report.sites[0][0] if report.sites else None,
            )

    def _was_closed(self, pool: "Pool") -> None:
        self._open.pop(pool, None)
        self._lenient.discard(pool)
        if pool.outstanding:
            self._closed.add(pool)

    def _allocating(self, pool: "Pool") -> None:
        if pool.outstanding >= pool.capacity:
            self._reports.report(
                "POOL-04",
                f"{pool.name!r} is asked for more than its {pool.capacity} descriptors, which only the NT family "
                "grants; free one first, or create the pool with as many as are needed",
                pool,
            )

    def _allocated(self, _pool: "Pool", buffer: "Buffer") -> None:
        if not buffer.capacity:
            self._empty[buffer] = caller_site()

    def _using(self, buffer: "Buffer", *_: object) -> None:
        allocated = self._empty.pop(buffer)
        if not buffer.capacity:
            self._reports.report(
                "BUF-14",
                f"{buffer!r} describes no memory; allocate it over at least one byte",
                buffer,
                other=allocated,
            )

    def _chaining(self, _packet: "Packet", buffer: "Buffer") -> None:
        link: Buffer | None = buffer
        while link is not None:
            if link in self._empty:
                self._using(link)
            self._dropped.pop(link, None)
            link = link.next

    def _freeing(self, descriptor: "Buffer | Packet") -> None:
        pool: Pool = descriptor.pool
        if pool in self._closed:
            self._reports.report(
                "POOL-09",
                f"a descriptor is freed to {pool.rules.kind} pool {pool.name!r}, which was freed before it; "
                "free descriptors first, their pool last",
                descriptor,
            )

    def _forget(self, buffer: "Buffer") -> None:
        self._dropped.pop(buffer, None)
        self._empty.pop(buffer, None)

    def _reinitializing(self, packet: "Packet", *_: object) -> None:
        for buffer in packet:
            self._dropped[buffer] = caller_site()

    def _report_dropped(self, buffer: "Buffer", site: Site) -> None:
        self._reports.report_late(
            "PKT-07",
            f"{buffer!r} was still chained when its packet was reinitialized, and was not freed since; "
            "unchain or save the buffers first",
            buffer,
            site=site,
        )
