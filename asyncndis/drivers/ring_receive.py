"""The receive half of a ring-DMA NIC and its driver, in small.

Source: the NdisAllocateBufferPool page: a ring-DMA NIC needs enough descriptors for its full ring. The ring has as many
slots as the buffer pool has descriptors, each with memory of its own. The driver posts a buffer for each slot, the
device fills posted buffers in order, the driver chains them to a packet and indicates it. A buffer comes back when the
protocol returns the packet; until then its slot cannot be posted, and when all are lent the driver waits for one.
"""

from collections import deque
from collections.abc import Callable

from asyncndis.memory import Buffer, BufferPool, Packet, PacketPool

__all__ = ["RingReceiver"]


class RingReceiver:
    """A device with a receive ring, and the miniport that keeps it supplied.

    :param buffers: its capacity is the size of the ring
    :param packets: as many as buffers, since a packet has one buffer at least
    :param slot_bytes: the memory behind each slot, in bytes; a longer frame takes several slots
    :ivar dry: how often the ring had run empty when a frame came
    """

    def __init__(self, buffers: BufferPool, packets: PacketPool, slot_bytes: int) -> None:
        self._buffers = buffers
        self._packets = packets
        self._slot_bytes = slot_bytes
        self._indicate: Callable[[Packet], object] = self.return_packet
        self._vacant = deque(bytearray(slot_bytes) for _ in range(buffers.capacity))
        self._posted: deque[Buffer] = deque()
        self.dry = 0

    def __repr__(self) -> str:
        lent = self._buffers.capacity - len(self._vacant) - len(self._posted)
        return f"<RingReceiver {len(self._posted)} posted, {lent} lent, {len(self._vacant)} vacant>"

    @property
    def longest_frame(self) -> int:
        """The longest frame, in bytes, that the whole ring can take."""
        return self._buffers.capacity * self._slot_bytes

    def open(self, receive: Callable[[Packet], object]) -> None:
        """Let a protocol have the packets; until then they are dropped.

        :param receive: its receive handler; the packet is lent to it until it calls :meth:`return_packet`
        """
        self._indicate = receive

    async def receive(self, frame: bytes | memoryview) -> None:
        """A frame arrives from the wire: fill posted buffers with it, and indicate the packet.

        :param frame: its bytes, at most :attr:`longest_frame` of them
        """
        await self._supply()
        packet = await self._packets.allocate()  # there is one: each that is lent has a buffer of the ring
        try:
            for start in range(0, max(len(frame), 1), self._slot_bytes):
                await self._supply()
                packet.chain_at_back(self._fill(frame[start : start + self._slot_bytes]))
        except BaseException:
            self.return_packet(packet)
            raise
        self._indicate(packet)

    async def _supply(self) -> None:
        """Post a buffer for each vacant slot; wait for one only when the ring has run dry."""
        if not self._posted and not self._vacant:
            self.dry += 1
            buffer = await self._buffers.allocate()
            self._post(buffer)
        while self._vacant:
            self._post(self._buffers.allocate_nowait())

    def _post(self, buffer: Buffer) -> None:
        buffer.describe(self._vacant.popleft())
        self._posted.append(buffer)

    def _fill(self, piece: bytes | memoryview) -> Buffer:
        """The device's part: write into the oldest posted buffer, and report how much."""
        buffer = self._posted.popleft()
        buffer.view()[: len(piece)] = piece
        buffer.adjust_length(len(piece))
        return buffer

    def return_packet(self, packet: Packet) -> None:
        """The protocol is done with a packet: its buffers go back to the pool, their slots are vacant again."""
        while (buffer := packet.unchain_at_front()) is not None:
            memory = buffer.memory
            assert isinstance(memory, bytearray)
            self._vacant.append(memory)
            buffer.restore_length()
            buffer.free()
        packet.free()

    def close(self) -> None:
        """Stop receiving: the posted buffers go back to the pool (LIFE-03)."""
        while self._posted:
            self._posted.popleft().free()
