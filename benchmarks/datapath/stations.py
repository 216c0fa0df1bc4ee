"""The two ends of the data path: a protocol that keeps batches in flight, and one that counts what comes."""

from asyncio import Event

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, Protocol

from .samples import BATCH

__all__ = ["TYPE", "Sink", "Source"]

TYPE = 0x88B5
_IN_FLIGHT = 4


class Source(Protocol, ether_type=TYPE):
    """Sends frames in batches, each from its pools; a batch that is back is followed by the next one."""

    frame_count: int = _IN_FLIGHT * BATCH

    async def send_frames(self, frame: bytes, count: int) -> None:
        """Send a frame so many times, in whole batches, and wait until all are sent."""
        self._frame = frame
        self._batches = -(-count // BATCH)
        self._out = 0
        self._done = Event()
        for _ in range(_IN_FLIGHT):
            self._send_batch()
        await self._done.wait()

    def _send_batch(self) -> None:
        if not self._batches:
            if not self._out:
                self._done.set()
            return
        self._batches -= 1
        self._out += BATCH
        allocate, frame = self.binding.frames.allocate_nowait, self._frame
        self.binding.send_packets([allocate(frame) for _ in range(BATCH)])

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A frame goes back to its pools."""
        binding.frames.free(packet)
        self._out -= 1
        if not self._out % BATCH:
            self._send_batch()


class Sink(Protocol, ether_type=TYPE):
    """Counts what comes, and keeps nothing.

    :ivar count: frames
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def receive(self, binding: Binding, packet: Packet) -> None:
        """A frame has come."""
        self.count += 1
