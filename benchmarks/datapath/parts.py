"""The two halves of the engine by themselves, with a miniport in place of driver and NIC that does nothing."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager

from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Miniport, open_stack
from benchmarks.harness import Contender, Effort, Loop
from benchmarks.results import Row

from .floor import copying_alone
from .ours import whole_model
from .samples import BATCH, FRAME_BYTES, race_frames
from .stations import TYPE, Sink, Source

__all__ = ["parts"]


class Nowhere(Miniport):
    """Completes what is sent at once, and indicates the same packets again and again."""

    async def initialize(self, adapter: Adapter) -> None:
        """Make a batch to be indicated."""
        frames = await adapter.allocate_frames(BATCH)
        frame = (b"\xff" * 12 + TYPE.to_bytes(2, "big")).ljust(FRAME_BYTES, b"\0")
        self.batch = [frames.allocate_nowait(frame) for _ in range(BATCH)]
        self.free = frames.free

    async def halt(self) -> None:
        """Free that batch."""
        for packet in self.batch:
            self.free(packet)
        await super().halt()

    def send_packets(self, packets: Sequence[Packet]) -> None:
        """All are sent."""
        self.adapter.send_complete(packets)

    def return_packet(self, packet: Packet) -> None:
        """It is in the batch for ever."""


@asynccontextmanager
async def sending() -> AsyncGenerator[Loop]:
    """From the pools of a protocol to the miniport and back."""
    source = Source()
    async with open_stack(source, Nowhere()) as stack:
        frame = (b"\x02\0\0\0\0\xee" + stack.binding.address + TYPE.to_bytes(2, "big")).ljust(FRAME_BYTES, b"\0")

        async def loop(count: int) -> None:
            left = count
            while left > 0:  # a batch is back at once, so that a long run would be as deep
                await source.send_frames(frame, 8 * BATCH)
                left -= 8 * BATCH

        yield loop


@asynccontextmanager
async def receiving() -> AsyncGenerator[Loop]:
    """From the miniport to the handler of a protocol and back."""
    sink, miniport = Sink(), Nowhere()
    async with open_stack(sink, miniport) as stack:
        indicate = stack.adapter.indicate

        async def loop(count: int) -> None:
            before = sink.count
            for _ in range(-(-count // BATCH)):
                indicate(miniport.batch)
            assert sink.count - before >= count

        yield loop


def parts(effort: Effort) -> Iterator[Row]:
    """The parts of it."""
    contenders = (
        Contender("ours", whole_model),
        Contender("sending", sending),
        Contender("receiving", receiving),
        Contender("copying alone", copying_alone),
    )
    turns = asyncio.run(race_frames(contenders, effort))
    yield turns.cost("the engine's send path, with pools", "sending", "ours", None)
    yield turns.cost("the engine's receive path", "receiving", "ours", None)
