"""Out-of-band data and per-packet information.

All of it is zero in a fresh packet and stays when a packet is used again, so that its driver clears it (PKT-08). Times
are in units of 100 ns. TimeToSend and TimeSent share one place.
"""

from asyncndis.memory import Memory, Metadata, OutOfBandData, Packet, PerPacketInfo
from asyncndis.memory.buffer import described

from .vocabulary import ddi

__all__ = [
    "NDIS_GET_ORIGINAL_PACKET",
    "NDIS_GET_PACKET_CANCEL_ID",
    "NDIS_GET_PACKET_HEADER_SIZE",
    "NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO",
    "NDIS_GET_PACKET_STATUS",
    "NDIS_GET_PACKET_TIME_RECEIVED",
    "NDIS_GET_PACKET_TIME_SENT",
    "NDIS_GET_PACKET_TIME_TO_SEND",
    "NDIS_OOB_DATA_FROM_PACKET",
    "NDIS_PACKET_EXTENSION_FROM_PACKET",
    "NDIS_PER_PACKET_INFO_FROM_PACKET",
    "NDIS_SET_ORIGINAL_PACKET",
    "NDIS_SET_PACKET_CANCEL_ID",
    "NDIS_SET_PACKET_HEADER_SIZE",
    "NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO",
    "NDIS_SET_PACKET_STATUS",
    "NDIS_SET_PACKET_TIME_RECEIVED",
    "NDIS_SET_PACKET_TIME_SENT",
    "NDIS_SET_PACKET_TIME_TO_SEND",
    "NdisIMCopySendCompletePerPacketInfo",
    "NdisIMCopySendPerPacketInfo",
    "NdisIMGetCurrentPacketStack",
    "PacketExtension",
]


@ddi(page="NDIS_OOB_DATA_FROM_PACKET, network reference of Windows 2000 and XP", irql="any", maps_to="Packet.oob")
def NDIS_OOB_DATA_FROM_PACKET(Packet: Packet) -> OutOfBandData:
    """The block of out-of-band data, valid until the packet is freed.

    :param Packet: the packet
    """
    return Packet.oob


@ddi(page="ndis.h", irql="any", rules=("RCV-15",), maps_to="OutOfBandData.header_size")
def NDIS_GET_PACKET_HEADER_SIZE(Packet: Packet) -> int:
    """The length of the frame's header.

    :param Packet: the packet
    """
    return Packet.oob.header_size


@ddi(page="ndis.h", irql="any", rules=("RCV-15",), maps_to="OutOfBandData.header_size")
def NDIS_SET_PACKET_HEADER_SIZE(Packet: Packet, HdrSize: int) -> None:
    """Set the length of the frame's header, as every receive indication needs it.

    :param Packet: the packet
    :param HdrSize: in bytes, 14 on 802.3
    """
    Packet.oob.header_size = HdrSize


@ddi(page="ndis.h", irql="any", rules=("RCV-02", "RCV-03", "RCV-04"), maps_to="OutOfBandData.status")
def NDIS_GET_PACKET_STATUS(Packet: Packet) -> int:
    """The status of a send, or the answer to an indication.

    :param Packet: the packet
    """
    return Packet.oob.status


@ddi(page="ndis.h", irql="any", rules=("RCV-02", "RCV-03", "RCV-04"), maps_to="OutOfBandData.status")
def NDIS_SET_PACKET_STATUS(Packet: Packet, Status: int) -> None:
    """Set the status of a send, or what an indication allows.

    :param Packet: the packet
    :param Status: SUCCESS lends the packet, RESOURCES has protocols copy it
    """
    Packet.oob.status = Status


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.time_to_send")
def NDIS_GET_PACKET_TIME_TO_SEND(Packet: Packet) -> int:
    """When the packet is to be sent.

    :param Packet: the packet
    """
    return Packet.oob.time_to_send


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.time_to_send")
def NDIS_SET_PACKET_TIME_TO_SEND(Packet: Packet, TimeToSend: int) -> None:
    """Set when the packet is to be sent.

    :param Packet: the packet
    :param TimeToSend: in units of 100 ns
    """
    Packet.oob.time_to_send = TimeToSend


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.time_sent")
def NDIS_GET_PACKET_TIME_SENT(Packet: Packet) -> int:
    """When the packet was sent.

    :param Packet: the packet
    """
    return Packet.oob.time_sent


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.time_sent")
def NDIS_SET_PACKET_TIME_SENT(Packet: Packet, TimeSent: int) -> None:
    """Set when the packet was sent.

    :param Packet: the packet
    :param TimeSent: in units of 100 ns
    """
    Packet.oob.time_sent = TimeSent


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.time_received")
def NDIS_GET_PACKET_TIME_RECEIVED(Packet: Packet) -> int:
    """When the packet was received.

    :param Packet: the packet
    """
    return Packet.oob.time_received


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.time_received")
def NDIS_SET_PACKET_TIME_RECEIVED(Packet: Packet, TimeReceived: int) -> None:
    """Set when the packet was received.

    :param Packet: the packet
    :param TimeReceived: in units of 100 ns
    """
    Packet.oob.time_received = TimeReceived


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.media_specific_info")
def NDIS_GET_PACKET_MEDIA_SPECIFIC_INFO(Packet: Packet) -> tuple[Memory | None, int]:
    """The information of the medium's own, and its length.

    :param Packet: the packet
    :returns: None and 0 where none was set
    """
    info = Packet.oob.media_specific_info
    return info, len(info or b"")


@ddi(page="ndis.h", irql="any", maps_to="OutOfBandData.media_specific_info")
def NDIS_SET_PACKET_MEDIA_SPECIFIC_INFO(Packet: Packet, MediaSpecificInfo: Memory, SizeMediaSpecificInfo: int) -> None:
    """Set the information of the medium's own, which stays the memory of the caller.

    :param Packet: the packet
    :param MediaSpecificInfo: the memory
    :param SizeMediaSpecificInfo: how many bytes of it, from its start
    """
    Packet.oob.media_specific_info = described(MediaSpecificInfo, SizeMediaSpecificInfo)


class PacketExtension:
    """The information slots of a packet, read and written by index: ``extension[PerPacketInfo.IEEE_8021Q] = tag``."""

    __slots__ = ("_packet",)

    def __init__(self, packet: Packet) -> None:
        self._packet = packet

    def __getitem__(self, slot: PerPacketInfo) -> object:
        return self._packet.info(slot)

    def __setitem__(self, slot: PerPacketInfo, value: object) -> None:
        self._packet.set_info(slot, value)


@ddi(page="ndis.h", irql="any", rules=("PKT-08",), maps_to="Packet.set_info")
def NDIS_PACKET_EXTENSION_FROM_PACKET(Packet: Packet) -> PacketExtension:
    """The information slots of a packet.

    :param Packet: the packet
    """
    return PacketExtension(Packet)


@ddi(page="ndis.h", irql="any", maps_to="Packet.info")
def NDIS_PER_PACKET_INFO_FROM_PACKET(Packet: Packet, Id: PerPacketInfo) -> object:
    """What an information slot holds; to write one, take the extension.

    :param Packet: the packet
    :param Id: which slot
    """
    return Packet.info(Id)


@ddi(page="ndis.h", irql="any", maps_to="Packet.original_packet")
def NDIS_GET_ORIGINAL_PACKET(Packet: Packet) -> Metadata | None:
    """The packet that this one was made from, or None.

    :param Packet: the packet
    """
    return Packet.original_packet


@ddi(page="ndis.h", irql="any", maps_to="Packet.original_packet")
def NDIS_SET_ORIGINAL_PACKET(Packet: Packet, OriginalPacket: Packet | None) -> None:
    """Note the packet that this one was made from.

    :param Packet: the packet
    :param OriginalPacket: the other one
    """
    Packet.original_packet = OriginalPacket


@ddi(page="ndis.h", irql="any", rules=("SEND-14",), maps_to="Packet.cancel_id")
def NDIS_GET_PACKET_CANCEL_ID(Packet: Packet) -> int:
    """By which a send can be cancelled; 0 for none.

    :param Packet: the packet
    """
    return Packet.cancel_id


@ddi(page="ndis.h", irql="any", rules=("SEND-14",), maps_to="Packet.cancel_id")
def NDIS_SET_PACKET_CANCEL_ID(Packet: Packet, CancelId: int) -> None:
    """Set by which a send can be cancelled.

    :param Packet: the packet
    :param CancelId: the id, its high byte from NdisGeneratePartialCancelId
    """
    Packet.cancel_id = CancelId


@ddi(
    page="NdisIMCopySendPerPacketInfo, network reference of Windows 2000 and XP",
    irql="any",
    rules=("PKT-14",),
    maps_to="Packet.copy_send_info_from",
)
def NdisIMCopySendPerPacketInfo(DstPacket: Packet, SrcPacket: Packet) -> None:
    """Copy all information slots downwards, from a packet to the one in which it is sent on.

    :param DstPacket: the packet that an intermediate driver sends
    :param SrcPacket: the packet that the driver above sent
    """
    DstPacket.copy_send_info_from(SrcPacket)


@ddi(
    page="NdisIMCopySendCompletePerPacketInfo, network reference of Windows 2000 and XP",
    irql="any",
    rules=("PKT-14",),
    maps_to="Packet.copy_send_complete_info_from",
)
def NdisIMCopySendCompletePerPacketInfo(DstPacket: Packet, SrcPacket: Packet) -> None:
    """Copy all information slots upwards, from a packet that was sent to the one that asked for it.

    :param DstPacket: the packet that the driver above sent
    :param SrcPacket: the packet that the driver below completed
    """
    DstPacket.copy_send_complete_info_from(SrcPacket)


@ddi(
    page="NdisIMGetCurrentPacketStack, network reference of Windows XP",
    irql="any",
    maps_to="Packet.current_stack",
)
def NdisIMGetCurrentPacketStack(Packet: Packet) -> tuple[memoryview | None, bool]:
    """The area of the intermediate driver that has a packet now, so that it need not allocate one of its own.

    :param Packet: the packet
    :returns: the area, and whether there is one: where not, the driver allocates a packet of its own
    """
    stack = Packet.current_stack
    return stack, stack is not None
