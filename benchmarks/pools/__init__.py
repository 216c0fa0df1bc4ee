"""Pools, locks, memory and growth, against the floor and the peers."""

from collections.abc import Callable, Iterator

from benchmarks.harness import Effort
from benchmarks.results import Row

from . import cancelled, chains, contended, footprint, growth, imports, locks, uncontended, verified

GROUPS: tuple[Callable[[Effort], Iterator[Row]], ...] = (
    uncontended.awaited,
    uncontended.nowait,
    chains.chains,
    uncontended.on_trio,
    contended.hand_off,
    contended.fairness,
    cancelled.cancel_storm,
    cancelled.conservation,
    footprint.footprint,
    locks.spin_lock,
    verified.verifier,
    growth.descriptors,
    growth.waiters,
    growth.hand_offs,
    growth.closing,
    growth.statistics,
    imports.importing,
)
