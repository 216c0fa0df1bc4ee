"""The host is the loop that runs here, and its seats hand one value to one sleeper."""

import asyncio
import gc
import math
import subprocess
import sys
import threading
import weakref

import anyio
import pytest
import trio
import uvloop
from anyio.lowlevel import checkpoint

from asyncndis.kernel import current_host, current_task, find_host
from tests.support.loops import LOOPS, run_on, settle


def test_without_a_loop_there_is_no_host() -> None:
    assert find_host() is None
    assert current_task() is None
    with pytest.raises(RuntimeError, match=r"^no event loop runs here: call this from a task"):
        current_host()


def test_no_loop_is_imported_to_find_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncndis.kernel.host.modules", {})
    assert find_host() is None


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_program_imports_its_own_loop_only(loop: str) -> None:
    code = (
        "import sys, anyio\nfrom asyncndis.kernel import current_host\n"
        f"async def main(): print(current_host().name, *sys.modules)\nanyio.run(main, backend={loop!r})"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert answer[0] == loop
    loaded = {name for name in answer if name.startswith("asyncndis.kernel._")}
    assert loaded & {"asyncndis.kernel._asyncio_host", "asyncndis.kernel._trio_host"} == {
        f"asyncndis.kernel._{loop}_host"
    }


@pytest.mark.every_loop
async def test_the_host_is_the_loop_that_runs() -> None:
    host = current_host()
    assert host.runs_here()
    assert current_host().loop is host.loop
    if host.name == "trio":
        assert host.loop is trio.lowlevel.current_trio_token()
        assert current_task() is trio.lowlevel.current_task()
    else:
        assert host.name == "asyncio"
        assert host.loop is asyncio.get_running_loop()
        assert current_task() is asyncio.current_task()


@pytest.mark.parametrize("other", LOOPS)
@pytest.mark.every_loop
async def test_another_loop_is_another_host(other: str) -> None:
    here = current_host()
    seen: list[tuple[bool, bool]] = []

    async def there() -> None:
        seen.append((current_host().loop is here.loop, here.runs_here()))

    thread = threading.Thread(target=run_on, args=(other, there))
    thread.start()
    while thread.is_alive():
        await checkpoint()
    assert seen == [(False, False)]
    assert here.runs_here()


def test_a_host_of_a_loop_that_ended_runs_nowhere() -> None:
    async def host() -> object:
        return current_host()

    assert [run_on(loop, host).runs_here() for loop in LOOPS] == [False] * 3  # type: ignore[attr-defined]  # hosts


@pytest.mark.every_loop
async def test_tasks_have_names_and_ends() -> None:
    host = current_host()
    tasks: list[object] = []

    async def note() -> None:
        tasks.append(current_task())
        assert not host.task_is_done(current_task())
        assert "note" in host.task_name(current_task())

    async with anyio.create_task_group() as group:
        group.start_soon(note)
    assert host.task_is_done(tasks[0])
    assert not host.task_is_done(None)
    assert host.task_name(None) == "event loop callback"


@pytest.mark.asyncio
async def test_a_callback_of_asyncio_is_no_task() -> None:
    seen: list[object] = []
    current_host().call_soon(lambda: seen.append(current_task()))
    await settle()
    assert seen == [None]


@pytest.mark.every_loop
async def test_callbacks_run_when_the_task_gives_way() -> None:
    host = current_host()
    seen: list[str] = []
    host.call_soon(lambda: seen.append("soon"))
    later = host.call_later(0, lambda: seen.append("later"))
    assert seen == []
    while len(seen) < 2:
        await checkpoint()
    later.cancel()
    assert sorted(seen) == ["later", "soon"]


@pytest.mark.parametrize("started", [False, True])
@pytest.mark.every_loop
async def test_a_callback_is_called_off(*, started: bool) -> None:
    host = current_host()
    seen: list[str] = []
    later = [host.call_later(seconds, lambda: seen.append("later")) for seconds in (0, 3600, math.inf)]
    if started:
        later.pop(0).cancel()
        await settle()
    for callback in later:
        callback.cancel()
    await settle()
    assert seen == []


@pytest.mark.every_loop
async def test_time_does_not_go_back() -> None:
    host = current_host()
    before = host.time()
    await checkpoint()
    assert host.time() >= before


@pytest.mark.every_loop
async def test_a_seat_hands_a_value_over() -> None:
    seat = current_host().new_seat()
    got: list[object] = []

    async def sleep() -> None:
        got.append(await seat)

    async with anyio.create_task_group() as group:
        group.start_soon(sleep)
        await settle()
        assert not seat.done()
        seat.set_result("value")
        assert seat.done()
        assert got == [], "the sleeper runs when its turn comes"
    assert got == ["value"]
    assert seat.result() == "value"
    assert not seat.cancelled()


@pytest.mark.every_loop
async def test_a_seat_may_be_served_before_it_is_taken() -> None:
    seat = current_host().new_seat()
    seat.set_result("value")
    assert await seat == "value"


@pytest.mark.parametrize("early", [False, True])
@pytest.mark.every_loop
async def test_a_seat_hands_an_error_over(*, early: bool) -> None:
    seat = current_host().new_seat()
    if early:
        seat.set_exception(LookupError("gone"))
    async with anyio.create_task_group() as group:
        if not early:
            current_host().call_soon(lambda: seat.set_exception(LookupError("gone")))
        with pytest.raises(LookupError, match="gone"):
            await seat
        group.cancel_scope.cancel()
    with pytest.raises(LookupError):
        seat.result()


@pytest.mark.every_loop
async def test_the_seat_of_a_cancelled_sleeper_is_cancelled() -> None:
    seat = current_host().new_seat()

    async def sleep() -> None:
        await seat

    async with anyio.create_task_group() as group:
        group.start_soon(sleep)
        await settle()
        group.cancel_scope.cancel()
    assert seat.done()
    assert seat.cancelled()


@pytest.mark.every_loop
async def test_a_seat_can_be_given_up_until_it_is_served() -> None:
    host = current_host()
    given_up, served = host.new_seat(), host.new_seat()
    given_up.cancel()
    assert given_up.done()
    assert given_up.cancelled()
    served.set_result(None)
    served.cancel()
    assert not served.cancelled()
    assert served.result() is None


@pytest.mark.anyio
async def test_trio_delivers_what_was_handed_over_before_a_cancellation() -> None:
    seat = current_host().new_seat()
    got: list[object] = []

    async def sleep() -> None:
        got.append(await seat)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleep)
        await settle()
        seat.set_result("value")
        nursery.cancel_scope.cancel()
    assert got == ["value"]


def test_loops_that_ended_are_let_go() -> None:
    async def loop() -> weakref.ref[object]:
        return weakref.ref(current_host().loop)

    ended = [run_on("asyncio", loop) for _ in range(4)]
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        last = runner.run(loop())
    gc.collect()
    assert [ref() for ref in ended] == [None] * 4
    run_on("asyncio", loop)
    gc.collect()
    assert last() is None, "only the host of the last loop is kept"
