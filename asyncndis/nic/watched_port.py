"""A port around a port, which shows every frame that passes: a capture of any port, without a line in it."""

from collections.abc import Sequence

from asyncndis.kernel.clock import current_clock

from .offload import HEADER_BYTES
from .port import BATCH, Frame, Port, PortDriver, PortStatistics
from .segmentation import complete
from .wrappers import Direction, Sink

__all__ = ["WatchedPort"]


class WatchedPort(Port):
    """A port whose frames are shown to somebody.

    :param port: any port
    :param sink: called for each frame that came in, and for each that was sent, with the time of day (units of 100 ns
        since 1601), the direction, and the bytes; large packets are shown as the frames that they stand for
    """

    def __init__(self, port: Port, sink: Sink) -> None:
        super().__init__(port.name, port.mac, port.mtu)
        self.link_bits_per_second = port.link_bits_per_second
        self.offloads = port.offloads
        self.port = port
        self._sink = sink

    def statistics(self) -> PortStatistics:
        """Those of the port."""
        return self.port.statistics()

    @property
    def lets_in(self) -> bool:
        """See :meth:`Port.let_in`."""
        return self.port.lets_in

    @property
    def is_full(self) -> bool:
        """Whether there is no room for a frame."""
        return self.port.is_full

    @property
    def link_up(self) -> bool:
        """Whether the port has a link."""
        return self.port.link_up

    def plug(self, driver: PortDriver) -> None:
        """See :meth:`Port.plug`."""
        self.port.plug(driver)

    def unplug(self) -> None:
        """See :meth:`Port.unplug`."""
        self.port.unplug()

    def let_in(self, wanted: bool) -> None:
        """See :meth:`Port.let_in`."""
        self.port.let_in(wanted)

    def let_in_unfinished(self, wanted: bool) -> None:
        """See :meth:`Port.let_in_unfinished`."""
        self.port.let_in_unfinished(wanted)

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """See :meth:`Port.receive`."""
        frames = self.port.receive(limit)
        self._show(Direction.INBOUND, frames)
        return frames

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        sent = self.port.transmit(frames)
        self._show(Direction.OUTBOUND, frames[:sent])
        return sent

    async def run(self) -> None:
        """See :meth:`Port.run`."""
        await self.port.run()

    def close(self) -> None:
        """See :meth:`Port.close`."""
        self.port.close()

    def _show(self, direction: Direction, frames: Sequence[Frame]) -> None:
        now = current_clock().system_time() if frames else 0
        for frame in frames:
            for shown in complete(bytes(frame[:HEADER_BYTES]), frame[HEADER_BYTES:]) if self.offloads else (frame,):
                self._sink(now, direction, bytes(shown))
