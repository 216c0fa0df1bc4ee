"""The same data path with every rule checked, the rings included, and without."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

from asyncndis.verifier import verify
from benchmarks.harness import Effort, Turns, loop_sample, take_turns
from benchmarks.results import Row, at_most

from .ours import whole_model
from .samples import longer

__all__ = ["verifier"]


def verifier(effort: Effort) -> Iterator[Row]:
    """The verifier."""
    turns = asyncio.run(_with_and_without(longer(effort)))
    yield turns.cost("a frame through the whole model, verified", "on", "the verifier off", at_most(3, 2))


async def _with_and_without(effort: Effort) -> Turns:
    async with AsyncExitStack() as stack:
        off = await stack.enter_async_context(whole_model())
        with verify() as findings:
            async with whole_model() as on:
                samples = {
                    name: await loop_sample(loop, effort.seconds)
                    for name, loop in (("the verifier off", off), ("on", on))
                }
                turns = await take_turns(samples, effort.rounds)
        assert not findings, findings.report()
        return turns
