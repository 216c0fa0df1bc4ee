"""Frames: packets of one buffer each, from a packet pool and a buffer pool that are made, used and freed together.

What most drivers need most of the time. A frame describes the bytes that it is given, without a copy: they stay the
caller's, and unchanged until the frame is free. Source: the pages of NdisAllocatePacket and NdisAllocateBuffer.
"""

from collections.abc import Generator, Sequence
from types import TracebackType
from typing import Any

from asyncndis.base import check_integer
from asyncndis.memory import BufferPool, Memory, Packet, PacketPool, PoolStatistics
from asyncndis.memory.buffer import described
from asyncndis.memory.rows import free_row, make_row, refill_row

__all__ = ["Frame", "FramePool", "FramePoolCreation"]

_RECEIVE_RESERVED = 32


class FramePool:
    """A pool of frames. Make one with ``await FramePool.create(n)``, or ``async with FramePool.create(n) as frames``.

    :ivar name: for messages
    """

    __slots__ = ("_buffers", "_packets", "name")

    def __init__(self, packets: PacketPool, buffers: BufferPool, header_size: int) -> None:
        self._packets = packets
        self._buffers = buffers
        packets.header_size = header_size
        self.name = packets.name

    def __repr__(self) -> str:
        return f"<FramePool {self.name!r} {self._packets.outstanding} of {self._packets.capacity} out>"

    @staticmethod
    def create(count: int, *, name: str = "frames", header_size: int = 0) -> "FramePoolCreation":
        """Create a pool: await it, or enter it with ``async with``. IRQL: <= DISPATCH, no spin lock held.

        Rules: POOL-01, POOL-02, POOL-11.

        :param count: how many frames may be out at once; at most 0xFFFF
        :param name: for messages and reports
        :param header_size: written into each frame, for a miniport that indicates them: 14 on 802.3 (RCV-15)
        """
        check_integer("count", count, 0, 0xFFFF)
        check_integer("header_size", header_size, 0, 0xFFFF)
        return FramePoolCreation(count, name, header_size)

    @property
    def capacity(self) -> int:
        """How many frames may be out at once."""
        return self._packets.capacity

    @property
    def outstanding(self) -> int:
        """How many frames are out."""
        return self._packets.outstanding

    @property
    def closed(self) -> bool:
        """Whether the pool was closed."""
        return self._packets.closed

    def statistics(self) -> PoolStatistics:
        """The state of the pool now, in O(1). IRQL: any."""
        return self._packets.statistics()

    async def allocate(self, frame: Memory) -> Packet:
        """Take a frame; wait while all are out, first come, first served. IRQL: < DISPATCH, no spin lock held.

        :param frame: the bytes it describes, with the Ethernet header; a ``bytearray`` where somebody will write them
        :raises PoolClosed: when the pool is closed, or closes meanwhile
        :raises RuleViolation: IRQL-02, LOCK-11 where the caller may not wait
        """
        packet = await self._packets.allocate()
        return self._fill(packet, frame)

    def allocate_nowait(self, frame: Memory) -> Packet:
        """Take a frame at once. IRQL: <= DISPATCH.

        :param frame: as in :meth:`allocate`
        :raises PoolExhausted: when all are out
        :raises PoolClosed: when the pool is closed
        """
        return self._fill(self._packets.allocate_nowait(), frame)

    def allocate_row(self, frames: Sequence[Memory]) -> list[Packet]:
        """Take several frames at once, all or none. IRQL: <= DISPATCH.

        :param frames: the bytes of each, as in :meth:`allocate`
        :raises PoolExhausted: when too few are free
        :raises PoolClosed: when the pool is closed
        """
        row = make_row(self._packets, self._buffers, frames) if _are_plain(frames) else None
        if row is not None:
            return row
        taken: list[Packet] = []
        try:
            for frame in frames:
                taken.append(self.allocate_nowait(frame))  # noqa: PERF401 - those before one that fails must be known
        except BaseException:
            self.free_row(taken)
            raise
        return taken

    def refill_row(self, packets: Sequence[Packet], frames: Sequence[Memory]) -> None:
        """Let frames that are one's own describe other bytes: cheaper than to free them and to allocate others.

        IRQL: <= DISPATCH.

        :param packets: frames of this pool
        :param frames: the bytes of each, as in :meth:`allocate`
        """
        for frame in frames:
            if type(frame) not in _PLAIN:
                frames = list(map(described, frames))
                break
        refill_row(packets, frames, self._buffers)

    def free_row(self, packets: Sequence[Packet]) -> None:
        """Take several frames back; see :meth:`free`. IRQL: <= DISPATCH, no spin lock held."""
        free_row(packets)

    def free(self, packet: Packet) -> None:
        """Take a frame back, its buffer too. IRQL: <= DISPATCH, no spin lock held.

        :raises RuleViolation: SEND-01, RCV-01 while another driver has it, PKT-03 when it is free
        """
        for buffer in packet.unchain_all():
            buffer.restore_length()
            buffer.free()
        packet.free()

    def borrow(self, frame: Memory) -> "Frame":
        """A frame for the length of a block, freed on every way out: ``async with frames.borrow(data) as packet``.

        :param frame: as in :meth:`allocate`
        """
        return Frame(self, frame)

    def close(self) -> None:
        """Close both pools; who waits gets ``PoolClosed``. IRQL: <= DISPATCH, no spin lock held."""
        self._packets.close()
        self._buffers.close()

    async def aclose(self) -> None:
        """Close both pools, if they are open."""
        await self._packets.aclose()
        await self._buffers.aclose()

    def _fill(self, packet: Packet, frame: Memory) -> Packet:
        try:
            packet.chain_at_back(self._buffers.allocate_nowait(frame))
        except BaseException:
            packet.free()
            raise
        return packet


_PLAIN = frozenset({bytes, bytearray})


def _are_plain(frames: Sequence[Memory]) -> bool:
    """Whether buffers can describe them as they are."""
    return _PLAIN.issuperset(map(type, frames))


class Frame:
    """The context manager that ``frames.borrow()`` returns."""

    __slots__ = ("_frame", "_packet", "_pool")

    def __init__(self, pool: FramePool, frame: Memory) -> None:
        self._pool = pool
        self._frame = frame
        self._packet: Packet | None = None

    async def __aenter__(self) -> Packet:
        self._packet = await self._pool.allocate(self._frame)
        return self._packet

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._packet is not None
        self._pool.free(self._packet)


class FramePoolCreation:
    """A pool of frames about to be created: ``frames = await creation``, or ``async with creation as frames``."""

    __slots__ = ("_count", "_header_size", "_name", "_pool")

    def __init__(self, count: int, name: str, header_size: int) -> None:
        self._count = count
        self._name = name
        self._header_size = header_size
        self._pool: FramePool | None = None

    def __await__(self) -> Generator[Any, None, FramePool]:
        return self._create().__await__()

    async def __aenter__(self) -> FramePool:
        self._pool = await self._create()
        return self._pool

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._pool is not None
        await self._pool.aclose()

    async def _create(self) -> FramePool:
        packets = await PacketPool.create(self._count, name=self._name, protocol_reserved_length=_RECEIVE_RESERVED)
        try:
            buffers = await BufferPool.create(self._count, name=f"{self._name} buffers")
        except BaseException:
            packets.close()
            raise
        return FramePool(packets, buffers, self._header_size)
