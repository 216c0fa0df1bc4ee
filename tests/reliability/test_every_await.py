"""Every public coroutine is cancelled at each of its awaits, in every way, on every loop: nothing is lost."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import asyncndis.base
import asyncndis.kernel
import asyncndis.memory
import asyncndis.ndis
from tests.reliability.kernel_scenarios import KERNEL_SCENARIOS
from tests.reliability.ndis_scenarios import NDIS_SCENARIOS
from tests.reliability.scenarios import SCENARIOS
from tests.support.cancelling import Scenario, cancel_at_each_await, undisturbed
from tests.support.loops import LOOPS
from tests.support.worlds import rest

ALL_SCENARIOS = [*SCENARIOS, *KERNEL_SCENARIOS, *NDIS_SCENARIOS]
PACKAGES = [asyncndis.base, asyncndis.kernel, asyncndis.memory, asyncndis.ndis]
AWAITING_DUNDERS = {"__aenter__", "__aexit__", "__anext__", "__await__"}
NEVER_SUSPEND = {
    "SpinLock.__aexit__",  # releasing waits for nobody
    "Mutex.__aexit__",
    "ReadWriteAccess.__aexit__",
    "Kernel.__aenter__",  # the tasks that it starts have their first turn later
    "Borrow.__aexit__",  # nor does freeing
    "Frame.__aexit__",
    "Ndis.__aenter__",  # as Kernel's
    "DescriptorPool.__aenter__",  # it is there already
}


def coroutines_of(package: ModuleType) -> Iterator[str]:
    """The coroutine functions that a package offers, by qualified name; protocols only describe those of others."""
    for name in package.__all__:
        offered = getattr(package, name)
        if inspect.iscoroutinefunction(offered):
            yield offered.__qualname__
        elif inspect.isclass(offered) and not getattr(offered, "_is_protocol", False):
            for attribute, value in inspect.getmembers(offered, inspect.isfunction):
                is_public = not attribute.startswith("_") or attribute in AWAITING_DUNDERS
                if is_public and (inspect.iscoroutinefunction(value) or attribute == "__await__"):
                    yield value.__qualname__


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("scenario", ALL_SCENARIOS, ids=str)
def test_cancelled_at_each_await(scenario: Scenario[Any], loop: str) -> None:
    with rest():
        record = cancel_at_each_await(scenario, loop)
    ways = 2 if loop == "trio" else 4
    assert record.runs == ways * (record.suspensions + 1)
    assert record.interrupted >= ways // 2 * record.suspensions, "a task that is cancelled asleep wakes up cancelled"


@pytest.mark.parametrize("loop", LOOPS)
def test_no_public_coroutine_is_forgotten(loop: str) -> None:
    records = [undisturbed(scenario, loop) for scenario in ALL_SCENARIOS]
    called = {name for record in records for name in record.called}
    slept = {name for record in records for name in record.slept}
    public = {name for package in PACKAGES for name in coroutines_of(package)}
    assert {"BufferPool.allocate", "DescriptorPool.aclose", "PoolCreation.__await__", "SpinLock.acquire"} <= public
    assert public - called == set(), "add a scenario that goes through these to tests/reliability/scenarios.py"
    assert public - slept - {name for name in public if name.endswith("__await__")} == NEVER_SUSPEND & public
