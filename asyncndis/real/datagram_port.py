"""A Unix datagram socket as a port, one frame in each datagram: QEMU's ``-netdev dgram``.

The other end may come and go: while it is away frames are lost, and the link is down. A socket that is not connected
can always be written, as far as the loop knows, also while the queue of the other end is full; so a full queue is tried
again a little later.
"""

import os
import socket
from collections.abc import Sequence
from pathlib import Path

from asyncndis.kernel.host import Cancellable, current_host
from asyncndis.nic.port import BATCH, LONGEST_FRAME, Frame

from .descriptor_port import DescriptorPort
from .port_address import DatagramAddress
from .station_address import station_address
from .unix_sockets import bind, new_socket, remove

__all__ = ["DatagramPort", "SocketPort", "open_datagram"]

_AGAIN_SECONDS = 0.001


class SocketPort(DescriptorPort):
    """A connected socket that somebody else has made, with a frame in each datagram.

    :param name: for messages
    :param connected: the socket; the port's from now on
    """

    def __init__(self, name: str, connected: socket.socket) -> None:
        super().__init__(name, station_address(f"{name} of {os.getpid()}"), [connected.detach()], LONGEST_FRAME - 18)

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """See :meth:`Port.receive`."""
        frames = super().receive(limit)
        if b"" in frames:  # the end of a sequenced-packet socket
            frames = [frame for frame in frames if frame]
            self._fail(self._gone())
        return frames

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        sent = super().transmit(frames)
        if sent and not self.link_up:
            self._set_link(True)
        return sent


class DatagramPort(DescriptorPort):
    """A bound datagram socket, and the path of another one; made by :func:`open_datagram`.

    :param name: as it was asked for
    :param bound: the socket
    :param own: the path that it is bound to
    :param inode: of that path
    :param peer: where frames go
    """

    def __init__(self, name: str, bound: socket.socket, own: str, inode: int, peer: str) -> None:
        super().__init__(name, station_address(name), [bound.fileno()], LONGEST_FRAME - 18)
        self._socket = bound
        self._own = own
        self._inode = inode
        self._peer = peer
        self._retry: Cancellable | None = None
        self._link_up = Path(peer).exists()

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        send, peer = self._socket.sendto, self._peer
        sent = octets = 0
        try:
            for frame in frames:
                send(frame, peer)
                octets += len(frame)
                sent += 1
        except OSError as error:
            self._write_failed(error)
        self._frames_out += sent
        self._bytes_out += octets
        if sent and not self.link_up:
            self._set_link(True)
        return sent

    def close(self) -> None:
        """See :meth:`Port.close`."""
        if not self._is_closed:
            self._is_closed = True
            if self._retry is not None:
                self._retry.cancel()
            self._socket.close()
            remove(self._own, self._inode)

    def _wait_for_room(self) -> None:
        self._retry = current_host().call_later(_AGAIN_SECONDS, self._try_again)

    def _try_again(self) -> None:
        self._retry = None
        if not self._is_closed:
            self._ready.guard(self._writable)


def open_datagram(address: DatagramAddress, name: str) -> DatagramPort:
    """Bind the own end; the other one need not be there yet. IRQL: PASSIVE.

    :param address: both paths
    :param name: how it was asked for
    :raises PortError: when the own path is used by another program, or cannot be made
    """
    bound = new_socket(socket.SOCK_DGRAM)
    try:
        return DatagramPort(name, bound, address.own, bind(bound, address.own, name), address.peer)
    except BaseException:
        bound.close()
        raise
