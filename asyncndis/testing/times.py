"""Virtual time that goes on by itself, at once, whenever every task waits.

A program in it reads as one in real time, since nobody has to move the clock; an hour of it takes as long as what
happens in that hour. It ends: what is not over at its limit is cancelled.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from anyio import TASK_STATUS_IGNORED, CancelScope
from anyio.abc import TaskStatus

from asyncndis.kernel import VirtualClock, sleep, use_clock
from asyncndis.ndis.grouping import plain_task_group

__all__ = ["let_pass", "virtual_time"]

_LONGEST_SLEEP = 30.0
_GRACE = 60.0


@asynccontextmanager
async def virtual_time(limit: float = 600.0) -> AsyncGenerator[VirtualClock]:
    """Run a block in virtual time, with a task that moves the clock. IRQL: PASSIVE.

    :param limit: how long the block may take, in seconds of that time
    :returns: the clock
    :raises TimeoutError: when it takes longer, or waits for what cannot come any more
    """
    with use_clock(VirtualClock()) as clock:
        async with plain_task_group() as tasks:
            with CancelScope() as block:
                await tasks.start(
                    _move, clock, limit, block, name="virtual time"
                )  # before anybody else moves the clock
                yield clock
            tasks.cancel_scope.cancel()
        if block.cancelled_caught:
            raise TimeoutError(f"not over after {limit:g} s of virtual time")


async def let_pass(seconds: float) -> None:
    """Let time pass on the current clock, any length of it. IRQL: < DISPATCH, no spin lock held.

    :param seconds: how long
    """
    while seconds > _LONGEST_SLEEP:
        await sleep(round(_LONGEST_SLEEP * 1_000_000))
        seconds -= _LONGEST_SLEEP
    await sleep(round(seconds * 1_000_000))


async def _move(
    clock: VirtualClock, limit: float, block: CancelScope, *, task_status: TaskStatus[None] = TASK_STATUS_IGNORED
) -> None:
    """Move the clock to the limit; a block that is still there is cancelled, and has time to end patiently."""
    task_status.started()
    await clock.advance(limit)
    block.cancel()
    await clock.advance(_GRACE)
