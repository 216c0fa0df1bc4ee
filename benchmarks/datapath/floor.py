"""Copying alone: the bytes of the same frames, copied as often between the same kinds of memory, and nothing else.

On the way through the whole model a short frame is copied three times: into a slot of the transmit ring's memory by
the driver, out of it by the NIC, which has bytes on the wire then, and into a slot of the receive ring's memory by the
other NIC. The floor does so for a batch, then for the next one. It has no pool, no packet, no descriptor, no owner, no
filter, no interrupt, no task and no call.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from benchmarks.harness import Loop

from .samples import BATCH, FRAME_BYTES

__all__ = ["copying_alone"]

_SLOT = 1536
_RING = 256


@asynccontextmanager
async def copying_alone() -> AsyncGenerator[Loop]:
    """The three copies of each frame."""
    sent, received = memoryview(bytearray(_RING * _SLOT)), memoryview(bytearray(_RING * _SLOT))
    frame = bytes(FRAME_BYTES)

    async def loop(count: int) -> None:
        at = 0
        for _ in range(-(-count // BATCH)):
            end = at + BATCH * _SLOT
            for start in range(at, end, _SLOT):
                sent[start : start + FRAME_BYTES] = frame
            on_wire = [bytes(sent[start : start + FRAME_BYTES]) for start in range(at, end, _SLOT)]
            for start, data in zip(range(at, end, _SLOT), on_wire, strict=True):
                received[start : start + FRAME_BYTES] = data
            at = end % (_RING * _SLOT)

    yield loop
