"""Unix sockets by their paths: binding one that was left behind, and removing it again.

A path that exists is somebody's, or it was left by a program that is no more; only the second answers ECONNREFUSED.
"""

import errno
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path

from asyncndis.base import NdisStatus

from .errors import PortError

__all__ = ["bind", "new_socket", "remove"]

_BUFFER = 1 << 20


def new_socket(kind: socket.SocketKind) -> socket.socket:
    """A Unix socket that never blocks. IRQL: PASSIVE."""
    made = socket.socket(socket.AF_UNIX, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    return made


def bind(bound: socket.socket, path: str, name: str) -> int:
    """Bind a socket to a path, also where one was left behind. IRQL: PASSIVE.

    :param name: of the port, for messages
    :returns: the number of the file, by which :func:`remove` knows it again
    :raises PortError: RESOURCE_CONFLICT when a program has it; when it cannot be made
    """
    try:
        if os.path.lexists(path):
            _make_way(bound, path, name)
        bound.bind(path)
        return Path(path).stat().st_ino
    except OSError as error:
        where = Path(path).parent
        raise PortError(
            f"{name}: {path} cannot be made: {error.strerror}; does {where} exist, and is it yours?"
        ) from None


def remove(path: str, inode: int) -> None:
    """Remove a socket's file, if it is still the one that was made. IRQL: PASSIVE."""
    with suppress(FileNotFoundError):
        if Path(path).stat().st_ino == inode:
            Path(path).unlink()


def _make_way(bound: socket.socket, path: str, name: str) -> None:
    """Remove what a program has left behind that is no more."""
    if not stat.S_ISSOCK(Path(path).stat().st_mode):
        raise PortError(f"{name}: {path} exists, and is no socket; take another path", NdisStatus.RESOURCE_CONFLICT)
    with socket.socket(socket.AF_UNIX, bound.type) as trial:
        trial.setblocking(False)
        outcome = trial.connect_ex(path)
    if outcome == errno.ECONNREFUSED:
        Path(path).unlink()
    else:
        raise PortError(
            f"{name}: {path} is used by another program; end that, or take another path", NdisStatus.RESOURCE_CONFLICT
        )
