"""A port whose other end is the test."""

from collections.abc import Sequence

from asyncndis.nic import Port
from asyncndis.nic.port import BATCH, Frame

__all__ = ["ScriptedPort"]


class ScriptedPort(Port):
    """A port that does as it is told.

    :ivar sent: the frames that were sent
    :ivar room: for how many more frames there is room
    :ivar waiting: frames that have come, and were not taken
    :ivar bad: frames that cannot be sent
    """

    def __init__(self, name: str = "scripted", number: int = 1, *, mtu: int = 1500) -> None:
        super().__init__(name, bytes((2, 0, 0, 0, 0, number)), mtu)
        self.sent: list[bytes] = []
        self.room = 10_000
        self.waiting: list[bytes] = []
        self.bad: set[bytes] = set()
        self.calls: list[int] = []

    @property
    def is_full(self) -> bool:
        return self.room == 0

    def receive(self, limit: int = BATCH) -> list[bytes]:
        taken, self.waiting = self.waiting[:limit], self.waiting[limit:]
        self._count_in(taken)
        return taken

    def transmit(self, frames: Sequence[Frame]) -> int:
        self.calls.append(len(frames))
        count = 0
        for frame in frames:
            if not self.room or bytes(frame) in self.bad:
                break
            self.sent.append(bytes(frame))
            self.room -= 1
            count += 1
        self._frames_out += count
        return count

    def arrive(self, *frames: bytes) -> None:
        """Frames come; the driver is told while there are some that it wants."""
        self.waiting += frames
        while self.waiting and self.lets_in and self._driver is not None:
            self._driver.readable()

    def make_room(self, room: int) -> None:
        """Frames can be sent again."""
        self.room = room
        assert self._driver is not None
        self._driver.has_room()

    def set_link(self, *, up: bool) -> None:
        """The link comes or goes."""
        self._set_link(up)

    def unplug_by_hand(self, error: Exception) -> None:
        """The device is gone."""
        self._fail(error)
