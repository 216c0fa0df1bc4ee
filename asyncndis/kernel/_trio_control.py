"""What the kernel asks of trio beyond being a host (see control.py)."""

from typing import NoReturn

import trio
from trio.testing import wait_all_tasks_blocked

from asyncndis.base import RuleViolation


class RefusedAwait(RuleViolation):
    """The violation as it is thrown into a coroutine; trio's own code tidies up in abort functions, on any error."""


def call_off(request: object, refusal: RuleViolation) -> bool:
    """Undo what an await asked for, as a cancelled scope does; False where it cannot be undone."""

    def raise_cancel() -> NoReturn:
        raise refusal

    abort = getattr(request, "abort_func", None)  # a bare checkpoint has none
    return abort is None or abort(raise_cancel) is trio.lowlevel.Abort.SUCCEEDED


async def settle() -> None:
    """Let the other tasks run until each of them waits for something."""
    await wait_all_tasks_blocked()
