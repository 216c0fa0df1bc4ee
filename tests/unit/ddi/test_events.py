"""Events by their NDIS names."""

import anyio
import pytest

from asyncndis.ddi import NdisInitializeEvent, NdisResetEvent, NdisSetEvent, NdisWaitEvent
from asyncndis.kernel import Irql, VirtualClock, at_irql, use_clock
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_an_event_stays_set() -> None:
    event = NdisInitializeEvent(name="link-up")
    NdisSetEvent(event)
    assert await NdisWaitEvent(event, 0)
    assert await NdisWaitEvent(event, 5)
    NdisResetEvent(event)
    assert not event.signaled


async def test_the_time_is_up() -> None:
    with use_clock(VirtualClock()) as clock:
        event, answers = NdisInitializeEvent(), list[bool]()

        async def wait() -> None:
            answers.append(await NdisWaitEvent(event, 20))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await clock.advance(0.02)
    assert answers == [False]


async def test_waiting_at_dispatch() -> None:
    event = NdisInitializeEvent()
    NdisSetEvent(event)
    with at_irql(Irql.DISPATCH), breaks("IRQL-02"):
        await NdisWaitEvent(event, 0)
