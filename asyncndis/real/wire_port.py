"""A port on a wire of this process: what one of the ports of that name sends, all others receive."""

from collections import deque
from collections.abc import Sequence
from weakref import WeakValueDictionary

from asyncndis.kernel.host import current_host
from asyncndis.nic import Wire
from asyncndis.nic.device import Link
from asyncndis.nic.port import BATCH, LONGEST_FRAME, Frame, Port

from .port_address import WireAddress
from .station_address import station_address

__all__ = ["WirePort", "open_wire"]

_WAITING_MOST = 1024
_wires: "WeakValueDictionary[str, Wire]" = WeakValueDictionary()


class _Plug:
    """What a wire sees of a port."""

    __slots__ = ("_port", "link", "name")

    def __init__(self, port: "WirePort") -> None:
        self._port = port
        self.name = port.name
        self.link: Link | None = None

    def connect(self, link: Link | None) -> None:
        """The wire was plugged in, or taken away."""
        self.link = link
        if link is None:
            self._port.link_is(up=False)

    def set_link(self, up: bool) -> None:
        """The wire works, or does not."""
        self._port.link_is(up=up)

    def receive(self, frame: bytes) -> bool:
        """A frame comes by the wire."""
        return self._port.arrive((frame,)) == 1

    def receive_many(self, frames: Sequence[bytes]) -> int:
        """Frames come by the wire."""
        return self._port.arrive(frames)


class WirePort(Port):
    """An end of a wire.

    :param name: as it was asked for, with the number of the end
    :param wire: which wire
    :ivar missed: frames that came while too many waited
    """

    def __init__(self, name: str, wire: Wire) -> None:
        super().__init__(name, station_address(name), LONGEST_FRAME - 18)
        self._wire = wire
        self._waiting: deque[bytes] = deque()
        self.missed = 0
        self._plug = _Plug(self)
        wire.attach(self._plug)

    def link_is(self, *, up: bool) -> None:
        """The wire works, or does not. IRQL: any."""
        self._set_link(up)

    def arrive(self, frames: Sequence[bytes]) -> int:
        """Frames come by the wire; how many there was room for. IRQL: any."""
        taken = frames[: _WAITING_MOST - len(self._waiting)]
        self.missed += len(frames) - len(taken)
        self._waiting += taken
        self._call()
        return len(taken)

    def let_in(self, wanted: bool) -> None:
        """See :meth:`Port.let_in`."""
        super().let_in(wanted)
        self._call()

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """See :meth:`Port.receive`."""
        frames = [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))]
        self._count_in(frames)
        self._call()
        return frames

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        link = self._plug.link
        if link is None:
            self._dropped += 1
            return 0
        link.carry([bytes(frame) for frame in frames])
        self._frames_out += len(frames)
        self._bytes_out += sum(map(len, frames))
        return len(frames)

    def close(self) -> None:
        """See :meth:`Port.close`."""
        if not self._is_closed:
            super().close()
            self._wire.detach(self._plug)

    def _call(self) -> None:
        """Let the driver look at what waits, when the one who brought it has given way."""
        if self._lets_in and self._waiting:
            current_host().call_soon(self._tell)

    def _tell(self) -> None:
        if self._driver is not None and self._lets_in and self._waiting:
            try:
                self._driver.readable()
            except Exception as error:  # noqa: BLE001 - a loop would only log it; run() raises it
                self._fail(error)


def open_wire(address: WireAddress, name: str) -> WirePort:
    """Attach a port to a wire, which is made if need be. IRQL: PASSIVE.

    :param address: the name of the wire
    :param name: how it was asked for
    """
    wire = _wires.get(address.name)
    if wire is None:
        wire = _wires[address.name] = Wire(name=address.name)
    return WirePort(f"{name}#{wire.statistics().devices + 1}", wire)
