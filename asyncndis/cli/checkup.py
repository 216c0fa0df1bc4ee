"""What a machine allows: each check tries the thing itself, and knows the remedy where that fails.

Nothing is left behind: the TAP that is made goes when it is closed, the namespace with the thread that made it.
"""

import ctypes
import fcntl
import os
import shutil
import struct
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from asyncndis.base import NdisError
from asyncndis.real import open_port

__all__ = ["Check", "checkup"]

TUN = Path("/dev/net/tun")
NAMED_NAMESPACES = Path("/run/netns")
_GET_FEATURES = 0x800454CF  # TUNGETFEATURES
_FEATURES = {"several queues": 0x0100, "offload headers": 0x4000, "a carrier that is off at first": 0x0040}
_CLONE_NEWNET = 0x40000000
_LOOPS = ("uvloop", "trio")
_PACKAGES = {
    "pyroute2": ("real", "addresses and namespaces from Python"),
    "hypothesis": ("testing", "random schedules and frames in your tests"),
    "pytest": ("pytest", "tests under hostile schedules"),
    "distributed": ("dask", "searches on many machines"),
}
_TOOLS = {
    "ip": ("iproute2", "namespaces and addresses"),
    "ping": ("iputils-ping", "a first peer"),
    "tcpdump": ("tcpdump", "a look at frames"),
    "tshark": ("tshark", "captures with their comments"),
    "iperf3": ("iperf3", "measuring a bridge"),
    "dnsmasq": ("dnsmasq-base", "DHCP through a bridge"),
    "udhcpc": ("udhcpc", "DHCP through a bridge"),
    "qemu-system-x86_64": ("qemu-system-x86", "a guest's driver as a peer"),
}


@dataclass(frozen=True)
class Check:
    """What came of one check.

    :ivar what: was looked at
    :ivar is_fine: whether it works here
    :ivar is_needed: whether real traffic needs it; the rest is convenience
    :ivar found: what there is, or what went wrong
    :ivar remedy: what to do where it does not work; empty where it does
    """

    what: str
    is_fine: bool
    is_needed: bool
    found: str
    remedy: str = ""


def checkup() -> list[Check]:
    """Look at everything, what is needed first."""
    return [
        _python(),
        _tap(),
        _namespaces(),
        _named_namespaces(),
        _features(),
        *(_package(name, f"pip install {name}", f"runs with --loop {name}") for name in _LOOPS),
        *(_package(name, f"pip install 'asyncndis[{extra}]'", use) for name, (extra, use) in _PACKAGES.items()),
        *(_tool(name, package, use) for name, (package, use) in _TOOLS.items()),
    ]


def _python() -> Check:
    system = os.uname()
    found = f"asyncndis {version('asyncndis')} on Python {sys.version.split()[0]}, {system.sysname} {system.release}"
    is_fine = system.sysname == "Linux"
    remedy = "" if is_fine else "real traffic is for Linux; simulated hardware works everywhere"
    return Check("system", is_fine, is_needed=True, found=found, remedy=remedy)


def _tap() -> Check:
    """Make one: its name tells the process, so that nobody else has it."""
    try:
        open_port(f"tap:check{os.getpid()}").close()
    except NdisError as error:
        _, _, sentence = str(error).partition(": ")
        problem, _, remedy = sentence.rpartition("; ")
        return Check("TAP devices", is_fine=False, is_needed=True, found=problem, remedy=remedy)
    return Check("TAP devices", is_fine=True, is_needed=True, found="one was opened")


def _namespaces() -> Check:
    """Let a thread go into one of its own."""
    libc = ctypes.CDLL(None, use_errno=True)

    def leave() -> int:
        return ctypes.get_errno() if libc.unshare(_CLONE_NEWNET) else 0

    with ThreadPoolExecutor(1) as thread:
        number = thread.submit(leave).result()
    what = "network namespaces"
    if not number:
        return Check(what, is_fine=True, is_needed=True, found="one was made")
    remedy = "run as root, or in a user namespace: unshare --map-root-user --net"
    return Check(what, is_fine=False, is_needed=True, found=os.strerror(number), remedy=remedy)


def _named_namespaces() -> Check:
    """``ip netns`` keeps them in a folder, which it makes."""
    what = "namespaces with names"
    names = sorted(place.name for place in NAMED_NAMESPACES.glob("*"))
    place = NAMED_NAMESPACES if NAMED_NAMESPACES.exists() else NAMED_NAMESPACES.parent
    if os.access(place, os.W_OK):
        return Check(what, is_fine=True, is_needed=False, found=f"{len(names)} there, more can be made")
    remedy = "have root make them: ip netns add NAME"
    return Check(what, is_fine=False, is_needed=False, found=f"{len(names)} there, no more can be made", remedy=remedy)


def _features() -> Check:
    what = "features of TAP devices"
    try:
        with TUN.open("rb", buffering=0) as device:
            [features] = struct.unpack("I", fcntl.ioctl(device, _GET_FEATURES, bytes(4)))
    except OSError as error:
        found = f"not known: {error.strerror}"
        return Check(what, is_fine=False, is_needed=False, found=found, remedy="see the TAP devices above")
    there = [name for name, bit in _FEATURES.items() if features & bit]
    lacking = [name for name in _FEATURES if name not in there]
    remedy = f"a newer kernel has {', '.join(lacking)}" if lacking else ""
    return Check(what, not lacking, is_needed=False, found=", ".join(there) or "none", remedy=remedy)


def _package(name: str, install: str, use: str) -> Check:
    try:
        found = version(name)
    except PackageNotFoundError:
        return Check(name, is_fine=False, is_needed=False, found="not installed", remedy=f"{install}: {use}")
    return Check(name, is_fine=True, is_needed=False, found=found)


def _tool(name: str, package: str, use: str) -> Check:
    path = shutil.which(name)
    if path is None:
        remedy = f"apt-get install {package}: {use}"
        return Check(name, is_fine=False, is_needed=False, found="not installed", remedy=remedy)
    return Check(name, is_fine=True, is_needed=False, found=path)
