"""The receive half of the bus-master miniport: slots of shared memory, posted, lent or vacant.

Source: the pages of NdisAllocateBufferPool, NdisMIndicateReceivePacket, MiniportReturnPacket and NdisFlushBuffer. The
ring has a spin lock; packets are handed out with it released, to be indicated then (RCV-14).
"""

from array import array
from typing import NamedTuple

from asyncndis.base import NdisStatus
from asyncndis.kernel import SpinLock
from asyncndis.memory import Block, Buffer, BufferPool, Packet, PacketPool

from .ring import DONE_END, OWN, Doorbell, DriverRing

__all__ = ["ReceiveHalf", "Received"]

_SUCCESS = int(NdisStatus.SUCCESS)
_RESOURCES = int(NdisStatus.RESOURCES)
_HEADER = 14


class Received(NamedTuple):
    """Frames that have come.

    :ivar packets: to be indicated, in order
    :ivar kept: the last of them, with status RESOURCES: they are back when the indication is
    """

    packets: list[Packet]
    kept: list[Packet]


class _Slot:
    """The memory for one frame, and the packet that it is indicated in."""

    __slots__ = ("address", "buffer", "length", "oob", "packet")

    def __init__(self, packet: Packet, buffer: Buffer, address: int) -> None:
        self.packet = packet
        self.buffer = buffer
        self.address = address
        self.length = buffer.length
        packet.chain_at_back(buffer)
        self.oob = packet.oob
        self.oob.header_size = _HEADER  # RCV-15; it stays, like the chain

    def fit(self, length: int) -> None:
        """Let the packet be as long as the frame; most often it is (BUF-11)."""
        self.buffer.adjust_length(length)
        self.packet.recalculate_counts()
        self.length = length

    def free(self) -> None:
        """Give both descriptors back (BUF-08, PKT-01)."""
        self.packet.unchain_all()
        self.buffer.restore_length()
        self.buffer.free()
        self.packet.free()


class ReceiveHalf:
    """Receives frames: each in a slot of shared memory, with a packet that is made once.

    There are as many slots as the ring has descriptors (POOL-05). A slot is posted, or lent in its packet, or vacant
    and to be posted again. When lending would leave few, packets have status RESOURCES (RCV-02).

    :param name: for messages
    :param ring: memory of the descriptors
    :param slots: memory that may be cached, with room for the longest frame for each descriptor
    :param packets: one for each slot
    :param buffers: one for each slot
    :param doorbell: tells the NIC how many descriptors were handed over
    :ivar vacant: packets whose slots can be posted. Without the lock: a packet is put there in one step, as into an
        interlocked list
    :ivar errors: frames that the device reported as broken
    """

    def __init__(
        self, name: str, ring: Block, slots: Block, packets: PacketPool, buffers: BufferPool, *, doorbell: Doorbell
    ) -> None:
        self._ring = DriverRing(ring)
        size = self._ring.size
        slot = len(slots) // size
        self._packets = packets
        self._buffers = buffers
        self._low = max(1, size // 8)
        self._doorbell = doorbell
        self._lock = SpinLock(f"receive lock of {name}")
        self._memory = slots
        self._slot_bytes = slot
        self._lengths = memoryview(array("H", [slot]) * size)
        self._owned = memoryview(array("I", [OWN]) * size)
        self._slots: dict[Packet, _Slot] = {}
        self.vacant: list[Packet] = []
        self._posted: list[_Slot] = []  # by descriptor; of meaning from HEAD to TAIL
        self.errors = 0

    def __repr__(self) -> str:
        posted, vacant = self._ring.tail - self._ring.head, len(self.vacant)
        lent = self._ring.size - posted - vacant
        return f"<ReceiveHalf {posted} of {self._ring.size} slots posted, {lent} lent, {vacant} vacant>"

    def make_slots(self) -> None:
        """Allocate packet and buffer of each slot; what was allocated when one is refused is freed by :meth:`close`.

        :raises PoolExhausted: when one is refused
        """
        memory, step = self._memory, self._slot_bytes
        for start in range(0, len(memory), step):
            buffer = self._buffers.allocate_nowait(memory[start : start + step])
            try:
                packet = self._packets.allocate_nowait()
            except BaseException:
                buffer.free()
                raise
            self._slots[packet] = _Slot(packet, buffer, memory.physical_address + start)
        self.vacant = list(self._slots)
        self._posted = list(self._slots.values())

    @property
    def address(self) -> int:
        """Where the NIC finds the ring."""
        return self._ring.memory.physical_address

    def exchange(self) -> Received | None:
        """Post what is vacant, when that is due, and take frames that have come, up to the end of the ring.

        :returns: the frames; None when there are none
        """
        if not self.is_due and not self._ring.has_given_back:
            return None
        with self._lock:
            if self.is_due:
                self._post_vacant()
            ring = self._ring
            at, count = ring.given_back()
            if not count:
                return None
            run = slice(at, at + count)
            slots, lengths, flags = self._posted[run], ring.written[run].tolist(), ring.flags[run].tolist()
            lendable = max(0, ring.tail - ring.head + len(self.vacant) - self._low)
            ring.head += count
        packets = self._fill(slots, lengths, flags, lendable)
        return Received(packets, packets[lendable:])

    def refill(self) -> None:
        """Post what is vacant."""
        with self._lock:
            self._post_vacant()

    @property
    def is_due(self) -> bool:
        """Whether it is time to refill: some slots are vacant, and less than three quarters of the ring are posted."""
        ring = self._ring
        return bool(self.vacant) and 4 * (ring.tail - ring.head) < 3 * ring.size

    def abandon(self) -> None:
        """Take back what is posted, once the device writes no more; the ring starts over."""
        with self._lock:
            ring = self._ring
            self.vacant += [self._posted[number & ring.mask].packet for number in range(ring.head, ring.tail)]
            ring.head = ring.tail = 0

    def close(self) -> None:
        """Free all packets and buffers, none of them lent."""
        for slot in self._slots.values():
            slot.free()
        self._lock.free()

    def _fill(self, slots: list[_Slot], lengths: list[int], flags: list[int], lendable: int) -> list[Packet]:
        """Make the packets of frames ready, without the lock (BUF-04)."""
        packets: list[Packet] = []
        for slot, length, outcome in zip(slots, lengths, flags, strict=True):
            if outcome != DONE_END:
                self.errors += 1
                self.vacant.append(slot.packet)
                continue
            if length != slot.length:
                slot.fit(length)
            slot.buffer.flush(write_to_device=False)  # DMA-07
            slot.oob.status = _SUCCESS if len(packets) < lendable else _RESOURCES
            packets.append(slot.packet)
        return packets

    def _post_vacant(self) -> None:
        """Post every vacant slot, and ring the doorbell once."""
        ring, vacant = self._ring, self.vacant
        if not vacant:
            return
        while vacant:
            at = ring.tail & ring.mask
            end = at + min(len(vacant), ring.size - at)
            slots = [self._slots[packet] for packet in vacant[at - end :]]
            del vacant[at - end :]
            self._posted[at:end] = slots
            ring.addresses[at:end] = memoryview(array("Q", [slot.address for slot in slots]))
            ring.lengths[at:end] = self._lengths[at:end]
            ring.flags[at:end] = self._owned[at:end]
            ring.tail += end - at
        self._doorbell(ring.tail)
