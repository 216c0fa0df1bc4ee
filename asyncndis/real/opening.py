"""Opening a port by its words: one syntax for every edge, here and on the command line."""

import os
import socket

from asyncndis.base import NdisStatus
from asyncndis.nic.port import Port

from .capture_port import open_capture_port
from .datagram_port import SocketPort, open_datagram
from .errors import PortError
from .port_address import (
    CaptureAddress,
    DatagramAddress,
    DescriptorAddress,
    StreamAddress,
    TapAddress,
    parse_port,
)
from .stream_port import StreamPort, open_stream
from .tap import adopt_tap, open_tap
from .wire_port import open_wire

__all__ = ["open_port"]


def open_port(text: str, *, vnet: bool = False) -> Port:
    """Open a port, for a ``PortMiniport`` to drive: ``open_stack(Host(), PortMiniport(), nic=open_port("tap:t0"))``.

    IRQL: PASSIVE. The caller closes it, once the stack has ended.

    :param text: one of ``tap:NAME``, ``tap:NAME@NETNS`` (options ``,mtu=9000,queues=2,persist,vnet,plain``),
        ``unix:OWN,PEER``, ``stream:PATH``, ``fd:N``, ``pcap:FILE``, ``pcap:FILE,write``, ``wire:NAME``
    :param vnet: whether a TAP that says neither ``vnet`` nor ``plain`` has offload headers, if the kernel can
    :raises PortError: with a sentence that says what is wrong, and what to do
    :raises CaptureError: when a file is no capture
    """
    address = parse_port(text)
    match address:
        case TapAddress():
            return open_tap(address, text, vnet=vnet)
        case DatagramAddress():
            return open_datagram(address, text)
        case StreamAddress():
            return open_stream(address, text)
        case DescriptorAddress():
            return _adopt(address.number, text)
        case CaptureAddress():
            return open_capture_port(address, text)
        case _:
            return open_wire(address, text)


def _adopt(number: int, name: str) -> Port:
    """A port on a descriptor that this process was given."""
    try:
        os.set_blocking(number, False)
    except OSError:
        raise PortError(
            f"{name}: no descriptor {number} is open here; pass it on to this program", NdisStatus.ADAPTER_NOT_FOUND
        ) from None
    tap = adopt_tap(number, name)
    if tap is not None:
        return tap
    try:
        given = socket.socket(fileno=number)
    except OSError:
        raise PortError(f"{name}: descriptor {number} is neither a TAP nor a socket; pass one of these") from None
    given.setblocking(False)
    if given.type == socket.SOCK_STREAM:
        return StreamPort(name, None, end=given)
    return SocketPort(name, given)
