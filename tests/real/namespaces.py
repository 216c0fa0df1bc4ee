"""Network namespaces: made and removed by the test that uses them, named after its process, run in by name.

A name tells the process that made it and when that was started. So what a killed run has left behind can be told from
what others are using at the moment, and is removed by the next run, programs in it first.
"""

import ctypes
import json
import os
import re
import shutil
import signal
import socket
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from tests.real.running import PATIENCE_S, Running, run, running, until

__all__ = ["Namespace", "missing_for", "namespace", "new_name", "remove", "remove_leftovers"]

_NAMESPACES = Path("/run/netns")
_NAME = re.compile(r"andis-(\d+)-(\d+)-\d+-\w+")
_CLONE_NEWNET = 0x40000000
_STARTED = 19  # its place among the fields of /proc/PID/stat that follow the program's name
_numbers = count(1)


def missing_for(*tools: str) -> str | None:
    """What keeps a test with namespaces, TAP devices and these tools from running here, if anything does."""
    if os.geteuid() != 0:
        return "network namespaces and TAP devices need root"
    missing = [tool for tool in ("ip", *tools) if shutil.which(tool) is None]
    return f"not installed: {', '.join(missing)}" if missing else _refused()


@cache
def _refused() -> str | None:
    """What the kernel has against a namespace with a TAP, if anything: root may have few privileges in a container."""
    name = new_name("trial")
    commands = (["ip", "netns", "add", name], ["ip", "-n", name, "tuntap", "add", "dev", "t", "mode", "tap"])
    try:
        for command in commands:
            run(command)
    except AssertionError as error:
        return f"namespaces and TAP devices cannot be made here: {str(error).splitlines()[-1]}"
    finally:
        remove(name)
    return None


class Namespace:
    """A network namespace that is there."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Namespace {self.name}>"

    def ip(self, *lines: str) -> str:
        """Call ``ip`` in it, once for each line."""
        return "".join(run(["ip", "-n", self.name, *line.split()]) for line in lines)

    def run(
        self,
        *command: str,
        folder: Path | None = None,
        patience_s: float = PATIENCE_S,
        must_succeed: bool = True,
    ) -> str:
        """Run a program in it to its end, and return what it printed."""
        return run(self._inside(command), folder=folder, patience_s=patience_s, must_succeed=must_succeed)

    def running(
        self, *command: str, ready: str | None = None, folder: Path | None = None
    ) -> AbstractContextManager[Running]:
        """Run a program in it in the background."""
        return running(self._inside(command), ready=ready, folder=folder)

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """A socket of this process that belongs to the namespace."""

        def make() -> socket.socket:
            self._enter()
            return socket.socket(family, kind, protocol)

        with ThreadPoolExecutor(1) as visitor:  # a thread of its own, since it stays there
            return visitor.submit(make).result()

    def link(self, device: str) -> dict[str, Any]:
        """All that ``ip`` tells of a device."""
        [facts] = json.loads(run(["ip", "-n", self.name, "-j", "-s", "-d", "link", "show", "dev", device]))
        return dict(facts)

    def has(self, device: str) -> bool:
        """Whether there is such a device."""
        return any(link["ifname"] == device for link in json.loads(run(["ip", "-n", self.name, "-j", "link"])))

    def until_up(self, device: str) -> None:
        """Wait until a device can carry frames."""
        until(lambda: "LOWER_UP" in self.link(device)["flags"], f"{device} in {self.name} is up")

    def _inside(self, command: Sequence[str]) -> list[str]:
        return ["ip", "netns", "exec", self.name, *command]

    def _enter(self) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        with (_NAMESPACES / self.name).open() as place:
            if libc.setns(place.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"cannot enter namespace {self.name}")


def new_name(role: str) -> str:
    """A name that no other namespace has."""
    return f"andis-{os.getpid()}-{_started(os.getpid())}-{next(_numbers)}-{role}"


@contextmanager
def namespace(role: str) -> Generator[Namespace]:
    """A namespace with its loopback device up, without IPv6 addresses of the kernel's own, until the block ends."""
    name = new_name(role)
    run(["ip", "netns", "add", name])
    try:
        made = Namespace(name)
        made.ip("link set lo up")
        made.run("sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/default/addr_gen_mode")
        yield made
    finally:
        remove(name)


def remove_leftovers() -> None:
    """Remove the namespaces of earlier runs that were killed."""
    for place in _NAMESPACES.glob("andis-*"):
        if (match := _NAME.fullmatch(place.name)) and _started(int(match[1])) != int(match[2]):
            remove(place.name)


def remove(name: str) -> None:
    """Remove a namespace with all that runs in it; another process may do so at the same time."""
    for pid in run(["ip", "netns", "pids", name], must_succeed=False).split():
        with suppress(ProcessLookupError, ValueError):
            os.kill(int(pid), signal.SIGKILL)
    run(["ip", "netns", "delete", name], must_succeed=False)


def _started(pid: int) -> int | None:
    """When a process was started, in ticks since the machine was; None when there is no such process."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(status.rpartition(")")[2].split()[_STARTED])
