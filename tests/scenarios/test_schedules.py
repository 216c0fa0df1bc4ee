"""The shipped scenarios under an explorer: the small ones in every order there is, the others in a few."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from asyncndis.base import PoolExhausted
from asyncndis.memory import BufferPool
from asyncndis.testing import Scenario, exposed, fail_every_allocation
from asyncndis.testing.checks import check_equal
from asyncndis.testing.scenarios import SCENARIOS
from asyncndis.testing.scenarios.locks import LOCKS
from asyncndis.testing.scenarios.pools import POOLS
from asyncndis.torture import explore

SMALL = (*POOLS, *LOCKS)
SOON = [  # what they took for granted was wrong in one of the first schedules
    "connect_100_packets",
    "reset_under_send",
    "halt_under_send",
    "halt_under_receive",
    "power_cycle_d3_d0",
    "surprise_removal_under_load",
]


@pytest.mark.parametrize("scenario", SMALL, ids=lambda one: one.name)
def test_a_small_scenario_is_searched_to_the_end(scenario: Scenario) -> None:
    result = explore(exposed(partial(scenario.play, 0)), strategy="dfs", schedules=2000)
    assert result.failure is None, result.failure.report()
    assert result.complete
    assert result.schedules > 1


def wake_one(event: Any) -> None:
    for seat in event._seats:
        seat.set_result(True)
        return


def cancel_and_boast(timer: Any) -> bool:
    timer._disarm()
    return True


MISTAKES: list[tuple[str, str, Callable[..., object]]] = [
    ("hand_off_under_cancel", "asyncndis.memory.pool.DescriptorPool._leave", lambda *_: None),
    ("collecting_under_cancel", "asyncndis.memory.pool.DescriptorPool._leave_bulk", lambda *_: None),
    ("event_set_and_reset", "asyncndis.kernel.NdisEvent.set", wake_one),
    ("timer_against_cancel", "asyncndis.kernel.Timer.cancel", cancel_and_boast),
    ("readers_and_writer", "asyncndis.kernel.ReadWriteLock._admits", lambda *_: True),
]


@pytest.mark.parametrize(("name", "place", "mistake"), MISTAKES, ids=lambda part: part if isinstance(part, str) else "")
def test_a_small_scenario_finds_what_it_is_there_for(
    name: str, place: str, mistake: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, mistake)
    result = explore(exposed(partial(SCENARIOS[name].play, 0)), strategy="dfs", schedules=2000)
    assert result.failure is not None


@pytest.mark.parametrize("name", SOON)
def test_a_stack_goes_well_in_another_order(name: str) -> None:
    result = explore(exposed(partial(SCENARIOS[name].play, 0)), strategy="random", schedules=5)
    assert result.failure is None, result.failure.report()


@pytest.mark.parametrize("name", ["link_check_short", "reset_pended", "fragmented_sends"])
def test_a_stack_bears_refusals(name: str) -> None:
    result = explore(exposed(partial(SCENARIOS[name].play, 0)), strategy="random", faults="sites", schedules=15)
    assert result.failure is None, result.failure.report()


def test_a_check_may_fail_only_where_something_was_refused() -> None:
    async def refused() -> None:
        allocated = 0
        async with await BufferPool.create(1) as pool:
            try:
                pool.allocate_nowait().free()
                allocated += 1
            except PoolExhausted:
                pass
        check_equal("allocated", allocated, 1)

    async def wrong() -> None:
        check_equal("nothing", 0, 1)

    assert fail_every_allocation(exposed(refused)) == 1
    with pytest.raises(AssertionError, match="nothing: 0, and should be 1"):
        fail_every_allocation(exposed(wrong))
