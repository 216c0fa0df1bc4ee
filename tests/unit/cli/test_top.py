"""``asyncndis top`` on stacks of another process: which it finds, what it shows, and how it ends."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asyncndis.cli import attach, top
from asyncndis.cli.app import app
from asyncndis.ndis.monitoring import Monitor
from tests.house.sources import ROOT
from tests.support.running_stack import running_stacks


def call(*arguments: str) -> Result:
    return CliRunner(env={"COLUMNS": "100"}).invoke(app, ["top", *arguments])


@pytest.fixture
def lab() -> Iterator[None]:
    with running_stacks("lab"):
        yield


@pytest.fixture
def twins() -> Iterator[subprocess.Popen[str]]:
    with running_stacks("left", "right") as process:
        yield process


@pytest.mark.usefixtures("lab")
def test_the_only_stack_is_watched() -> None:
    result = call("--once", "--every", "0.05")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("lab  keeper > plain > nic of lab [up]\n")
    for word in ("received/s", "tx ring", "0/64", "timer"):
        assert word in result.stdout


@pytest.mark.usefixtures("lab")
def test_a_look_as_json() -> None:
    result = call("lab", "--once", "--json")
    [view] = [json.loads(line) for line in result.stdout.splitlines()]
    assert (view["name"], view["schema"], len(view["adapters"])) == ("lab", 1, 1)


def test_several_stacks_are_listed(twins: subprocess.Popen[str]) -> None:
    result = call()
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["name", "process"],
        ["left", str(twins.pid)],
        ["right", str(twins.pid)],
    ]
    assert lines[1].rstrip().endswith("keeper > plain > nic of left [up]")
    assert "name one, or a process" in result.stderr
    listed = json.loads(call("--json").stdout)
    assert [(one["name"], one["pid"]) for one in listed] == [("left", twins.pid), ("right", twins.pid)]


def test_one_of_several_or_all_of_a_process(twins: subprocess.Popen[str]) -> None:
    assert "nic of left" not in call("right", "--once", "--every", "0.05").stdout
    both = call(str(twins.pid), "--once", "--every", "0.05").stdout
    assert "nic of left" in both
    assert "nic of right" in both


@pytest.mark.usefixtures("twins")
def test_no_such_name() -> None:
    result = call("rihgt")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == "Error: no running stack is called rihgt; did you mean right?"


def test_none_runs() -> None:
    result = call()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "asyncndis top: no stack with a monitor runs; open one with open_stack(..., monitor=True)\n"


def watch(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "asyncndis.cli", "top", "--every", "0.05", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_it_ends_with_the_stack(options: list[str]) -> None:
    with running_stacks("lab") as process, watch(*options) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline()
        process.communicate()
        _, said = watcher.communicate()
        assert (watcher.returncode, said) == (0, f"lab (process {process.pid}) has ended\n")


@pytest.mark.usefixtures("lab")
def test_it_ends_by_ctrl_c() -> None:
    with watch() as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline()
        watcher.send_signal(signal.SIGINT)
        _, said = watcher.communicate()
        assert (watcher.returncode, said) == (0, "")


class Refusing:
    """A socket that somebody has made, and that lets nobody in."""

    def __init__(self, error: OSError) -> None:
        self._error = error

    def __call__(self, *_: object, **__: object) -> None:
        raise self._error


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(13, "Permission denied"), "does not let you look"),
        (TimeoutError("timed out"), "does not answer: its event loop is held up"),
    ],
)
def test_a_stack_that_cannot_be_looked_at(error: OSError, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Monitor, "ask", Refusing(error))
    result = call()
    assert result.exit_code == 2
    assert result.stderr.startswith("asyncndis top: lab (process ")
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.usefixtures("lab")
def test_another_version_of_the_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach, "SCHEMA", 2)
    result = call()
    assert result.exit_code == 2
    assert "speaks version 1 of snapshots, and this command version 2" in result.stderr


def test_one_that_ends_in_the_very_moment(runtime: Path) -> None:
    """It is alive and listens, but says nothing any more."""
    directory = runtime / "asyncndis"
    directory.mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(directory / "1-1-gone.sock"))
        listener.listen()
        [monitor] = attach.choose(None)
        listener.close()
        assert attach.look(monitor) is None
        assert list(top._looks([monitor], 1)) == []
