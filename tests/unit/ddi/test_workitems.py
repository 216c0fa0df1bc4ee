"""Work items by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import NdisInitializeWorkItem, NdisScheduleWorkItem
from asyncndis.kernel import Irql, Kernel, WorkItem, at_irql, current_irql
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_the_routine_runs_at_passive_level() -> None:
    calls = list[tuple[WorkItem, str, int]]()

    def routine(item: WorkItem, context: str) -> None:
        calls.append((item, context, current_irql()))

    async with Kernel():
        item = NdisInitializeWorkItem(routine, "context", name="reset")
        with at_irql(Irql.DISPATCH):
            assert NdisScheduleWorkItem(item) == NdisStatus.SUCCESS
            with breaks("LIFE-19"):
                NdisScheduleWorkItem(item)
    assert calls == [(item, "context", Irql.PASSIVE)]


async def test_the_kernel_is_closed() -> None:
    async with Kernel():
        item = NdisInitializeWorkItem(lambda item, context: None, None)
    assert NdisScheduleWorkItem(item) == NdisStatus.FAILURE
