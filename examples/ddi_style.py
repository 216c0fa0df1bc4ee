"""The same model in NDIS words: a driver's transmit path, written as it would be in C.

Calls answer with a status at once, as NDIS does; awaited are only those that can wait in this model. The pools come in
initialization, the ring is filled until the buffer pool answers FAILURE, and everything is given back in halt. Run it:
``python examples/ddi_style.py``.
"""

from dataclasses import dataclass, field

import asyncndis
from asyncndis import BufferPool, NdisStatus, Packet, PacketPool, SpinLock
from asyncndis.ddi import (
    NdisAcquireSpinLock,
    NdisAllocateBuffer,
    NdisAllocateBufferPool,
    NdisAllocatePacket,
    NdisAllocatePacketPool,
    NdisAllocateSpinLock,
    NdisChainBufferAtBack,
    NdisFreeBuffer,
    NdisFreeBufferPool,
    NdisFreePacket,
    NdisFreePacketPool,
    NdisFreeSpinLock,
    NdisQueryPacketLength,
    NdisReleaseSpinLock,
    NdisUnchainBufferAtFront,
)

RING = 8
HEADER = bytes.fromhex("ffffffffffff 020000000001 88b5")
PAYLOAD = bytearray(b"asyncndis".ljust(46, b"\0"))


@dataclass
class Adapter:
    """What the driver keeps for its adapter."""

    buffer_pool: BufferPool
    packet_pool: PacketPool
    lock: SpinLock
    ring: list[Packet] = field(default_factory=list[Packet])


async def initialize() -> Adapter:
    """MiniportInitialize: allocate the pools, for the full ring, with no spin lock held."""
    status, buffer_pool = await NdisAllocateBufferPool(2 * RING)
    assert status == NdisStatus.SUCCESS  # always: the page says so
    status, packet_pool = await NdisAllocatePacketPool(2 * RING, 0)
    assert status == NdisStatus.SUCCESS
    assert buffer_pool is not None
    assert packet_pool is not None
    return Adapter(buffer_pool, packet_pool, NdisAllocateSpinLock())


def build(adapter: Adapter) -> tuple[NdisStatus, Packet | None]:
    """One packet of two buffers, header and payload; nothing is left behind when a descriptor is missing."""
    status, packet = NdisAllocatePacket(adapter.packet_pool)
    if packet is None:
        return status, None
    for memory in (HEADER, PAYLOAD):
        status, buffer = NdisAllocateBuffer(adapter.buffer_pool, memory, len(memory))
        if buffer is None:
            release(packet)
            return status, None
        NdisChainBufferAtBack(packet, buffer)
    return NdisStatus.SUCCESS, packet


async def send(adapter: Adapter, packet: Packet) -> None:
    """Put a packet on the ring: the lock is held for that one line."""
    await NdisAcquireSpinLock(adapter.lock)
    adapter.ring.append(packet)
    NdisReleaseSpinLock(adapter.lock)


def release(packet: Packet) -> None:
    """Free a packet and its buffers: unchained first, or they would be lost until the next boot."""
    while (buffer := NdisUnchainBufferAtFront(packet)) is not None:
        NdisFreeBuffer(buffer)
    NdisFreePacket(packet)


def halt(adapter: Adapter) -> None:
    """MiniportHalt: give everything back, in reverse order."""
    while adapter.ring:
        release(adapter.ring.pop())
    NdisFreeSpinLock(adapter.lock)
    NdisFreePacketPool(adapter.packet_pool)
    NdisFreeBufferPool(adapter.buffer_pool)


async def main() -> None:
    """Fill the ring until the pool says no, then halt."""
    adapter = await initialize()
    status, packet = build(adapter)
    while packet is not None:
        await send(adapter, packet)
        status, packet = build(adapter)
    lengths = {NdisQueryPacketLength(packet) for packet in adapter.ring}
    print(f"{len(adapter.ring)} packets of {lengths} bytes on the ring, then NdisAllocateBuffer: {status.name}")
    print(adapter.buffer_pool)
    halt(adapter)
    print(adapter.buffer_pool)


if __name__ == "__main__":
    asyncndis.run(main)
