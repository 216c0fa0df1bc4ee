"""The ring checker: watches over the driver's side of one descriptor ring (DMA-06, DMA-05).

In the spirit of the ring verifier of the Windows network class extension. It keeps a shadow copy of what the device
owns, and compares at each doorbell, register access and step of the device. Descriptors that the device gives back
have address and length poisoned with ones, so that a driver that hands one over again without filling it is seen.
A doorbell that breaks a rule was not heard: the ring is as it was. What was touched is reported once.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable

from asyncndis.base import RuleViolation

from .device import Bus
from .registers import DESCRIPTOR, DESCRIPTOR_BYTES, DescriptorFlag

__all__ = ["POISON_ADDRESS", "POISON_LENGTH", "RingChecker"]

POISON_ADDRESS = 0xFFFF_FFFF_FFFF_FFFF
POISON_LENGTH = 0xFFFF

_WRAP = 0xFFFF_FFFF
_POISON = b"\xff" * 10  # address and length
_FIELDS = ("address", "length", "written", "flags")
_OWN = int(DescriptorFlag.OWN)


class RingChecker:
    """The checker of one ring.

    :param ring: its name, for messages
    :param descriptors: the ring as the device sees it
    :param bus: what tells whether memory can be reached
    :param is_written: whether the device writes the memory; then no two live descriptors may share any
    """

    __slots__ = ("_bus", "_descriptors", "_is_written", "_live", "_shadow", "_size", "ring")

    def __init__(self, ring: str, descriptors: memoryview, bus: Bus, *, is_written: bool) -> None:
        self.ring = ring
        self._descriptors = descriptors
        self._bus = bus
        self._is_written = is_written
        self._size = len(descriptors) // DESCRIPTOR_BYTES
        self._shadow = bytearray(descriptors)
        self._live: list[tuple[int, int, int]] = []

    def __repr__(self) -> str:
        return f"<RingChecker of {self.ring}, {self._size} descriptors>"

    def handed(self, head: int, tail: int, new: int) -> None:
        """The driver rings the doorbell.

        :param head: the ring's HEAD
        :param tail: its TAIL up to now
        :param new: its new one
        :raises RuleViolation: DMA-06 when TAIL goes back or passes HEAD, a descriptor is not filled, or one of the
            device's was touched; DMA-05 when its memory is not the device's to reach
        """
        self._check_tail(head, tail, new)
        self.inspect(head, tail)
        live = self._live.copy()
        for number in range(tail, tail + ((new - tail) & _WRAP)):
            index = number % self._size
            address, length = self._check_filled(index)
            if self._is_written:
                self._check_apart(live, index, address, length)
                insort(live, (address, length, index))
        self._live = live
        for start, stop in self._parts(tail, new):
            self._shadow[start:stop] = self._descriptors[start:stop]

    def inspect(self, head: int, tail: int) -> None:
        """Look whether the descriptors from HEAD to TAIL are as they were handed over.

        :raises RuleViolation: DMA-06 when one is not
        """
        for start, stop in self._parts(head, tail):
            if bytes(self._shadow[start:stop]) != bytes(self._descriptors[start:stop]):
                self._report_touched(start, stop)

    def gave_back(self, first: int, head: int) -> None:
        """The device gives descriptors back: poison what the driver has to fill."""
        for number in range(first, first + ((head - first) & _WRAP)):
            at = number % self._size * DESCRIPTOR_BYTES
            if self._is_written:
                address, length, _, _ = DESCRIPTOR.unpack_from(self._shadow, at)
                del self._live[bisect_left(self._live, (address, length, number % self._size))]
            self._descriptors[at : at + len(_POISON)] = _POISON

    def refuse_to_move(self) -> None:
        """The driver writes the base or the size of a ring that is on.

        :raises RuleViolation: DMA-06
        """
        raise self._broken("its base or size is written while the device works it; switch it off in CONTROL first")

    def save(self) -> bytes:
        """What the device was handed."""
        return bytes(self._shadow)

    def restore(self, shadow: bytes, head: int, tail: int) -> None:
        """Be as it was when that was saved."""
        self._shadow[:] = shadow
        numbers = range(head, head + ((tail - head) & _WRAP)) if self._is_written else ()
        self._live = self._lives(number % self._size for number in numbers)

    def _check_tail(self, head: int, tail: int, new: int) -> None:
        more = (new - tail) & _WRAP
        room = self._size - ((tail - head) & _WRAP)
        if more > _WRAP // 2:
            raise self._broken(f"TAIL goes back from {tail} to {new}; it only counts on")
        if more > room:
            raise self._broken(
                f"TAIL goes from {tail} to {new}, past HEAD {head}: only {room} of {self._size} descriptors are the "
                "driver's; wait until the device gives some back"
            )

    def _check_filled(self, index: int) -> tuple[int, int]:
        address, length = self._filled(self._descriptors, index)
        _, _, _, flags = DESCRIPTOR.unpack_from(self._descriptors, index * DESCRIPTOR_BYTES)
        for field, is_wrong in (("address", address == POISON_ADDRESS), ("length", length == POISON_LENGTH)):
            if is_wrong:
                raise self._broken(f"the {field} of descriptor {index} was not filled since it came back; fill it anew")
        if not flags & _OWN:
            raise self._broken(f"the flags of descriptor {index} have no OWN ({flags:#x}); set it before the doorbell")
        if not length:
            raise self._broken(f"the length of descriptor {index} is 0; leave empty pieces out")
        self._check_reach(index, address, length)
        return address, length

    def _check_reach(self, index: int, address: int, length: int) -> None:
        try:
            view = self._bus.view_at(address, length)
        except LookupError:
            raise self._broken(
                f"the address of descriptor {index} names {length} bytes at {address:#x}, which the device cannot "
                "reach; use the physical address of shared memory or of a mapping",
                "DMA-05",
            ) from None
        if self._is_written and view.readonly:
            raise self._broken(
                f"the address of descriptor {index} names memory at {address:#x} that the device may only read; "
                "map it for writing",
                "DMA-05",
            )

    def _check_apart(self, live: list[tuple[int, int, int]], index: int, address: int, length: int) -> None:
        place = bisect_left(live, (address, length, index))
        for start, size, other in live[max(place - 1, 0) : place + 1]:
            if start < address + length and address < start + size:
                raise self._broken(
                    f"the {length} bytes at {address:#x} of descriptor {index} are in use by descriptor {other} too; "
                    "give each memory of its own"
                )

    def _report_touched(self, start: int, stop: int) -> None:
        for at in range(start, stop, DESCRIPTOR_BYTES):
            before = DESCRIPTOR.unpack_from(self._shadow, at)
            after = DESCRIPTOR.unpack_from(self._descriptors, at)
            for field, was, now in zip(_FIELDS, before, after, strict=True):
                if was != now:
                    self._accept(start, stop)
                    raise self._broken(
                        f"the {field} of descriptor {at // DESCRIPTOR_BYTES} was changed from {was:#x} to {now:#x} "
                        "while the device owns it; wait until it is given back"
                    )

    def _accept(self, start: int, stop: int) -> None:
        """Take what is there as handed over, so that it is reported once."""
        self._shadow[start:stop] = self._descriptors[start:stop]
        self._live = self._lives(index for _, _, index in self._live)

    def _lives(self, indices: Iterable[int]) -> list[tuple[int, int, int]]:
        return sorted((*self._filled(self._shadow, index), index) for index in indices)

    def _parts(self, first: int, last: int) -> list[tuple[int, int]]:
        """Where the descriptors from ``first`` up to ``last`` are in the ring, in bytes: at most two parts."""
        count = (last - first) & _WRAP
        if not count:
            return []
        start = first % self._size
        stop = start + count
        ends = [(start, stop)] if stop <= self._size else [(start, self._size), (0, stop - self._size)]
        return [(begin * DESCRIPTOR_BYTES, end * DESCRIPTOR_BYTES) for begin, end in ends]

    @staticmethod
    def _filled(descriptors: memoryview | bytearray, index: int) -> tuple[int, int]:
        address, length, _, _ = DESCRIPTOR.unpack_from(descriptors, index * DESCRIPTOR_BYTES)
        return address, length

    def _broken(self, what: str, rule: str = "DMA-06") -> RuleViolation:
        return RuleViolation(rule, f"{self.ring}: {what}", self)
