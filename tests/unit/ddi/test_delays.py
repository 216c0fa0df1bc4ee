"""Time by its NDIS names."""

import anyio
import pytest

from asyncndis.ddi import NdisGetCurrentSystemTime, NdisGetSystemUpTime, NdisMSleep, NdisStallExecution
from asyncndis.kernel import VirtualClock, use_clock
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_sleep_and_up_time() -> None:
    with use_clock(VirtualClock()) as clock:
        times = list[int]()

        async def sleeper() -> None:
            await NdisMSleep(30_000)
            times.append(NdisGetSystemUpTime())

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(sleeper)
            await clock.advance(1)
    assert times == [30]


async def test_a_sleep_too_long() -> None:
    with breaks("IRQL-03"):
        await NdisMSleep(30_000_001)


async def test_stall() -> None:
    with use_clock(VirtualClock(1_000)):
        NdisStallExecution(50)
        assert NdisGetCurrentSystemTime() == 1_500


async def test_a_stall_too_long() -> None:
    with breaks("IRQL-03"):
        NdisStallExecution(51)
