"""TAPs of others: of this package's bare loop, and of packages that are compared, each in its fastest way."""

import fcntl
import logging
import os
from importlib import import_module
from struct import pack
from typing import Any

__all__ = ["LONGEST", "bare_tap", "carry_batch", "pytuntap", "scapy_tap"]

_BATCH = 64
LONGEST = 65_563
_SET_INTERFACE, _TAP_WITHOUT_INFORMATION, _HEADERS = 0x400454CA, 0x1002, 0x4000
_SET_OFFLOADS, _CHECKSUMS_AND_SEGMENTS = 0x400454D0, 0x0F


def bare_tap(name: str, *, headers: bool = False) -> int:
    """A TAP, by its descriptor, with offload headers if they are wanted."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    flags = _TAP_WITHOUT_INFORMATION | (_HEADERS if headers else 0)
    fcntl.ioctl(descriptor, _SET_INTERFACE, pack("16sH22x", name.encode(), flags))
    if headers:
        fcntl.ioctl(descriptor, _SET_OFFLOADS, _CHECKSUMS_AND_SEGMENTS)
    return descriptor


def carry_batch(source: int, target: int) -> int:
    """Carry what waits, up to a batch; the number of frames."""
    carried = 0
    try:
        for carried in range(_BATCH):  # noqa: B007 - counts what was carried before a read fails
            os.write(target, os.read(source, LONGEST))
    except OSError:  # nothing waits, or the link is down
        return carried
    return _BATCH


def pytuntap(name: str) -> Any:
    """A TAP of python-pytuntap."""
    return import_module("tuntap").TunTap("Tap", name)


def scapy_tap(name: str, *, dissects: bool = False) -> Any:
    """A TAP of scapy, which takes frames as bytes unless it ``dissects`` them."""
    scapy = import_module("scapy.all")
    logging.getLogger("scapy").setLevel(logging.ERROR)  # it warns of TAPs
    tap = scapy.TunTapInterface(name, mode_tun=False)
    if not dissects:
        tap.kernel_packet_class = scapy.Raw
    return tap
