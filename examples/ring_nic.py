"""A ring-DMA NIC receives bursts; the pool covers the ring exactly, and running dry is backpressure, not loss.

Two tasks: the miniport side fills the ring from the wire, the protocol side counts frames and returns packets. Run it:
``python examples/ring_nic.py``.
"""

import anyio

import asyncndis
from asyncndis import BufferPool, PacketPool
from asyncndis.drivers import FrameCounter, RingReceiver
from asyncndis.real import classify

RING = 16
ARP = bytes.fromhex("ffffffffffff 020000000001 0806 0001 0800 0604 0001").ljust(60, b"\0")
JUMBO = bytes.fromhex("020000000001 020000000002 0800 45").ljust(9000, b"\0")


async def slowly(_frame: bytes) -> None:
    """The protocol's work on a frame: it lets the miniport run a whole burst ahead."""
    await anyio.sleep(0.001)


async def main() -> None:
    """Receive five bursts of small and large frames."""
    async with BufferPool.create(RING, name="rx ring") as buffers, PacketPool.create(RING, name="rx") as packets:
        nic = RingReceiver(buffers, packets, slot_bytes=2048)
        protocol = FrameCounter(classify, nic.return_packet, slowly)
        nic.open(protocol.receive)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(protocol.run)
            for burst in range(5):
                for frame in [ARP] * 6 + [JUMBO] * 2:
                    await nic.receive(frame)
                print(f"burst {burst}: {nic!r}, ring dry {nic.dry} times")
            protocol.close()
        nic.close()
        print(f"{protocol.frames} frames: {dict(protocol.kinds)}")
        print(buffers)


if __name__ == "__main__":
    asyncndis.run(main)
