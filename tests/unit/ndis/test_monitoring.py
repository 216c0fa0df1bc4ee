"""Looking at a stack from outside: who answers what, what is left behind, and who is sent away."""

import json
import logging
import os
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import anyio
import anyio.lowlevel
import pytest
from anyio import to_thread
from anyio.streams.buffered import BufferedByteReceiveStream
from blockbuster import BlockBuster, blockbuster_ctx

from asyncndis.base import NdisError, NdisStatus
from asyncndis.ndis import open_stack
from asyncndis.ndis.monitoring import Monitor, find_monitors, serve_monitor
from asyncndis.ndis.snapshots import SCHEMA
from asyncndis.nic import SimpleNic
from tests.house.sources import ROOT
from tests.support.echoing import Keeper, Plain

pytestmark = pytest.mark.every_loop


@pytest.fixture(autouse=True)
def no_blocking() -> Iterator[BlockBuster]:
    """As that of the unit tier, but for one look by anyio whether the path of a new socket is free."""
    with blockbuster_ctx("asyncndis") as guard:
        guard.functions["os.stat"].can_block_in("anyio/_core/_sockets.py", "setup_unix_local_socket")
        yield guard


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory with a short name, since that of a socket may not be long."""
    with tempfile.TemporaryDirectory(prefix="t") as directory:
        yield Path(directory)


@pytest.fixture(autouse=True)
def runtime(short: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
    monkeypatch.setenv("TMPDIR", str(short))
    monkeypatch.setattr("tempfile.tempdir", str(short))
    return short / "asyncndis"


def files(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def make(directory: Path, mode: int) -> None:
    directory.mkdir()
    directory.chmod(mode)


@asynccontextmanager
async def opened_alone(name: str = "stack") -> AsyncGenerator[Monitor]:
    """A stack of which it does not matter what it is, and its monitor."""
    async with open_stack(Plain(), nic=SimpleNic(), name=name) as stack, serve_monitor(stack) as monitor:
        yield monitor


async def found() -> list[Monitor]:
    return await to_thread.run_sync(find_monitors)


async def test_a_stack_answers_until_it_ends(runtime: Path) -> None:
    async with open_stack(Keeper(), Plain(), nic=SimpleNic("nic"), name="lab", monitor=True) as stack:
        [monitor] = await found()
        assert (monitor.pid, monitor.name) == (os.getpid(), "lab")
        assert str(monitor) == f"lab (process {os.getpid()})"
        assert monitor.is_called("lab")
        assert monitor.is_called(str(os.getpid()))
        assert not monitor.is_called("la")
        view = await to_thread.run_sync(monitor.ask)
        assert (view["schema"], view["line"], view["pid"]) == (SCHEMA, str(stack), os.getpid())
        assert (mode(runtime), mode(monitor.path)) == (0o700, 0o600)
    assert files(runtime) == []
    with pytest.raises(ConnectionError, match="lab has ended"):
        await to_thread.run_sync(monitor.ask)


async def test_details_on_request() -> None:
    async with open_stack(Plain(), nic=SimpleNic(), monitor=True):
        [monitor] = await found()
        view = await to_thread.run_sync(lambda: monitor.ask(details=True))
        assert view["adapters"][0]["in_flight"] == []


async def test_several_requests_on_one_connection() -> None:
    async with opened_alone() as monitor, await anyio.connect_unix(monitor.path) as stream:
        lines = BufferedByteReceiveStream(stream)
        await stream.send(b"snapshot\n  details \nnonsense\n")
        answers = [json.loads(await lines.receive_until(b"\n", 1 << 16)) for _ in range(3)]
        assert [answer.get("schema") for answer in answers] == [SCHEMA, SCHEMA, None]
        assert answers[2] == {"error": "a request is 'snapshot' or 'details', not 'nonsense'"}


async def test_a_line_without_end_is_not_read_for_ever() -> None:
    async with opened_alone() as monitor, await anyio.connect_unix(monitor.path) as stream:
        await stream.send(b"x" * 10_000)
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()


async def test_too_many_clients_are_sent_away() -> None:
    async with opened_alone() as monitor:
        streams = [await anyio.connect_unix(monitor.path) for _ in range(16)]
        for stream in streams:  # each of them is being served
            await stream.send(b"nonsense\n")
            assert await stream.receive()
        with pytest.raises(NdisError, match="stack answered: 16 others look already"):
            await to_thread.run_sync(monitor.ask)
        for stream in streams:
            await stream.aclose()


async def test_clients_that_go_and_clients_that_stay_harm_nobody(runtime: Path) -> None:
    async with opened_alone() as monitor:
        gone = await anyio.connect_unix(monitor.path)
        await gone.send(b"snapshot\n" * 100)
        await gone.aclose()
        stays = await anyio.connect_unix(monitor.path)
    with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
        await stays.receive()
    await stays.aclose()
    assert files(runtime) == []


async def test_a_look_that_fails_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(SimpleNic):
        __slots__ = ()

        def statistics(self) -> object:  # type: ignore[override]  # that is what is broken
            raise ZeroDivisionError("no wheel")

    async with open_stack(Plain(), nic=Broken(), monitor=True):
        [monitor] = await found()
        with caplog.at_level(logging.CRITICAL), pytest.raises(NdisError, match="no wheel"):
            await to_thread.run_sync(monitor.ask)


async def test_stacks_of_one_name_and_names_of_any_kind(runtime: Path) -> None:
    async with opened_alone("a/b ü" * 20), opened_alone("twin"), opened_alone("twin"):
        monitors = await found()
        assert [monitor.name for monitor in monitors] == ["a_b_" * 5, "twin", "twin"]
        assert monitors[0].is_called("a/b ü" * 20)
    assert files(runtime) == []


async def test_sockets_of_the_dead_are_removed(runtime: Path) -> None:
    code = (
        "import os, socket, sys; s = socket.socket(socket.AF_UNIX);"
        "s.bind(f'{sys.argv[1]}/{os.getpid()}-1-dead.sock'); print(os.getpid())"
    )
    async with opened_alone():
        await anyio.run_process([sys.executable, "-c", code, str(runtime)])
        (runtime / "letter.txt").write_text("not a socket")
        assert len(files(runtime)) == 3
        assert [monitor.name for monitor in await found()] == ["stack"]
        assert len(files(runtime)) == 2
    assert files(runtime) == ["letter.txt"]


async def test_a_socket_of_the_living_stays(runtime: Path) -> None:
    """It may be about to listen."""
    make(runtime, 0o700)
    with socket.socket(socket.AF_UNIX) as soon:
        soon.bind(str(runtime / f"{os.getpid()}-1-soon.sock"))
        assert await found() == []
    assert len(files(runtime)) == 1


async def test_no_directory_no_monitors() -> None:
    assert await found() == []


async def test_a_directory_that_others_may_enter_is_not_trusted(runtime: Path) -> None:
    make(runtime, 0o755)
    with pytest.raises(PermissionError, match="is not a directory that only you may enter; remove it"):
        await found()
    with pytest.raises(NdisError, match=r"cannot listen at .*only you may enter") as caught:
        async with opened_alone():
            pytest.fail("it has no monitor")
    assert caught.value.status is NdisStatus.FAILURE


async def test_without_a_runtime_directory_the_temporary_one_is_used(
    monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    async with opened_alone() as monitor:
        assert monitor.path.parent == short / f"asyncndis-{os.getuid()}"
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
        assert await found() == [monitor], "it is looked for in both"


async def test_a_runtime_directory_with_a_long_name_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(short / ("x" * 100)))
    async with opened_alone() as monitor:
        assert monitor.path.parent == short / f"asyncndis-{os.getuid()}"
        assert await found() == [monitor]


async def test_where_there_are_no_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncndis.ndis.monitoring.socket", SimpleNamespace())
    with pytest.raises(NdisError) as caught:
        async with opened_alone():
            pytest.fail("it has no monitor")
    assert caught.value.status is NdisStatus.NOT_SUPPORTED


async def test_an_error_of_the_block_comes_out_as_it_is(runtime: Path) -> None:
    with pytest.raises(OSError, match="the driver's own"):
        async with opened_alone():
            raise OSError("the driver's own")
    assert files(runtime) == []


async def test_cancelled_anywhere_it_leaves_nothing(runtime: Path) -> None:
    async def cancel_after(steps: int, scope: anyio.CancelScope) -> None:
        for _ in range(steps):
            await anyio.lowlevel.checkpoint()
        scope.cancel()

    make(runtime, 0o700)
    async with open_stack(Plain(), nic=SimpleNic()) as stack:
        for steps in range(12):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(cancel_after, steps, scope)
                    async with serve_monitor(stack):
                        await anyio.sleep_forever()
            assert files(runtime) == []


def test_a_process_that_is_killed_leaves_no_more_than_a_file(runtime: Path) -> None:
    code = (
        "import anyio, os, signal\n"
        "from asyncndis.ndis import open_stack\n"
        "from tests.support.echoing import Plain, SimpleNic\n"
        "async def main():\n"
        "    async with open_stack(Plain(), nic=SimpleNic(), name='victim', monitor=True):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "anyio.run(main)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert [name.partition("-")[2] for name in files(runtime)] == ["1-victim.sock"]
    assert find_monitors() == []
    assert files(runtime) == []
