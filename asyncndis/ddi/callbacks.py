"""The handlers of drivers as data: what the page of each MiniportXxx and ProtocolXxx function says of it.

Parameters are those of the page, in its order, with outputs left out. These come back as a tuple in the order of the
page, the status first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .arranging import (
    of_bind,
    of_event,
    of_information,
    of_initialize,
    of_memory,
    of_packets,
    of_receive,
    of_send,
    of_status,
    of_transfer,
)

__all__ = ["MINIPORT_CALLBACKS", "PROTOCOL_CALLBACKS", "Callback"]

_CONTEXT = "MiniportAdapterContext"
_BINDING = "ProtocolBindingContext"
_PASSIVE, _SERIAL, _UP_TO, _DISPATCH = "PASSIVE", "DISPATCH; <= DISPATCH deserialized", "<= DISPATCH", "DISPATCH"


@dataclass(frozen=True, slots=True)
class Callback:
    """What is known of one handler.

    :ivar name: in NDIS, as "MiniportSend"
    :ivar member: of the characteristics structure, as "SendHandler"
    :ivar since: the NDIS version whose structure has it first
    :ivar field: of the characteristics here, as "send"
    :ivar parameters: words, in the order of the page, outputs left out
    :ivar returns: what it answers, in words; nothing for one that answers nothing
    :ivar irql: the levels at which it is called
    :ivar rules: the ids of the rules that it is about
    :ivar form: the object form, where it is not the method that is called as the field is
    :ivar order: makes the parameters of the page of those that NDIS here gives; None where they are the same
    """

    name: str
    member: str
    since: tuple[int, int]
    field: str
    parameters: str
    returns: str
    irql: str
    rules: tuple[str, ...] = ()
    form: str = ""
    order: Callable[..., tuple[object, ...]] | None = None

    @property
    def signature(self) -> str:
        """The handler as a driver defines it: ``MiniportSend(MiniportAdapterContext, Packet, Flags)``."""
        return f"{self.name}({', '.join(self.parameters.split())})"

    @property
    def maps_to(self) -> str:
        """The object form, as "Miniport.send"."""
        return self.form or f"{'Miniport' if self.name.startswith('Miniport') else 'Protocol'}.{self.field}"


MINIPORT_CALLBACKS = (
    Callback(
        "MiniportCheckForHang",
        "CheckForHangHandler",
        (3, 0),
        "check_for_hang",
        _CONTEXT,
        "whether the NIC hangs, which leads to a reset",
        _SERIAL,
        ("LIFE-17",),
    ),
    Callback("MiniportDisableInterrupt", "DisableInterruptHandler", (3, 0), "disable_interrupt", _CONTEXT, "", "DIRQL"),
    Callback("MiniportEnableInterrupt", "EnableInterruptHandler", (3, 0), "enable_interrupt", _CONTEXT, "", "DISPATCH"),
    Callback(
        "MiniportHalt",
        "HaltHandler",
        (3, 0),
        "halt",
        _CONTEXT,
        "",
        _PASSIVE,
        ("LIFE-03", "LIFE-04", "LIFE-05", "LIFE-06", "SEND-16"),
    ),
    Callback("MiniportHandleInterrupt", "HandleInterruptHandler", (3, 0), "handle_interrupt", _CONTEXT, "", _DISPATCH),
    Callback(
        "MiniportInitialize",
        "InitializeHandler",
        (3, 0),
        "initialize",
        "MediumArray MediumArraySize MiniportAdapterHandle WrapperConfigurationContext",
        "status, OpenErrorStatus, SelectedMediumIndex; SUCCESS, or the status of the failure",
        _PASSIVE,
        ("LIFE-01", "LIFE-02", "LIFE-08", "LIFE-11"),
        order=of_initialize,
    ),
    Callback(
        "MiniportISR",
        "ISRHandler",
        (3, 0),
        "isr",
        _CONTEXT,
        "InterruptRecognized, QueueMiniportHandleInterrupt",
        "DIRQL",
        ("IRQL-05", "LIFE-10"),
    ),
    Callback(
        "MiniportQueryInformation",
        "QueryInformationHandler",
        (3, 0),
        "query_information",
        f"{_CONTEXT} Oid InformationBuffer InformationBufferLength",
        "status, BytesWritten, BytesNeeded; PENDING, and NdisMQueryInformationComplete follows",
        _SERIAL,
        ("OID-02", "OID-03", "OID-04"),
        order=of_information,
    ),
    Callback(
        "MiniportReset",
        "ResetHandler",
        (3, 0),
        "reset",
        _CONTEXT,
        "status, AddressingReset; PENDING, and NdisMResetComplete follows",
        _SERIAL,
        ("LIFE-14", "SEND-16"),
    ),
    Callback(
        "MiniportSend",
        "SendHandler",
        (3, 0),
        "send",
        f"{_CONTEXT} Packet Flags",
        "status; PENDING, and NdisMSendComplete follows; RESOURCES from a serialized miniport",
        _SERIAL,
        ("SEND-02", "SEND-04", "SEND-08"),
        order=of_send,
    ),
    Callback(
        "MiniportSetInformation",
        "SetInformationHandler",
        (3, 0),
        "set_information",
        f"{_CONTEXT} Oid InformationBuffer InformationBufferLength",
        "status, BytesRead, BytesNeeded; PENDING, and NdisMSetInformationComplete follows",
        _SERIAL,
        ("OID-02", "OID-03", "OID-04"),
        order=of_information,
    ),
    Callback(
        "MiniportTransferData",
        "TransferDataHandler",
        (3, 0),
        "transfer_data",
        f"Packet {_CONTEXT} MiniportReceiveContext ByteOffset BytesToTransfer",
        "status, BytesTransferred; PENDING, and NdisMTransferDataComplete follows",
        _SERIAL,
        ("RCV-11", "RCV-12"),
        order=of_transfer,
    ),
    Callback(
        "MiniportReturnPacket",
        "ReturnPacketHandler",
        (4, 0),
        "return_packet",
        f"{_CONTEXT} Packet",
        "",
        _SERIAL,
        ("RCV-01",),
    ),
    Callback(
        "MiniportSendPackets",
        "SendPacketsHandler",
        (4, 0),
        "send_packets",
        f"{_CONTEXT} PacketArray NumberOfPackets",
        "nothing; a serialized miniport sets the status of each packet",
        _SERIAL,
        ("SEND-02", "SEND-06", "SEND-07", "SEND-08"),
        order=of_packets,
    ),
    Callback(
        "MiniportAllocateComplete",
        "AllocateCompleteHandler",
        (4, 0),
        "allocate_complete",
        f"{_CONTEXT} VirtualAddress PhysicalAddress Length Context",
        "",
        _UP_TO,
        order=of_memory,
    ),
    Callback(
        "MiniportCancelSendPackets",
        "CancelSendPacketsHandler",
        (5, 1),
        "cancel_send_packets",
        f"{_CONTEXT} CancelId",
        "",
        _UP_TO,
        ("SEND-14",),
    ),
    Callback(
        "MiniportPnPEventNotify",
        "PnPEventNotifyHandler",
        (5, 1),
        "pnp_event_notify",
        f"{_CONTEXT} PnPEvent InformationBuffer InformationBufferLength",
        "",
        _PASSIVE,
        form="Miniport.pnp_event",
        order=of_event,
    ),
    Callback(
        "MiniportShutdown",
        "AdapterShutdownHandler",
        (5, 1),
        "shutdown",
        _CONTEXT,
        "",
        "any",
        ("LIFE-15",),
    ),
)
"""The handlers of a miniport, in the order of NDIS_MINIPORT_CHARACTERISTICS."""

PROTOCOL_CALLBACKS = (
    Callback(
        "ProtocolOpenAdapterComplete",
        "OpenAdapterCompleteHandler",
        (3, 0),
        "open_adapter_complete",
        f"{_BINDING} Status OpenErrorStatus",
        "",
        _PASSIVE,
        ("BIND-02",),
    ),
    Callback(
        "ProtocolCloseAdapterComplete",
        "CloseAdapterCompleteHandler",
        (3, 0),
        "close_adapter_complete",
        f"{_BINDING} Status",
        "",
        _PASSIVE,
        ("BIND-02", "BIND-04"),
    ),
    Callback(
        "ProtocolSendComplete",
        "SendCompleteHandler",
        (3, 0),
        "send_complete",
        f"{_BINDING} Packet Status",
        "",
        _DISPATCH,
        ("SEND-13",),
    ),
    Callback(
        "ProtocolTransferDataComplete",
        "TransferDataCompleteHandler",
        (3, 0),
        "transfer_data_complete",
        f"{_BINDING} Packet Status BytesTransferred",
        "",
        _DISPATCH,
        ("RCV-12",),
    ),
    Callback(
        "ProtocolResetComplete", "ResetCompleteHandler", (3, 0), "reset_complete", f"{_BINDING} Status", "", _UP_TO
    ),
    Callback(
        "ProtocolRequestComplete",
        "RequestCompleteHandler",
        (3, 0),
        "request_complete",
        f"{_BINDING} NdisRequest Status",
        "",
        _UP_TO,
        ("OID-12",),
    ),
    Callback(
        "ProtocolReceive",
        "ReceiveHandler",
        (3, 0),
        "receive",
        f"{_BINDING} MacReceiveContext HeaderBuffer HeaderBufferSize LookaheadBuffer LookaheadBufferSize PacketSize",
        "SUCCESS, NOT_ACCEPTED",
        _DISPATCH,
        ("RCV-10", "RCV-11"),
        form="Protocol.receive_lookahead",
        order=of_receive,
    ),
    Callback(
        "ProtocolReceiveComplete",
        "ReceiveCompleteHandler",
        (3, 0),
        "receive_complete",
        _BINDING,
        "",
        _DISPATCH,
        ("RCV-13",),
    ),
    Callback(
        "ProtocolStatus",
        "StatusHandler",
        (3, 0),
        "status",
        f"{_BINDING} GeneralStatus StatusBuffer StatusBufferSize",
        "",
        _UP_TO,
        order=of_status,
    ),
    Callback("ProtocolStatusComplete", "StatusCompleteHandler", (3, 0), "status_complete", _BINDING, "", _UP_TO),
    Callback(
        "ProtocolReceivePacket",
        "ReceivePacketHandler",
        (4, 0),
        "receive_packet",
        f"{_BINDING} Packet",
        "how often NdisReturnPackets will be called for the packet",
        _DISPATCH,
        ("RCV-06", "RCV-07", "RCV-08", "RCV-09"),
        form="Protocol.receive",
    ),
    Callback(
        "ProtocolBindAdapter",
        "BindAdapterHandler",
        (4, 0),
        "bind_adapter",
        "BindContext DeviceName SystemSpecific1 SystemSpecific2",
        "status; NOT_ACCEPTED declines; PENDING, and NdisCompleteBindAdapter follows",
        _PASSIVE,
        ("BIND-01", "BIND-03"),
        order=of_bind,
    ),
    Callback(
        "ProtocolUnbindAdapter",
        "UnbindAdapterHandler",
        (4, 0),
        "unbind_adapter",
        f"{_BINDING} UnbindContext",
        "SUCCESS; PENDING, and NdisCompleteUnbindAdapter follows",
        _PASSIVE,
        ("BIND-03", "BIND-04", "RCV-17"),
    ),
    Callback(
        "ProtocolPnPEvent",
        "PnPEventHandler",
        (4, 0),
        "pnp_event",
        f"{_BINDING} NetPnPEvent",
        "status; PENDING, and NdisCompletePnPEvent follows",
        _PASSIVE,
        ("BIND-03",),
    ),
    Callback(
        "ProtocolUnload", "UnloadHandler", (4, 0), "unload", "", "", _PASSIVE, form="ProtocolCharacteristics.unload"
    ),
)
"""The handlers of a protocol, in the order of NDIS_PROTOCOL_CHARACTERISTICS."""
