"""Packets of a driver's own over the memory of others: what an intermediate driver sends on, or up, without a copy.

Source: the pages of NdisAllocatePacket, NdisCopyBuffer and NdisIMCopySendPerPacketInfo. Such a packet is its driver's
from the start, so that it may have another header, and go where the packet behind it may not: a packet that is lent
cannot be sent. Rule: the packet behind it is neither completed nor returned before this one is free.
"""

from collections.abc import Sequence
from typing import NamedTuple

from asyncndis.base import NdisError
from asyncndis.memory import BufferPool, Memory, Packet, PacketPool, PoolStatistics
from asyncndis.memory.rows import free_row, make_row, refill_row

from .parts import chain_parts_nowait

__all__ = ["PartsPool", "PartsPoolStatistics"]


class PartsPoolStatistics(NamedTuple):
    """Both pools at one moment.

    :ivar packets: the packet descriptors
    :ivar buffers: the buffer descriptors
    """

    packets: PoolStatistics
    buffers: PoolStatistics


class PartsPool:
    """A packet pool and a buffer pool that are used together; they stay whose they are.

    :param packets: as many as are to be out at once
    :param buffers: one for each part of each of them
    """

    __slots__ = ("_buffers", "_packets")

    def __init__(self, packets: PacketPool, buffers: BufferPool) -> None:
        self._packets = packets
        self._buffers = buffers

    def __repr__(self) -> str:
        packets, buffers = self._packets, self._buffers
        return f"<PartsPool {packets.outstanding} packets out, {buffers.outstanding} of {buffers.capacity} buffers>"

    def statistics(self) -> PartsPoolStatistics:
        """The state of both now, in O(1). IRQL: any."""
        return PartsPoolStatistics(self._packets.statistics(), self._buffers.statistics())

    def allocate_nowait(self, parts: Sequence[Memory]) -> Packet:
        """Take a packet whose buffers describe ``parts``. IRQL: <= DISPATCH.

        :param parts: the first of them holds the whole MAC header (PKT-12)
        :raises PoolExhausted: when a packet, or a buffer, is missing; then none is taken
        :raises PoolClosed: when the pools are closed
        """
        packet = self._packets.allocate_nowait()
        try:
            chain_parts_nowait(packet, parts, self._buffers)
        except NdisError:
            packet.free()
            raise
        return packet

    def over(self, source: Packet) -> Packet:
        """Take a packet over all the bytes of another. IRQL: <= DISPATCH.

        :param source: it stays as it is, and outlives the new one
        :raises PoolExhausted, PoolClosed: as :meth:`allocate_nowait`
        """
        packet = self._packets.allocate_nowait()
        allocate = self._buffers.allocate_nowait
        buffer = source.first
        try:
            while buffer is not None:
                packet.chain_at_back(allocate(buffer.part(0)))
                buffer = buffer.next
        except NdisError:
            self.free(packet)
            raise
        return packet

    def row_over(self, parts: Sequence[Memory], flags: int = 0) -> list[Packet] | None:
        """Take a packet over each of several parts, all or none. IRQL: <= DISPATCH.

        :param parts: each the whole memory of a buffer
        :param flags: that the packets are to have
        :returns: the packets; None where they have to be taken one by one
        """
        return make_row(self._packets, self._buffers, parts, flags)

    def refill_row(self, packets: Sequence[Packet], parts: Sequence[Memory]) -> None:
        """Let packets of :meth:`row_over` describe other parts. IRQL: <= DISPATCH."""
        refill_row(packets, parts, self._buffers)

    def free_row(self, packets: Sequence[Packet]) -> None:
        """Take packets back; see :meth:`free`."""
        free_row(packets)

    def free(self, packet: Packet) -> None:
        """Take a packet back, and its buffers. IRQL: <= DISPATCH, no spin lock held.

        :raises RuleViolation: SEND-01 or RCV-01 while another driver has it
        """
        for buffer in packet.unchain_all():
            buffer.free()
        packet.free()
