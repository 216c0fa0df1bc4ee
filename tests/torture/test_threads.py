"""Functions for threads run inline, as steps of their own, in whatever order the schedule says."""

import asyncio
import contextvars
import os
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
import pytest
from anyio._backends import _asyncio as backend

from asyncndis.torture import LeftSimulation, allow, explore
from asyncndis.torture.escapes import guarded
from asyncndis.torture.threads import anyio_inline

COLOUR = contextvars.ContextVar("colour", default="none")
Program = Callable[[], Coroutine[Any, Any, Any]]
INLINE: list[Callable[..., Any]] = [asyncio.to_thread, anyio.to_thread.run_sync]


def outcomes(program: Program, schedules: int = 300) -> set[Any]:
    """What a program returns in some schedules."""
    found: set[Any] = set()

    async def noting() -> None:
        found.add(await program())

    result = explore(noting, schedules=schedules, strategy="random")
    assert result.failure is None, result.failure.report()
    return found


def only_outcome(program: Program) -> Any:
    (found,) = outcomes(program, 50)
    return found


def id_of(value: object) -> str:
    module: str = getattr(value, "__module__", "")
    return module


@pytest.mark.parametrize("to_thread", INLINE, ids=id_of)
def test_the_order_of_threads_is_the_schedules(to_thread: Callable[..., Any]) -> None:
    async def program() -> str:
        came: list[str] = []
        async with asyncio.TaskGroup() as group:
            for name in "abc":
                group.create_task(to_thread(came.append, name))
        return "".join(came)

    assert outcomes(program) == {"abc", "acb", "bac", "bca", "cab", "cba"}


@pytest.mark.parametrize("to_thread", INLINE, ids=id_of)
def test_a_thread_has_no_loop_and_the_context_of_its_caller(to_thread: Callable[..., Any]) -> None:
    def look() -> object:
        seen = COLOUR.get()
        COLOUR.set("changed")
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return seen, threading.current_thread() is threading.main_thread()

    async def program() -> object:
        COLOUR.set("red")
        return await to_thread(look), COLOUR.get()

    assert only_outcome(program) == (("red", True), "red")


@pytest.mark.parametrize("to_thread", INLINE, ids=id_of)
def test_a_thread_sleeps_without_waiting(to_thread: Callable[..., Any]) -> None:
    async def program() -> float:
        await to_thread(time.sleep, 3600)
        return asyncio.get_running_loop().time()

    assert only_outcome(program) == 0.0


@pytest.mark.parametrize("to_thread", INLINE, ids=id_of)
def test_errors_of_a_thread_reach_its_caller(to_thread: Callable[..., Any]) -> None:
    async def program() -> str:
        with pytest.raises(ZeroDivisionError):
            await to_thread(divmod, 1, 0)
        return "raised"

    assert only_outcome(program) == "raised"


@pytest.mark.parametrize("to_thread", INLINE, ids=id_of)
def test_what_leaves_the_simulation_is_refused_in_a_thread_too(to_thread: Callable[..., Any]) -> None:
    def leave() -> None:
        threading.Thread(target=print).start()

    async def program() -> str:
        with pytest.raises(LeftSimulation, match=r"^Thread.start\(\) at tests.torture.test_threads.py:\d+ starts"):
            await to_thread(leave)
        return "refused"

    assert only_outcome(program) == "refused"


def test_jobs_may_do_what_is_allowed_where_they_are_made() -> None:
    def leave() -> bool:
        thread = threading.Thread(target=str)
        thread.start()
        thread.join()
        return True

    async def program() -> bool:
        loop = asyncio.get_running_loop()
        with allow("threads"):
            allowed = loop.run_in_executor(None, leave)
        refused = loop.run_in_executor(None, leave)
        with pytest.raises(LeftSimulation):
            await refused
        return await allowed

    assert only_outcome(program) is True


def test_waiting_for_the_loop_in_a_thread_is_refused_rather_than_hanging() -> None:
    async def nothing() -> None: ...

    def wait_for(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.run_coroutine_threadsafe(nothing(), loop).result()

    async def program() -> str:
        with pytest.raises(LeftSimulation, match=r"^a wait of threading at tests.torture.test_threads.py:"):
            await asyncio.to_thread(wait_for, asyncio.get_running_loop())
        await asyncio.sleep(1)
        return "refused"

    assert only_outcome(program) == "refused"


# Anyio


def test_anyio_threads_wait_for_their_limiter() -> None:
    async def program() -> tuple[str, ...]:
        limiter = anyio.CapacityLimiter(1)
        said: list[str] = []

        async def run() -> None:
            await anyio.to_thread.run_sync(said.append, "thread", limiter=limiter)

        await limiter.acquire_on_behalf_of("somebody else")
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            await anyio.sleep(1)
            said.append("released")
            limiter.release_on_behalf_of("somebody else")
        return (*said, str(limiter.borrowed_tokens))

    assert outcomes(program) == {("released", "thread", "0")}


def test_anyio_threads_have_no_async_library() -> None:
    def look() -> str:
        with pytest.raises(Exception, match=r"(?i)not currently running|unknown async library|no async"):
            anyio.get_current_task()
        return "none"

    async def program() -> str:
        return await anyio.to_thread.run_sync(look)

    assert only_outcome(program) == "none"


def test_a_thread_calls_back_into_the_loop() -> None:
    async def program() -> object:
        event = anyio.Event()

        def work() -> object:
            loop = anyio.from_thread.run_sync(asyncio.get_running_loop)
            anyio.from_thread.run_sync(event.set)
            with pytest.raises(RuntimeError, match="no running event loop"):
                asyncio.get_running_loop()
            with pytest.raises(KeyError):
                anyio.from_thread.run_sync(os.environ.__getitem__, "MISSING")
            return loop

        is_same = await anyio.to_thread.run_sync(work) is asyncio.get_running_loop()
        await event.wait()
        return is_same

    assert only_outcome(program) is True


def test_a_thread_cannot_wait_for_a_coroutine() -> None:
    def work() -> None:
        anyio.from_thread.run(anyio.sleep, 1)

    async def program() -> str:
        with pytest.raises(
            LeftSimulation, match=r"^from_thread.run\(\) at tests.torture.test_threads.py:\d+ would wait"
        ):
            await anyio.to_thread.run_sync(work)
        return "refused"

    assert only_outcome(program) == "refused"


def test_a_thread_starts_tasks_through_a_portal() -> None:
    async def program() -> object:
        done: list[str] = []

        async def note(text: str) -> None:
            await anyio.sleep(1)
            done.append(text)

        def work(portal: anyio.from_thread.BlockingPortal) -> None:
            portal.start_task_soon(note, "from a thread")
            with pytest.raises(LeftSimulation, match=r"^a wait of threading"):
                portal.call(note, "waited for")

        async with anyio.from_thread.BlockingPortal() as portal:
            with pytest.raises(RuntimeError, match="event loop thread"):
                portal.start_task_soon(note, "from the loop")
            await anyio.to_thread.run_sync(work, portal)
        return tuple(sorted(done))

    assert only_outcome(program) == ("from a thread", "waited for")


def test_a_thread_hears_of_a_cancellation() -> None:
    """A cancelled scope lets a thread be run to its end, unless the thread asks."""

    async def program() -> object:
        said: list[str] = []

        def work() -> None:
            try:
                anyio.from_thread.check_cancelled()
            except asyncio.CancelledError:
                said.append("cancelled")
                raise
            said.append("done")

        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(anyio.to_thread.run_sync, work)
                await anyio.lowlevel.checkpoint()
                scope.cancel()
        return said[0] if said else "never began"

    assert outcomes(program) == {"cancelled", "done", "never began"}


def test_an_abandoned_thread_still_runs() -> None:
    async def program() -> object:
        said: list[str] = []
        with anyio.move_on_after(0) as scope:
            await anyio.to_thread.run_sync(said.append, "late", abandon_on_cancel=True)
        await anyio.sleep(1)
        return scope.cancelled_caught, tuple(said)

    assert outcomes(program) <= {(True, ()), (True, ("late",)), (False, ("late",))}


def test_plain_loops_keep_their_threads_during_a_search() -> None:
    def look() -> bool:
        anyio.from_thread.run(anyio.sleep, 0)
        anyio.from_thread.run_sync(len, "")
        return threading.current_thread() is threading.main_thread()

    async def program() -> bool:
        async with anyio.from_thread.BlockingPortal() as portal:
            await anyio.to_thread.run_sync(portal.call, len, "")
        return await anyio.to_thread.run_sync(look)

    with guarded(), anyio_inline():
        assert anyio.run(program) is False


def test_anyio_is_as_before_afterwards() -> None:
    owners = (backend.AsyncIOBackend, backend.CancelScope, anyio.from_thread.BlockingPortal)
    before = [dict(vars(owner)) for owner in owners]
    with anyio_inline():
        assert [dict(vars(owner)) for owner in owners] != before
    assert [dict(vars(owner)) for owner in owners] == before


# The order of cancellation


def test_cancellation_does_not_follow_addresses() -> None:
    """Anyio walks sets of scopes and tasks; in a simulation the same schedule cancels in the same order."""

    def orders(ballast: int) -> list[tuple[int, ...]]:
        found: list[tuple[int, ...]] = []

        async def member(number: int, order: list[int], kept: list[object]) -> None:
            with anyio.CancelScope():
                kept.extend(anyio.CancelScope() for _ in range(number * ballast % 5))
                try:
                    await anyio.sleep_forever()
                finally:
                    order.append(number)

        async def program() -> None:
            order: list[int] = []
            kept: list[object] = []
            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(member, number, order, kept)
                await anyio.sleep(1)
                group.cancel_scope.cancel()
            found.append(tuple(order))

        explore(program, schedules=5, seed=7, strategy="random")
        return found

    expected = orders(0)
    assert [orders(ballast) for ballast in range(1, 6)] == [expected] * 5


# Listeners


async def answer(stream: anyio.abc.SocketStream) -> None:
    async with stream:
        async for data in stream:
            await stream.send(data.upper())


def test_anyio_streams_run_over_the_network_in_memory() -> None:
    async def program() -> object:
        received, port = b"", 0
        async with await anyio.create_tcp_listener(local_port=80) as listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, answer)
            async with await anyio.connect_tcp("localhost", 80) as client:
                await client.send(b"hello")
                while len(received) < 5:
                    received += await client.receive()
                await client.send_eof()
                with pytest.raises(anyio.EndOfStream):
                    await client.receive()
                port = client.extra(anyio.abc.SocketAttribute.remote_port)
            group.cancel_scope.cancel()
        with pytest.raises(OSError, match="All connection attempts failed"):
            await anyio.connect_tcp("localhost", 80)
        return received, port, tuple(each.extra(anyio.abc.SocketAttribute.local_port) for each in listener.listeners)

    assert outcomes(program) == {(b"HELLO", 80, (80, 80))}


def test_anyio_datagrams_run_over_the_network_in_memory() -> None:
    async def program() -> object:
        async with (
            await anyio.create_udp_socket(local_host="127.0.0.1", local_port=53) as service,
            await anyio.create_connected_udp_socket("127.0.0.1", 53) as client,
        ):
            await client.send(b"ping")
            data, sender = await service.receive()
            await service.send((data.upper(), sender))
            return await client.receive()

    assert only_outcome(program) == b"PING"


def test_anyio_unix_sockets_are_refused(tmp_path: Any) -> None:
    async def program() -> str:
        with pytest.raises(LeftSimulation, match=r"^socket.socket\(\) at .*test_threads.py:\d+ opens a real socket"):
            await anyio.create_unix_listener(tmp_path / "listener")
        with pytest.raises(LeftSimulation, match=r"^socket.socket\(\) at .*test_threads.py:\d+ opens a real socket"):
            await anyio.connect_unix(tmp_path / "listener")
        return "refused"

    assert only_outcome(program) == "refused"


def test_anyio_processes_are_refused() -> None:
    async def program() -> str:
        with pytest.raises(
            LeftSimulation, match=r"^loop.subprocess_exec\(\) at tests.torture.test_threads.py:\d+ starts"
        ):
            await anyio.run_process(["true"])
        return "refused"

    assert only_outcome(program) == "refused"
