"""Network namespaces: finding one by its name, and doing something in it.

A namespace is entered by the calling thread alone, and left again before anything else runs. What was opened inside, a
socket or a TAP, stays there. Names are those of ip-netns(8), in /run/netns; a path is taken as it is.
"""

import ctypes
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from asyncndis.base import NdisStatus

from .errors import PortError

__all__ = ["inside_namespace", "open_namespace"]

_NAMED = Path("/run/netns")
_HERE = "/proc/thread-self/ns/net"
_CLONE_NEWNET = 0x40000000


def open_namespace(name: str, wanted_by: str) -> int:
    """A descriptor of a namespace; the caller closes it. IRQL: PASSIVE.

    :param name: its name, or a path that leads to it
    :param wanted_by: what needs it, for messages
    :raises PortError: when there is none, or it may not be opened
    """
    path = Path(name) if "/" in name else _NAMED / name
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise PortError(
            f"{wanted_by}: there is no network namespace {name!r}; make it with ip netns add {name}",
            NdisStatus.ADAPTER_NOT_FOUND,
        ) from None
    except OSError as error:
        raise PortError(
            f"{wanted_by}: the network namespace {name!r} cannot be opened: {error.strerror}; run as root"
        ) from None


@contextmanager
def inside_namespace(namespace: int | None, wanted_by: str) -> Generator[None]:
    """Be in a namespace while the block runs, in which nothing may be awaited. IRQL: PASSIVE.

    :param namespace: a descriptor of it; None to stay here
    :param wanted_by: as for :func:`open_namespace`
    :raises PortError: when it may not be entered
    """
    if namespace is None:
        yield
        return
    home = os.open(_HERE, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            _enter(namespace)
        except OSError as error:
            raise PortError(
                f"{wanted_by}: the network namespace cannot be entered: {error.strerror}; run as root, or inside it "
                "with ip netns exec"
            ) from None
        try:
            yield
        finally:
            _enter(home)
    finally:
        os.close(home)


def _enter(namespace: int) -> None:
    """setns(2), which Python has from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
