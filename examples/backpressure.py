"""Backpressure: a fast miniport and a slow protocol share a pool of four descriptors.

The miniport waits in ``allocate`` whenever all four are out, first come, first served; nothing is dropped, and no queue
grows without a limit. Run it: ``python examples/backpressure.py``.
"""

import anyio
from anyio.abc import ObjectReceiveStream, ObjectSendStream

import asyncndis
from asyncndis import Buffer, BufferPool

FRAMES = [f"frame {number}".encode() for number in range(12)]


async def miniport(pool: BufferPool, up: ObjectSendStream[Buffer]) -> None:
    """Receive frames from the wire, as fast as descriptors allow."""
    async with up:
        for frame in FRAMES:
            buffer = await pool.allocate(frame)  # waits while four are out
            print(f"miniport: {frame.decode():<9} -> {pool.outstanding} of {pool.capacity} out")
            await up.send(buffer)


async def protocol(down: ObjectReceiveStream[Buffer]) -> None:
    """Consume them one by one."""
    async for buffer in down:
        await anyio.sleep(0.01)
        print(f"protocol: {bytes(buffer.view()).decode()}")
        buffer.free()


async def main() -> None:
    """Connect the two and show what the pool has seen."""
    send, receive = anyio.create_memory_object_stream[Buffer](len(FRAMES))
    async with BufferPool.create(4, name="rx") as pool, receive:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(miniport, pool, send)
            tasks.start_soon(protocol, receive)
        statistics = pool.statistics()
    print(f"{statistics.delayed} waits, the longest {statistics.longest_wait * 1000:.0f} ms;", end=" ")
    print(f"at most {statistics.max_outstanding} descriptors out")


if __name__ == "__main__":
    asyncndis.run(main)
