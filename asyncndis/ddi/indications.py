"""Status indications.

One completion may close several indications, but after each of them one follows; none is made in initialization or
once halt has begun (LIFE-13). Source: the pages of NdisMIndicateStatus and NdisMIndicateStatusComplete.
"""

from asyncndis.ndis import Adapter

from .vocabulary import ddi

__all__ = ["NdisMIndicateStatus", "NdisMIndicateStatusComplete"]


@ddi(
    page="NdisMIndicateStatus, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("LIFE-13", "LOCK-01"),
    maps_to="Adapter.indicate_status",
)
def NdisMIndicateStatus(
    MiniportAdapterHandle: Adapter, GeneralStatus: int, StatusBuffer: bytes | None, StatusBufferSize: int
) -> None:
    """Tell all protocols of a change.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param GeneralStatus: MEDIA_CONNECT, MEDIA_DISCONNECT, LINK_SPEED_CHANGE or another informational status
    :param StatusBuffer: what goes with it; None for nothing
    :param StatusBufferSize: its bytes
    """
    MiniportAdapterHandle.indicate_status(GeneralStatus, (StatusBuffer or b"")[:StatusBufferSize])


@ddi(
    page="NdisMIndicateStatusComplete, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("LIFE-13", "LOCK-01"),
    maps_to="Adapter.indicate_status_complete",
)
def NdisMIndicateStatusComplete(MiniportAdapterHandle: Adapter) -> None:
    """Close the indications before.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    """
    MiniportAdapterHandle.indicate_status_complete()
