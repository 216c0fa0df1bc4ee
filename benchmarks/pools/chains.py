"""A chain of four buffers: allocated together, chained to a packet, counted, unchained and freed.

The floor is what no implementation can leave out: setting the fields and walking the chain, twice.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager

from asyncndis import PacketPool
from benchmarks.harness import Contender, Effort, Loop, race
from benchmarks.results import Row, at_least, at_most

from .peers import FRAME, filled_pool, queue_of_items

__all__ = ["chains"]


@asynccontextmanager
async def our_chain() -> AsyncGenerator[Loop]:
    """Four buffers: allocated together, chained to a packet, counted, unchained and freed."""
    pool = await filled_pool()
    packets = await PacketPool.create(1)
    packet = packets.allocate_nowait()

    async def loop(count: int) -> None:
        allocate_many, frame = pool.allocate_many, FRAME
        for _ in range(count):
            for buffer in await allocate_many(4, frame):
                packet.chain_at_back(buffer)
            packet.query()
            for buffer in packet.unchain_all():
                buffer.free()

    yield loop


@asynccontextmanager
async def our_four() -> AsyncGenerator[Loop]:
    """Four buffers allocated together and freed one by one."""
    pool = await filled_pool()

    async def loop(count: int) -> None:
        allocate_many, frame = pool.allocate_many, FRAME
        for _ in range(count):
            for buffer in await allocate_many(4, frame):
                buffer.free()

    yield loop


class Link:
    """The fields of a buffer in a chain, and nothing else."""

    __slots__ = ("following", "home", "memory", "packet")

    def __init__(self) -> None:
        self.following: Link | None = None
        self.home: object = None
        self.packet: object = None
        self.memory = b""


@asynccontextmanager
async def chain_floor() -> AsyncGenerator[Loop]:
    """The fields and walks of a chain of four, written into the loop, with no call and no check."""
    free = [Link() for _ in range(64)]
    packet = object()

    async def take() -> list[Link]:
        links = free[-4:]
        del free[-4:]
        return links

    async def loop(count: int) -> None:
        for _ in range(count):
            head: Link | None = None
            tail: Link | None = None
            for link in await take():
                link.home = free
                link.memory = FRAME
                link.packet = packet
                if tail is None:
                    head = link
                else:
                    tail.following = link
                tail = link
            length = 0
            at = head
            while at is not None:
                length += len(at.memory)
                at = at.following
            while head is not None:
                link, head = head, head.following
                link.following = link.packet = link.home = None
                link.memory = b""
                free.append(link)

    yield loop


@asynccontextmanager
async def four_of_a_queue() -> AsyncGenerator[Loop]:
    """Four items got one by one, and put back."""
    queue = queue_of_items()

    async def loop(count: int) -> None:
        get, put = queue.get, queue.put_nowait
        for _ in range(count):
            items = [await get(), await get(), await get(), await get()]
            for item in items:
                put(item)

    yield loop


CHAINS = (
    Contender("ours", our_chain),
    Contender("ours unchained", our_four),
    Contender("its fields and walks alone", chain_floor),
    Contender("asyncio.Queue, four items", four_of_a_queue),
)


def chains(effort: Effort) -> Iterator[Row]:
    """A chain of four buffers."""
    turns = asyncio.run(race(CHAINS, effort))
    floor, queue = "its fields and walks alone", "asyncio.Queue, four items"
    yield turns.cost("chain of 4 with allocate_many", "ours", floor, at_most(1.8, 1.4))
    yield turns.speed("chain of 4 with allocate_many", "ours", queue, at_least(5))
    yield turns.speed("the floor of that chain", floor, queue, None)
    yield turns.speed("allocate_many(4, memory) + free each", "ours unchained", queue, None)
