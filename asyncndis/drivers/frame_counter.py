"""A protocol that counts the frames it receives by kind, and returns every packet.

Its receive handler only queues, as a handler at DISPATCH_LEVEL should; a task of its own does the work at its own
pace. The queue needs no limit: the miniport's pool is the limit on packets that are lent to it.
"""

import math
from collections import Counter
from collections.abc import Awaitable, Callable

import anyio

from asyncndis.memory import Packet

__all__ = ["FrameCounter"]


class FrameCounter:
    """Counts frames by kind.

    :param classify: names the kind of a frame
    :param return_packet: gives a packet back to the miniport
    :param consumed: awaited with each frame after it was counted; its duration is what makes the protocol slow
    :ivar kinds: the number of frames of each kind
    :ivar frames: the number of frames
    :ivar bytes: the number of bytes in them
    """

    def __init__(
        self,
        classify: Callable[[bytes], str],
        return_packet: Callable[[Packet], object],
        consumed: Callable[[bytes], Awaitable[object]],
    ) -> None:
        self._classify = classify
        self._return_packet = return_packet
        self._consumed = consumed
        self._send, self._inbox = anyio.create_memory_object_stream[Packet](math.inf)
        self.kinds: Counter[str] = Counter()
        self.frames = 0
        self.bytes = 0

    def __repr__(self) -> str:
        return f"<FrameCounter {self.frames} frames of {len(self.kinds)} kinds>"

    def receive(self, packet: Packet) -> None:
        """The receive handler: take a lent packet."""
        self._send.send_nowait(packet)

    def close(self) -> None:
        """No more packets will come: :meth:`run` ends when it has returned those that are there."""
        self._send.close()

    async def run(self) -> None:
        """Count and return packets until :meth:`close`."""
        with self._inbox:
            try:
                async for packet in self._inbox:
                    await self._consume(packet)
            finally:
                self._return_the_rest()

    async def _consume(self, packet: Packet) -> None:
        try:
            frame = packet.to_bytes()
            self.kinds[self._classify(frame)] += 1
            self.frames += 1
            self.bytes += len(frame)
            await self._consumed(frame)
        finally:
            self._return_packet(packet)

    def _return_the_rest(self) -> None:
        """What still lies in the queue when the task is cancelled was lent, and goes back as well."""
        while self._inbox.statistics().current_buffer_used:
            self._return_packet(self._inbox.receive_nowait())
