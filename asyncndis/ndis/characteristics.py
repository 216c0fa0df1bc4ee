"""What a driver registers: its handlers, which do not change afterwards, and the check that none is missing (BIND-07).

Source: the pages of NDIS_MINIPORT_CHARACTERISTICS, NdisMRegisterMiniport, NDIS_PROTOCOL_CHARACTERISTICS and
NdisRegisterProtocol. Every handler takes the driver's context first: what NdisMSetAttributesEx or NdisOpenAdapter was
given, and for drivers written as classes the object itself.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from asyncndis.base import NdisError, NdisStatus, check_instance, check_integer
from asyncndis.memory.layout import NATIVE_LAYOUT

__all__ = ["MiniportCharacteristics", "ProtocolCharacteristics"]

Handler = Callable[..., Any]

_HEAD = 8  # bytes of the versions and the reserved word in front
_NAME = 2 * NATIVE_LAYOUT.pointer
_MINIPORT_VERSIONS = {(3, 0): 13, (4, 0): 16, (5, 0): 22, (5, 1): 29}  # and how many pointers each has
_PROTOCOL_VERSIONS = {(4, 0): 15, (5, 0): 19, (5, 1): 19}
_MAY_WAIT = frozenset({"initialize", "halt", "pnp_event_notify"})
_NEVER_WAIT = {  # and why
    "isr": "it runs at the level of its device",
    "disable_interrupt": "it runs at the level of its device",
    "enable_interrupt": "it runs in a DPC",
    "check_for_hang": "it runs in a DPC",
    "transfer_data": "its answer is needed at once",
    "cancel_send_packets": "its caller goes on at once",
    "shutdown": "the system does not wait for it",
    "receive": "what it is shown is valid only within the call",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MiniportCharacteristics:
    """The handlers of a miniport (NDIS_MINIPORT_CHARACTERISTICS), in the order of the header.

    :ivar name: of the driver, for messages
    :ivar version: major and minor NDIS version
    """

    name: str = "miniport"
    version: tuple[int, int] = (5, 1)
    check_for_hang: Handler | None = None
    disable_interrupt: Handler | None = None
    enable_interrupt: Handler | None = None
    halt: Handler | None = None
    handle_interrupt: Handler | None = None
    initialize: Handler | None = None
    isr: Handler | None = None
    query_information: Handler | None = None
    reset: Handler | None = None
    send: Handler | None = None
    set_information: Handler | None = None
    transfer_data: Handler | None = None
    return_packet: Handler | None = None
    send_packets: Handler | None = None
    allocate_complete: Handler | None = None
    cancel_send_packets: Handler | None = None
    pnp_event_notify: Handler | None = None
    shutdown: Handler | None = None

    @property
    def size(self) -> int:
        """The bytes that the structure of this version has in C, on 64 bits. IRQL: any."""
        return _HEAD + NATIVE_LAYOUT.pointer * _MINIPORT_VERSIONS.get(self.version, 0)

    def check(self, length: int | None = None) -> None:
        """Refuse what NdisMRegisterMiniport refuses.

        :param length: of the structure, as the driver says it; None for what its version has
        :raises NdisError: BAD_VERSION, or BAD_CHARACTERISTICS when it is too short for the version, or a mandatory
            handler is missing
        """
        _check_version(self.name, self.version, _MINIPORT_VERSIONS)
        _check_length(self.name, length, self.size)
        _check_handlers(self)
        missing = [
            name
            for name in ("initialize", "halt", "reset", "query_information", "set_information")
            if getattr(self, name) is None
        ]
        if self.send is None and self.send_packets is None:
            missing.append("send or send_packets")
        _refuse_missing(self.name, missing)

    def check_serialized(self) -> None:
        """Refuse handlers that could wait in a miniport whose handlers NDIS calls one at a time, at DISPATCH_LEVEL.

        :raises NdisError: BAD_CHARACTERISTICS
        """
        waiting = [
            field.name
            for field in fields(self)
            if field.name not in _MAY_WAIT and inspect.iscoroutinefunction(getattr(self, field.name))
        ]
        if waiting:
            raise NdisError(
                f"{self.name} is a serialized miniport, and its {', '.join(waiting)} may wait, which would hold up all "
                "others; make them plain functions, or set AdapterAttributes.DESERIALIZE",
                NdisStatus.BAD_CHARACTERISTICS,
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolCharacteristics:
    """The handlers of a protocol (NDIS_PROTOCOL_CHARACTERISTICS), in the order of the header.

    :ivar name: of the protocol; NDIS keeps it in upper case
    :ivar version: major and minor NDIS version
    """

    name: str = "protocol"
    version: tuple[int, int] = (5, 0)
    open_adapter_complete: Handler | None = None
    close_adapter_complete: Handler | None = None
    send_complete: Handler | None = None
    transfer_data_complete: Handler | None = None
    reset_complete: Handler | None = None
    request_complete: Handler | None = None
    receive: Handler | None = None
    receive_complete: Handler | None = None
    status: Handler | None = None
    status_complete: Handler | None = None
    receive_packet: Handler | None = None
    bind_adapter: Handler | None = None
    unbind_adapter: Handler | None = None
    pnp_event: Handler | None = None
    unload: Handler | None = None

    @property
    def size(self) -> int:
        """The bytes that the structure of this version has in C, on 64 bits. IRQL: any."""
        return _HEAD + _NAME + NATIVE_LAYOUT.pointer * _PROTOCOL_VERSIONS.get(self.version, 0)

    def check(self, length: int | None = None) -> None:
        """Refuse what NdisRegisterProtocol refuses.

        :param length: of the structure, as the driver says it; None for what its version has
        :raises NdisError: BAD_VERSION, or BAD_CHARACTERISTICS when it is too short for the version, or a mandatory
            handler is missing
        """
        _check_version(self.name, self.version, _PROTOCOL_VERSIONS)
        _check_length(self.name, length, self.size)
        _check_handlers(self)
        mandatory = (
            "bind_adapter",
            "unbind_adapter",
            "open_adapter_complete",
            "close_adapter_complete",
            "reset_complete",
            "request_complete",
            "receive_complete",
        )
        missing = [name for name in mandatory if getattr(self, name) is None]
        if self.receive_packet is not None and self.receive is None:
            missing.append("receive")
        _refuse_missing(self.name, missing)


def _check_version(name: str, version: object, known: Mapping[tuple[int, int], int]) -> None:
    if version not in known:
        versions = ", ".join(f"{major}.{minor}" for major, minor in sorted(known))
        raise NdisError(f"{name} asks for NDIS {version!r}; this is one of {versions}", NdisStatus.BAD_VERSION)


def _check_length(name: str, length: int | None, size: int) -> None:
    if length is None:
        return
    check_integer("length", length)
    if length < size:
        raise NdisError(
            f"{name}: its characteristics have {length} bytes, and those of its version have {size}",
            NdisStatus.BAD_CHARACTERISTICS,
        )


def _check_handlers(characteristics: MiniportCharacteristics | ProtocolCharacteristics) -> None:
    check_instance("the name of a driver", characteristics.name, str)
    for field in fields(characteristics):
        handler = getattr(characteristics, field.name)
        if field.name not in {"name", "version"} and handler is not None and not callable(handler):
            raise TypeError(f"{field.name} of {characteristics.name} is a function, not {type(handler).__name__}")
        if field.name in _NEVER_WAIT and inspect.iscoroutinefunction(handler):
            raise NdisError(
                f"{field.name} of {characteristics.name} may not wait, since {_NEVER_WAIT[field.name]}; make it a "
                "plain function",
                NdisStatus.BAD_CHARACTERISTICS,
            )


def _refuse_missing(name: str, missing: list[str]) -> None:
    if missing:
        raise NdisError(
            f"{name} lacks the mandatory handlers {', '.join(missing)}; register all of them at once (BIND-07)",
            NdisStatus.BAD_CHARACTERISTICS,
        )
