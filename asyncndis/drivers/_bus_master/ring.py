"""A descriptor ring of a bus-master NIC as its driver sees it.

A descriptor is the device's while it has OWN, and left alone (DMA-06). Descriptors that lie side by side are read and
written by whole fields at once: in Python that costs as much as a single one.
"""

from bisect import bisect_left
from collections.abc import Callable

from asyncndis.memory import Block
from asyncndis.nic import DESCRIPTOR_BYTES, DescriptorFlag

__all__ = ["DONE_END", "ERROR", "OWN", "OWN_END", "Doorbell", "DriverRing"]

Doorbell = Callable[[int], object]
"""Tells the NIC how many descriptors were handed over, as its TAIL registers count."""

# Plain integers, since enumeration members are ten times as slow.
OWN = int(DescriptorFlag.OWN)
ERROR = int(DescriptorFlag.ERROR)
OWN_END = int(DescriptorFlag.OWN | DescriptorFlag.END)
DONE_END = int(DescriptorFlag.DONE | DescriptorFlag.END)

_is_owned = OWN.__and__


class DriverRing:
    """A ring as the driver sees it; counted as in the registers, but without end.

    :ivar head: descriptors taken back
    :ivar tail: descriptors handed over
    """

    __slots__ = ("addresses", "flags", "head", "lengths", "mask", "memory", "size", "tail", "written")

    def __init__(self, memory: Block) -> None:
        self.memory = memory
        self.size = len(memory) // DESCRIPTOR_BYTES
        self.mask = self.size - 1
        self.addresses = memory.view.cast("Q")[::2]
        self.lengths = memory.view.cast("H")[4::8]
        self.written = memory.view.cast("H")[5::8]
        self.flags = memory.view.cast("I")[3::4]
        self.head = self.tail = 0

    @property
    def room(self) -> int:
        """Descriptors that are the driver's."""
        return self.size - (self.tail - self.head)

    @property
    def has_given_back(self) -> bool:
        """Whether the oldest descriptor is the driver's again; a look that needs no lock."""
        return self.head != self.tail and not self.flags[self.head & self.mask] & OWN

    def given_back(self) -> tuple[int, int]:
        """Where the oldest descriptors are, and how many of them, side by side, the device has given back."""
        at = self.head & self.mask
        end = min(at + self.tail - self.head, self.size)
        return at, bisect_left(self.flags, OWN, at, end, key=_is_owned) - at
