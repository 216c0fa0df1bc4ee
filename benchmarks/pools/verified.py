"""The same work with the verifier and without: one frame's way from pool to packet and back."""

import asyncio
from collections.abc import Iterator

from asyncndis import PacketPool, verify
from benchmarks.harness import Effort, Loop, Turns, loop_sample, take_turns
from benchmarks.results import Row, at_most

from .peers import FRAME, filled_pool

__all__ = ["verifier"]


def verifier(effort: Effort) -> Iterator[Row]:
    """The verifier."""
    turns = asyncio.run(_with_and_without(effort))
    yield turns.cost("a frame allocated, chained, read, freed; verified", "on", "the verifier off", at_most(3, 2))


async def _with_and_without(effort: Effort) -> Turns:
    off = await _frames()
    with verify():
        on = await _frames()
        samples = {
            name: await loop_sample(loop, effort.seconds) for name, loop in (("the verifier off", off), ("on", on))
        }
        return await take_turns(samples, effort.rounds)


async def _frames() -> Loop:
    buffers = await filled_pool()
    packets = await PacketPool.create(64)

    async def loop(count: int) -> None:
        for _ in range(count):
            packet = await packets.allocate()
            packet.chain_at_back(await buffers.allocate(FRAME))
            for part in packet:
                bytes(part.view())
            for buffer in packet.unchain_all():
                buffer.free()
            packet.free()

    return loop
