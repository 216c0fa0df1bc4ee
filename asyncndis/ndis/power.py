"""Power, pause and surprise removal: what the system does to an adapter.

Source: the pages of OID_PNP_SET_POWER, NET_PNP_EVENT, MiniportPnPEventNotify and NdisMRemoveMiniport. Pause and resume
are an extension of this package: NDIS 5 knows none.
"""

from typing import TYPE_CHECKING

from asyncndis.base import NdisStatus, RuleViolation

from .ending import run_patiently
from .media import DevicePnpEvent, PnpEvent, PowerState
from .oids import Oid
from .pnp_events import tell_pnp_event
from .resetting import set_request
from .states import ADAPTER_STATES, AdapterEvent, AdapterState

if TYPE_CHECKING:
    from .adapter import Adapter
    from .library import Ndis

__all__ = ["finish_removal", "pause", "resume", "set_power"]

_UNKNOWN = (NdisStatus.INVALID_OID, NdisStatus.NOT_SUPPORTED)


async def pause(adapter: "Adapter") -> None:
    """Stop sends, and wait until nothing is out."""
    adapter.step(AdapterEvent.PAUSE)
    try:
        await adapter.until(lambda: adapter.is_at_rest or adapter.state is not AdapterState.PAUSING)
    except BaseException:
        if adapter.state is AdapterState.PAUSING:
            resume(adapter)  # whoever wanted it does not wait for it any more
        raise
    if adapter.state is AdapterState.PAUSING:
        adapter.step(AdapterEvent.QUIET)


def resume(adapter: "Adapter") -> None:
    """Let sends go on; protocols see the medium connected again."""
    adapter.step(AdapterEvent.RESUME)
    adapter.sends.resources_available()
    adapter.tell_all(NdisStatus.MEDIA_CONNECT if adapter.connected else NdisStatus.MEDIA_DISCONNECT)


async def set_power(library: "Ndis", adapter: "Adapter", state: PowerState) -> None:
    """Put an adapter to sleep, or wake it up."""
    event = AdapterEvent.WAKE if state is PowerState.D0 else AdapterEvent.SLEEP
    ADAPTER_STATES.after(adapter.state, event)  # or it cannot, and nobody is told
    if state is PowerState.D0:
        await _order(library, adapter, state)
        adapter.step(event)
        await _notify(adapter, state)
        adapter.requests.serve()
        adapter.sends.resources_available()
    else:
        await _notify(adapter, state)
        adapter.step(event)
        adapter.sends.abort_queued()
        if not await adapter.until_patience_ends(lambda: not adapter.sends.in_flight):
            adapter.sends.take_back(adapter.sends.left())
        await _order(library, adapter, state)


async def finish_removal(library: "Ndis", adapter: "Adapter") -> None:
    """The hardware is gone: tell its miniport, unbind its protocols, and halt it."""
    notify = adapter.handler("MiniportPnPEventNotify", "pnp_event_notify")
    if notify is not None:
        await run_patiently(adapter, notify, DevicePnpEvent.SURPRISE_REMOVED, b"")
    adapter.sends.abort_queued()
    await library.halt_adapter(adapter)


async def _order(library: "Ndis", adapter: "Adapter", state: PowerState) -> None:
    """OID_PNP_SET_POWER, which may not fail; a miniport that does not know it is not asked."""
    status = await library.submit(adapter, set_request(Oid.PNP_SET_POWER, state))
    if status is not NdisStatus.SUCCESS and status not in _UNKNOWN:
        adapter.violated(
            RuleViolation(
                "OID-11",
                f"{adapter.name} answered OID_PNP_SET_POWER with {status.name}; it may not fail (bugcheck 0x7C/0x1C)",
                adapter,
                site=adapter.site_of("set_information"),
            )
        )


async def _notify(adapter: "Adapter", state: PowerState) -> None:
    """Tell the protocols by a PnP event."""
    for binding in adapter.open_bindings:
        await tell_pnp_event(binding, PnpEvent.SET_POWER, state)
