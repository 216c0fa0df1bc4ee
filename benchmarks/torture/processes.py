"""Processes that measure: a bare one, and one that has imported what a test process imports."""

import json
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncGenerator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec

from benchmarks.harness import Effort, Sample, Turns, take_turns

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
    """Let all that are here take turns, each in the process that it belongs to."""
    here = [thing for thing in things if SIDES[thing.side].is_here]
    async with AsyncExitStack() as stack:
        processes = {
            modules: await stack.enter_async_context(_process(modules)) for modules in {thing.modules for thing in here}
        }
        samples = {thing.name: _sample(processes[thing.modules], thing, effort.seconds * 50) for thing in here}
        return await take_turns(samples, max(3, effort.rounds // 10))


def _sample(process: Process, thing: Measured, seconds: float) -> Sample:
    assert process.stdin is not None
    assert process.stdout is not None
    to, answers = process.stdin, process.stdout
    question = json.dumps([thing.side, thing.scenario, seconds]).encode() + b"\n"

    async def sample() -> float:
        to.write(question)
        answer = await answers.readline()
        if not answer:
            raise RuntimeError(f"{thing.side} could not run {thing.scenario}: its process ended, see above")
        return float(answer)

    return sample


@asynccontextmanager
async def _process(modules: tuple[str, ...]) -> AsyncGenerator[Process]:
    """A process with these modules, as far as they are installed."""
    installed = [module for module in modules if find_spec(module)]
    command = [sys.executable, "-m", "benchmarks.torture.worker", *installed]
    process = await create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdin is not None
    try:
        yield process
    finally:
        process.stdin.close()
        await process.wait()
