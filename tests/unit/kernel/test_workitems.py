"""Work items."""

import anyio
import pytest

from asyncndis.base import observe
from asyncndis.kernel import Dpc, Irql, Kernel, WorkItem, current_irql, current_task
from tests.unit.kernel.expecting import Recorder, Refusing, breaks
from tests.unit.kernel.tasks import settle

pytestmark = pytest.mark.every_loop


async def test_each_runs_once_at_passive_level_in_a_task_of_its_own() -> None:
    calls: list[tuple[str, int, object]] = []
    go = anyio.Event()

    async def work(name: str) -> None:
        await go.wait()
        calls.append((name, current_irql(), current_task()))

    async with Kernel() as kernel:
        for item in (WorkItem(work, "a"), WorkItem(work, "b")):
            Dpc(item.schedule).queue()
        await settle()
        assert kernel.statistics().work_items == 2
        go.set()
        await settle()
        assert sorted(call[0] for call in calls) == ["a", "b"]
        assert {call[1] for call in calls} == {Irql.PASSIVE}
        assert len({call[2] for call in calls} | {current_task()}) == 3
        assert kernel.statistics().work_items == 0


async def test_it_may_be_scheduled_again_once_it_has_begun() -> None:
    runs: list[str] = []

    def work() -> None:
        runs.append(repr(item))
        if len(runs) < 3:
            item.schedule()

    async with Kernel():
        item = WorkItem(work, name="reset")
        assert repr(item) == "<WorkItem 'reset' idle>"
        item.schedule()
        assert repr(item) == "<WorkItem 'reset' scheduled>"
        with breaks("LIFE-19", "reset is scheduled again before it has begun"):
            item.schedule()
        await settle()
        assert runs == ["<WorkItem 'reset' idle>"] * 3


async def test_its_arguments_can_be_the_item_itself() -> None:
    got: list[object] = []
    async with Kernel():
        item = WorkItem(lambda *arguments: got.extend(arguments))
        item.arguments = (item, "context")
        item.schedule()
    assert got == [item, "context"]


async def test_the_probe_sees_each_call_and_may_refuse_it() -> None:
    recorder = Recorder()
    async with Kernel() as kernel:
        with observe(recorder):
            WorkItem(list).schedule()
        with observe(Refusing()):
            item = WorkItem(list)
        with breaks("TEST-01"):
            item.schedule()
        assert not item.scheduled
        assert kernel.statistics().work_items == 1
        with pytest.raises(TypeError, match="name is a str"):
            WorkItem(list, name=None)  # type: ignore[arg-type]  # that is the test
        with pytest.raises(TypeError, match="function is a plain function"):
            WorkItem(None)  # type: ignore[arg-type]  # that is the test
    assert recorder.calls == [("before", "NdisScheduleWorkItem"), ("after", "NdisScheduleWorkItem")]
