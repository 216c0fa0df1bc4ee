"""Where waiting is legal, waiting for at most so long, and letting a scheduler step in.

A processor may wait below DISPATCH_LEVEL with no spin lock held (IRQL-02, LOCK-11). This is asked of every call that
can wait, also when it would not have to this time, so that the mistake shows on the first run. A processor that a
scheduler holds back does not wait, it is only slow: it is marked as one that spins, which is legal anywhere.
"""

from functools import partial

from asyncndis.base import Probe, RuleViolation

from .clock import current_clock
from .host import Seat, current_task
from .processors import Irql, current_processor, irql_name, raised

__all__ = ["check_may_wait", "preempt", "sit"]


def check_may_wait(what: str, subject: object, way_out: str, highest: int = Irql.PASSIVE) -> None:
    """Refuse a call that can wait where its caller may not.

    :param what: what the caller does, as "waits for link-up"
    :param way_out: what to do instead
    :param highest: the highest level at which the call is legal
    :raises RuleViolation: LOCK-11 with a spin lock held, IRQL-02 above ``highest``
    """
    processor = raised.get(current_task()) if raised else None
    if processor is None:
        return
    if processor.top is not None:
        raise RuleViolation(
            "LOCK-11", f"{processor.name} {what} while it holds {processor.top.name}; release it first", subject
        )
    if processor.irql > highest:
        raise RuleViolation("IRQL-02", f"{processor.name} {what} at {irql_name(processor.irql)}; {way_out}", subject)


async def preempt(probe: Probe, operation: str, subject: object) -> None:
    """Let the scheduler behind a probe, if it is one, step in before an awaited call."""
    if probe.preempt is None:
        return
    processor = current_processor()
    processor.spinning = True
    try:
        await probe.preempt(operation, subject)
    finally:
        processor.spinning = False


async def sit(seat: Seat[bool], duration: int) -> bool:
    """Sleep on a seat until a value is handed over.

    :param duration: for how long at most, in units of 100 ns
    :returns: the value, or False when the time is up
    """
    clock = current_clock()
    alarm = clock.call_at(clock.now() + duration, partial(_time_is_up, seat))
    try:
        return await seat
    finally:
        alarm.cancel()


def _time_is_up(seat: Seat[bool]) -> None:
    if not seat.done():
        seat.set_result(False)
