"""The end of a task's step on trio (see context.py)."""

from collections.abc import Callable

import trio

__all__ = ["after_step"]


class _AfterStep(trio.abc.Instrument):
    """Sees the present step end, once."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        trio.lowlevel.remove_instrument(self)
        self._callback()


def after_step(callback: Callable[[], object]) -> None:
    """Run a callback when the current task has given way, and before it goes on."""
    trio.lowlevel.add_instrument(_AfterStep(callback))
