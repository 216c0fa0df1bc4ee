"""Scenarios: how one is made, run, and found to have left something."""

import pytest
from anyio import sleep_forever

import asyncndis.testing
from asyncndis.base import current_probe
from asyncndis.kernel import VirtualClock, current_clock
from asyncndis.memory import BufferPool
from asyncndis.testing import let_pass, scenario
from asyncndis.testing.scenarios import SCENARIOS

pytestmark = pytest.mark.every_loop

kept: list[object] = []


@scenario()
async def good(seed: int) -> None:
    """Waits as many seconds as its seed says.

    Further lines are none of the summary.
    """
    assert isinstance(current_clock(), VirtualClock)
    assert current_probe() is not None
    await let_pass(seed)
    kept.append(seed)


@scenario(limit=5)
async def endless(seed: int) -> None:
    """Waits for ever."""
    await sleep_forever()


@scenario()
async def careless(seed: int) -> None:
    """Leaves a pool."""
    kept.append(await BufferPool.create(seed))


@scenario()
async def alarmed(seed: int) -> None:
    """Leaves something due."""
    current_clock().call_at(10**12, lambda: None)


async def test_a_scenario_is_named_after_its_function() -> None:
    assert (good.name, good.summary, good.limit) == ("good", "Waits as many seconds as its seed says.", 60)
    assert repr(good) == "<Scenario good: Waits as many seconds as its seed says.>"


async def test_it_runs_with_its_seed_any_number_of_times() -> None:
    kept.clear()
    await good.run()
    await good.run(seed=7)
    assert kept == [0, 7]


async def test_it_has_a_limit() -> None:
    with pytest.raises(TimeoutError, match="not over after 5 s"):
        await endless.run()


async def test_it_leaves_no_pool() -> None:
    kept.clear()
    with pytest.raises(AssertionError, match="left behind: <BufferPool"):
        await careless.run(3)
    (pool,) = kept
    assert isinstance(pool, BufferPool)
    pool.close()


async def test_it_leaves_no_timer() -> None:
    with pytest.raises(TimeoutError, match="not idle after 0 s: the next callback is due at 100000 s"):
        await alarmed.run()


async def test_the_decorator_is_there_also_after_the_scenarios_were_imported() -> None:
    assert len(SCENARIOS) > 0
    assert asyncndis.testing.scenario is scenario
    assert callable(scenario)
