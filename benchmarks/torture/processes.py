"""Where schedules are measured: in a bare process, and in one that has imported what a test process imports.

Each side has one of its own, so that none has to collect the garbage of another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.harness import Effort, Sample, Turns, take_turns

from .respondents import Respondent
from .sides import SIDES

__all__ = ["BARE", "TEST_PROCESS", "Measured", "measure"]

BARE: tuple[str, ...] = ()
TEST_PROCESS = ("pytest", "hypothesis", "anyio", "trio", "uvloop")


@dataclass(frozen=True)
class Measured:
    """One thing to measure.

    :ivar name: what it is called in the turns
    :ivar side: who runs
    :ivar scenario: what
    :ivar modules: what its process has imported
    """

    name: str
    side: str
    scenario: str
    modules: tuple[str, ...] = BARE


async def measure(things: Iterable[Measured], effort: Effort) -> Turns:
    """Let all that are here take turns, each in a process of its own."""
    here = [thing for thing in things if SIDES[thing.side].is_here]
    workers = {thing.name: _worker(thing.modules) for thing in here}
    samples = {thing.name: _sample(workers[thing.name], thing, effort.seconds * 50) for thing in here}
    try:
        return await take_turns(samples, max(3, effort.rounds // 10))
    finally:
        for worker in workers.values():
            await worker.close()


def _worker(modules: tuple[str, ...]) -> Respondent:
    """A process with these modules, as far as they are installed."""
    return Respondent("samples:sample", *filter(find_spec, modules))


def _sample(worker: Respondent, thing: Measured, seconds: float) -> Sample:
    async def sample() -> float:
        return float(await worker.ask(thing.side, thing.scenario, seconds))

    return sample
