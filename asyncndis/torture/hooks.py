"""What a program may say to the explorer; outside of a run each of these does the natural thing and costs nothing.

A choice of the program is a choice of the schedule: it is explored, recorded, replayed and shrunk like any other.
"""

import asyncio
from collections.abc import Callable

from .failures import InvariantBroken
from .loop import ControlledLoop
from .points import Kind

__all__ = ["always", "choose", "eventually", "fault", "injects_faults"]


def choose(name: str, options: int) -> int:
    """Let the explorer choose a value.

    :param name: what is chosen, for reports
    :param options: how many values there are, from 1
    :returns: a number from 0 to ``options - 1``; 0 outside of a run
    :raises ValueError: ``options`` is no positive number
    """
    if options < 1:
        raise ValueError(f"choose({name!r}, {options}) has nothing to choose from: give a number of options from 1")
    loop = _loop()
    return 0 if loop is None or options == 1 else loop.choose(Kind.VALUE, options, name)


def fault(name: str) -> bool:
    """Ask whether an operation of the environment shall fail now.

    :param name: the operation, such as the name of a call and its place; faults "sites" fail each name once
    :returns: False outside of a run, and where the search injects no faults
    """
    loop = _loop()
    return loop is not None and loop.injects_faults and loop.choose(Kind.FAULT, 2, name) == 1


def injects_faults() -> bool:
    """Whether :func:`fault` may say yes in this run: where it may not, nobody has to find out what to call a fault."""
    loop = _loop()
    return loop is not None and loop.injects_faults


def always(holds: Callable[[], object], message: str = "") -> None:
    """Declare what has to hold after every step from now on.

    :param holds: a plain function without effects; something false means that the invariant is broken
    :param message: what is wrong then
    :raises InvariantBroken: it does not hold now
    """

    def check() -> None:
        if not holds():
            raise InvariantBroken(message or f"{_name(holds)} does not hold")

    check()
    loop = _loop()
    if loop is not None:
        loop.watch(check)


def eventually(holds: Callable[[], object], message: str = "") -> None:
    """Declare what has to hold at some time from now on, after a step or when the run is over.

    :param holds: a plain function without effects
    :param message: what is wrong if it never holds
    """
    loop = _loop()
    if loop is not None:
        loop.expect(holds, message or f"{_name(holds)} never held")


def _loop() -> ControlledLoop | None:
    loop = asyncio._get_running_loop()
    return loop if isinstance(loop, ControlledLoop) else None


def _name(function: Callable[[], object]) -> str:
    return getattr(function, "__qualname__", repr(function))
