"""Pools for tests that need no loop beyond the making of the pool, and a probe that keeps a diary."""

import asyncio
from typing import Any

from asyncndis.base import Probe, RuleViolation
from asyncndis.memory import Buffer, BufferPool, Memory, Packet, PacketPool

__all__ = ["Diary", "buffer_pool", "chained", "fill", "packet_pool"]


def packet_pool(count: int = 4, **options: Any) -> PacketPool:
    async def create() -> PacketPool:
        return await PacketPool.create(count, **options)

    return asyncio.run(create())


def buffer_pool(count: int = 16, **options: Any) -> BufferPool:
    async def create() -> BufferPool:
        return await BufferPool.create(count, **options)

    return asyncio.run(create())


def fill(packet: Packet, pool: BufferPool, *pieces: Memory) -> list[Buffer]:
    """Chain a buffer over each piece."""
    buffers = [pool.allocate_nowait(piece) for piece in pieces]
    for buffer in buffers:
        packet.chain_at_back(buffer)
    return buffers


def chained(*pieces: Memory, packets: PacketPool | None = None) -> Packet:
    """A packet over these pieces."""
    packet = (packets or packet_pool()).allocate_nowait()
    fill(packet, buffer_pool(), *pieces)
    return packet


class Diary(Probe):
    """Writes down what it sees, and refuses or fails what it is told to.

    :ivar seen: pairs of ("before" or "after", operation)
    :ivar arguments: of each entry, subject included
    """

    def __init__(self, *, refuses: str = "", fails: str = "") -> None:
        self.seen: list[tuple[str, str]] = []
        self.arguments: list[tuple[object, ...]] = []
        self.refuses = refuses
        self.failing = fails

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        self._note("before", operation, (subject, *arguments))
        if operation == self.refuses:
            raise RuleViolation("TEST-01", "refused by the test", subject)

    def fails(self, operation: str, subject: object) -> bool:
        return operation == self.failing

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        self._note("after", operation, (subject, *arguments))

    def _note(self, when: str, operation: str, arguments: tuple[object, ...]) -> None:
        self.seen.append((when, operation))
        self.arguments.append(arguments)
