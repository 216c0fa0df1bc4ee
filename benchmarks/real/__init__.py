"""Real frames through two TAP miniports and a bridge, against a bare loop, other packages and the kernel's bridge."""

from collections.abc import Callable, Iterator

from benchmarks.harness import Effort
from benchmarks.results import Row

from . import frames, traffic

GROUPS: tuple[Callable[[Effort], Iterator[Row]], ...] = (
    frames.frames,
    traffic.throughput,
    traffic.round_trip,
)
