"""How the data path is measured: in samples that are long enough for many batches."""

from collections.abc import Sequence
from dataclasses import replace

from benchmarks.harness import Contender, Effort, Loop, Turns, race

__all__ = ["BATCH", "FRAME_BYTES", "longer", "race_frames"]

BATCH = 32
FRAME_BYTES = 64
_LONGER = 20  # a sample of 2 ms would mostly be the first batch setting out and the last one arriving


def longer(effort: Effort) -> Effort:
    """The effort for loops of batches."""
    return replace(effort, seconds=effort.seconds * _LONGER, rounds=max(effort.rounds // 5, 3))


async def race_frames(contenders: Sequence[Contender[Loop]], effort: Effort) -> Turns:
    """Let loops take turns that move so many frames each."""
    return await race(contenders, longer(effort))
