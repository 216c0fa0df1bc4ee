"""What ``import asyncndis`` adds to a program that imports anyio, each in a fresh interpreter."""

import asyncio
import sys
from collections.abc import Iterator

import anyio

from benchmarks.harness import Effort, Sample, take_turns
from benchmarks.results import Row, at_most

__all__ = ["importing"]

RUNS = 31
PROGRAM = """
from time import process_time
started = process_time()
{}
print(process_time() - started)
"""


def importing(effort: Effort) -> Iterator[Row]:
    """Importing the package."""
    programs = {
        "anyio": "import anyio",
        "package": "import anyio, asyncndis",
        "names": "import anyio; from asyncndis import BufferPool, PacketPool, SpinLock",
    }
    samples = {name: _sample(program) for name, program in programs.items()}
    turns = asyncio.run(take_turns(samples, max(1, RUNS // effort.shrink)))
    yield turns.excess("import asyncndis", "package", "anyio", at_most(15))
    yield turns.excess("the same, using its pools and locks", "names", "anyio", None)


def _sample(program: str) -> Sample:
    """Seconds that a new interpreter takes for these imports."""

    async def sample() -> float:
        run = await anyio.run_process([sys.executable, "-c", PROGRAM.format(program)])
        return float(run.stdout)

    return sample
