"""The transmit half of the bus-master miniport: packets on their way through the ring, and those that wait for room.

Source: the pages of MiniportSendPackets, MiniportCancelSendPackets, NdisMStartBufferPhysicalMapping and
NdisFlushBuffer. Ring and queue have a spin lock; packets are handed out with it released, to be completed then
(SEND-12).
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from asyncndis.base import NdisStatus
from asyncndis.kernel import SpinLock
from asyncndis.memory import Block, Buffer, MapRegisters, Packet

from .ring import ERROR, OWN, OWN_END, Doorbell, DriverRing

__all__ = ["Finished", "TransmitHalf"]


class Finished(NamedTuple):
    """Sends that are over, with one status.

    :ivar packets: in the order in which they were sent
    :ivar status: of all of them
    """

    packets: list[Packet]
    status: NdisStatus


class TransmitHalf:
    """Sends packets.

    A frame of one short buffer, up to ``copy_break``, is copied into the slot of its descriptor, which is cheaper than
    mapping it. The buffers of any other frame are mapped in place, and each of their fragments has a descriptor of its
    own, unless map registers or descriptors do not suffice: then the frame is copied, too. So only a full ring makes
    packets wait, in a queue that keeps their order (SEND-08, SEND-10).

    :param name: for messages
    :param ring: memory of the descriptors
    :param slots: memory that is not cached, with room for the longest frame for each descriptor
    :param registers: map registers
    :param base_registers: how many buffers they map at once
    :param copy_break: in bytes
    :param doorbell: tells the NIC how many descriptors were handed over
    """

    def __init__(
        self,
        name: str,
        ring: Block,
        slots: Block,
        registers: MapRegisters,
        *,
        base_registers: int,
        copy_break: int,
        doorbell: Doorbell,
    ) -> None:
        self._ring = DriverRing(ring)
        size = self._ring.size
        self._slots = slots.view
        self._slot_bytes = slot = len(slots) // size
        first = slots.physical_address
        self._slot_addresses = memoryview(array("Q", range(first, first + size * slot, slot)))
        self._owned = memoryview(array("I", [OWN_END]) * size)
        self._registers = registers
        self._free_registers = list(range(base_registers))
        self._copy_break = copy_break
        self._doorbell = doorbell
        self._lock = SpinLock(f"transmit lock of {name}")
        self._queue: list[Packet] = []
        self._packets: list[Packet | None] = [None] * size  # each at the descriptor that ends it
        self._mapped: dict[int, list[tuple[Buffer, int]]] = {}  # likewise
        self._awaited: int | None = None  # the descriptor that was waited for when last asked

    def __repr__(self) -> str:
        return f"<TransmitHalf {self._ring.room} of {self._ring.size} descriptors free, {len(self._queue)} queued>"

    @property
    def address(self) -> int:
        """Where the NIC finds the ring."""
        return self._ring.memory.physical_address

    def send(self, packets: Iterable[Packet]) -> list[Packet]:
        """Post packets, or queue them while the ring is full; the answer is those whose bytes cannot be reached."""
        with self._lock:
            self._queue.extend(packets)
            return self._post()

    def reap(self) -> list[Finished]:
        """Take back what was sent, and post what waits; what is over is to be completed."""
        finished: list[Finished] = []
        with self._lock:
            while self._take_back(finished):
                pass
            unreachable = self._post()
        if unreachable:
            finished.append(Finished(unreachable, NdisStatus.FAILURE))
        return finished

    def cancel(self, cancel_id: int) -> list[Packet]:
        """Take packets with an id out of the queue; what is in the ring is on its way (SEND-14)."""
        with self._lock:
            cancelled = [packet for packet in self._queue if packet.cancel_id == cancel_id]
            if cancelled:
                self._queue = [packet for packet in self._queue if packet.cancel_id != cancel_id]
        return cancelled

    def abandon(self) -> list[Packet]:
        """Take everything back, sent or not, once the device reads no more; the ring starts over."""
        with self._lock:
            ring = self._ring
            ends = [self._packets[number & ring.mask] for number in range(ring.head, ring.tail)]
            abandoned = [packet for packet in ends if packet is not None] + self._queue
            for index in tuple(self._mapped):
                self._unmap(index)
            self._packets = [None] * ring.size
            self._queue = []
            ring.head = ring.tail = 0
            self._awaited = None
        return abandoned

    def is_stuck(self) -> bool:
        """Whether the device has given nothing back since this was last asked, though it could have.

        So a hang shows at the second check, and is over before whoever closes the adapter loses patience.
        """
        ring = self._ring
        before, self._awaited = self._awaited, None if ring.head == ring.tail else ring.head
        return self._awaited is not None and self._awaited == before

    def close(self) -> None:
        """Give the lock up."""
        self._lock.free()

    def _post(self) -> list[Packet]:
        """Hand over what there is room for, and ring the doorbell once."""
        ring, queue = self._ring, self._queue
        before = ring.tail
        unreachable: list[Packet] = []
        while queue and ring.room:
            if not self._copy_short() and not self._post_any(queue[0]):
                unreachable.append(queue.pop(0))
        if ring.tail != before:
            self._doorbell(ring.tail)
        return unreachable

    def _copy_short(self) -> int:
        """Copy frames of one short buffer, up to the first of another kind, and post them; how many."""
        ring, queue, slots, slot, most = self._ring, self._queue, self._slots, self._slot_bytes, self._copy_break
        at = ring.tail & ring.mask
        lengths: list[int] = []
        start = at * slot
        for packet in queue[: min(ring.room, ring.size - at)]:
            buffer = packet.first
            view = None if buffer is None or buffer.next is not None else buffer.view_safe()
            if view is None or not 0 < len(view) <= most:
                break
            length = len(view)
            slots[start : start + length] = view
            lengths.append(length)
            start += slot
        count = len(lengths)
        end = at + count
        self._packets[at:end] = queue[:count]
        del queue[:count]
        ring.addresses[at:end] = self._slot_addresses[at:end]
        ring.lengths[at:end] = memoryview(array("H", lengths))
        ring.flags[at:end] = self._owned[at:end]
        ring.tail += count
        return count

    def _post_any(self, packet: Packet) -> bool:
        """Post a frame of any kind; False where its bytes cannot be reached now (BUF-12)."""
        views = [buffer.view_safe() for buffer in packet]
        reached = [view for view in views if view is not None]
        if len(reached) < len(views):
            return False
        buffers = [buffer for buffer in packet if buffer.length]
        is_short = sum(map(len, reached)) <= self._copy_break
        fragments = sum(buffer.span_pages for buffer in buffers)
        if is_short or fragments > self._ring.room or len(buffers) > len(self._free_registers):
            self._hand_over([self._copy(reached)], packet)
        else:
            mapped = [(buffer, self._free_registers.pop()) for buffer in buffers]
            last = self._hand_over(list(self._map(mapped)), packet)
            self._mapped[last] = mapped
        del self._queue[0]
        return True

    def _copy(self, views: Sequence[memoryview]) -> tuple[int, int]:
        """Copy a frame into the slot of the next descriptor."""
        at = self._ring.tail & self._ring.mask
        frame = b"".join(views)
        self._slots[at * self._slot_bytes : at * self._slot_bytes + len(frame)] = frame
        return self._slot_addresses[at], len(frame)

    def _map(self, buffers: Iterable[tuple[Buffer, int]]) -> Iterator[tuple[int, int]]:
        """Let the device read buffers in place, flushed before (DMA-07)."""
        for buffer, register in buffers:
            buffer.flush(write_to_device=True)
            yield from self._registers.start(buffer, register, write_to_device=True)

    def _hand_over(self, pieces: Sequence[tuple[int, int]], packet: Packet) -> int:
        """Fill descriptors with the pieces of a frame, OWN last; the answer is where it ends."""
        ring = self._ring
        at = 0
        for left, (address, length) in zip(range(len(pieces) - 1, -1, -1), pieces, strict=True):
            at = ring.tail & ring.mask
            ring.addresses[at] = address
            ring.lengths[at] = length
            ring.flags[at] = OWN if left else OWN_END
            ring.tail += 1
        self._packets[at] = packet
        return at

    def _take_back(self, finished: list[Finished]) -> int:
        """Take descriptors back that lie side by side, and sort what they end by its status; how many."""
        ring = self._ring
        at, count = ring.given_back()
        if not count:
            return 0
        end = at + count
        packets, flags = self._packets[at:end], ring.flags[at:end].tolist()
        self._packets[at:end] = [None] * count
        ring.head += count
        if self._mapped:
            for index in range(at, end):
                self._unmap(index)
        if max(flags) < ERROR:  # no reason to lose a frame is below it
            _add(finished, [packet for packet in packets if packet is not None], NdisStatus.SUCCESS)
            return count
        for packet, outcome in zip(packets, flags, strict=True):
            if packet is not None:
                _add(finished, [packet], NdisStatus.FAILURE if outcome & ERROR else NdisStatus.SUCCESS)
        return count

    def _unmap(self, index: int) -> None:
        """Complete the mappings of the frame that ends at a descriptor, before its send is completed (DMA-02)."""
        for buffer, register in self._mapped.pop(index, ()):
            self._registers.complete(buffer, register)
            self._free_registers.append(register)


def _add(finished: list[Finished], packets: list[Packet], status: NdisStatus) -> None:
    """Note that packets are over, with those before that have the same status."""
    if not finished or finished[-1].status is not status:
        finished.append(Finished([], status))
    finished[-1].packets.extend(packets)
