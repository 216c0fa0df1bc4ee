"""The structures that a driver registers, and what becomes of them."""

from dataclasses import fields

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    MINIPORT_CALLBACKS,
    NDIS_MINIPORT_CHARACTERISTICS,
    NDIS_PROTOCOL_CHARACTERISTICS,
    PROTOCOL_CALLBACKS,
)

MINIPORT_MEMBERS = """
    MajorNdisVersion MinorNdisVersion Reserved CheckForHangHandler DisableInterruptHandler EnableInterruptHandler
    HaltHandler HandleInterruptHandler InitializeHandler ISRHandler QueryInformationHandler ReconfigureHandler
    ResetHandler SendHandler SetInformationHandler TransferDataHandler ReturnPacketHandler SendPacketsHandler
    AllocateCompleteHandler CoCreateVcHandler CoDeleteVcHandler CoActivateVcHandler CoDeactivateVcHandler
    CoSendPacketsHandler CoRequestHandler CancelSendPacketsHandler PnPEventNotifyHandler AdapterShutdownHandler
    Reserved1 Reserved2 Reserved3 Reserved4
"""
PROTOCOL_MEMBERS = """
    MajorNdisVersion MinorNdisVersion Reserved OpenAdapterCompleteHandler CloseAdapterCompleteHandler
    SendCompleteHandler TransferDataCompleteHandler ResetCompleteHandler RequestCompleteHandler ReceiveHandler
    ReceiveCompleteHandler StatusHandler StatusCompleteHandler Name ReceivePacketHandler BindAdapterHandler
    UnbindAdapterHandler PnPEventHandler UnloadHandler CoSendCompleteHandler CoStatusHandler CoReceivePacketHandler
    CoAfRegisterNotifyHandler
"""


@pytest.mark.parametrize(
    ("structure", "members", "callbacks"),
    [
        (NDIS_MINIPORT_CHARACTERISTICS, MINIPORT_MEMBERS, MINIPORT_CALLBACKS),
        (NDIS_PROTOCOL_CHARACTERISTICS, PROTOCOL_MEMBERS, PROTOCOL_CALLBACKS),
    ],
)
def test_the_members_are_those_of_the_header(structure: type, members: str, callbacks: tuple[object, ...]) -> None:
    names = [field.name for field in fields(structure)]
    assert names == members.split()
    handlers = [name for name in names if name.endswith("Handler") and not name.startswith(("Co", "Reconf"))]
    assert handlers == [callback.member for callback in callbacks]  # type: ignore[attr-defined]  # of either kind


@pytest.mark.parametrize(
    ("major", "minor", "miniport", "protocol"),
    [(3, 0, 112, 24), (4, 0, 136, 144), (5, 0, 184, 176), (5, 1, 240, 176), (6, 0, 8, 24)],
)
def test_their_sizes(major: int, minor: int, miniport: int, protocol: int) -> None:
    assert len(NDIS_MINIPORT_CHARACTERISTICS(major, minor)) == miniport
    assert len(NDIS_PROTOCOL_CHARACTERISTICS(major, minor)) == protocol


def test_an_older_version_has_fewer_handlers() -> None:
    def handler(*_: object) -> NdisStatus:
        return NdisStatus.SUCCESS

    structure = NDIS_MINIPORT_CHARACTERISTICS(
        3, 0, HaltHandler=handler, ReturnPacketHandler=handler, CancelSendPacketsHandler=handler
    )
    characteristics = structure.handlers("old")
    assert (characteristics.name, characteristics.version) == ("old", (3, 0))
    assert characteristics.halt is handler
    assert characteristics.return_packet is None
    structure.MajorNdisVersion = 4
    assert structure.handlers().return_packet is handler
    assert structure.handlers().cancel_send_packets is None
    assert characteristics.return_packet is None


def test_a_protocol_is_named_in_upper_case() -> None:
    assert NDIS_PROTOCOL_CHARACTERISTICS(5, 0, Name="tcp").handlers().name == "TCP"
