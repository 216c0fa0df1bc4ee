"""The two descriptor rings as the device works them: it reads and writes them and the frames through the bus.

Nothing is kept of a frame or a descriptor between two calls but HEAD: the ring in shared memory is the state. What the
bus refuses is reported in the descriptor, and the ring goes on with the next one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncndis.base import RuleViolation

from .checker import RingChecker
from .device import FRAME_MINIMUM, HEADER_BYTES, Bus, WindowAt, windows_of
from .registers import DESCRIPTOR_BYTES, DescriptorFlag

__all__ = ["WRAP", "Batch", "ReceiveRing", "Ring", "RingState", "TransmitRing"]

WRAP = 0xFFFF_FFFF

_NOTHING = memoryview(b"")

# Plain integers: an operation on enumeration members costs ten times as much, and there is one for each frame.
_OWN = int(DescriptorFlag.OWN)
_END = int(DescriptorFlag.END)
_DONE = int(DescriptorFlag.DONE)
_BUS_ERROR = int(DescriptorFlag.DONE | DescriptorFlag.ERROR | DescriptorFlag.BUS)
_LENGTH_ERROR = int(DescriptorFlag.DONE | DescriptorFlag.ERROR | DescriptorFlag.LENGTH)
_NO_CARRIER = int(DescriptorFlag.DONE | DescriptorFlag.ERROR | DescriptorFlag.NO_CARRIER)
_OWN_END = _OWN | _END


@dataclass(frozen=True, slots=True)
class RingState:
    """What a ring held when it was saved; its descriptors are in the memory of the computer."""

    base: int
    size: int
    head: int
    tail: int
    is_on: bool
    shadow: bytes


@dataclass(slots=True)
class Batch:
    """What became of the frames of one go through a ring.

    :ivar frames: those that went through, in order
    :ivar errors: the flags in the descriptors of those that were lost
    :ivar violation: what the bus had to say of the driver; that frame is one of the lost, and was the last of the go
    """

    frames: list[bytes] = field(default_factory=list[bytes])
    errors: list[int] = field(default_factory=list[int])
    violation: RuleViolation | None = None

    def __len__(self) -> int:
        return len(self.frames) + len(self.errors)

    def is_over(self, limit: int) -> bool:
        """Whether it has enough, or had to be broken off."""
        return len(self) >= limit or self.violation is not None


class Ring:
    """One ring.

    :param name: for messages
    :param limit: the most descriptors that it may have
    :param is_checked: whether a checker watches it
    :ivar base: its physical address
    :ivar size: its descriptors
    :ivar head: descriptors given back so far
    :ivar tail: descriptors handed over so far
    :ivar is_on: whether the device works it
    """

    __slots__ = (
        "_addresses", "_flags", "_is_checked", "_lengths", "_limit", "_window_at", "_written", "base", "checker",
        "head", "is_on", "name", "size", "tail",
    )  # fmt: skip
    _is_written = False

    def __init__(self, name: str, limit: int, *, is_checked: bool) -> None:
        if limit & (limit - 1) or not 2 <= limit <= 0x8000:
            raise ValueError(f"{name} has a power of two of descriptors, from 2 to {0x8000}, not {limit}")
        self.name = name
        self._limit = limit
        self._is_checked = is_checked
        self.checker: RingChecker | None = None
        self.reset()

    def __repr__(self) -> str:
        return f"<{self.name} {self.pending} of {self.size} descriptors with the device, {self.head} given back>"

    @property
    def pending(self) -> int:
        """Descriptors that are the device's."""
        return min((self.tail - self.head) & WRAP, self.size)

    def reset(self) -> None:
        """Be as after power-up."""
        self.is_on = False
        self.move(0, self._limit)

    def move(self, base: int, size: int) -> None:
        """Start over at another place; the ring is off then.

        :raises ValueError: when there cannot be a ring
        :raises RuleViolation: DMA-06 by the checker, while the ring is on
        """
        if size & (size - 1) or not 2 <= size <= self._limit:
            raise ValueError(f"{self.name} has a power of two of descriptors, from 2 to {self._limit}, not {size}")
        if self.checker is not None and self.is_on:
            self.checker.refuse_to_move()
        self.is_on = False
        self.base = base
        self.size = size
        self.head = self.tail = 0
        self._look_at(_NOTHING)
        self.checker = None

    def switch_on(self, bus: Bus) -> bool:
        """Begin, or go on, to work the ring; False when the bus does not reach it.

        :raises RuleViolation: by the checker, of what was handed over before; the ring is still off then
        """
        if not self._map(bus):
            return False
        if self.checker is not None and not self.is_on:
            self.checker.handed(self.head, self.head, self.tail)
        self.is_on = True
        return True

    def _map(self, bus: Bus) -> bool:
        try:
            descriptors = bus.view_at(self.base, self.size * DESCRIPTOR_BYTES)
        except LookupError:
            return False
        if self.base % DESCRIPTOR_BYTES or descriptors.readonly:
            return False
        self._look_at(descriptors)
        self._window_at: WindowAt = windows_of(bus)
        if self._is_checked and self.checker is None:
            self.checker = RingChecker(self.name, descriptors, self._window_at, is_written=self._is_written)
        return True

    def ring_doorbell(self, tail: int) -> None:
        """The driver hands descriptors over.

        :raises RuleViolation: by the checker; then the doorbell was not heard
        """
        if self.checker is not None and self.is_on:
            self.checker.handed(self.head, self.tail, tail)
        self.tail = tail

    def inspect(self) -> None:
        """Let the checker look whether the driver kept its hands off."""
        if self.checker is not None and self.is_on:
            self.checker.inspect(self.head, self.tail)

    def save(self) -> RingState:
        """The state of it now."""
        shadow = b"" if self.checker is None else self.checker.save()
        return RingState(self.base, self.size, self.head, self.tail, self.is_on, shadow)

    def restore(self, state: RingState, bus: Bus) -> None:
        """Be as it was."""
        self.is_on = False
        self.move(state.base, state.size)
        self.head, self.tail = state.head, state.tail
        self.is_on = state.is_on and self._map(bus)
        if self.checker is not None:
            self.checker.restore(state.shadow, self.head, self.tail)

    def _look_at(self, descriptors: memoryview) -> None:
        """See the ring's memory as the fields of descriptors: see the layout of ``DESCRIPTOR``."""
        self._addresses = descriptors.cast("Q")[::2]
        self._lengths = descriptors.cast("H")[4::8]
        self._written = descriptors.cast("H")[5::8]
        self._flags = descriptors.cast("I")[3::4]

    def _next(self, limit: int) -> tuple[int, Iterator[tuple[int, int, int]]]:
        """The descriptors from HEAD on that lie side by side, at most so many: where they are, and their fields."""
        at = self.head & (self.size - 1)
        part = slice(at, at + min(self.pending, limit))
        return at, zip(
            self._addresses[part].tolist(), self._lengths[part].tolist(), self._flags[part].tolist(), strict=True
        )

    def _owned(self) -> Iterator[tuple[int, int, int]]:
        """Address, length and flags of the descriptors from HEAD on that are the device's."""
        for number in range(self.head, self.head + self.pending):
            at = number & (self.size - 1)
            flags = self._flags[at]
            if not flags & _OWN:
                return
            yield self._addresses[at], self._lengths[at], flags

    def _reach(self, pieces: Sequence[tuple[int, int]]) -> list[memoryview]:
        """The memory of a frame."""
        views: list[memoryview] = []
        for address, length in pieces:
            if length:
                start, window = self._window_at(address, length)
                views.append(window[address - start : address - start + length])
        return views

    def _give_back(self, written: Sequence[int], flags: int) -> None:
        """Hand the descriptors of one frame back, with what was done to each, and END in the last."""
        for number, count in enumerate(written, 1):
            at = self.head & (self.size - 1)
            self._written[at] = count
            self._flags[at] = flags | _END if number == len(written) else flags
            self.head = (self.head + 1) & WRAP

    def _lose(self, batch: Batch, descriptors: int, flags: int) -> None:
        """Hand the descriptors of a frame back that is lost."""
        self._give_back([0] * descriptors, flags)
        batch.errors.append(flags)

    def _tell_checker(self, first: int) -> None:
        """The descriptors from ``first`` to HEAD are the driver's again."""
        if self.checker is not None and self.head != first:
            self.checker.gave_back(first, self.head)


class TransmitRing(Ring):
    """The ring with the frames to be sent."""

    __slots__ = ()

    def fetch(self, limit: int, max_frame: int, *, carrier: bool) -> Batch:
        """Take frames out, and give their descriptors back.

        A frame whose end is not there yet stays, and so do those behind it.

        :param limit: at most so many
        :param max_frame: the longest that may be sent
        :param carrier: whether they can be sent, for the driver to see in their descriptors
        """
        self.inspect()
        first, batch = self.head, Batch()
        done = _DONE if carrier else _NO_CARRIER
        while self.head != self.tail and not batch.is_over(limit):
            self._fetch_plain(batch, limit - len(batch), max_frame, done | _END)
            if not batch.is_over(limit) and not self._fetch_any(batch, max_frame, done):
                break
        self._tell_checker(first)
        return batch

    def _fetch_plain(self, batch: Batch, limit: int, max_frame: int, done: int) -> None:
        """Take frames in one piece each, up to the first with anything unusual about it."""
        frames, flags_at, window_at = batch.frames, self._flags, self._window_at
        at, descriptors = self._next(limit)
        before, start, room = len(frames), 0, -1
        window = _NOTHING
        try:
            for address, length, flags in descriptors:
                if flags != _OWN_END or not FRAME_MINIMUM <= length <= max_frame:
                    break
                offset = address - start
                if not 0 <= offset <= room - length:
                    start, window = window_at(address, length)
                    room, offset = len(window), address - start
                frames.append(bytes(window[offset : offset + length]))
                flags_at[at] = done
                at += 1
        except LookupError:
            pass  # _fetch_any() asks once more, and reports it
        except RuleViolation as violation:
            batch.violation = violation
        self.head = (self.head + len(frames) - before) & WRAP
        if batch.violation is not None:
            self._lose(batch, 1, _BUS_ERROR)

    def _fetch_any(self, batch: Batch, max_frame: int, done: int) -> bool:
        """Take one frame of any kind; False when its end is not there yet."""
        pieces: list[tuple[int, int]] = []
        for address, length, flags in self._owned():
            pieces.append((address, length))
            if flags & _END:
                break
        else:
            return False
        if not HEADER_BYTES <= sum(length for _, length in pieces) <= max_frame:
            self._lose(batch, len(pieces), _LENGTH_ERROR)
            return True
        try:
            frame = b"".join(self._reach(pieces))
        except LookupError:
            self._lose(batch, len(pieces), _BUS_ERROR)
        except RuleViolation as violation:
            batch.violation = violation
            self._lose(batch, len(pieces), _BUS_ERROR)
        else:
            batch.frames.append(frame.ljust(FRAME_MINIMUM, b"\0"))
            self._give_back([length for _, length in pieces], done)
        return True


class ReceiveRing(Ring):
    """The ring with the memory for frames that arrive."""

    __slots__ = ()
    _is_written = True

    def store(self, frames: Sequence[bytes]) -> Batch:
        """Write frames to memory, and give its descriptors to the driver.

        A frame that the memory left is too small for is dropped; it is in neither list of the batch.
        """
        self.inspect()
        first, batch = self.head, Batch()
        left = frames
        while self.head != self.tail and not batch.is_over(len(frames)):
            left = left[self._store_plain(batch, left) :]
            if not left or batch.violation is not None:
                break
            self._store_any(batch, left[0])
            left = left[1:]
        self._tell_checker(first)
        return batch

    def _store_plain(self, batch: Batch, frames: Sequence[bytes]) -> int:
        """Write frames into one descriptor each, up to the first with anything unusual about it; how many it was."""
        flags_at, written_at, window_at = self._flags, self._written, self._window_at
        at, descriptors = self._next(len(frames))
        first, start, room = at, 0, -1
        window = _NOTHING
        done = _DONE | _END
        try:
            for frame, (address, length, flags) in zip(frames, descriptors, strict=False):
                size = len(frame)
                if not flags & _OWN or size > length:
                    break
                offset = address - start
                if not 0 <= offset <= room - size:
                    start, window = window_at(address, size)
                    room, offset = len(window), address - start
                window[offset : offset + size] = frame
                written_at[at] = size
                flags_at[at] = done
                at += 1
        except (LookupError, TypeError):
            pass  # _store_any() tries once more, and reports it
        except RuleViolation as violation:
            batch.violation = violation
        stored = at - first
        batch.frames += frames[:stored]
        self.head = (self.head + stored) & WRAP
        if batch.violation is not None:
            self._lose(batch, 1, _BUS_ERROR)
        return stored

    def _store_any(self, batch: Batch, frame: bytes) -> None:
        """Write one frame into as many descriptors as it takes, if there are that many."""
        pieces: list[tuple[int, int]] = []
        left = len(frame)
        for address, length, _ in self._owned():
            pieces.append((address, min(length, left)))
            left -= pieces[-1][1]
            if not left:
                break
        else:
            return
        try:
            start = 0
            for view in self._reach(pieces):
                view[:] = frame[start : start + len(view)]
                start += len(view)
        except (LookupError, TypeError):  # nothing answers there, or the device may only read there
            self._lose(batch, len(pieces), _BUS_ERROR)
        except RuleViolation as violation:
            batch.violation = violation
            self._lose(batch, len(pieces), _BUS_ERROR)
        else:
            batch.frames.append(frame)
            self._give_back([length for _, length in pieces], _DONE)
