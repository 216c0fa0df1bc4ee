"""Frames through the whole model, against copying alone and against queues; and what the verifier costs."""

from collections.abc import Callable, Iterator

from benchmarks.harness import Effort
from benchmarks.results import Row

from . import parts, verified, whole

GROUPS: tuple[Callable[[Effort], Iterator[Row]], ...] = (
    whole.whole,
    parts.parts,
    verified.verifier,
)
