"""Timing. What is compared runs in turns within one process, so that every side meets the same machine.

A *loop* does its operation n times; a *sample* does whatever it does and returns seconds per operation: of processor
time, so that other programs count little on a machine that is shared. Samples are taken in rounds, each round in
another order; a ratio is the median of the ratios of each round. Samples are short and many, so that few of them are
disturbed. The garbage collector works before each round and rests during it, for all alike. A contender that needs a
package that is missing is left out, and its rows say so.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from time import process_time
from typing import Generic, TypeVar

from .results import Goal, Row, duration

__all__ = [
    "FULL",
    "QUICK",
    "Contender",
    "Effort",
    "Loop",
    "Sample",
    "Turns",
    "loop_sample",
    "race",
    "settle",
    "take_turns",
]

T_co = TypeVar("T_co", covariant=True)

Loop = Callable[[int], Awaitable[object]]
Sample = Callable[[], Awaitable[float]]


@dataclass(frozen=True)
class Effort:
    """How much work to spend.

    :ivar rounds: rounds of short samples
    :ivar scene_rounds: rounds of samples that set a scene of many tasks each time
    :ivar seconds: how long one sample of a loop takes
    :ivar shrink: what large numbers of tasks and descriptors are divided by
    """

    rounds: int
    scene_rounds: int
    seconds: float
    shrink: int


FULL = Effort(rounds=201, scene_rounds=7, seconds=0.002, shrink=1)
QUICK = Effort(rounds=11, scene_rounds=2, seconds=0.001, shrink=10)


@dataclass(frozen=True)
class Contender(Generic[T_co]):
    """One side of a comparison.

    :ivar name: as it is called in the table
    :ivar enter: opens it, for as long as it is measured
    :ivar package: what must be installed for it, where that may be missing
    """

    name: str
    enter: Callable[[], AbstractAsyncContextManager[T_co]]
    package: str = ""

    @property
    def is_here(self) -> bool:
        """Whether its package is installed."""
        return not self.package or find_spec(self.package) is not None


@dataclass(frozen=True)
class Turns:
    """The samples of a comparison, by name; equal positions belong to one round."""

    seconds: Mapping[str, Sequence[float]]

    def ratio(self, name: str, to: str) -> float | None:
        """The cost of one in terms of another; None where either was left out."""
        if name not in self.seconds or to not in self.seconds:
            return None
        return median(one / other for one, other in zip(self.seconds[name], self.seconds[to], strict=True))

    def cost(self, subject: str, name: str, against: str, goal: Goal | None) -> Row:
        """A row that says what one costs in terms of another."""
        return Row(subject, against, self.ratio(name, against), goal, note=self._note(name, against))

    def speed(self, subject: str, name: str, against: str, goal: Goal | None) -> Row:
        """A row that says how many times faster one is than another."""
        return Row(subject, against, self.ratio(against, name), goal, note=self._note(name, against))

    def excess(self, subject: str, name: str, against: str, goal: Goal | None) -> Row:
        """A row that says how many milliseconds one takes longer than another."""
        longer = median(self.seconds[name]) - median(self.seconds[against])
        return Row(subject, against, 1000 * longer, goal, unit="ms more", note=self._note(name, against))

    def _note(self, *names: str) -> str:
        return " : ".join(duration(median(self.seconds[name])) for name in names if name in self.seconds)


async def take_turns(samples: Mapping[str, Sample], rounds: int) -> Turns:
    """Take a sample of each in every round; the first round warms up and is not kept."""
    seconds: dict[str, list[float]] = {name: [] for name in samples}
    names = list(samples)
    gc.freeze()  # what was made before, and may be millions of objects, need not be looked at in each round
    try:
        for number in range(rounds + 1):
            with collector_at_rest():
                for name in names:
                    taken = await samples[name]()
                    if number:
                        seconds[name].append(taken)
            names.append(names.pop(0))
    finally:
        gc.unfreeze()
    return Turns(seconds)


@contextmanager
def collector_at_rest() -> Generator[None]:
    """Collect garbage now, and not again before the end of the block."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def loop_sample(loop: Loop, seconds: float) -> Sample:
    """A sample of about so many seconds of a loop."""
    count = 64
    while (taken := await _timed(loop, count)) < seconds / 4:
        count *= 2
    count = max(1, round(count * seconds / taken))

    async def sample() -> float:
        return await _timed(loop, count) / count

    return sample


async def _timed(loop: Loop, count: int) -> float:
    started = process_time()
    await loop(count)
    return process_time() - started


async def settle() -> None:
    """Let all tasks of an asyncio loop run until they wait for one another."""
    for _ in range(20):
        await asyncio.sleep(0)


async def race(contenders: Sequence[Contender[Loop]], effort: Effort) -> Turns:
    """Open the contenders that are here, and let their loops take turns."""
    async with AsyncExitStack() as stack:
        samples = {
            contender.name: await loop_sample(await stack.enter_async_context(contender.enter()), effort.seconds)
            for contender in contenders
            if contender.is_here
        }
        return await take_turns(samples, effort.rounds)
