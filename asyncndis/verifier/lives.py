"""Rules of an adapter's life and of bindings: what may be done in which handler.

LIFE-04: halt does not wait for MiniportReturnPacket; LIFE-05: nor for a timer's function; LIFE-07: a timer is made
outside MiniportInitialize; LIFE-15: the shutdown handler frees something; LIFE-16: a serialized miniport uses a work
item; LIFE-17: MiniportCheckForHang dwells. BIND-04: a protocol frees the context of a binding before its unbind is
complete; BIND-05: a library closes a binding that is busy.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from asyncndis.base import Site, caller_site

from .callers import Callers
from .reports import Reports
from .watch import WhileAny

if TYPE_CHECKING:
    from asyncndis.kernel import Timer
    from asyncndis.memory import Block
    from asyncndis.ndis import Adapter, Binding

__all__ = ["LifeWatch"]

_FREES = (
    "NdisDprFreePacket",
    "NdisDprFreePacketNonInterlocked",
    "NdisFreeBuffer",
    "NdisFreeBufferPool",
    "NdisFreePacket",
    "NdisFreePacketPool",
    "NdisFreeSpinLock",
    "NdisFreeToNPagedLookasideList",
    "NdisMDeregisterInterrupt",
    "NdisMFreeMapRegisters",
    "NdisMFreeSharedMemory",
)
_DWELLS = ("NdisMSleep", "NdisStallExecution", "NdisWaitEvent")


class LifeWatch:
    """Watches adapters and bindings from their beginning to their end."""

    rules = frozenset({"BIND-04", "BIND-05", "LIFE-04", "LIFE-05", "LIFE-07", "LIFE-15", "LIFE-16", "LIFE-17"})

    def __init__(self, reports: Reports, callers: Callers) -> None:
        self._reports = reports
        self._callers = callers
        self._shutting: list[Adapter] = []  # the one whose shutdown handler runs
        self._called_off: dict[Timer, Site] = {}
        self._open: dict[str, Binding] = {}
        self.before: Mapping[str, Any] = {
            "MiniportShutdown": self._shutting_down,
            "NdisScheduleWorkItem": self._scheduling,
            "NdisMInitializeTimer": self._making_timer,
            **dict.fromkeys(_DWELLS, self._dwelling),
            **dict.fromkeys(_FREES, WhileAny(self._shutting, self._freeing)),
            "NdisFreeMemory": self._freeing_memory,
        }
        self.after: Mapping[str, Any] = {
            "MiniportShutdown": self._shut_down,
            "NdisCancelTimer": self._cancelled,
            "MiniportHalt": self._halted,
            "NdisOpenAdapter": self._opened,
            "NdisCompleteUnbindAdapter": self._unbound,
            "NdisCloseAdapter": self._closed,
        }

    def finish(self) -> None:
        """The run is over; what lives still is the library's to judge."""

    def _making_timer(self, adapter: "Adapter", name: str) -> None:
        if adapter.state.value != "initializing":
            self._reports.report(
                "LIFE-07",
                f"{adapter.name} makes timer {name!r} while it is {adapter.state.value}; make it in "
                "MiniportInitialize, and only set it later",
                adapter,
            )

    def _cancelled(self, timer: "Timer", cancelled: bool) -> None:
        if not cancelled and timer.pending:
            inside = self._callers.inside()
            if inside is not None and inside.handler == "MiniportHalt":
                self._called_off[timer] = caller_site()

    def _halted(self, adapter: "Adapter") -> None:
        site = adapter.site_of("halt")
        if site is not None and self._callers.somebody_is_in("MiniportReturnPacket", adapter):
            self._reports.report_late(
                "LIFE-04",
                f"MiniportHalt of {adapter.name} returns while MiniportReturnPacket runs; wait until each lent packet "
                "is back",
                adapter,
                site=site,
            )
        called_off, self._called_off = self._called_off, {}
        for timer, site in called_off.items():
            if timer.pending:
                self._reports.report_late(
                    "LIFE-05",
                    f"MiniportHalt of {adapter.name} cancels {timer.name}, whose function is due or runs, and does not "
                    "wait for its end; wait for it where cancel() answers False",
                    timer,
                    site=site,
                )

    def _shutting_down(self, adapter: "Adapter") -> None:
        self._shutting.append(adapter)

    def _shut_down(self, _adapter: "Adapter") -> None:
        self._shutting.clear()

    def _freeing(self, what: object, *_: object) -> None:
        self._reports.report(
            "LIFE-15",
            f"MiniportShutdown of {self._shutting[0].name} frees {what!r}; it only stops the NIC",
            what,
        )

    def _freeing_memory(self, block: "Block", *_: object) -> None:
        if self._shutting:
            self._freeing(block)
        self._check_context(block)

    def _scheduling(self, item: Any) -> None:
        inside = self._callers.inside()
        gate = None if inside is None else getattr(inside.owner, "gate", None)
        if inside is not None and gate is not None and gate.serialized:
            self._reports.report(
                "LIFE-16",
                f"{inside.handler} of {inside.owner.name}, a serialized miniport, schedules work item {item.name!r}, "
                "which nothing keeps apart from its handlers; use a timer, or deserialize the miniport",
                item,
            )

    def _dwelling(self, *_: object) -> None:
        inside = self._callers.inside()
        if inside is not None and inside.handler == "MiniportCheckForHang":
            self._reports.report(
                "LIFE-17",
                f"MiniportCheckForHang of {inside.owner.name} dwells; look at what other handlers have noted, and "
                "return",
                inside.owner,
            )

    def _opened(self, binding: "Binding") -> None:
        if binding.protocol.instance is None and binding.context is not None:
            self._open[binding.name] = binding

    def _unbound(self, name: str, _status: int) -> None:
        self._open.pop(name, None)

    def _closed(self, binding: "Binding") -> None:
        """The library has waited for what is pending, or taken it back."""
        now = binding.statistics()
        if now.sends or now.lent or now.requests:
            self._reports.report_late(
                "BIND-05",
                f"{binding.name} is closed with {now.sends} sends, {now.lent} lent packets and {now.requests} requests "
                "pending; a library waits for them",
                binding,
                site=caller_site(),
            )

    def _check_context(self, block: "Block") -> None:
        for binding in self._open.values():
            if binding.context is block:
                self._reports.report(
                    "BIND-04",
                    f"{binding.protocol.name} frees the context of {binding.name} before the unbind is complete; free "
                    "it after NdisCompleteUnbindAdapter",
                    binding,
                )
