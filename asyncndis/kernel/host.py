"""The host: what the kernel needs of the event loop underneath, for asyncio (uvloop too) and trio.

Kept small: who is the current task, a seat to sleep on, and a callback soon or later. The module of each loop is
imported when a program first runs on it, so that importing the package costs neither. Seats are asyncio futures,
or on trio an object with the part of a future's interface that is used here.
"""

from collections.abc import Callable, Generator
from importlib import import_module
from sys import modules
from typing import Any, Protocol, TypeVar

__all__ = ["Cancellable", "Host", "Seat", "current_host", "current_task", "find_host"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Cancellable(Protocol):
    """A callback that was asked for and can be called off."""

    def cancel(self) -> object:
        """Call it off; harmless once it has run."""
        ...


class Seat(Protocol[T]):
    """A place where one task sleeps until another hands it a value: the waiting half of a future."""

    def __await__(self) -> Generator[object, None, T]: ...
    def done(self) -> bool:
        """Whether a value was handed over, or the sleeper was cancelled."""
        ...

    def cancelled(self) -> bool:
        """Whether the sleeper was cancelled before a value came."""
        ...

    def cancel(self) -> object:
        """Give the seat up."""
        ...

    def result(self) -> T:
        """The value that was handed over."""
        ...

    def set_result(self, value: T, /) -> None:
        """Hand a value over and wake the sleeper."""
        ...

    def set_exception(self, error: BaseException, /) -> None:
        """Wake the sleeper with an error."""
        ...


class Host(Protocol):
    """One running event loop."""

    @property
    def name(self) -> str:
        """The kind of loop: "asyncio" or "trio"."""
        ...

    @property
    def loop(self) -> object:
        """What tells this loop from another: two hosts are the same where this is identical."""
        ...

    current_task: Callable[[], object]
    """The task that runs now; on asyncio None inside a callback of the loop."""
    new_seat: Callable[[], Seat[Any]]
    """Makes a seat for the current task."""
    time: Callable[[], float]
    """The loop's clock, in seconds."""

    def runs_here(self) -> bool:
        """Whether this is the loop that runs now."""
        ...

    def call_soon(self, callback: Callable[[], object]) -> None:
        """Run a callback when the current task next gives way."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Cancellable:
        """Run a callback after some seconds of the loop's clock."""
        ...

    def task_is_done(self, task: object) -> bool:
        """Whether a task has ended."""
        ...

    def task_name(self, task: object) -> str:
        """A task's name, for messages."""
        ...


_finders: dict[str, Callable[[], Host | None]] = {}


def find_host() -> Host | None:
    """The event loop that runs in this thread, or None."""
    for kind in ("asyncio", "trio"):
        if kind in modules:
            host = (_finders.get(kind) or _load_finder(kind))()
            if host is not None:
                return host
    return None


def _load_finder(kind: str) -> Callable[[], Host | None]:
    finder: Callable[[], Host | None] = import_module(f"._{kind}_host", __package__).running_host
    _finders[kind] = finder
    return finder


def current_host() -> Host:
    """The event loop that runs in this thread.

    :raises RuntimeError: when none runs
    """
    host = find_host()
    if host is None:
        raise RuntimeError("no event loop runs here: call this from a task, as in asyncndis.run(main)")
    return host


def current_task() -> object:
    """The task that runs now; None where code runs outside any task."""
    finder = _finders.get("asyncio")  # find_host() in place, for the loop that is asked for first
    host = None if finder is None else finder()
    if host is None:
        host = find_host()
    return None if host is None else host.current_task()
