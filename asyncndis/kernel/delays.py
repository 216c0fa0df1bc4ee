"""Sleeping, stalling, and what time it is, on the current clock.

Source: the NdisMSleep, NdisStallExecution, NdisGetCurrentSystemTime and NdisGetSystemUpTime pages. Sleeping gives way
and needs an IRQL below DISPATCH_LEVEL; stalling keeps the processor, is legal anywhere, and must be short.
"""

from anyio.lowlevel import checkpoint

from asyncndis.base import RuleViolation, check_integer, current_probe

from .clock import MICROSECOND, MILLISECOND, current_clock
from .host import current_host
from .processors import Irql
from .waiting import check_may_wait, preempt, sit

__all__ = ["sleep", "stall", "system_time", "system_up_time"]

_SLEEP_MAX = 30_000_000
_STALL_MAX = 50


async def sleep(microseconds: int) -> None:
    """Let at least so much time pass (NdisMSleep). IRQL: < DISPATCH, no spin lock held.

    :param microseconds: at most 30,000,000; 0 only gives way
    :raises RuleViolation: IRQL-02 at DISPATCH_LEVEL, LOCK-11 with a spin lock held, IRQL-03 for more than 30 s
    """
    check_integer("microseconds", microseconds)
    probe = current_probe()
    if probe is not None:
        await preempt(probe, "NdisMSleep", None)
    check_may_wait("sleeps", None, "set a timer there, or sleep in a work item", Irql.APC)
    if microseconds > _SLEEP_MAX:
        raise RuleViolation("IRQL-03", f"a sleep of {microseconds} us is too long; sleep 30 s at most, or set a timer")
    if probe is not None:
        probe.before("NdisMSleep", None, microseconds)
    if microseconds:
        await sit(current_host().new_seat(), microseconds * MICROSECOND)
    else:
        await checkpoint()
    if probe is not None:
        probe.after("NdisMSleep", None, microseconds)


def stall(microseconds: int) -> None:
    """Let so much time pass without giving way (NdisStallExecution). IRQL: any. Rules: IRQL-03.

    The real clock spins; a virtual clock moves on.

    :param microseconds: at most 50
    :raises RuleViolation: IRQL-03 for more than 50 us
    """
    check_integer("microseconds", microseconds)
    if microseconds > _STALL_MAX:
        raise RuleViolation(
            "IRQL-03", f"a stall of {microseconds} us keeps the processor too long; stall 50 us at most, or sleep"
        )
    probe = current_probe()
    if probe is not None:
        probe.before("NdisStallExecution", None, microseconds)
    current_clock().stall(microseconds * MICROSECOND)
    if probe is not None:
        probe.after("NdisStallExecution", None, microseconds)


def system_time() -> int:
    """The time of day in units of 100 ns since the year 1601, UTC (NdisGetCurrentSystemTime). IRQL: any."""
    return current_clock().system_time()


def system_up_time() -> int:
    """Milliseconds since the system started (NdisGetSystemUpTime), 32 bits, as they wrap in NDIS. IRQL: any."""
    return current_clock().now() // MILLISECOND & 0xFFFFFFFF
