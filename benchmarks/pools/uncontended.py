"""A descriptor is free: what taking it and giving it back costs."""

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec

from benchmarks.harness import Effort, race
from benchmarks.results import Row, at_least, at_most

from .peers import AWAITED, NOWAIT, ON_TRIO

__all__ = ["awaited", "nowait", "on_trio"]

_GOALS = {
    "asyncio.Queue": at_least(2.2),
    "asyncio.Semaphore + list": at_least(2.5),
    "asyncio.Semaphore + list, inline": None,
    "anyio.Semaphore(fast) + list": None,
    "aiologic.SimpleQueue": None,
    "anyio memory stream": at_least(20),
    "anyio.CapacityLimiter + deque": at_least(20),
    "psycopg_pool": at_least(20),
}


def awaited(effort: Effort) -> Iterator[Row]:
    """A free descriptor, awaited."""
    turns = asyncio.run(race(AWAITED, effort))
    subject = "await allocate() + free"
    yield turns.cost(subject, "ours", "the floor", at_most(1.5, 1.35))
    yield turns.cost("await allocate(memory) + free", "ours over memory", "the floor", None)
    for peer, goal in _GOALS.items():
        yield turns.speed(subject, "ours", peer, goal)


def nowait(effort: Effort) -> Iterator[Row]:
    """A free descriptor, taken at once."""
    turns = asyncio.run(race(NOWAIT, effort))
    subject = "allocate_nowait() + free"
    yield turns.speed(subject, "ours", "asyncio.Queue", at_least(3.5, 8))
    yield turns.speed(subject, "ours", "asyncio.Queue, get_nowait", None)


def on_trio(effort: Effort) -> Iterator[Row]:
    """A free descriptor, awaited on trio."""
    subject, peer, goal = "on trio: await allocate() + free", "trio.Semaphore + list", at_least(18)
    if find_spec("trio") is None:
        yield Row(subject, peer, None, goal)
        return
    import trio

    yield trio.run(race, ON_TRIO, effort).speed(subject, "ours", peer, goal)
