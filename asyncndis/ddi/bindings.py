"""Bindings.

A protocol opens an adapter where it is offered, in ProtocolBindAdapter (BIND-01). An open or a close may pend, and its
handler is told when it is done; until then, and from the close on, the binding's handle is dead (BIND-02). A bind or
unbind that was answered PENDING is completed once (BIND-03).
"""

from collections.abc import Sequence

from asyncndis.base import NdisStatus
from asyncndis.ndis import BindContext, Binding, NdisMedium, NetPnpEvent, RegisteredProtocol, UnbindContext

from .vocabulary import attempt_later, ddi

__all__ = [
    "NdisCloseAdapter",
    "NdisCompleteBindAdapter",
    "NdisCompletePnPEvent",
    "NdisCompleteUnbindAdapter",
    "NdisOpenAdapter",
    "NdisReEnumerateProtocolBindings",
    "NdisUnbindAdapter",
]


@ddi(
    page="NdisOpenAdapter, network reference of Windows 2000 and XP",
    irql="PASSIVE, no spin lock held",
    rules=("BIND-01", "BIND-02", "LOCK-01"),
    maps_to="RegisteredProtocol.begin_open",
)
async def NdisOpenAdapter(
    MediumArray: Sequence[NdisMedium],
    MediumArraySize: int,
    NdisProtocolHandle: RegisteredProtocol,
    ProtocolBindingContext: object,
    AdapterName: str,
    OpenOptions: int = 0,
    AddressingInformation: object = None,
) -> tuple[NdisStatus, NdisStatus, Binding | None, int | None]:
    """Open the adapter that ProtocolBindAdapter offers.

    :param MediumArray: the media that the protocol can speak
    :param MediumArraySize: how many of them count
    :param NdisProtocolHandle: what NdisRegisterProtocol returned
    :param ProtocolBindingContext: what the handlers of the protocol get
    :param AdapterName: as ProtocolBindAdapter was given it
    :param OpenOptions: 0
    :param AddressingInformation: None
    :returns: the status; what more is known of a failure; the binding's handle; the index of the medium. SUCCESS;
        PENDING, and ProtocolOpenAdapterComplete follows; UNSUPPORTED_MEDIA, ADAPTER_NOT_FOUND, OPEN_FAILED, CLOSING
    """
    del OpenOptions, AddressingInformation
    media = MediumArray[:MediumArraySize]
    refused, opened = await attempt_later(NdisProtocolHandle.begin_open, AdapterName, ProtocolBindingContext, media)
    status, binding, index = opened or (refused, None, None)
    return status, refused, binding, index


@ddi(
    page="NdisCloseAdapter, network reference of Windows 2000 and XP",
    irql="PASSIVE, no spin lock held",
    rules=("BIND-02", "BIND-05", "RCV-17", "LOCK-01"),
    maps_to="Binding.begin_close",
)
async def NdisCloseAdapter(NdisBindingHandle: Binding) -> NdisStatus:
    """Close a binding, in ProtocolUnbindAdapter; its handle is dead from now on.

    :param NdisBindingHandle: open
    :returns: SUCCESS; PENDING, and ProtocolCloseAdapterComplete follows when all that was out is back
    """
    return await NdisBindingHandle.begin_close()


@ddi(
    page="NdisCompleteBindAdapter, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("BIND-03",),
    maps_to="BindContext.complete",
)
def NdisCompleteBindAdapter(BindAdapterContext: BindContext, Status: int, OpenStatus: int) -> None:
    """End a bind that was answered PENDING.

    :param BindAdapterContext: as ProtocolBindAdapter was given it
    :param Status: how the bind went
    :param OpenStatus: how the open went, as ProtocolOpenAdapterComplete was told
    """
    del OpenStatus  # for the log of a failed bind, which the status itself makes
    BindAdapterContext.complete(Status)


@ddi(
    page="NdisCompleteUnbindAdapter, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("BIND-03", "BIND-04"),
    maps_to="UnbindContext.complete",
)
def NdisCompleteUnbindAdapter(UnbindAdapterContext: UnbindContext, Status: int) -> None:
    """End an unbind that was answered PENDING.

    :param UnbindAdapterContext: as ProtocolUnbindAdapter was given it
    :param Status: SUCCESS
    """
    UnbindAdapterContext.complete(Status)


@ddi(
    page="NdisCompletePnPEvent, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("BIND-03",),
    maps_to="NetPnpEvent.complete",
)
def NdisCompletePnPEvent(Status: int, NdisBindingHandle: Binding, NetPnPEvent: NetPnpEvent) -> None:
    """Answer a PnP event that was answered PENDING.

    :param Status: SUCCESS, or one that declines
    :param NdisBindingHandle: the binding that it was about
    :param NetPnPEvent: as ProtocolPnPEvent was given it
    """
    del NdisBindingHandle  # the event knows it
    NetPnPEvent.complete(Status)


@ddi(page="NdisUnbindAdapter, NDIS 5.1", irql="<= DISPATCH", maps_to="Binding.unbind_later")
def NdisUnbindAdapter(NdisBindingHandle: Binding) -> NdisStatus:
    """Have ProtocolUnbindAdapter called for a binding, outside its bind and unbind handlers.

    :param NdisBindingHandle: open; it may be gone when this returns
    :returns: SUCCESS, at once
    """
    NdisBindingHandle.unbind_later()
    return NdisStatus.SUCCESS


@ddi(
    page="NdisReEnumerateProtocolBindings, network reference of Windows XP",
    irql="PASSIVE",
    rules=("BIND-06",),
    maps_to="RegisteredProtocol.enumerate_bindings",
)
async def NdisReEnumerateProtocolBindings(NdisProtocolHandle: RegisteredProtocol) -> None:
    """Have a protocol bound to every adapter that it is not bound to.

    :param NdisProtocolHandle: what NdisRegisterProtocol returned
    """
    await NdisProtocolHandle.enumerate_bindings()
