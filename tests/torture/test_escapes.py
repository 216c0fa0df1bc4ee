"""Whatever leads out of a simulation is refused where it is called, and only there and then."""

import asyncio
import concurrent.futures
import multiprocessing
import os
import pdb  # noqa: T100 - it is what a test looks at
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from time import sleep
from typing import Any

import pytest

from asyncndis.torture import Progress, escapes, explore, search
from asyncndis.torture.escapes import LeftSimulation, Way, allow, guarded, inside_job, outside
from asyncndis.torture.network import MemoryNetwork

HERE = r"at tests.torture.test_escapes\.py:\d+ "


class ClosedSelectorLoop(MemoryNetwork, asyncio.SelectorEventLoop):
    """A plain loop that counts as simulated."""


def simulate(function: Callable[[], Any]) -> Any:
    """Call a plain function from a task of a guarded run."""

    async def program() -> Any:
        return function()

    with guarded(), asyncio.Runner(loop_factory=ClosedSelectorLoop) as runner:
        return runner.run(program())


def start_thread() -> None:
    threading.Thread(target=print).start()


def submit_to_threads() -> None:
    concurrent.futures.ThreadPoolExecutor().submit(print)


def submit_to_processes() -> None:
    concurrent.futures.ProcessPoolExecutor().submit(print)


def start_process() -> None:
    multiprocessing.get_context("spawn").Process(target=print).start()


def wait_for_a_future() -> None:
    concurrent.futures.Future[None]().result()


def wait_for_an_event() -> None:
    threading.Event().wait(1)


ESCAPES: list[tuple[Callable[[], object], Way, str]] = [
    (socket.socket, "sockets", r"socket.socket\(\) HERE opens a real socket"),
    (lambda: socket.create_connection(("127.0.0.1", 9)), "sockets", r"create_connection\(\) HERE opens a real socket"),
    (
        lambda: [*socket.socketpair()],
        "sockets",
        r"socket.socketpair\(\) HERE opens real sockets",
    ),
    (lambda: socket.create_server(("127.0.0.1", 0)), "sockets", r"socket.socket\(\) HERE opens a real socket"),
    (lambda: socket.gethostbyname("localhost"), "sockets", r"socket.gethostbyname\(\) HERE asks the real resolver"),
    (
        lambda: asyncio.new_event_loop().close(),
        "sockets",
        r"asyncio.new_event_loop\(\) HERE makes an event loop that waits for real files",
    ),
    (start_thread, "threads", r"Thread.start\(\) HERE starts a real thread"),
    (lambda: threading.Timer(1, print).start(), "threads", r"Thread.start\(\) HERE starts a real thread"),
    (submit_to_threads, "threads", r"submit\(\) HERE starts a real thread"),
    (wait_for_a_future, "threads", "a wait of threading HERE would wait for a thread that no schedule runs"),
    (wait_for_an_event, "threads", "a wait of threading HERE would wait for a thread that no schedule runs"),
    (submit_to_processes, "processes", r"submit\(\) HERE starts a process"),
    (start_process, "processes", r"Process.start\(\) HERE starts a process"),
    (lambda: subprocess.run(["true"], check=True), "processes", r"subprocess.Popen\(\) HERE starts a process"),
    (lambda: os.fork() or os._exit(0), "processes", r"os.fork\(\) HERE starts a process"),
    (lambda: os.posix_spawn("true", [], {}), "processes", r"os.posix_spawn\(\) HERE starts a process"),
    (
        lambda: signal.signal(signal.SIGUSR1, signal.SIG_IGN),
        "signals",
        r"signal.signal\(\) HERE waits for real signals",
    ),
    (lambda: signal.alarm(0), "signals", r"signal.alarm\(\) HERE waits for real signals"),
    (lambda: time.sleep(0), "sleep", r"time.sleep\(\) HERE blocks the event loop"),
    (lambda: sleep(0), "sleep", r"time.sleep\(\) HERE blocks the event loop"),
]


@pytest.mark.parametrize(("escape", "way", "message"), ESCAPES)
def test_a_way_out_is_refused_where_it_is_taken(escape: Callable[[], object], way: Way, message: str) -> None:
    def take() -> None:
        escape()

    expected = message.replace("HERE ", HERE) + f' and leaves the simulation: .*, or write `with allow."{way}".:`'
    with pytest.raises(LeftSimulation, match=expected):
        simulate(take)


def test_the_error_is_one_sentence_that_names_the_line_and_the_way_out() -> None:
    def nap() -> None:
        time.sleep(1)

    with pytest.raises(LeftSimulation) as left:
        simulate(nap)
    line = nap.__code__.co_firstlineno + 1
    assert str(left.value) == (
        f"time.sleep() at tests/torture/test_escapes.py:{line} blocks the event loop and leaves the simulation: "
        'await asyncio.sleep, whose time is virtual, or write `with allow("sleep"):` around it'
    )


@pytest.mark.parametrize("method", ["add_reader", "add_writer", "add_signal_handler"])
def test_what_a_simulated_loop_cannot_wait_for_is_refused(method: str) -> None:
    def call() -> None:
        getattr(asyncio.get_running_loop(), method)(0, print)

    with pytest.raises(LeftSimulation, match=rf"^loop.{method}\(\) {HERE}waits for a real"):
        simulate(call)


def test_a_simulated_loop_waits_for_no_file_and_no_signal() -> None:
    def call() -> list[bool]:
        loop = asyncio.get_running_loop()
        return [loop.remove_reader(0), loop.remove_writer(0), loop.remove_signal_handler(signal.SIGINT)]

    assert simulate(call) == [False, False, False]


def test_asyncio_subprocesses_are_refused_in_the_program() -> None:
    async def program() -> None:
        with pytest.raises(LeftSimulation, match=rf"^loop.subprocess_exec\(\) {HERE}starts a process"):
            await asyncio.create_subprocess_exec("true")
        with pytest.raises(LeftSimulation, match=rf"^loop.subprocess_shell\(\) {HERE}starts a process"):
            await asyncio.create_subprocess_shell("true")

    with asyncio.Runner(loop_factory=ClosedSelectorLoop) as runner:
        runner.run(program())


# Allowed


def test_allowed_ways_are_open_for_a_block() -> None:
    def take() -> int:
        with allow("threads", "sockets"):
            with allow("sleep"):
                time.sleep(0)
            with pytest.raises(LeftSimulation, match=r"time\.sleep"):
                time.sleep(0)
            done: list[int] = []
            thread = threading.Thread(target=done.append, args=(1,))
            thread.start()
            thread.join()
            socket.socket().close()
        with pytest.raises(LeftSimulation, match=r"socket\.socket"):
            socket.socket()
        return len(done)

    assert simulate(take) == 1


def test_tasks_inherit_what_is_allowed() -> None:
    async def program() -> None:
        async def nap() -> None:
            time.sleep(0)  # noqa: ASYNC251 - that is the point

        with allow("sleep"):
            inheriting = asyncio.create_task(nap())
        await inheriting
        with pytest.raises(LeftSimulation):
            await asyncio.create_task(nap())

    with guarded(), asyncio.Runner(loop_factory=ClosedSelectorLoop) as runner:
        runner.run(program())


def test_what_is_allowed_around_a_run_is_allowed_in_it() -> None:
    with allow("sleep"):
        simulate(lambda: time.sleep(0))


def test_an_unknown_way_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"^allow\(\) does not know 'files': it takes 'sockets', 'threads', 'processes', "
    ):
        allow("files").__enter__()  # type: ignore[arg-type]  # that is what is tested


# Not refused


def taken_everywhere() -> None:
    """Take some ways out that do no harm."""
    time.sleep(0)
    socket.socket().close()
    thread = threading.Thread(target=str)
    thread.start()
    thread.join()
    signal.getsignal(signal.SIGINT)


def test_without_a_run_everything_passes() -> None:
    with guarded():
        taken_everywhere()


def test_a_plain_loop_passes() -> None:
    async def program() -> None:
        taken_everywhere()

    with guarded():
        asyncio.run(program())


def test_other_threads_pass() -> None:
    def in_a_thread() -> None:
        with allow("threads"):
            thread = threading.Thread(target=taken_everywhere)
            thread.start()
            thread.join()

    simulate(in_a_thread)


def test_the_explorers_own_code_passes() -> None:
    def report() -> object:
        with outside():
            taken_everywhere()
            assert asyncio._get_running_loop() is None
        return asyncio.get_running_loop()

    assert isinstance(simulate(report), ClosedSelectorLoop)


def test_a_report_of_progress_may_use_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "PROGRESS_INTERVAL", 0)
    reports: list[Progress] = []

    def report(progress: Progress) -> None:
        taken_everywhere()
        reports.append(progress)

    async def program() -> None: ...

    explore(program, schedules=3, strategy="random", progress=report)
    assert reports


def test_a_debugger_may_stop_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    """A debugger waits for Ctrl-C, which is a signal."""
    commands = iter(["p 6 * 7", "c"])
    debugger = pdb.Pdb(nosigint=False, readrc=False)

    def obey(intro: object = None) -> None:
        while not debugger.onecmd(next(commands)):
            pass

    monkeypatch.setattr(debugger, "cmdloop", obey)
    before, tracing = signal.getsignal(signal.SIGINT), sys.gettrace()
    try:
        simulate(debugger.set_trace)
    finally:
        sys.settrace(tracing)
        signal.signal(signal.SIGINT, before)
    assert next(commands, None) is None


def test_a_timeout_of_the_test_runner_reaches_a_run() -> None:
    """A signal that was asked for before the run interrupts it."""

    def give_up(*_: object) -> None:
        raise TimeoutError

    def spin() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        while True:
            pass

    before = signal.signal(signal.SIGUSR1, give_up)
    try:
        with pytest.raises(TimeoutError):
            simulate(spin)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_job_may_sleep_and_it_takes_no_time() -> None:
    def job() -> float:
        before = time.monotonic()
        with inside_job():
            assert asyncio._get_running_loop() is None
            time.sleep(60)
            with pytest.raises(LeftSimulation, match=r"socket\.socket"):
                socket.socket()
        return time.monotonic() - before

    assert simulate(job) < 30


# What stands and what is put back


def standing() -> list[object]:
    """The functions that guards replace, as they are now."""
    found: list[object] = [sleep]
    for exit_ in escapes.EXITS:
        owner: Any = sys.modules.get(exit_.module)
        for step in exit_.name.split("."):
            owner = getattr(owner, step, None)
        found.append(owner)
    return found


@pytest.fixture
def originals() -> Iterator[list[object]]:
    before = standing()
    yield before
    assert standing() == before


def test_guards_stand_while_any_block_runs(originals: list[object]) -> None:
    with guarded():
        replaced = standing()
        assert all(now is None or now is not before for now, before in zip(replaced, originals, strict=True))
        with guarded():
            assert standing() == replaced
        assert standing() == replaced


def test_guards_are_gone_after_an_error(originals: list[object]) -> None:
    with pytest.raises(KeyboardInterrupt), guarded(), guarded():
        raise KeyboardInterrupt


def test_guards_of_two_threads_overlap(originals: list[object]) -> None:
    first, second = guarded(), guarded()
    first.__enter__()
    in_thread = threading.Thread(target=second.__enter__)
    in_thread.start()
    in_thread.join()
    first.__exit__(None, None, None)
    assert standing() != originals
    second.__exit__(None, None, None)


def test_a_patch_of_somebody_else_stays(originals: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    def mocked(*_: object) -> None: ...

    with monkeypatch.context() as before:
        before.setattr(time, "sleep", time.sleep)  # put back at the end
        with guarded():
            time.sleep = mocked
        assert time.sleep is mocked
