"""The interrupt unit of a NIC: causes, a mask, one level-triggered line, and coalescing.

The line is up while a cause that is not masked is set. Whoever is plugged in is called when it goes up, and not again
while it stays up: after serving it, look at the line again. Causes are set, masked or not, and stay until they are
acknowledged, so that nothing is lost between looking and unmasking. Completions may be coalesced: their causes are set
after so many of them, or so long after the first one.
"""

from dataclasses import dataclass
from enum import IntFlag

from asyncndis.base import check_integer
from asyncndis.kernel.clock import MICROSECOND, current_clock
from asyncndis.kernel.host import Cancellable

from .device import OnInterrupt

__all__ = ["Cause", "InterruptState", "InterruptUnit"]


class Cause(IntFlag):
    """Why a NIC interrupts."""

    TX_DONE = 0x01
    """Frames were sent, or given up."""
    RX_DONE = 0x02
    """Frames have arrived."""
    RX_NO_DESCRIPTOR = 0x04
    """A frame was lost since the driver had left no room for it."""
    LINK_CHANGE = 0x08
    """The link went up or down."""
    TX_QUEUE_EMPTY = 0x10
    """All that the driver gave was sent."""
    BUS_ERROR = 0x20
    """The device could not reach memory that the driver named."""


_ALL = int(sum(Cause))  # a plain integer, as all that is kept here: operations on flags cost ten times as much


@dataclass(frozen=True, slots=True)
class InterruptState:
    """What an interrupt unit held when it was saved; the time that is left in units of 100 ns."""

    cause: int
    mask: int
    frames_limit: int
    microseconds: int
    held: int
    held_frames: int
    left: int | None
    raised: int


class InterruptUnit:
    """Causes, mask and line.

    :ivar on_interrupt: called when the line goes up
    :ivar raised: how often it went up
    :ivar cause_bits: the causes that are set, as in the register
    :ivar mask_bits: those that can raise the line
    """

    __slots__ = (
        "_alarm", "_due", "_frames_limit", "_held", "_held_frames", "_is_up", "_microseconds", "cause_bits",
        "mask_bits", "on_interrupt", "raised",
    )  # fmt: skip

    def __init__(self) -> None:
        self.on_interrupt: OnInterrupt | None = None
        self.raised = 0
        self._alarm: Cancellable | None = None
        self._is_up = False
        self.reset()

    def reset(self) -> None:
        """Forget all causes, mask everything, coalesce nothing."""
        self.cause_bits = self.mask_bits = self._held = self._held_frames = self._microseconds = 0
        self._frames_limit = 1
        self._disarm()
        self._update()

    def line(self) -> bool:
        """Whether the line is up."""
        return bool(self.cause_bits & self.mask_bits)

    @property
    def cause(self) -> Cause:
        """The causes that are set, masked or not."""
        return Cause(self.cause_bits)

    @property
    def mask(self) -> Cause:
        """The causes that can raise the line."""
        return Cause(self.mask_bits)

    @property
    def coalescing(self) -> tuple[int, int]:
        """How many completions, and how many microseconds after the first, make an interrupt."""
        return self._frames_limit, self._microseconds

    def enable(self, causes: int = _ALL) -> None:
        """Let causes raise the line; it goes up at once when one of them is set already."""
        self.mask_bits |= _checked(causes)
        self._update()

    def disable(self, causes: int = _ALL) -> None:
        """Mask causes; they are still set when they occur."""
        self.mask_bits &= ~_checked(causes)
        self._update()

    def acknowledge(self, causes: int) -> None:
        """Clear causes; the line goes down when none is left."""
        self.cause_bits &= ~_checked(causes)
        self._update()

    def coalesce(self, frames: int, microseconds: int) -> None:
        """Say how completions are coalesced.

        :param frames: so many completions are an interrupt; 1 for each batch
        :param microseconds: so long after the first one is an interrupt in any case; 0 for no such limit
        """
        check_integer("frames", frames, 1, 0xFFFF)
        check_integer("microseconds", microseconds, 0, 1_000_000)
        self._frames_limit, self._microseconds = frames, microseconds
        self._release()

    def set(self, causes: int) -> None:
        """Causes occur, and are shown at once, along with what was held back."""
        if self._held:
            causes |= self._held
            self._held = 0
            self._disarm()
        self._held_frames = 0
        self.cause_bits |= int(causes)
        self._update()

    def completed(self, causes: int, frames: int) -> None:
        """Frames were sent or received: their causes are shown now, or held back for a while."""
        self._held_frames += frames
        if self._held_frames >= self._frames_limit:
            self.set(causes)
            return
        self._held |= int(causes)
        if self._alarm is None and self._microseconds:
            self._arm(self._microseconds * MICROSECOND)

    def save(self) -> InterruptState:
        """The state of it now."""
        left = None if self._alarm is None else max(0, self._due - current_clock().now())
        return InterruptState(
            self.cause_bits, self.mask_bits, self._frames_limit, self._microseconds, self._held, self._held_frames,
            left, self.raised,
        )  # fmt: skip

    def restore(self, state: InterruptState) -> None:
        """Be as it was; nobody is called for a line that was up then."""
        self._disarm()
        self.cause_bits, self.mask_bits = state.cause, state.mask
        self._frames_limit, self._microseconds = state.frames_limit, state.microseconds
        self._held, self._held_frames = state.held, state.held_frames
        self._is_up, self.raised = self.line(), state.raised
        if state.left is not None:
            self._arm(state.left)

    def _update(self) -> None:
        is_up = bool(self.cause_bits & self.mask_bits)
        if is_up == self._is_up:
            return
        self._is_up = is_up
        if is_up:
            self.raised += 1
            if self.on_interrupt is not None:
                self.on_interrupt()

    def _arm(self, duration: int) -> None:
        clock = current_clock()
        self._due = clock.now() + duration
        self._alarm = clock.call_at(self._due, self._release)

    def _disarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None
        self._due = 0

    def _release(self) -> None:
        """Show what was held back."""
        self._disarm()
        if self._held:
            self.set(0)


def _checked(causes: int) -> int:
    if type(causes) is not int:
        check_integer("causes", causes)
    return int(causes) & _ALL
