"""How the parameters of a handler, as NDIS here gives them, become those of its page: in its order, with lengths.

``arranged`` makes of a handler in NDIS words one that NDIS here calls. The other functions are named after the handlers
that they are for, and take what those are given: the driver's context first.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from asyncndis.memory import Block, Packet
from asyncndis.ndis import Adapter, BindContext, NdisMedium

__all__ = [
    "arranged",
    "of_bind",
    "of_event",
    "of_information",
    "of_initialize",
    "of_memory",
    "of_packets",
    "of_receive",
    "of_send",
    "of_status",
    "of_transfer",
]

Handler = Callable[..., Any]

_MEDIA = (NdisMedium.ETHERNET_802_3,)


def arranged(order: Callable[..., tuple[object, ...]] | None, handler: Handler) -> Handler:
    """A handler as NDIS here calls it, made of one in NDIS words; a coroutine function stays one.

    :param order: makes the parameters of the page of those that NDIS here gives; None where they are the same
    :param handler: the driver's own
    """
    if order is None or not callable(handler):
        return handler
    if inspect.iscoroutinefunction(handler):

        @wraps(handler)
        async def later(*given: object) -> object:
            return await handler(*order(*given))

        return later

    @wraps(handler)
    def now(*given: object) -> object:
        return handler(*order(*given))

    return now


def of_initialize(_device: object, adapter: Adapter) -> tuple[object, ...]:
    """MiniportInitialize: the media, and the adapter as its handle and as its configuration."""
    return _MEDIA, len(_MEDIA), adapter, adapter


def of_information(context: object, oid: int, buffer: memoryview) -> tuple[object, ...]:
    """MiniportQueryInformation and MiniportSetInformation."""
    return context, oid, buffer, len(buffer)


def of_send(context: object, packet: Packet) -> tuple[object, ...]:
    """MiniportSend: with the flags of the packet."""
    return context, packet, packet.flags


def of_packets(context: object, packets: Sequence[Packet]) -> tuple[object, ...]:
    """MiniportSendPackets."""
    return context, packets, len(packets)


def of_transfer(context: object, packet: Packet, frame: object, offset: int, count: int) -> tuple[object, ...]:
    """MiniportTransferData, whose packet comes first."""
    return packet, context, frame, offset, count


def of_memory(context: object, memory: Block | None, length: int, given: object) -> tuple[object, ...]:
    """MiniportAllocateComplete: with the physical address of the memory."""
    return context, memory, None if memory is None else memory.physical_address, length, given


def of_event(context: object, event: int, data: bytes) -> tuple[object, ...]:
    """MiniportPnPEventNotify."""
    return context, event, data, len(data)


def of_receive(
    context: object, frame: object, header: memoryview, lookahead: memoryview, size: int
) -> tuple[object, ...]:
    """ProtocolReceive."""
    return context, frame, header, len(header), lookahead, len(lookahead), size


def of_status(context: object, status: int, data: bytes) -> tuple[object, ...]:
    """ProtocolStatus."""
    return context, status, data, len(data)


def of_bind(_context: None, bind: BindContext) -> tuple[object, ...]:
    """ProtocolBindAdapter: with the name of the adapter, and nothing that is specific to a system."""
    return bind, bind.device_name, None, None
