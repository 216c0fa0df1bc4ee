"""Devices that wrap a device: bad cables and captures, on any device and any medium, without a line in either.

They nest, as in ``wire.attach(Capture(Faulty(nic, inward=Conditions(loss=0.1)), sink))``: the outer one is nearer to
the wire.
"""

from collections.abc import Callable, Sequence
from enum import IntEnum

from asyncndis.kernel.clock import current_clock

from .device import Device, Link
from .impairments import Chooser, Conditions, Dice, Path, PathStatistics

__all__ = ["Capture", "Direction", "Faulty", "Sink"]

_PERFECT = Conditions()


class Direction(IntEnum):
    """Which way a frame goes, as seen from the device; the values are those of pcapng."""

    INBOUND = 1
    OUTBOUND = 2


Sink = Callable[[int, Direction, bytes], object]


class _Wrapper:
    """Stands between a device and what it is connected to, and lets everything pass.

    :ivar device: what is wrapped
    """

    __slots__ = ("_link", "device")

    def __init__(self, device: Device) -> None:
        if not callable(getattr(device, "receive_many", None)):
            raise TypeError(f"device is a Device, not {type(device).__name__}")
        self.device = device
        self._link: Link | None = None

    @property
    def name(self) -> str:
        """The name of the device."""
        return self.device.name

    def connect(self, link: Link | None) -> None:
        """Stand between the device and ``link``."""
        self._link = link
        self.device.connect(None if link is None else self)

    def set_link(self, up: bool) -> None:
        """Tell the device."""
        self.device.set_link(up)

    def receive(self, frame: bytes) -> bool:
        """A frame arrives for the device."""
        return self.receive_many((frame,)) == 1

    def receive_many(self, frames: Sequence[bytes]) -> int:
        """Frames arrive for the device."""
        return self.device.receive_many(frames)

    def carry(self, frames: Sequence[bytes]) -> int:
        """The device sends frames."""
        return 0 if self._link is None else self._link.carry(frames)


class Faulty(_Wrapper):
    """A device behind a bad cable.

    :param device: any device
    :param inward: the conditions of what it receives
    :param outward: the conditions of what it sends
    :param seed: of the dice that decide what goes wrong
    :param chooser: decides instead of dice
    """

    __slots__ = ("_inward", "_outward")

    def __init__(
        self,
        device: Device,
        *,
        inward: Conditions = _PERFECT,
        outward: Conditions = _PERFECT,
        seed: int = 0,
        chooser: Chooser | None = None,
    ) -> None:
        super().__init__(device)
        decider = Dice(seed) if chooser is None else chooser
        self._inward = Path(device.receive_many, inward, decider)
        self._outward = Path(super().carry, outward, decider)

    def __repr__(self) -> str:
        return f"<Faulty {self.device!r}>"

    def statistics(self) -> tuple[PathStatistics, PathStatistics]:
        """What became of the frames that it received, and of those that it sent, in O(1). IRQL: any."""
        return self._inward.statistics(), self._outward.statistics()

    def connect(self, link: Link | None) -> None:
        """Stand between the device and ``link``; what was on the way is lost."""
        self._cut()
        super().connect(link)

    def set_link(self, up: bool) -> None:
        """Tell the device; what is on the way when the link goes down is lost."""
        if not up:
            self._cut()
        super().set_link(up)

    def receive_many(self, frames: Sequence[bytes]) -> int:
        """Frames arrive for the device, or do not."""
        return self._inward.carry(frames)

    def carry(self, frames: Sequence[bytes]) -> int:
        """The device sends frames, which may get lost."""
        return self._outward.carry(frames)

    def _cut(self) -> None:
        self._inward.cut()
        self._outward.cut()


class Capture(_Wrapper):
    """A device whose frames are shown to somebody.

    :param device: any device
    :param sink: called for each frame with the time of day (units of 100 ns since 1601), the direction, and the bytes,
        before the frame goes on
    """

    __slots__ = ("_sink", "frames")

    def __init__(self, device: Device, sink: Sink) -> None:
        super().__init__(device)
        if not callable(sink):
            raise TypeError(f"sink is a function, not {type(sink).__name__}")
        self._sink = sink
        self.frames = 0

    def __repr__(self) -> str:
        return f"<Capture of {self.device!r}, {self.frames} frames>"

    def receive_many(self, frames: Sequence[bytes]) -> int:
        """Frames arrive for the device."""
        self._show(Direction.INBOUND, frames)
        return super().receive_many(frames)

    def carry(self, frames: Sequence[bytes]) -> int:
        """The device sends frames."""
        self._show(Direction.OUTBOUND, frames)
        return super().carry(frames)

    def _show(self, direction: Direction, frames: Sequence[bytes]) -> None:
        now = current_clock().system_time()
        for frame in frames:
            self._sink(now, direction, frame)
        self.frames += len(frames)
