"""Frames: packets with one buffer each, taken, lent for a block, waited for and given back."""

import anyio
import pytest

from asyncndis.base import NdisError, PoolClosed, PoolExhausted, Probe, RuleViolation, observe
from asyncndis.ndis import FramePool
from tests.support.loops import settle

pytestmark = pytest.mark.every_loop


async def test_as_many_as_there_are() -> None:
    async with FramePool.create(1, name="rx", header_size=14) as frames:
        packet = frames.allocate_nowait(b"frame")
        assert (packet.to_bytes(), packet.oob.header_size) == (b"frame", 14)
        assert repr(frames) == "<FramePool 'rx' 1 of 1 out>"
        assert (frames.capacity, frames.outstanding, frames.statistics().outstanding) == (1, 1, 1)
        with pytest.raises(PoolExhausted):
            frames.allocate_nowait(b"another")
        frames.free(packet)
    assert frames.closed
    with pytest.raises(PoolClosed):
        frames.allocate_nowait(b"frame")


async def test_waited_for_in_turn() -> None:
    async with FramePool.create(1) as frames:
        packet = frames.allocate_nowait(b"first")
        served: list[bytes] = []

        async def take(data: bytes) -> None:
            async with frames.borrow(data) as mine:
                served.append(mine.to_bytes())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(take, b"second")
            await settle()
            assert served == []
            frames.free(packet)
        assert served == [b"second"]
        assert frames.outstanding == 0


async def test_closed_at_once() -> None:
    frames = await FramePool.create(2)
    frames.close()
    assert frames.closed
    await frames.aclose()


class Poor(Probe):
    """Has one operation fail."""

    def __init__(self, operation: str) -> None:
        self.operation = operation

    def fails(self, operation: str, subject: object) -> bool:
        return operation == self.operation


async def test_half_a_frame_is_none() -> None:
    with observe(Poor("NdisAllocateBuffer")):
        async with FramePool.create(2) as frames:
            with pytest.raises(NdisError):
                frames.allocate_nowait(b"frame")
            assert frames.outstanding == 0


async def test_half_a_pool_is_none() -> None:
    class Strict(Probe):
        def before(self, operation: str, subject: object, *arguments: object) -> None:
            if operation == "NdisAllocateBufferPool":
                raise RuleViolation("POOL-02", "not now")

    with observe(Strict()), pytest.raises(RuleViolation, match="not now"):
        await FramePool.create(2)
