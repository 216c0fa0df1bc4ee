"""The structures that a driver in NDIS words registers: its versions and its handlers, under the names of the header.

A structure is made empty, as one that C has zeroed, and filled before it is registered; what is changed afterwards has
no effect (BIND-07). Of the members, those count that its version has. The handlers of connection-oriented drivers are
here for their place alone: such media are not modelled, and the handlers are never called. ``len()`` is what C knows
as ``sizeof``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from asyncndis.ndis import MiniportCharacteristics, ProtocolCharacteristics

from .arranging import arranged
from .callbacks import MINIPORT_CALLBACKS, PROTOCOL_CALLBACKS, Callback

__all__ = ["NDIS_MINIPORT_CHARACTERISTICS", "NDIS_PROTOCOL_CHARACTERISTICS"]

Handler = Callable[..., Any]


@dataclass(slots=True)
class NDIS_MINIPORT_CHARACTERISTICS:  # noqa: N801 - the name of the structure
    """What NdisMRegisterMiniport and NdisIMRegisterLayeredMiniport are given; the members in the order of the header.

    :ivar MajorNdisVersion: 3, 4 or 5
    :ivar MinorNdisVersion: 0, or 1 with 5
    """

    MajorNdisVersion: int = 0
    MinorNdisVersion: int = 0
    Reserved: int = 0
    CheckForHangHandler: Handler | None = None
    DisableInterruptHandler: Handler | None = None
    EnableInterruptHandler: Handler | None = None
    HaltHandler: Handler | None = None
    HandleInterruptHandler: Handler | None = None
    InitializeHandler: Handler | None = None
    ISRHandler: Handler | None = None
    QueryInformationHandler: Handler | None = None
    ReconfigureHandler: Handler | None = None
    ResetHandler: Handler | None = None
    SendHandler: Handler | None = None
    SetInformationHandler: Handler | None = None
    TransferDataHandler: Handler | None = None
    ReturnPacketHandler: Handler | None = None
    SendPacketsHandler: Handler | None = None
    AllocateCompleteHandler: Handler | None = None
    CoCreateVcHandler: Handler | None = None
    CoDeleteVcHandler: Handler | None = None
    CoActivateVcHandler: Handler | None = None
    CoDeactivateVcHandler: Handler | None = None
    CoSendPacketsHandler: Handler | None = None
    CoRequestHandler: Handler | None = None
    CancelSendPacketsHandler: Handler | None = None
    PnPEventNotifyHandler: Handler | None = None
    AdapterShutdownHandler: Handler | None = None
    Reserved1: object = None
    Reserved2: object = None
    Reserved3: object = None
    Reserved4: object = None

    def __len__(self) -> int:
        return self.handlers().size

    def handlers(self, name: str = "miniport") -> MiniportCharacteristics:
        """The handlers as NDIS here registers them. IRQL: any.

        :param name: of the driver, for messages
        """
        version = (self.MajorNdisVersion, self.MinorNdisVersion)
        return MiniportCharacteristics(name=name, version=version, **_chosen(self, version, MINIPORT_CALLBACKS))


@dataclass(slots=True)
class NDIS_PROTOCOL_CHARACTERISTICS:  # noqa: N801 - the name of the structure
    """What NdisRegisterProtocol is given; the members in the order of the header.

    :ivar MajorNdisVersion: 4 or 5
    :ivar MinorNdisVersion: 0, or 1 with 5
    :ivar Name: of the protocol; NDIS keeps it in upper case
    """

    MajorNdisVersion: int = 0
    MinorNdisVersion: int = 0
    Reserved: int = 0
    OpenAdapterCompleteHandler: Handler | None = None
    CloseAdapterCompleteHandler: Handler | None = None
    SendCompleteHandler: Handler | None = None
    TransferDataCompleteHandler: Handler | None = None
    ResetCompleteHandler: Handler | None = None
    RequestCompleteHandler: Handler | None = None
    ReceiveHandler: Handler | None = None
    ReceiveCompleteHandler: Handler | None = None
    StatusHandler: Handler | None = None
    StatusCompleteHandler: Handler | None = None
    Name: str = ""
    ReceivePacketHandler: Handler | None = None
    BindAdapterHandler: Handler | None = None
    UnbindAdapterHandler: Handler | None = None
    PnPEventHandler: Handler | None = None
    UnloadHandler: Handler | None = None
    CoSendCompleteHandler: Handler | None = None
    CoStatusHandler: Handler | None = None
    CoReceivePacketHandler: Handler | None = None
    CoAfRegisterNotifyHandler: Handler | None = None

    def __len__(self) -> int:
        return self.handlers().size

    def handlers(self) -> ProtocolCharacteristics:
        """The handlers as NDIS here registers them. IRQL: any."""
        version = (self.MajorNdisVersion, self.MinorNdisVersion)
        return ProtocolCharacteristics(
            name=self.Name.upper(), version=version, **_chosen(self, version, PROTOCOL_CALLBACKS)
        )


def _chosen(structure: object, version: tuple[int, int], callbacks: tuple[Callback, ...]) -> Mapping[str, Handler]:
    """The handlers that a structure of this version has, by the names they have here."""
    given = [(callback, getattr(structure, callback.member)) for callback in callbacks if callback.since <= version]
    return {callback.field: arranged(callback.order, handler) for callback, handler in given if handler is not None}
