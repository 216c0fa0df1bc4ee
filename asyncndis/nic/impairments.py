"""What goes wrong on a way that frames take, and how long they take: loss, duplication, corruption, reordering, delay.

Everything that is left to chance is asked of a chooser, by name and in a fixed order for each frame, so that one seed
gives one run, and an explorer may choose instead. Times are those of the current clock. Where nothing is impaired,
frames arrive at once, in the batches they were sent in.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from random import Random
from typing import Protocol

from asyncndis.base import check_integer
from asyncndis.kernel.clock import MICROSECOND, SECOND, current_clock
from asyncndis.kernel.host import Cancellable

from .pacing import WIRE_OVERHEAD

__all__ = ["Chooser", "Conditions", "Dice", "Path", "PathStatistics"]

Deliver = Callable[[Sequence[bytes]], int]


class Chooser(Protocol):
    """Decides what is left to chance."""

    def happens(self, what: str, probability: float) -> bool:
        """Whether it happens: "loss", "corruption", "duplication" or "reordering"."""
        ...

    def below(self, what: str, limit: int) -> int:
        """A number from 0 to below ``limit``: which "bit" is flipped, how much "jitter" in microseconds there is."""
        ...


class Dice:
    """A chooser that throws dice, the same ones for the same seed."""

    __slots__ = ("_random",)

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 - chance for a model, not for a secret

    def happens(self, what: str, probability: float) -> bool:
        """True with that probability."""
        return self._random.random() < probability

    def below(self, what: str, limit: int) -> int:
        """Any number below ``limit``, all of them alike."""
        return self._random.randrange(limit)


@dataclass(frozen=True, slots=True)
class Conditions:
    """How good a way is; by default perfect.

    :ivar loss: the part of frames that get lost, from 0 to 1
    :ivar corruption: the part of which one bit is flipped: the error that is hardest to notice
    :ivar duplication: the part that arrives twice
    :ivar reordering: the part that arrives after the frame behind it
    :ivar latency_us: how long a frame takes, in microseconds
    :ivar jitter_us: how much longer at most; it does not change the order
    :ivar bits_per_second: how fast frames enter the way, one after another; None for at once
    :ivar queue_limit: frames that may be on the way; what comes then is dropped
    :ivar hold_us: how long a frame is held back for the one behind it, at most
    """

    loss: float = 0.0
    corruption: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    latency_us: int = 0
    jitter_us: int = 0
    bits_per_second: int | None = None
    queue_limit: int = 1024
    hold_us: int = 1000

    def __post_init__(self) -> None:
        for name in ("loss", "corruption", "duplication", "reordering"):
            part: object = getattr(self, name)
            if not isinstance(part, int | float):
                raise TypeError(f"{name} is a number, not {type(part).__name__}")
            if not 0 <= part <= 1:
                raise ValueError(f"{name} is a part, from 0 to 1, not {part!r}")
        for name in ("latency_us", "jitter_us", "queue_limit", "hold_us"):
            check_integer(name, getattr(self, name))
        if self.bits_per_second is not None:
            check_integer("bits_per_second", self.bits_per_second, 1, 10**12)

    @property
    def are_perfect(self) -> bool:
        """Whether frames arrive at once and unharmed."""
        return not (self.loss or self.corruption or self.duplication or self.reordering or self.is_slow)

    @property
    def is_slow(self) -> bool:
        """Whether frames take time."""
        return bool(self.latency_us or self.jitter_us or self.bits_per_second)


@dataclass(frozen=True, slots=True)
class PathStatistics:
    """What became of the frames on a way: those that entered, and those that were duplicated, are all accounted for.

    :ivar entered: frames that were sent into it
    :ivar delivered: frames that the other end took
    :ivar refused: frames that the other end did not take
    :ivar lost: frames that got lost, or were on the way when it was cut
    :ivar overflowed: frames that came while ``queue_limit`` were on the way
    :ivar duplicated: frames that became two
    :ivar corrupted: frames of which a bit was flipped
    :ivar reordered: frames that were held back
    :ivar on_the_way: frames that are on the way now
    """

    entered: int = 0
    delivered: int = 0
    refused: int = 0
    lost: int = 0
    overflowed: int = 0
    duplicated: int = 0
    corrupted: int = 0
    reordered: int = 0
    on_the_way: int = 0

    def __add__(self, other: "PathStatistics") -> "PathStatistics":
        names = [field.name for field in fields(self)]
        return PathStatistics(*(getattr(self, name) + getattr(other, name) for name in names))


class Path:
    """One way that frames take, in one direction.

    :param deliver: takes frames at the other end, and says how many it took
    :param conditions: how good it is
    :param chooser: decides what is left to chance
    """

    __slots__ = (
        "_alarm", "_busy_until", "_chooser", "_conditions", "_corrupted", "_deliver", "_delivered", "_duplicated",
        "_entered", "_held", "_hold_alarm", "_is_perfect", "_last_due", "_lost", "_overflowed", "_queue", "_refused",
        "_reordered",
    )  # fmt: skip

    def __init__(self, deliver: Deliver, conditions: Conditions, chooser: Chooser) -> None:
        self._deliver = deliver
        self._conditions = conditions
        self._chooser = chooser
        self._is_perfect = conditions.are_perfect
        self._queue: deque[tuple[int, bytes]] = deque()
        self._held: list[bytes] = []
        self._alarm: Cancellable | None = None
        self._hold_alarm: Cancellable | None = None
        self._busy_until = self._last_due = 0
        self._entered = self._delivered = self._refused = self._lost = self._overflowed = 0
        self._duplicated = self._corrupted = self._reordered = 0

    def statistics(self) -> PathStatistics:
        """What became of the frames so far, in O(1). IRQL: any."""
        return PathStatistics(
            self._entered,
            self._delivered,
            self._refused,
            self._lost,
            self._overflowed,
            self._duplicated,
            self._corrupted,
            self._reordered,
            len(self._queue) + len(self._held),
        )

    def carry(self, frames: Sequence[bytes]) -> int:
        """Send frames on their way; how many arrived, or are on it still."""
        self._entered += len(frames)
        if self._is_perfect:
            return self._hand_over(frames)
        gone = self._gone()
        ready: list[bytes] = []
        for frame in frames:
            ready += self._impair(frame)
        if self._conditions.is_slow:
            for frame in ready:
                self._enqueue(frame)
        elif ready:
            self._hand_over(ready)
        return max(0, len(frames) - (self._gone() - gone))

    def cut(self) -> None:
        """Lose what is on the way."""
        self._lost += len(self._queue) + len(self._held)
        self._queue.clear()
        self._held.clear()
        for alarm in (self._alarm, self._hold_alarm):
            if alarm is not None:
                alarm.cancel()
        self._alarm = self._hold_alarm = None

    def _gone(self) -> int:
        return self._lost + self._overflowed + self._refused

    def _hand_over(self, frames: Sequence[bytes]) -> int:
        taken = self._deliver(frames)
        self._delivered += taken
        self._refused += len(frames) - taken
        return taken

    def _impair(self, frame: bytes) -> list[bytes]:
        """What comes of one frame, with the one that was held back for it."""
        conditions, happens = self._conditions, self._chooser.happens
        if conditions.loss and happens("loss", conditions.loss):
            self._lost += 1
            return []
        if frame and conditions.corruption and happens("corruption", conditions.corruption):
            self._corrupted += 1
            frame = self._flip_a_bit(frame)
        copies = [frame]
        if conditions.duplication and happens("duplication", conditions.duplication):
            self._duplicated += 1
            copies.append(frame)
        if self._held:
            copies += self._let_go()
        elif conditions.reordering and happens("reordering", conditions.reordering):
            self._reordered += 1
            self._hold(copies)
            return []
        return copies

    def _flip_a_bit(self, frame: bytes) -> bytes:
        bit = self._chooser.below("bit", 8 * len(frame))
        flipped = bytearray(frame)
        flipped[bit >> 3] ^= 1 << (bit & 7)
        return bytes(flipped)

    def _hold(self, copies: list[bytes]) -> None:
        self._held = copies
        clock = current_clock()
        self._hold_alarm = clock.call_at(clock.now() + self._conditions.hold_us * MICROSECOND, self._hold_is_over)

    def _let_go(self) -> list[bytes]:
        assert self._hold_alarm is not None
        self._hold_alarm.cancel()
        self._hold_alarm = None
        held, self._held = self._held, []
        return held

    def _hold_is_over(self) -> None:
        held = self._let_go()
        if self._conditions.is_slow:
            for frame in held:
                self._enqueue(frame)
        else:
            self._hand_over(held)

    def _enqueue(self, frame: bytes) -> None:
        """Let a frame arrive in its time, behind those that are on the way."""
        conditions = self._conditions
        if len(self._queue) >= conditions.queue_limit:
            self._overflowed += 1
            return
        due = current_clock().now()
        if conditions.bits_per_second:
            due = max(due, self._busy_until)
            due += (len(frame) + WIRE_OVERHEAD) * 8 * SECOND // conditions.bits_per_second
            self._busy_until = due
        due += conditions.latency_us * MICROSECOND
        if conditions.jitter_us:
            due += self._chooser.below("jitter", conditions.jitter_us + 1) * MICROSECOND
        self._last_due = due = max(due, self._last_due)
        self._queue.append((due, frame))
        self._arm()

    def _arm(self) -> None:
        if self._alarm is None and self._queue:
            self._alarm = current_clock().call_at(self._queue[0][0], self._arrive)

    def _arrive(self) -> None:
        """Hand over all that is due, at once."""
        self._alarm = None
        now = current_clock().now()
        due: list[bytes] = []
        while self._queue and self._queue[0][0] <= now:
            due.append(self._queue.popleft()[1])
        self._arm()
        if due:
            self._hand_over(due)
