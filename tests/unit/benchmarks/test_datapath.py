"""The sides of the data path's comparisons move as many frames as they are asked to, in whole batches."""

import pytest

from benchmarks.datapath.floor import copying_alone
from benchmarks.datapath.ours import whole_model, with_pass_through
from benchmarks.datapath.parts import receiving, sending
from benchmarks.datapath.peers import PEERS
from benchmarks.datapath.samples import longer
from benchmarks.harness import QUICK, Contender, Loop

OURS = [Contender(enter.__name__, enter) for enter in (whole_model, with_pass_through, sending, receiving)]


@pytest.mark.asyncio
@pytest.mark.parametrize("contender", [Contender("floor", copying_alone), *PEERS, *OURS], ids=lambda one: one.name)
async def test_a_loop_ends_when_all_frames_have_come(contender: Contender[Loop]) -> None:
    async with contender.enter() as loop:
        await loop(1)
        await loop(200)


def test_samples_are_longer_and_fewer() -> None:
    assert longer(QUICK).seconds > QUICK.seconds
    assert 3 <= longer(QUICK).rounds < QUICK.rounds
