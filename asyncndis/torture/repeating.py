"""Makes equal in each run what would differ: what the ``random`` module draws, and an order that follows addresses.

Programs draw delays and the like, so each run begins with the same seed, as long as the program is seen to draw; the
state from before the search comes back afterwards. ``asyncio.as_completed`` walks a set of coroutines as it makes tasks
of them; here it gets the tasks, made in the order in which they were given.
"""

import asyncio
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from random import getstate, seed, setstate
from typing import Any

from .escapes import Simulated
from .patches import Patch, Patches

__all__ = ["Chance", "repeatable"]

SEED = 0
LOOKS = 8
"""A program that has not drawn in so many runs is not asked any more: seeding takes as long as a short run."""


class Chance:
    """Lets the ``random`` module begin anew in each run of one program.

    :ivar is_drawn: whether the program was seen to draw
    """

    def __init__(self) -> None:
        self._looks = LOOKS
        self.is_drawn = False

    def begin(self) -> None:
        """A run begins."""
        if self.is_drawn or self._looks:
            seed(SEED)

    def end(self) -> None:
        """A run is over."""
        if self._looks and not self.is_drawn:
            self._looks -= 1
            drawn = getstate()
            seed(SEED)
            self.is_drawn = drawn != getstate()


@contextmanager
def repeatable() -> Generator[None]:
    """Let what differs from run to run be the same while the block runs."""
    before = getstate()
    try:
        with _in_order():
            yield
    finally:
        setstate(before)


def _as_completed(original: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(original)
    def as_completed(fs: Iterable[Any], *, timeout: float | None = None) -> Any:
        is_refused = asyncio.isfuture(fs) or asyncio.iscoroutine(fs)
        if isinstance(asyncio._get_running_loop(), Simulated) and not is_refused:
            fs = [asyncio.ensure_future(awaitable) for awaitable in dict.fromkeys(fs)]
        return original(fs, timeout=timeout)

    return as_completed


def _wanted() -> Iterator[Patch]:
    in_order = _as_completed(asyncio.as_completed)
    yield Patch(asyncio.tasks, "as_completed", in_order)
    yield Patch(asyncio, "as_completed", in_order)


_in_order = Patches(_wanted).applied
