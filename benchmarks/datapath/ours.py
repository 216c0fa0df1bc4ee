"""The model itself: two stacks on a wire, from the pools of one protocol to the receive handler of the other.

Each frame is allocated, chained, sent, copied into the ring, fetched by the NIC's task, carried, filtered, stored,
indicated by the DPC of the other driver, counted, returned, posted again, completed, unchained and freed.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from asyncndis.drivers import BusMasterMiniport
from asyncndis.ndis import Intermediate, open_stack
from asyncndis.nic import BusMasterNic, Wire
from benchmarks.harness import Loop

from .samples import FRAME_BYTES
from .stations import TYPE, Sink, Source

__all__ = ["whole_model", "with_pass_through"]


@asynccontextmanager
async def whole_model(*between: Intermediate) -> AsyncGenerator[Loop]:
    """A source and a sink, each on a bus-master NIC; the intermediate drivers are on the sink's side."""
    wire = Wire()
    near, far = (BusMasterNic(name, paced=False) for name in ("near", "far"))
    wire.attach(near)
    wire.attach(far)
    source, sink = Source(), Sink()
    async with (
        open_stack(source, BusMasterMiniport(), nic=near, name="near") as sending,
        open_stack(sink, *between, BusMasterMiniport(), nic=far, name="far") as receiving,
    ):
        header = receiving.binding.address + sending.binding.address + TYPE.to_bytes(2, "big")
        frame = header.ljust(FRAME_BYTES, b"\0")

        async def loop(count: int) -> None:
            before = sink.count
            await source.send_frames(frame, count)
            await receiving.run_until_idle()
            assert sink.count - before >= count

        yield loop


@asynccontextmanager
async def with_pass_through() -> AsyncGenerator[Loop]:
    """The same with an intermediate driver on one side, which hands every packet on."""
    async with whole_model(Intermediate(name="pass-through")) as loop:
        yield loop
