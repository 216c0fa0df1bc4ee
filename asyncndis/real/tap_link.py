"""The link of a TAP: whether its interface is up, wherever that is and whatever it is called by now.

The descriptor of a TAP knows its interface's name and namespace at any time. So a change is followed by asking it anew,
and by listening in the namespace that it names.
"""

import os
from contextlib import suppress

from .errors import PortError
from .interfaces import Interfaces
from .namespaces import inside_namespace
from .tuntap import name_of, namespace_of

__all__ = ["TapLink"]


class TapLink:
    """Looks at the interface of a TAP.

    :param port: for messages
    :param tap: a descriptor of the TAP, which stays the caller's
    :ivar is_gone: whether the interface was deleted
    :ivar is_up: whether it was up when it was last looked at
    :ivar mtu: its MTU when it was last looked at, in bytes
    """

    def __init__(self, port: str, tap: int) -> None:
        self._port = port
        self._tap = tap
        self._inode = 0
        self._interfaces: Interfaces | None = None
        self.is_gone = False
        self.is_up = False
        self.mtu = 1500
        self.look()

    def __repr__(self) -> str:
        return f"<TapLink of {self._port} {'gone' if self.is_gone else 'up' if self.is_up else 'down'}>"

    @property
    def descriptor(self) -> int | None:
        """Can be read when it is time to look; another one after a move. None where nobody may listen."""
        return None if self._interfaces is None else self._interfaces.descriptor

    def look(self) -> bool:
        """Whether the interface is up now."""
        if self._interfaces is not None:
            self._interfaces.forget_events()
        try:
            name = name_of(self._tap)
            self._follow()
        except OSError:
            self.is_gone = True
            self.is_up = False
        except PortError:  # a namespace that this user may not enter: only traffic shows the link
            self.is_up = True
        else:
            self._ask(name)
        return self.is_up

    def close(self) -> None:
        """Look no more."""
        if self._interfaces is not None:
            self._interfaces.close()
            self._interfaces = None

    def _ask(self, name: str) -> None:
        if self._interfaces is not None:
            self.is_up = self._interfaces.is_up(name)
            with suppress(OSError):  # one that has just been renamed; its name comes with the next event
                self.mtu = self._interfaces.mtu(name)

    def _follow(self) -> None:
        """Listen in the namespace where the interface is.

        :raises OSError: when there is no interface any more
        :raises PortError: when that namespace may not be entered
        """
        try:
            namespace = namespace_of(self._tap)
        except PermissionError:  # an ordinary user may not know; the interface is here, most likely
            self._interfaces = self._interfaces or Interfaces()
            return
        try:
            inode = os.fstat(namespace).st_ino
            if inode == self._inode:
                return
            self.close()
            with inside_namespace(namespace, self._port):
                self._interfaces = Interfaces()
            self._inode = inode
        finally:
            os.close(namespace)
