"""OID requests, and resets.

The NDIS_REQUEST of C is ``asyncndis.ndis.OidRequest``. A request that pends is NDIS's until ProtocolRequestComplete
(OID-12); a miniport answers each pended one once (OID-02), by a final status (OID-03). Source: the pages of
NdisRequest, NdisMQueryInformationComplete, NdisMSetInformationComplete and NdisReset.
"""

from asyncndis.base import NdisStatus
from asyncndis.ndis import Adapter, Binding, OidRequest

from .vocabulary import ddi

__all__ = ["NdisMQueryInformationComplete", "NdisMSetInformationComplete", "NdisRequest", "NdisReset"]


@ddi(
    page="NdisRequest, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("OID-05", "OID-12", "LOCK-01"),
    maps_to="Binding.request_nowait",
)
def NdisRequest(NdisBindingHandle: Binding, NdisRequest: OidRequest) -> NdisStatus:
    """Ask for information, or set some.

    :param NdisBindingHandle: open
    :param NdisRequest: what is asked for or set, with its buffer
    :returns: PENDING, and ProtocolRequestComplete follows; any other status is the outcome: SUCCESS, INVALID_OID,
        INVALID_LENGTH, BUFFER_TOO_SHORT, INVALID_DATA, NOT_SUPPORTED, RESOURCES, CLOSING, RESET_IN_PROGRESS, ...
    """
    return NdisBindingHandle.request_nowait(NdisRequest)


@ddi(
    page="NdisMQueryInformationComplete, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("OID-02", "OID-03", "OID-04", "OID-07"),
    maps_to="Adapter.query_complete",
)
def NdisMQueryInformationComplete(
    MiniportAdapterHandle: Adapter, Status: int, *, bytes_written: int = 0, bytes_needed: int = 0
) -> None:
    """Answer a query for which MiniportQueryInformation answered PENDING; its buffer is filled.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Status: how it went
    :param bytes_written: what C writes through the pointer that the handler was given
    :param bytes_needed: the same, where the buffer is too short
    """
    MiniportAdapterHandle.query_complete(Status, bytes_written, bytes_needed)


@ddi(
    page="NdisMSetInformationComplete, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("OID-02", "OID-03", "OID-04", "OID-07"),
    maps_to="Adapter.set_complete",
)
def NdisMSetInformationComplete(
    MiniportAdapterHandle: Adapter, Status: int, *, bytes_read: int = 0, bytes_needed: int = 0
) -> None:
    """Answer a set for which MiniportSetInformation answered PENDING.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Status: how it went
    :param bytes_read: what C writes through the pointer that the handler was given
    :param bytes_needed: the same, where the buffer is too short
    """
    MiniportAdapterHandle.set_complete(Status, bytes_read, bytes_needed)


@ddi(
    page="NdisReset, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-14", "OID-10"),
    maps_to="Binding.reset_nowait",
)
def NdisReset(NdisBindingHandle: Binding) -> NdisStatus:
    """Have the adapter reset.

    :param NdisBindingHandle: open
    :returns: PENDING, and ProtocolResetComplete follows; RESET_IN_PROGRESS; ADAPTER_NOT_READY
    """
    return NdisBindingHandle.reset_nowait()
