"""Network namespaces for the two ends of a line, and sockets in them."""

import os
import shutil
import socket
import subprocess
from collections.abc import Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from pathlib import Path

from asyncndis.real.namespaces import inside_namespace, open_namespace

__all__ = ["LEFT", "RIGHT", "inside", "ip", "lack", "namespaces", "set_up", "socket_in"]

LEFT, RIGHT = "10.9.0.1", "10.9.0.2"
_WORDS = "a benchmark"
_numbers = count(1)


def lack() -> str:
    """What keeps TAPs and namespaces from being made here; nothing where they can."""
    if os.geteuid() != 0:
        return "needs root"
    if shutil.which("ip") is None:
        return "needs the program ip"
    return "" if Path("/dev/net/tun").exists() else "needs /dev/net/tun"


@contextmanager
def namespaces(number: int) -> Generator[list[str]]:
    """So many new namespaces, which have no IPv6, since that talks by itself."""
    with ExitStack() as stack:
        names: list[str] = []
        for _ in range(number):
            name = f"andis-bench-{os.getpid()}-{next(_numbers)}"
            ip("netns", "add", name)
            stack.callback(ip, "netns", "delete", name)
            ip("netns", "exec", name, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6")
            names.append(name)
        yield names


def ip(*words: str) -> None:
    """Call ``ip``."""
    subprocess.run(["ip", *words], check=True, stdin=subprocess.DEVNULL)  # noqa: S603, S607 - all words are ours


def set_up(place: str, device: str, address: str) -> None:
    """Give a device its address, and set it up."""
    ip("-n", place, "address", "add", f"{address}/24", "dev", device)
    ip("-n", place, "link", "set", "dev", device, "up")


@contextmanager
def inside(place: str) -> Generator[None]:
    """Be in a namespace while the block runs."""
    namespace = open_namespace(place, _WORDS)
    try:
        with inside_namespace(namespace, _WORDS):
            yield
    finally:
        os.close(namespace)


def socket_in(place: str, family: int, kind: int, protocol: int = 0) -> AbstractContextManager[socket.socket]:
    """A socket that belongs to a namespace."""
    with inside(place):
        return socket.socket(family, kind, protocol)
