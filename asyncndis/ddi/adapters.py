"""The life of an adapter, as its miniport calls it.

The handle that MiniportInitialize is given stands for the adapter in all of these, and in the calls of hardware, sends
and receives. Source: the pages of NdisMSetAttributesEx, NdisMResetComplete, NdisMRemoveMiniport and
NdisWriteErrorLogEntry.
"""

from asyncndis.base import NdisStatus
from asyncndis.ndis import Adapter

from .vocabulary import ddi

__all__ = ["NdisMRemoveMiniport", "NdisMResetComplete", "NdisMSetAttributesEx", "NdisWriteErrorLogEntry"]


@ddi(
    page="NdisMSetAttributesEx, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-01",),
    maps_to="Adapter.set_attributes",
)
def NdisMSetAttributesEx(
    MiniportAdapterHandle: Adapter,
    MiniportAdapterContext: object,
    CheckForHangTimeInSeconds: int,
    AttributeFlags: int,
    AdapterType: int = 0,
) -> None:
    """Say what kind of miniport this is, first thing in MiniportInitialize.

    A serialized miniport with coroutine handlers fails its initialization by BAD_CHARACTERISTICS here.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param MiniportAdapterContext: what the handlers of the miniport get
    :param CheckForHangTimeInSeconds: between two checks; rounded down to a multiple of 2, and 0 means 2
    :param AttributeFlags: see ``asyncndis.ndis.AdapterAttributes``
    :param AdapterType: the bus, which makes no difference here
    """
    del AdapterType
    MiniportAdapterHandle.set_attributes(
        MiniportAdapterContext, check_for_hang_seconds=CheckForHangTimeInSeconds, attributes=AttributeFlags
    )


@ddi(
    page="NdisMResetComplete, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("LIFE-14", "LOCK-01"),
    maps_to="Adapter.reset_complete",
)
def NdisMResetComplete(MiniportAdapterHandle: Adapter, Status: int, AddressingReset: bool) -> None:
    """End a reset for which MiniportReset answered PENDING.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Status: how it went
    :param AddressingReset: whether filter, multicast list and lookahead are to be set anew
    """
    MiniportAdapterHandle.reset_complete(Status, addressing_reset=AddressingReset)


@ddi(
    page="NdisMRemoveMiniport, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    maps_to="Adapter.remove",
)
def NdisMRemoveMiniport(MiniportAdapterHandle: Adapter) -> NdisStatus:
    """Declare the hardware failed: NDIS unbinds the protocols and halts the adapter.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :returns: SUCCESS
    """
    MiniportAdapterHandle.remove()
    return NdisStatus.SUCCESS


@ddi(
    page="NdisWriteErrorLogEntry, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    maps_to="Adapter.write_error_log",
)
def NdisWriteErrorLogEntry(
    NdisAdapterHandle: Adapter, ErrorCode: int, NumberOfErrorValues: int, *ErrorValues: int
) -> None:
    """Write an entry into the error log.

    :param NdisAdapterHandle: as MiniportInitialize was given it
    :param ErrorCode: see ``asyncndis.ndis.ErrorCode``
    :param NumberOfErrorValues: how many of the values count
    :param ErrorValues: 32-bit numbers that mean something to whoever reads the log
    """
    NdisAdapterHandle.write_error_log(ErrorCode, *ErrorValues[:NumberOfErrorValues])
