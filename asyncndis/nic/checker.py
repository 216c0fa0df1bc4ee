"""The ring checker: watches over the driver's side of one descriptor ring (DMA-06, DMA-05).

In the spirit of the ring verifier of the Windows network class extension. It keeps a shadow copy of what the device
owns, and compares at each doorbell, register access and step of the device. Descriptors that the device gives back
have address and length poisoned with ones, so that a driver that hands one over again without filling it is seen.
A doorbell that breaks a rule was not heard: the ring is as it was. What was touched is reported once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from asyncndis.base import RuleViolation

from .device import WindowAt
from .registers import DESCRIPTOR, DESCRIPTOR_BYTES, DescriptorFlag

__all__ = ["POISON_ADDRESS", "POISON_LENGTH", "RingChecker"]

POISON_ADDRESS = 0xFFFF_FFFF_FFFF_FFFF
POISON_LENGTH = 0xFFFF

_WRAP = 0xFFFF_FFFF
_POISON = b"\xff" * 10  # address and length
_NO_WINDOW = (0, memoryview(b""))
_FIELDS = ("address", "length", "written", "flags")
_OWN = int(DescriptorFlag.OWN)


class RingChecker:
    """The checker of one ring.

    :param ring: its name, for messages
    :param descriptors: the ring as the device sees it
    :param window_at: tells whether memory can be reached, and where: see :class:`WindowBus`
    :param is_written: whether the device writes the memory; then no two live descriptors may share any
    """

    __slots__ = (
        "_descriptors", "_is_written", "_lives", "_shadow", "_size", "_starts", "_window", "_window_at", "ring",
    )  # fmt: skip

    def __init__(self, ring: str, descriptors: memoryview, window_at: WindowAt, *, is_written: bool) -> None:
        self.ring = ring
        self._descriptors = descriptors
        self._window_at = window_at
        self._window = _NO_WINDOW
        self._is_written = is_written
        self._size = len(descriptors) // DESCRIPTOR_BYTES
        self._shadow = bytearray(descriptors)
        self._starts: list[int] = []  # of the memory of live descriptors, in order
        self._lives: dict[int, tuple[int, int]] = {}  # by start: length and descriptor

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
        numbers = range(tail, tail + ((new - tail) & _WRAP))
        self._window = _NO_WINDOW
        filled: list[int] = []
        try:
            for number in numbers:
                filled.append(self._check_filled(number % self._size))  # noqa: PERF401 - kept when a later one raises
        except BaseException:
            self._forget(filled)
            raise
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
        places = [number % self._size * DESCRIPTOR_BYTES for number in range(first, first + ((head - first) & _WRAP))]
        for at in places:
            self._descriptors[at : at + len(_POISON)] = _POISON
        self._forget([DESCRIPTOR.unpack_from(self._shadow, at)[0] for at in places])

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
        self._remember(number % self._size for number in range(head, head + ((tail - head) & _WRAP)))

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

    def _check_filled(self, index: int) -> int:
        """Look at a descriptor that is handed over; its address."""
        descriptor: tuple[int, int, int, int] = DESCRIPTOR.unpack_from(self._descriptors, index * DESCRIPTOR_BYTES)
        address, length, _, flags = descriptor
        if address == POISON_ADDRESS or not 0 < length < POISON_LENGTH or not flags & _OWN:
            self._report_unfilled(index, address, length, flags)
        start, window = self._window
        if not start <= address <= start + len(window) - length:
            window = self._reach(index, address, length)
        if self._is_written:
            if window.readonly:
                raise self._broken(
                    f"the address of descriptor {index} names memory at {address:#x} that the device may only read; "
                    "map it for writing",
                    "DMA-05",
                )
            self._keep_apart(index, address, length)
        return address

    def _report_unfilled(self, index: int, address: int, length: int, flags: int) -> None:
        for field, is_wrong in (("address", address == POISON_ADDRESS), ("length", length == POISON_LENGTH)):
            if is_wrong:
                raise self._broken(f"the {field} of descriptor {index} was not filled since it came back; fill it anew")
        if not flags & _OWN:
            raise self._broken(f"the flags of descriptor {index} have no OWN ({flags:#x}); set it before the doorbell")
        raise self._broken(f"the length of descriptor {index} is 0; leave empty pieces out")

    def _reach(self, index: int, address: int, length: int) -> memoryview:
        try:
            self._window = self._window_at(address, length)
        except LookupError:
            raise self._broken(
                f"the address of descriptor {index} names {length} bytes at {address:#x}, which the device cannot "
                "reach; use the physical address of shared memory or of a mapping",
                "DMA-05",
            ) from None
        return self._window[1]

    def _keep_apart(self, index: int, address: int, length: int) -> None:
        """Enter the memory of a descriptor, if it is no other one's."""
        starts = self._starts
        place = bisect_right(starts, address)
        for start in starts[max(place - 1, 0) : place + 1]:
            size, other = self._lives[start]
            if start < address + length and address < start + size:
                raise self._broken(
                    f"the {length} bytes at {address:#x} of descriptor {index} are in use by descriptor {other} too; "
                    "give each memory of its own"
                )
        starts.insert(place, address)
        self._lives[address] = length, index

    def _forget(self, addresses: Iterable[int]) -> None:
        """Their memory is the driver's again."""
        if self._is_written:
            for address in addresses:
                if self._lives.pop(address, None) is not None:  # a driver may have made two of them the same
                    del self._starts[bisect_left(self._starts, address)]

    def _remember(self, indices: Iterable[int]) -> None:
        """Enter anew the memory of the descriptors in the shadow."""
        if self._is_written:
            filled = [(DESCRIPTOR.unpack_from(self._shadow, index * DESCRIPTOR_BYTES), index) for index in indices]
            self._lives = {address: (length, index) for (address, length, _, _), index in filled}
            self._starts = sorted(self._lives)

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
        self._remember([index for _, index in self._lives.values()])

    def _parts(self, first: int, last: int) -> list[tuple[int, int]]:
        """Where the descriptors from ``first`` up to ``last`` are in the ring, in bytes: at most two parts."""
        count = (last - first) & _WRAP
        if not count:
            return []
        start = first % self._size
        stop = start + count
        ends = [(start, stop)] if stop <= self._size else [(start, self._size), (0, stop - self._size)]
        return [(begin * DESCRIPTOR_BYTES, end * DESCRIPTOR_BYTES) for begin, end in ends]

    def _broken(self, what: str, rule: str = "DMA-06") -> RuleViolation:
        return RuleViolation(rule, f"{self.ring}: {what}", self)
