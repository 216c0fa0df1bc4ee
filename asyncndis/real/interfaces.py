"""The interfaces of one namespace: their flags, their MTU, and a sign that something about one of them has changed.

Source: netdevice(7) and rtnetlink(7). One netlink socket serves both: what it receives is thrown away unread, since it
only says when to ask again, and asking is one ioctl.
"""

import errno
import fcntl
import socket
from struct import Struct

__all__ = ["Interfaces"]

_GET_FLAGS, _SET_FLAGS = 0x8913, 0x8914
_GET_MTU, _SET_MTU = 0x8921, 0x8922
_UP = 0x1
_LINK_EVENTS = 1  # RTMGRP_LINK
_FLAGS = Struct("16sH22x")
_NUMBER = Struct("16si20x")
_MUCH = 1 << 16


class Interfaces:
    """The interfaces of the namespace that the calling thread is in when this is made. IRQL: PASSIVE."""

    def __init__(self) -> None:
        kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)
        self._socket.bind((0, _LINK_EVENTS))

    def __repr__(self) -> str:
        return f"<Interfaces by descriptor {self.descriptor}>"

    @property
    def descriptor(self) -> int:
        """Can be read when something has changed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Ask no more. The namespace stays as it is."""
        self._socket.close()

    def forget_events(self) -> None:
        """Throw away the signs of change that have come."""
        try:
            while self._socket.recv(_MUCH):
                pass
        except BlockingIOError:
            pass
        except OSError as error:
            if error.errno != errno.ENOBUFS:  # there were too many to keep
                raise

    def flags(self, name: str) -> int | None:
        """The flags of an interface; None where there is none of that name."""
        try:
            flags: int = _FLAGS.unpack(fcntl.ioctl(self._socket, _GET_FLAGS, _FLAGS.pack(_bytes(name), 0)))[1]
        except OSError as error:
            if error.errno == errno.ENODEV:
                return None
            raise
        return flags

    def is_up(self, name: str) -> bool:
        """Whether an interface is there, and administratively up."""
        flags = self.flags(name)
        return flags is not None and bool(flags & _UP)

    def set_up(self, name: str) -> None:
        """Let an interface be up.

        :raises OSError: as the kernel says
        """
        fcntl.ioctl(self._socket, _SET_FLAGS, _FLAGS.pack(_bytes(name), (self.flags(name) or 0) | _UP))

    def mtu(self, name: str) -> int:
        """The longest frame of an interface, without its header, in bytes.

        :raises OSError: where there is none of that name
        """
        mtu: int = _NUMBER.unpack(fcntl.ioctl(self._socket, _GET_MTU, _NUMBER.pack(_bytes(name), 0)))[1]
        return mtu

    def set_mtu(self, name: str, mtu: int) -> None:
        """Choose that.

        :raises OSError: as the kernel says
        """
        fcntl.ioctl(self._socket, _SET_MTU, _NUMBER.pack(_bytes(name), mtu))


def _bytes(name: str) -> bytes:
    return name.encode(errors="surrogateescape")
