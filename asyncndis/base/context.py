"""Where code runs now: the seam through which a tower learns of processors and tasks what the kernel knows.

The towers import nothing above this floor, and the kernel nothing of the towers. So the kernel registers itself here
when it is imported, and whoever watches asks here. Before that nothing can be raised or held anyway.
"""

from collections.abc import Callable
from typing import Any, Protocol

from .sites import Site

__all__ = [
    "Context",
    "LockView",
    "ProcessorView",
    "raised_processor",
    "raised_processors",
    "running_context",
    "set_context",
]


class LockView(Protocol):
    """A lock that a processor holds, as others see it."""

    @property
    def name(self) -> str:
        """Its name, for messages."""
        ...


class ProcessorView(Protocol):
    """A processor above PASSIVE_LEVEL or with a lock, as others see it."""

    @property
    def name(self) -> str:
        """Its name, for messages."""
        ...

    @property
    def irql(self) -> int:
        """Its level."""
        ...

    @property
    def task(self) -> object:
        """The task that acts as it; None for a callback of the event loop."""
        ...

    @property
    def spinning(self) -> bool:
        """Whether its task waits for a spin lock."""
        ...

    @property
    def top(self) -> LockView | None:
        """The lock that it took last, of those that it holds."""
        ...

    @property
    def held_locks(self) -> tuple[LockView, ...]:
        """The locks that it holds, the last taken first."""
        ...


class Context(Protocol):
    """What the kernel tells."""

    def raised_processor(self) -> ProcessorView | None:
        """The processor of the current task; None where that is at PASSIVE_LEVEL, without a lock."""
        ...

    def current_task(self) -> object:
        """The task that runs now; None in a callback of the event loop."""
        ...

    def after_step(self, callback: Callable[[], object]) -> None:
        """Run a callback when the current task has given way, and before it goes on."""
        ...

    def irql_name(self, level: int) -> str:
        """A level as the documentation writes it."""
        ...

    def now(self) -> int:
        """The time of the clock that is used here, in units of 100 ns."""
        ...

    def awaiting_site(self, task: object) -> Site | None:
        """The driver's line at which a task that does not run now awaits; None when it has ended, or is no task."""
        ...


raised_processors: dict[object, Any] = {}
"""Every processor above PASSIVE_LEVEL or with a lock, by its task: the kernel's table, usually of one entry at most."""

_context: Context | None = None


def set_context(context: Context) -> None:
    """Register who knows; the kernel does, when it is imported."""
    global _context  # noqa: PLW0603 - one kernel per process, known from its import on
    _context = context


def running_context() -> Context:
    """Who was registered.

    :raises RuntimeError: when nobody was
    """
    if _context is None:
        raise RuntimeError("no kernel runs here; import asyncndis.kernel first")
    return _context


def raised_processor() -> ProcessorView | None:
    """The processor of the current task; None where that is at PASSIVE_LEVEL, without a lock."""
    return None if _context is None else _context.raised_processor()
