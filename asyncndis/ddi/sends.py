"""The send path.

A packet that NdisSend answers PENDING for, and each one of NdisSendPackets, is the lower side's until
ProtocolSendComplete (SEND-01). A miniport gives each packet back once, by a final status (SEND-02, SEND-03).
"""

from collections.abc import Sequence

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Binding, current_ndis

from .vocabulary import ddi

__all__ = [
    "NdisCancelSendPackets",
    "NdisGeneratePartialCancelId",
    "NdisMSendComplete",
    "NdisMSendResourcesAvailable",
    "NdisSend",
    "NdisSendPackets",
]


@ddi(
    page="NdisSend, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("SEND-01", "SEND-11", "SEND-12", "SEND-13", "PKT-12"),
    maps_to="Binding.send_nowait",
)
def NdisSend(NdisBindingHandle: Binding, Packet: Packet) -> NdisStatus:
    """Send a packet.

    :param NdisBindingHandle: open
    :param Packet: with the whole frame; its first buffer holds the MAC header
    :returns: PENDING, and it comes back through ProtocolSendComplete, perhaps before this call returns; any other
        status, and it is back: SUCCESS, INVALID_PACKET, CLOSING, RESET_IN_PROGRESS, FAILURE, ...
    """
    return NdisBindingHandle.send_nowait(Packet)


@ddi(
    page="NdisSendPackets, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("SEND-01", "SEND-10", "SEND-12", "SEND-13"),
    maps_to="Binding.send_packets",
)
def NdisSendPackets(NdisBindingHandle: Binding, PacketArray: Sequence[Packet], NumberOfPackets: int) -> None:
    """Send packets; each comes back through ProtocolSendComplete, whatever becomes of it.

    :param NdisBindingHandle: open
    :param PacketArray: in the order in which they are to reach the wire
    :param NumberOfPackets: how many of them count
    """
    NdisBindingHandle.send_packets(PacketArray[:NumberOfPackets])


@ddi(
    page="NdisCancelSendPackets, network reference of Windows XP",
    irql="<= DISPATCH",
    rules=("SEND-14",),
    maps_to="Binding.cancel_sends",
)
def NdisCancelSendPackets(NdisBindingHandle: Binding, CancelId: int) -> None:
    """Ask that sends be given up: no guarantee; those that are come back with REQUEST_ABORTED.

    :param NdisBindingHandle: open
    :param CancelId: that of NDIS_SET_PACKET_CANCEL_ID
    """
    NdisBindingHandle.cancel_sends(CancelId)


@ddi(
    page="NdisGeneratePartialCancelId, network reference of Windows XP",
    irql="any",
    rules=("SEND-14",),
    maps_to="Ndis.next_partial_cancel_id",
)
def NdisGeneratePartialCancelId() -> int:
    """A number of the driver's own, for the high byte of the cancel ids that it makes."""
    return current_ndis().next_partial_cancel_id()


@ddi(
    page="NdisMSendComplete, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("SEND-02", "SEND-03", "SEND-04", "SEND-05", "SEND-12"),
    maps_to="Adapter.send_complete",
)
def NdisMSendComplete(MiniportAdapterHandle: Adapter, Packet: Packet, Status: int) -> None:
    """Give a sent packet back; it is not touched afterwards.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Packet: one for which the send handler answered PENDING
    :param Status: SUCCESS, FAILURE, REQUEST_ABORTED or another final status
    """
    MiniportAdapterHandle.send_complete(Packet, Status)


@ddi(
    page="NdisMSendResourcesAvailable, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("SEND-09", "SEND-12"),
    maps_to="Adapter.send_resources_available",
)
def NdisMSendResourcesAvailable(MiniportAdapterHandle: Adapter) -> None:
    """Say that there is room again, after RESOURCES: NDIS submits its queue anew.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    """
    MiniportAdapterHandle.send_resources_available()
