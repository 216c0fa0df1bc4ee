"""What hardware looks like from its three sides: the medium, the bus of the computer, and the device between them.

These interfaces are small on purpose, so that a NIC, a TAP device, a capture file or a wrapper around any of them fit
the same wire. All calls are synchronous: a device is moved by whoever calls it, and a task of its own paces it.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol
from zlib import crc32

from asyncndis.base import check_instance

__all__ = [
    "BROADCAST_ADDRESS",
    "FRAME_MINIMUM",
    "HEADER_BYTES",
    "Bus",
    "Device",
    "Link",
    "OnInterrupt",
    "WindowAt",
    "WindowBus",
    "choose_mac",
    "windows_of",
]

HEADER_BYTES = 14
"""An Ethernet header: destination, source, type."""

FRAME_MINIMUM = 60
"""The shortest frame on a wire, without its check sequence; a NIC pads with zeros what is shorter."""

BROADCAST_ADDRESS = b"\xff" * 6
"""The address of all stations."""

OnInterrupt = Callable[[], object]
WindowAt = Callable[[int, int], tuple[int, memoryview]]


class Link(Protocol):
    """What a device sends into: the end of a cable."""

    def carry(self, frames: Sequence[bytes]) -> int:
        """Take frames from the device, in order, and say how many were not dropped on the spot."""
        ...


class Device(Protocol):
    """What can be attached to a wire."""

    @property
    def name(self) -> str:
        """For messages and tables."""
        ...

    def connect(self, link: Link | None) -> None:
        """Send into ``link`` from now on; None when the cable is taken away."""
        ...

    def set_link(self, up: bool) -> None:
        """The cable works, or does not."""
        ...

    def receive(self, frame: bytes) -> bool:
        """A frame arrives; whether the device took it."""
        ...

    def receive_many(self, frames: Sequence[bytes]) -> int:
        """Frames arrive at once, in order; how many of them the device took."""
        ...


class Bus(Protocol):
    """The bus that a bus-master device reads and writes memory through."""

    def view_at(self, address: int, length: int, /) -> memoryview:
        """The bytes at a physical address, writable where the device may write.

        :raises LookupError: when nothing answers there; the device reports a bus error to its driver
        :raises RuleViolation: when the bus knows that the driver is wrong
        """
        ...


class WindowBus(Bus, Protocol):
    """A bus that can say more at once, so that a device need not ask for every frame; no bus has to."""

    def window_at(self, address: int, length: int, /) -> tuple[int, memoryview]:
        """The contiguous memory around the bytes at a physical address.

        A device uses it no longer than for the step that it asked in.

        :returns: the physical address at which it begins, and its bytes
        :raises LookupError: as :meth:`Bus.view_at`
        :raises RuleViolation: as :meth:`Bus.view_at`
        """
        ...


def windows_of(bus: Bus) -> WindowAt:
    """How to ask a bus for windows, also one that knows only single pieces."""
    window_at: WindowAt | None = getattr(bus, "window_at", None)
    return partial(_as_window, bus) if window_at is None else window_at


def _as_window(bus: Bus, address: int, length: int) -> tuple[int, memoryview]:
    return address, bus.view_at(address, length)


def choose_mac(name: str, mac: bytes | None) -> bytes:
    """The permanent address of a device: the one given, or one made from its name, the same in every run.

    :raises ValueError: when it is not the address of one station
    """
    check_instance("name", name, str)
    if mac is None:
        return b"\x02\x00" + crc32(name.encode()).to_bytes(4, "big")  # 02: administered locally
    check_instance("mac", mac, bytes)
    if len(mac) != 6 or mac[0] & 1:
        raise ValueError(f"mac is six bytes and no group address, not {mac.hex(':')!r}")
    return mac
