"""Packet pools and packet descriptors.

A packet pool has at most 0xFFFF descriptors, the overflow included, and NDIS answers at once; the forms that wait are
those of ``PacketPool``. The Dpr forms are for DISPATCH_LEVEL. The NonInterlocked forms are the exception to "hold no
spin lock": the driver serializes the pool itself, under a lock of its own, and pairs both of them (PKT-05).
"""

from asyncndis.base import NdisStatus, Profile
from asyncndis.memory import FirstBuffer, Packet, PacketCounts, PacketFlags, PacketPool, Priority, packet_size

from .vocabulary import answer, answer_later, ddi

__all__ = [
    "NdisAllocatePacket",
    "NdisAllocatePacketPool",
    "NdisAllocatePacketPoolEx",
    "NdisClearPacketFlags",
    "NdisCopyFromPacketToPacket",
    "NdisCopyFromPacketToPacketSafe",
    "NdisDprAllocatePacket",
    "NdisDprAllocatePacketNonInterlocked",
    "NdisDprFreePacket",
    "NdisDprFreePacketNonInterlocked",
    "NdisFreePacket",
    "NdisFreePacketPool",
    "NdisGetFirstBufferFromPacket",
    "NdisGetFirstBufferFromPacketSafe",
    "NdisGetPacketFlags",
    "NdisGetPoolFromPacket",
    "NdisPacketPoolUsage",
    "NdisPacketSize",
    "NdisQueryPacket",
    "NdisQueryPacketLength",
    "NdisRecalculatePacketCounts",
    "NdisReinitializePacket",
    "NdisSetPacketFlags",
    "NdisSetPacketPoolProtocolId",
]


@ddi(
    page="NdisAllocatePacketPool, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("POOL-11", "POOL-12", "POOL-13", "POOL-15"),
    maps_to="PacketPool.create",
)
async def NdisAllocatePacketPool(
    NumberOfDescriptors: int, ProtocolReservedLength: int, *, name: str = "packets", profile: Profile = Profile.STRICT
) -> tuple[NdisStatus, PacketPool | None]:
    """Create a pool of packet descriptors.

    :param NumberOfDescriptors: how many may be out at once, at most 0xFFFF
    :param ProtocolReservedLength: bytes in each packet for its protocol; four pointers for packets that are indicated
    :param name: for messages and reports
    :param profile: which NDIS to imitate
    :returns: SUCCESS and the pool; RESOURCES and None when that many cannot be had
    """
    return await answer_later(
        NdisStatus.RESOURCES,
        PacketPool.create,
        NumberOfDescriptors,
        protocol_reserved_length=ProtocolReservedLength,
        name=name,
        profile=profile,
    )


@ddi(
    page="NdisAllocatePacketPoolEx, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("POOL-11", "POOL-12", "POOL-13", "POOL-15"),
    maps_to="PacketPool.create",
)
async def NdisAllocatePacketPoolEx(
    NumberOfDescriptors: int,
    NumberOfOverflowDescriptors: int,
    ProtocolReservedLength: int,
    *,
    name: str = "packets",
    profile: Profile = Profile.STRICT,
) -> tuple[NdisStatus, PacketPool | None]:
    """Create a pool of packet descriptors that makes some more when all are out.

    :param NumberOfDescriptors: how many are kept, at most 0xFFFF
    :param NumberOfOverflowDescriptors: how many more may be out; cut so that the sum is at most 0xFFFF
    :param ProtocolReservedLength: bytes in each packet for its protocol; four pointers for packets that are indicated
    :param name: for messages and reports
    :param profile: which NDIS to imitate
    :returns: SUCCESS and the pool; RESOURCES and None when that many cannot be had
    """
    return await answer_later(
        NdisStatus.RESOURCES,
        PacketPool.create,
        NumberOfDescriptors,
        overflow=NumberOfOverflowDescriptors,
        protocol_reserved_length=ProtocolReservedLength,
        name=name,
        profile=profile,
    )


@ddi(
    page="NdisFreePacketPool, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("POOL-09", "POOL-10", "POOL-11", "POOL-14"),
    maps_to="PacketPool.close",
)
def NdisFreePacketPool(PoolHandle: PacketPool) -> None:
    """Free a pool; what is still out is a leak.

    :param PoolHandle: the pool, which may not be used any more
    """
    PoolHandle.close()


@ddi(
    page="NdisPacketPoolUsage, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("POOL-14",),
    maps_to="PacketPool.usage",
)
def NdisPacketPoolUsage(PoolHandle: PacketPool) -> int:
    """The number of packets that are out, to be asked before the pool is freed.

    :param PoolHandle: the pool
    """
    return PoolHandle.usage


@ddi(page="ndis.h", irql="<= DISPATCH", rules=("PKT-15",), maps_to="PacketPool.set_protocol_id")
def NdisSetPacketPoolProtocolId(PoolHandle: PacketPool, ProtocolId: int) -> None:
    """Choose the protocol id with which new packets start.

    :param PoolHandle: the pool
    :param ProtocolId: from 0 to 15
    """
    PoolHandle.set_protocol_id(ProtocolId)


@ddi(
    page="NdisAllocatePacket, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("POOL-09", "POOL-13", "PKT-09", "LOCK-01"),
    maps_to="PacketPool.allocate_nowait",
)
def NdisAllocatePacket(PoolHandle: PacketPool) -> tuple[NdisStatus, Packet | None]:
    """Take a packet; it has no buffers, no out-of-band data, and no flags but its protocol id.

    :param PoolHandle: the pool
    :returns: SUCCESS and the packet; RESOURCES and None when all are out
    """
    return answer(NdisStatus.RESOURCES, PoolHandle.allocate_nowait)


@ddi(
    page="NdisDprAllocatePacket, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH, no spin lock held",
    rules=("POOL-09", "POOL-13", "PKT-04", "PKT-06", "PKT-09", "LOCK-01"),
    maps_to="PacketPool.allocate_dpr",
)
def NdisDprAllocatePacket(PoolHandle: PacketPool) -> tuple[NdisStatus, Packet | None]:
    """Take a packet at DISPATCH_LEVEL.

    :param PoolHandle: the pool
    :returns: SUCCESS and the packet; RESOURCES and None when all are out
    """
    return answer(NdisStatus.RESOURCES, PoolHandle.allocate_dpr)


@ddi(
    page="NdisDprAllocatePacketNonInterlocked, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH",
    rules=("POOL-09", "POOL-13", "PKT-04", "PKT-05", "PKT-09"),
    maps_to="PacketPool.allocate_dpr_noninterlocked",
)
def NdisDprAllocatePacketNonInterlocked(PoolHandle: PacketPool) -> tuple[NdisStatus, Packet | None]:
    """Take a packet at DISPATCH_LEVEL while the driver itself serializes the pool, usually by a spin lock of its own.

    :param PoolHandle: the pool
    :returns: SUCCESS and the packet; RESOURCES and None when all are out
    """
    return answer(NdisStatus.RESOURCES, PoolHandle.allocate_dpr_noninterlocked)


@ddi(
    page="NdisFreePacket, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("PKT-01", "PKT-02", "PKT-03", "PKT-05", "PKT-06"),
    maps_to="Packet.free",
)
def NdisFreePacket(Packet: Packet) -> None:
    """Give a packet back to its pool.

    :param Packet: a packet that the caller allocated, with no buffer chained to it
    """
    Packet.free()


@ddi(
    page="NdisDprFreePacket, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH, no spin lock held",
    rules=("PKT-01", "PKT-02", "PKT-03", "PKT-04", "PKT-05", "PKT-06"),
    maps_to="Packet.free_dpr",
)
def NdisDprFreePacket(Packet: Packet) -> None:
    """Give a packet back to its pool at DISPATCH_LEVEL, whether it was allocated by the plain or the Dpr form.

    :param Packet: a packet that the caller allocated, with no buffer chained to it
    """
    Packet.free_dpr()


@ddi(
    page="NdisDprFreePacketNonInterlocked, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH",
    rules=("PKT-01", "PKT-03", "PKT-04", "PKT-05"),
    maps_to="Packet.free_dpr_noninterlocked",
)
def NdisDprFreePacketNonInterlocked(Packet: Packet) -> None:
    """Give a packet of the NonInterlocked form back, while the driver itself serializes the pool.

    :param Packet: a packet that the caller allocated, with no buffer chained to it
    """
    Packet.free_dpr_noninterlocked()


@ddi(
    page="NdisReinitializePacket, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("PKT-07", "PKT-08"),
    maps_to="Packet.reinitialize",
)
def NdisReinitializePacket(Packet: Packet) -> None:
    """Make a packet ready for its next use; out-of-band data and information slots stay as they are.

    :param Packet: a packet whose buffers the caller has noted
    """
    Packet.reinitialize()


@ddi(
    page="NdisQueryPacket, network reference of Windows 2000 and XP",
    irql="any",
    rules=("BUF-11",),
    maps_to="Packet.query",
)
def NdisQueryPacket(Packet: Packet) -> PacketCounts:
    """Count what is chained to a packet; the counts are kept until the chain changes.

    :param Packet: the packet
    :returns: the most physical fragments, the number of buffers, the first of them or None, and their bytes in all
    """
    return Packet.query()


@ddi(page="ndis.h", irql="any", rules=("BUF-11",), maps_to="Packet.length")
def NdisQueryPacketLength(Packet: Packet) -> int:
    """The bytes of all buffers chained to a packet, as they were last counted.

    :param Packet: the packet
    """
    return Packet.length


@ddi(page="ndis.h", irql="any", rules=("BUF-11",), maps_to="Packet.recalculate_counts")
def NdisRecalculatePacketCounts(Packet: Packet) -> None:
    """Forget the counts of a packet, after the length of a chained buffer was changed.

    :param Packet: the packet
    """
    Packet.recalculate_counts()


@ddi(
    page="NdisGetFirstBufferFromPacket, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("BUF-13",),
    maps_to="Packet.first_buffer",
)
def NdisGetFirstBufferFromPacket(Packet: Packet) -> FirstBuffer:
    """Read where a packet begins; under low resources the original takes the system down.

    :param Packet: the packet
    :returns: the first buffer, its bytes and their number, and the bytes of all; None, None, 0, 0 without a buffer
    """
    return Packet.first_buffer()


@ddi(
    page="NdisGetFirstBufferFromPacketSafe, network reference of Windows XP",
    irql="<= DISPATCH",
    rules=("BUF-12", "BUF-13"),
    maps_to="Packet.first_buffer_safe",
)
def NdisGetFirstBufferFromPacketSafe(Packet: Packet, Priority: Priority) -> FirstBuffer:
    """Read where a packet begins.

    :param Packet: the packet
    :param Priority: how badly the mapping is needed
    :returns: as NdisGetFirstBufferFromPacket, with None for bytes that cannot be mapped now
    """
    return Packet.first_buffer_safe(Priority)


@ddi(
    page="NdisCopyFromPacketToPacket, network reference of Windows 2000 and XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("BUF-13", "PKT-13"),
    maps_to="Packet.copy_from",
)
def NdisCopyFromPacketToPacket(
    Destination: Packet, DestinationOffset: int, BytesToCopy: int, Source: Packet, SourceOffset: int
) -> int:
    """Copy bytes from the buffers of one packet to those of another; out-of-band data is not copied.

    :param Destination: the packet that is written
    :param DestinationOffset: where in it to begin, in bytes
    :param BytesToCopy: how many at most
    :param Source: the packet that is read
    :param SourceOffset: where in it to begin, in bytes
    :returns: how many were copied; less where either chain ends
    """
    return Destination.copy_from(Source, offset=DestinationOffset, source_offset=SourceOffset, count=BytesToCopy)


@ddi(
    page="NdisCopyFromPacketToPacketSafe, network reference of Windows XP",
    irql="<= DISPATCH, no spin lock held",
    rules=("BUF-13", "PKT-13"),
    maps_to="Packet.copy_from_safe",
)
def NdisCopyFromPacketToPacketSafe(
    Destination: Packet,
    DestinationOffset: int,
    BytesToCopy: int,
    Source: Packet,
    SourceOffset: int,
    Priority: Priority,
) -> int:
    """Copy bytes from the buffers of one packet to those of another; out-of-band data is not copied.

    :param Destination: the packet that is written
    :param DestinationOffset: where in it to begin, in bytes
    :param BytesToCopy: how many at most
    :param Source: the packet that is read
    :param SourceOffset: where in it to begin, in bytes
    :param Priority: how badly the mapping is needed
    :returns: how many were copied; less where either chain ends, 0 where bytes cannot be mapped now
    """
    return Destination.copy_from_safe(
        Source, offset=DestinationOffset, source_offset=SourceOffset, count=BytesToCopy, priority=Priority
    )


@ddi(page="ndis.h", irql="any", maps_to="Packet.pool")
def NdisGetPoolFromPacket(Packet: Packet) -> PacketPool:
    """The pool that a packet belongs to.

    :param Packet: the packet
    """
    return Packet.pool


@ddi(page="NdisPacketSize, network reference of Windows 2000 and XP", irql="any", maps_to="packet_size")
def NdisPacketSize(ProtocolReservedSize: int) -> int:
    """The bytes that one packet descriptor takes, with all that is behind it.

    :param ProtocolReservedSize: bytes for the protocol
    """
    return packet_size(ProtocolReservedSize)


@ddi(page="ndis.h", irql="any", rules=("PKT-15",), maps_to="Packet.set_flags")
def NdisSetPacketFlags(Packet: Packet, Flags: int) -> None:
    """Set flags of a packet.

    :param Packet: the packet
    :param Flags: those to set
    """
    Packet.set_flags(Flags)


@ddi(page="ndis.h", irql="any", maps_to="Packet.flags")
def NdisGetPacketFlags(Packet: Packet) -> PacketFlags:
    """The flags of a packet, with the protocol id in the lowest four bits.

    :param Packet: the packet
    """
    return Packet.flags


@ddi(page="ndis.h", irql="any", rules=("PKT-15",), maps_to="Packet.clear_flags")
def NdisClearPacketFlags(Packet: Packet, Flags: int) -> None:
    """Clear flags of a packet.

    :param Packet: the packet
    :param Flags: those to clear
    """
    Packet.clear_flags(Flags)
