"""A wire: a medium that devices are attached to; what one of them sends, all others receive.

Each device has a way of its own to it, with the same conditions; see :class:`Conditions`. On a perfect wire a frame
arrives in the same call in which it was sent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncndis.base import check_instance

from .device import Device
from .impairments import Chooser, Conditions, Dice, Path, PathStatistics

__all__ = ["Loopback", "Wire", "WireStatistics"]


@dataclass(frozen=True, slots=True)
class WireStatistics:
    """A wire at one moment.

    :ivar devices: devices that are attached
    :ivar up: whether it works
    :ivar frames: frames that devices have sent into it
    :ivar paths: what became of them on all ways together; with more than two devices a frame takes several
    """

    devices: int
    up: bool
    frames: int
    paths: PathStatistics


class _End:
    """What one device sends into."""

    __slots__ = ("_wire", "path")

    def __init__(self, wire: "Wire", path: Path) -> None:
        self._wire = wire
        self.path = path

    def carry(self, frames: Sequence[bytes]) -> int:
        """To all others."""
        return self._wire._carry(self, frames)


class Wire:
    """A medium between devices. All calls are synchronous. IRQL: any.

    :param conditions: how good it is; by default perfect
    :param name: for messages
    :param seed: of the dice that decide what goes wrong
    :param chooser: decides instead of dice
    """

    __slots__ = ("__weakref__", "_chooser", "_conditions", "_ends", "_frames", "_is_up", "_past", "name")

    def __init__(
        self,
        conditions: Conditions = Conditions(),  # noqa: B008 - it is immutable
        *,
        name: str = "wire",
        seed: int = 0,
        chooser: Chooser | None = None,
    ) -> None:
        check_instance("conditions", conditions, Conditions)
        check_instance("name", name, str)
        self.name = name
        self._conditions = conditions
        self._chooser = Dice(seed) if chooser is None else chooser
        self._ends: dict[Device, _End] = {}
        self._is_up = True
        self._frames = 0
        self._past = PathStatistics()

    def __repr__(self) -> str:
        names = ", ".join(device.name for device in self._ends)
        return f"<Wire {self.name!r} {'up' if self._is_up else 'cut'}, {self._frames} frames, between: {names or '-'}>"

    def statistics(self) -> WireStatistics:
        """What was sent, and what became of it; in O(devices). IRQL: any."""
        paths = sum((end.path.statistics() for end in self._ends.values()), self._past)
        return WireStatistics(len(self._ends), self._is_up, self._frames, paths)

    def attach(self, device: Device) -> None:
        """Connect a device; its link goes up if the wire works.

        :raises ValueError: when it is attached already
        """
        if not callable(getattr(device, "receive_many", None)):
            raise TypeError(f"device is a Device, not {type(device).__name__}")
        if device in self._ends:
            raise ValueError(f"{device!r} is attached to {self!r} already")
        end = _End(self, Path(device.receive_many, self._conditions, self._chooser))
        self._ends[device] = end
        device.set_link(self._is_up)
        device.connect(end)

    def detach(self, device: Device) -> None:
        """Disconnect a device; its link goes down, and frames on their way to it are lost.

        :raises ValueError: when it is not attached
        """
        end = self._ends.pop(device, None)
        if end is None:
            raise ValueError(f"{device!r} is not attached to {self!r}")
        end.path.cut()
        self._past += end.path.statistics()
        device.connect(None)

    def close(self) -> None:
        """Disconnect all devices."""
        for device in tuple(self._ends):
            self.detach(device)

    def set_up(self, up: bool) -> None:
        """Cut the wire or mend it: the links of all devices go down or up, and frames on their way are lost."""
        self._is_up = bool(up)
        for device, end in tuple(self._ends.items()):
            if not up:
                end.path.cut()
            device.set_link(self._is_up)

    def _carry(self, sender: _End, frames: Sequence[bytes]) -> int:
        if not self._is_up:
            return 0
        self._frames += len(frames)
        others = [end.path for end in self._ends.values() if end is not sender]
        return max([path.carry(frames) for path in others], default=0)


class Loopback:
    """A plug for one device that sends back whatever it sends.

    :ivar frames: frames that came back
    """

    __slots__ = ("_device", "frames")

    def __init__(self, device: Device) -> None:
        self._device = device
        self.frames = 0
        device.connect(self)

    def __repr__(self) -> str:
        return f"<Loopback on {self._device.name}, {self.frames} frames>"

    def carry(self, frames: Sequence[bytes]) -> int:
        """Give the device its own frames."""
        self.frames += len(frames)
        return self._device.receive_many(frames)

    def close(self) -> None:
        """Take the plug out."""
        self._device.connect(None)
