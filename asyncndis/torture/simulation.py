"""The surroundings of a search: one controlled loop runs, the ways out are guarded, and garbage waits.

Entered once for a search, not for each schedule: that would cost more than the schedules. Collecting garbage after
every schedule is what makes explorers slow; here it is collected when enough has piled up, and at the end. Runs that
are abandoned leave things unclosed; that is no fault of the program, so that nobody is warned of it.
"""

import asyncio
import gc
import sys
import warnings
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

from .alarms import alarms_heard
from .escapes import guarded, outside
from .loop import ControlledLoop
from .network_raw import sockets_in_memory
from .repeating import repeatable
from .threads import anyio_inline

__all__ = ["collect_if_due", "simulation"]

GARBAGE_MAX = 200_000
"""So many objects may be alive in the youngest generation before garbage is collected."""


@contextmanager
def simulation(never_awaited: list[str]) -> Generator[ControlledLoop]:
    """Make a controlled loop the running one while the block runs.

    :param never_awaited: takes the names of coroutines that are thrown away
    :raises RuntimeError: a loop runs already in this thread
    """
    if asyncio._get_running_loop() is not None:
        raise RuntimeError("explore() runs an event loop of its own: call it from plain code, not from a coroutine")

    def note(coroutine: Any) -> None:
        never_awaited.append(f"coroutine {coroutine.__qualname__}")

    loop = ControlledLoop()
    hooks = sys.get_asyncgen_hooks()
    collects = gc.isenabled()
    with (
        alarms_heard(loop.interrupt),
        guarded(),
        repeatable(),
        anyio_inline(),
        sockets_in_memory(),
        _heard_by(note),
        _registered_in(loop),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", ResourceWarning)
        asyncio._set_running_loop(loop)
        sys.set_asyncgen_hooks(firstiter=None, finalizer=_close)
        gc.disable()
        try:
            yield loop
        finally:
            with outside():
                gc.collect(0)  # all that was made here and not collected yet is young
            asyncio._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)
            if collects:
                gc.enable()


@contextmanager
def _heard_by(hear: Callable[[Any], object]) -> Generator[None]:
    """Tell of each coroutine that is thrown away: this is what C calls for it, where a warning would cost more."""
    module: Any = warnings
    before = module._warn_unawaited_coroutine
    module._warn_unawaited_coroutine = hear
    try:
        yield
    finally:
        module._warn_unawaited_coroutine = before


class _AllTasks:
    """What ``asyncio.all_tasks`` goes through: the tasks of the simulation, and those of loops in other threads."""

    def __init__(self, mine: Iterable[Any], others: Iterable[Any]) -> None:
        self._mine = mine
        self._others = others

    def __iter__(self) -> Iterator[Any]:
        return chain(self._mine, self._others)


@contextmanager
def _registered_in(loop: ControlledLoop) -> Generator[None]:
    """Let the tasks of a loop register with it: putting a task into asyncio's weak set costs more than the task."""
    name = "_scheduled_tasks" if sys.version_info >= (3, 12) else "_all_tasks"
    others: Any = getattr(asyncio.tasks, name)
    add, append = others.add, loop.tasks.append

    def register(task: "asyncio.Task[Any]") -> None:
        (append if task.get_loop() is loop else add)(task)

    others.add = register  # the set's own attribute: C asks for it each time
    setattr(asyncio.tasks, name, _AllTasks(loop.tasks, others))
    try:
        yield
    finally:
        setattr(asyncio.tasks, name, others)
        del others.add


def collect_if_due() -> None:
    """Collect garbage between two schedules, if there is much of it."""
    if gc.get_count()[0] > GARBAGE_MAX:
        with outside():  # what others left to be collected is no part of the program
            gc.collect()


def _close(generator: AsyncGenerator[Any, Any]) -> None:
    """An asynchronous generator was forgotten: close it in a task, as asyncio does, if its run is not over."""
    loop = asyncio._get_running_loop()
    if isinstance(loop, ControlledLoop) and loop.tasks and not loop.ending:
        loop.create_task(_aclose(generator))


async def _aclose(generator: AsyncGenerator[Any, Any]) -> None:
    await generator.aclose()
