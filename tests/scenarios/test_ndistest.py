"""Every shipped scenario, on every loop, under the verifier: nothing is found, nothing is left, and a seed is a run."""

import pytest

from asyncndis.base import Probe, observe
from asyncndis.testing import virtual_time
from asyncndis.testing.scenarios import SCENARIOS
from asyncndis.verifier import verify
from tests.support.loops import run_on


class Recorder(Probe):
    """Writes down what is done."""

    def __init__(self) -> None:
        self.operations: list[str] = []

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        self.operations.append(operation)


@pytest.mark.every_loop
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_goes_well(name: str) -> None:
    with verify() as findings:
        await SCENARIOS[name].run()
    assert not findings, findings.report()


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_seed_gives_the_same_run_again(name: str) -> None:
    runs: list[list[str]] = []
    for _ in range(2):
        recorder = Recorder()
        with verify() as findings, observe(recorder):
            run_on("asyncio", lambda: SCENARIOS[name].run(seed=1))
        assert not findings, findings.report()
        runs.append(recorder.operations)
    assert runs[0] == runs[1]


def test_there_are_as_many_as_were_promised() -> None:
    assert len(SCENARIOS) >= 25
    assert all(name == scenario.name for name, scenario in SCENARIOS.items())
    assert all(scenario.summary.endswith(".") for scenario in SCENARIOS.values())


@pytest.mark.every_loop
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_scenario_goes_well_where_nobody_watches(name: str) -> None:
    """Without a probe everything takes its short ways."""
    scenario = SCENARIOS[name]
    async with virtual_time(scenario.limit):
        await scenario.play(2)
