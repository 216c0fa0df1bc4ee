"""The receive path.

Packets are indicated, kept by protocols and returned as often as each has promised (RCV-07); or frames are shown by
header and lookahead, and the rest is transferred while they are (RCV-11). Several protocols may see the same packet,
so that none of them writes to it (RCV-09).
"""

from collections.abc import Sequence

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Binding, current_ndis

from .vocabulary import ddi

__all__ = [
    "NdisGetReceivedPacket",
    "NdisMEthIndicateReceive",
    "NdisMEthIndicateReceiveComplete",
    "NdisMIndicateReceivePacket",
    "NdisMTransferDataComplete",
    "NdisReturnPackets",
    "NdisTransferData",
]


@ddi(
    page="NdisMIndicateReceivePacket, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("RCV-01", "RCV-02", "RCV-03", "RCV-04", "RCV-05", "RCV-14", "RCV-15", "RCV-16"),
    maps_to="Adapter.indicate",
)
def NdisMIndicateReceivePacket(
    MiniportAdapterHandle: Adapter, ReceivePackets: Sequence[Packet], NumberOfPackets: int
) -> None:
    """Indicate received packets; the status of each says whether it is lent.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param ReceivePackets: with status SUCCESS, or from some packet on RESOURCES, and with their header size
    :param NumberOfPackets: how many of them count
    """
    MiniportAdapterHandle.indicate(ReceivePackets[:NumberOfPackets])


@ddi(
    page="NdisReturnPackets, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("RCV-07", "RCV-08", "RCV-14"),
    maps_to="Ndis.return_packets",
)
def NdisReturnPackets(PacketsToReturn: Sequence[Packet], NumberOfPackets: int) -> None:
    """Return lent packets.

    :param PacketsToReturn: each as often as ProtocolReceivePacket has promised
    :param NumberOfPackets: how many of them count
    """
    current_ndis().return_packets(PacketsToReturn[:NumberOfPackets])


@ddi(
    page="NdisMEthIndicateReceive, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH, no spin lock held",
    rules=("RCV-10", "RCV-13", "RCV-14", "RCV-16"),
    maps_to="Adapter.indicate_lookahead",
)
def NdisMEthIndicateReceive(
    MiniportAdapterHandle: Adapter,
    MacReceiveContext: object,
    HeaderBuffer: bytes | bytearray | memoryview,
    HeaderBufferSize: int,
    LookaheadBuffer: bytes | bytearray | memoryview,
    LookaheadBufferSize: int,
    PacketSize: int,
) -> None:
    """Show a frame that protocols copy from.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param MacReceiveContext: what MiniportTransferData gets, to find the frame again
    :param HeaderBuffer: the medium's header
    :param HeaderBufferSize: its bytes
    :param LookaheadBuffer: the first bytes behind it
    :param LookaheadBufferSize: how many these are
    :param PacketSize: all bytes behind the header
    """
    header, lookahead = memoryview(HeaderBuffer)[:HeaderBufferSize], memoryview(LookaheadBuffer)[:LookaheadBufferSize]
    MiniportAdapterHandle.indicate_lookahead(MacReceiveContext, header, lookahead, PacketSize)


@ddi(
    page="NdisMEthIndicateReceiveComplete, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH, no spin lock held",
    rules=("RCV-13", "RCV-14"),
    maps_to="Adapter.indicate_receive_complete",
)
def NdisMEthIndicateReceiveComplete(MiniportAdapterHandle: Adapter) -> None:
    """Say that the batch of frames is over.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    """
    MiniportAdapterHandle.indicate_receive_complete()


@ddi(
    page="NdisTransferData, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("RCV-11", "RCV-12", "LOCK-01"),
    maps_to="Binding.transfer_data_nowait",
)
def NdisTransferData(
    NdisBindingHandle: Binding, MacReceiveContext: object, ByteOffset: int, BytesToTransfer: int, Packet: Packet
) -> tuple[NdisStatus, int]:
    """Have the rest of a frame copied, within ProtocolReceive.

    :param NdisBindingHandle: open
    :param MacReceiveContext: as ProtocolReceive was given it
    :param ByteOffset: first byte, counted behind the header
    :param BytesToTransfer: how many
    :param Packet: the protocol's own, with buffers for them
    :returns: SUCCESS and the bytes that were copied; PENDING, and ProtocolTransferDataComplete follows;
        RESET_IN_PROGRESS, REQUEST_ABORTED, or FAILURE where there are not so many
    """
    status, count = NdisBindingHandle.transfer_data_nowait(MacReceiveContext, ByteOffset, BytesToTransfer, Packet)
    return status, count


@ddi(
    page="NdisMTransferDataComplete, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH, no spin lock held",
    rules=("RCV-12",),
    maps_to="Adapter.transfer_data_complete",
)
def NdisMTransferDataComplete(
    MiniportAdapterHandle: Adapter, Packet: Packet, Status: int, BytesTransferred: int
) -> None:
    """End a transfer for which MiniportTransferData answered PENDING.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param Packet: that of MiniportTransferData
    :param Status: how it went
    :param BytesTransferred: bytes that were copied
    """
    MiniportAdapterHandle.transfer_data_complete(Packet, Status, BytesTransferred)


@ddi(
    page="NdisGetReceivedPacket, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("RCV-09",),
    maps_to="Binding.received_packet",
)
def NdisGetReceivedPacket(NdisBindingHandle: Binding, MacContext: object) -> Packet | None:
    """The packet behind a frame that ProtocolReceive is shown; read-only, and only within that call.

    :param NdisBindingHandle: open
    :param MacContext: as ProtocolReceive was given it
    :returns: the packet; None where the miniport indicated none
    """
    return NdisBindingHandle.received_packet(MacContext)
