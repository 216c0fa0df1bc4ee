"""Concurrency bugs with fixed twins: what an explorer of schedules has to find, and what it must not report."""

from . import (
    aba,
    anyio_programs,
    cancellation,
    check_then_act,
    double_completion,
    drivers_kernel,
    drivers_memory,
    drivers_stack,
    executors,
    field_reports,
    forgotten,
    halt_and_reset,
    histories,
    invariants,
    lock_order,
    lost_wakeups,
    pool_exhaustion,
    reordering,
    shared_work,
    streams,
    timers,
    use_after_free,
)
from .cases import REGISTERED, Case

FAMILIES = (
    aba,
    anyio_programs,
    cancellation,
    check_then_act,
    double_completion,
    drivers_kernel,
    drivers_memory,
    drivers_stack,
    executors,
    field_reports,
    forgotten,
    halt_and_reset,
    histories,
    invariants,
    lock_order,
    lost_wakeups,
    pool_exhaustion,
    reordering,
    shared_work,
    streams,
    timers,
    use_after_free,
)
"""The modules; each registers its cases when it is imported."""

CASES: tuple[Case, ...] = tuple(REGISTERED)

__all__ = ["CASES", "FAMILIES", "Case"]
