"""Who calls: which handler of which driver runs in the current task.

A task may be in several handlers at once, one within the other, as when a miniport indicates a packet and a protocol
receives it; the innermost counts. A driver is known by its class, or by the characteristics that it registered, so that
two adapters of one driver are the same driver.
"""

from typing import Any, NamedTuple

from asyncndis.base.context import running_context

__all__ = ["HANDLERS", "Callers", "Inside", "driver_of"]

_NAMES = """
    MiniportAllocateComplete MiniportCancelSendPackets MiniportCheckForHang MiniportDisableInterrupt
    MiniportEnableInterrupt MiniportHalt MiniportHandleInterrupt MiniportInitialize MiniportISR MiniportPnPEventNotify
    MiniportQueryInformation MiniportReset MiniportReturnPacket MiniportSend MiniportSendPackets MiniportSetInformation
    MiniportShutdown MiniportTimer MiniportTransferData ProtocolBindAdapter ProtocolCloseAdapterComplete
    ProtocolOpenAdapterComplete ProtocolPnPEvent ProtocolReceive ProtocolReceiveComplete ProtocolReceivePacket
    ProtocolRequestComplete ProtocolResetComplete ProtocolSendComplete ProtocolStatus ProtocolStatusComplete
    ProtocolTransferDataComplete ProtocolUnbindAdapter
"""

HANDLERS = frozenset(_NAMES.split())
"""The handlers of drivers, by their names in NDIS."""


class Inside(NamedTuple):
    """A handler that runs: its name in NDIS, and the adapter or registered protocol whose it is."""

    handler: str
    owner: Any


class Callers:
    """Knows the handlers that run, by their tasks."""

    def __init__(self) -> None:
        self._running: dict[object, list[Inside]] = {}

    def enter(self, handler: str, owner: object) -> None:
        """A handler begins."""
        task = running_context().current_task()
        running = self._running.get(task)
        if running is None:
            self._running[task] = [Inside(handler, owner)]
        else:
            running.append(Inside(handler, owner))

    def leave(self, *_: object) -> None:
        """The handler that began last in this task has ended."""
        task = running_context().current_task()
        running = self._running.get(task)
        if running:  # else it began before anybody watched
            running.pop()
            if not running:
                del self._running[task]

    def inside(self) -> Inside | None:
        """The innermost handler that runs in the current task; None outside of all."""
        if not self._running:
            return None
        running = self._running.get(running_context().current_task())
        return running[-1] if running else None

    def driver(self) -> object:
        """The driver whose handler that is; None outside of all."""
        inside = self.inside()
        return None if inside is None else driver_of(inside.owner)


def driver_of(owner: Any) -> object:
    """The driver behind an adapter or a registered protocol."""
    instance = getattr(owner, "driver", None) or getattr(owner, "instance", None)
    return type(instance) if instance is not None else getattr(owner, "characteristics", owner)
