"""Who calls: which handler of which driver runs now.

Plain handlers run within one another, as when a miniport indicates a packet and a protocol receives it; the innermost
counts. Handlers that wait are known by their tasks. A driver is known by its class, or by the characteristics that it
registered, so that two adapters of one driver are the same driver.
"""

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from asyncndis.base.context import running_context

__all__ = ["HANDLERS", "Callers", "Inside", "driver_of"]

_MINIPORT = """
    allocate_complete=AllocateComplete cancel_send_packets=CancelSendPackets check_for_hang=CheckForHang
    disable_interrupt=DisableInterrupt enable_interrupt=EnableInterrupt halt=Halt handle_interrupt=HandleInterrupt
    initialize=Initialize isr=ISR pnp_event_notify=PnPEventNotify query_information=QueryInformation reset=Reset
    return_packet=ReturnPacket send=Send send_packets=SendPackets set_information=SetInformation shutdown=Shutdown
    timer=Timer transfer_data=TransferData
"""
_PROTOCOL = """
    bind_adapter=BindAdapter close_adapter_complete=CloseAdapterComplete open_adapter_complete=OpenAdapterComplete
    pnp_event=PnPEvent receive=Receive receive_complete=ReceiveComplete receive_packet=ReceivePacket
    request_complete=RequestComplete reset_complete=ResetComplete send_complete=SendComplete status=Status
    status_complete=StatusComplete transfer_data_complete=TransferDataComplete unbind_adapter=UnbindAdapter
    unload=Unload
"""

HANDLERS: Mapping[str, str] = MappingProxyType(
    {
        prefix + name: field
        for prefix, words in (("Miniport", _MINIPORT), ("Protocol", _PROTOCOL))
        for field, _, name in (word.partition("=") for word in words.split())
    }
)
"""The handlers of drivers by their names in NDIS, with their fields in the characteristics."""


class Inside(NamedTuple):
    """A handler that runs: its name in NDIS, and the adapter or registered protocol whose it is."""

    handler: str
    owner: Any


class Callers:
    """Knows the handlers that run."""

    def __init__(self) -> None:
        self._plain: list[Inside] = []
        self._waiting: dict[object, list[Inside]] = {}
        self._known: dict[object, Mapping[str, Inside]] = {}  # the plain handlers of each owner

    def enter(self, handler: str, owner: Any) -> None:
        """A handler begins."""
        known = self._known.get(owner)
        if known is None:
            known = self._known[owner] = _plain_handlers(owner)
        inside = known.get(handler)
        if inside is not None:
            self._plain.append(inside)
        else:
            self._waiting.setdefault(running_context().current_task(), []).append(Inside(handler, owner))

    def leave(self, handler: str, owner: object) -> None:
        """A handler has ended, the one that began last of those that nest with it."""
        if handler in self._known.get(owner, ()):
            if self._plain:  # else it began before anybody watched
                self._plain.pop()
            return
        task = running_context().current_task()
        running = self._waiting.get(task)
        if running:
            running.pop()
            if not running:
                del self._waiting[task]

    def somebody_is_in(self, handler: str, owner: object) -> bool:
        """Whether any task is in that handler of that owner, and waits there."""
        return any(Inside(handler, owner) in running for running in self._waiting.values())

    def inside(self) -> Inside | None:
        """The innermost handler that runs now; None outside of all."""
        if self._plain:
            return self._plain[-1]
        if not self._waiting:
            return None
        running = self._waiting.get(running_context().current_task())
        return running[-1] if running else None


def driver_of(owner: Any) -> object:
    """The driver behind an adapter or a registered protocol."""
    instance: object = getattr(owner, "driver", None) or getattr(owner, "instance", None)
    return getattr(owner, "characteristics", owner) if instance is None else instance.__class__


def _plain_handlers(owner: Any) -> Mapping[str, Inside]:
    """The handlers of a driver that are no coroutine functions."""
    characteristics = getattr(owner, "characteristics", None)
    return {
        handler: Inside(handler, owner)
        for handler, field in HANDLERS.items()
        if not inspect.iscoroutinefunction(getattr(characteristics, field, None))
    }
