"""An hour of life takes no more memory at its end than at its beginning, on any loop, and under the verifier."""

import gc
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest

from asyncndis.kernel.clock import SECOND
from asyncndis.testing import virtual_time
from asyncndis.testing.scenarios import SCENARIOS
from asyncndis.verifier import verify
from tests.support.garbage import only_new_garbage
from tests.support.loops import LOOPS, run_on

LIFE = SCENARIOS["day_of_life"]
SAMPLES = range(4 * 60, 60 * 60, 4 * 60)  # in seconds; by the first everything has been used once
NOISE = 200  # blocks: what is on its way at one moment and not at another; a leak of one for each frame would be 1000


def sampler(samples: list[int]) -> Callable[[], None]:
    def sample() -> None:
        gc.collect()
        samples.append(sys.getallocatedblocks())

    return sample


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("watch", [nullcontext, verify])
def test_memory_is_flat(loop: str, watch: Callable[[], AbstractContextManager[object]]) -> None:
    samples: list[int] = []

    async def main() -> None:
        async with virtual_time(LIFE.limit) as clock:
            for second in SAMPLES:
                clock.call_at(second * SECOND, sampler(samples))
            await LIFE.play(0)

    with only_new_garbage(), watch():
        run_on(loop, main)
    third = len(samples) // 3
    assert len(samples) == len(SAMPLES)
    assert min(samples[-third:]) - min(samples[:third]) < NOISE, samples
