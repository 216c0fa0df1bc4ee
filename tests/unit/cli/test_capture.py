"""``asyncndis capture``: every frame that comes is in the file, with the rules that were broken before it."""

import json
import signal
import socket
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncndis.base import RuleViolation, Site
from asyncndis.cli import capture as verb
from asyncndis.cli.app import app
from asyncndis.cli.commented import CommentedCapture
from asyncndis.drivers import PortMiniport
from asyncndis.kernel import SpinLock
from asyncndis.ndis import Adapter
from asyncndis.nic import Direction
from asyncndis.real import SAMPLE, PcapngWriter, open_capture
from asyncndis.verifier import Findings
from tests.house.sources import ROOT
from tests.real.running import running
from tests.support.captures import frames_of

PCAPNG: Any = import_module("pcapng")  # it has no types
YEAR_1970 = 116_444_736_000_000_000
ALL = ("--frames", "349")
# python-pcapng warns of its own table of options.
pytestmark = pytest.mark.filterwarnings("ignore:Field type should not be:DeprecationWarning")


def capture(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["capture", *map(str, arguments)])


def outcome(*arguments: str | Path, status: int = 0) -> dict[str, Any]:
    result = capture(*arguments, "--json")
    assert result.exit_code == status, result.output
    assert result.stderr.splitlines()[0] == "READY"
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refusal(*arguments: str | Path) -> str:
    result = capture(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


def comments_of(path: Path) -> list[str | None]:
    with path.open("rb") as file:
        blocks = list(PCAPNG.FileScanner(file))
    return [block.options.get("opt_comment") for block in blocks if hasattr(block, "packet_data")]


@pytest.mark.parametrize("loop", ["uvloop", "asyncio", "trio"])
def test_every_frame_is_in_the_file(tmp_path: Path, loop: str) -> None:
    out = tmp_path / "out.pcapng"
    found = outcome(f"pcap:{SAMPLE}", out, *ALL, "--loop", loop)
    assert frames_of(out) == frames_of(SAMPLE)
    assert (found["frames"], found["bytes"], found["violations"]) == (349, sum(map(len, frames_of(SAMPLE))), [])
    assert sum(found["kinds"].values()) == 349
    assert comments_of(out) == [None] * 349


def test_it_ends_after_so_many_frames(tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    assert outcome(f"pcap:{SAMPLE}", out, "--frames", "7")["frames"] == 7
    assert frames_of(out) == frames_of(SAMPLE)[:7]


def test_it_ends_after_so_long(tmp_path: Path, runtime: Path) -> None:
    found = outcome(f"unix:{runtime}/a,{runtime}/b", tmp_path / "out.pcapng", "--seconds", "0.1")
    assert found["frames"] == 0
    assert found["seconds"] > 0.09  # loops count in milliseconds


def test_a_signal_ends_it_with_a_whole_file(tmp_path: Path, runtime: Path) -> None:
    out = tmp_path / "out.pcapng"
    frames = [bytes([number]) * 60 for number in range(20)]
    command = [sys.executable, "-m", "asyncndis.cli", "capture", f"unix:{runtime}/a,{runtime}/b", str(out)]
    with (
        running(command, ready="READY", folder=ROOT) as program,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end,
    ):
        for frame in frames:
            end.sendto(frame, str(runtime / "a"))
        end.close()
        program.signal(signal.SIGTERM)
        assert program.wait() == 0, program.output
        taken = frames_of(out)
        assert taken == frames[: len(taken)]
        assert "rule violations" in program.output


def test_a_miniport_that_breaks_a_rule_is_named_in_comments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Sloppy(PortMiniport):
        async def initialize(self, adapter: Adapter) -> None:
            self.lock = SpinLock("receiving")
            await super().initialize(adapter)

        def readable(self) -> None:
            self.lock.acquire_nowait()
            try:
                super().readable()
            finally:
                self.lock.release()

    monkeypatch.setattr(verb, "PortMiniport", Sloppy)
    out = tmp_path / "out.pcapng"
    result = capture(f"pcap:{SAMPLE}", out, "--frames", "8")
    assert result.exit_code == 1
    assert "RCV-14" in result.stderr
    comments = comments_of(out)
    assert len(comments) == 8
    assert comments[0] is not None
    [told] = [line for line in comments[0].splitlines() if line.startswith("RCV-14: ")]  # others may hold as well
    assert "receiving" in told
    assert comments[1:] == [None] * 7  # they came in the same batch


def test_a_comment_tells_what_is_new_since_the_frame_before(tmp_path: Path) -> None:
    findings, out = Findings(), tmp_path / "out.pcapng"

    def broken(rule: str) -> RuleViolation:
        return RuleViolation(rule, "somebody did it", site=Site("driver.py", 7, "send"))

    with PcapngWriter(out) as writer:
        file = CommentedCapture(writer, findings)
        number = file.add_interface("nic")

        def write(*rules: str) -> None:
            for rule in rules:
                findings.add(broken(rule))
            file.write(bytes(60), YEAR_1970 + 10, number, Direction.OUTBOUND)

        write()
        write("POOL-01", "SEND-08")
        write()
        write("POOL-01")
    told = "{}: somebody did it (at driver.py:7 in send)".format
    assert comments_of(out) == [None, f"{told('POOL-01')}\n{told('SEND-08')}", None, told("POOL-01")]
    with open_capture(out) as reader:
        assert {record.timestamp_ns for record in reader if record.frame is not None} == {1000}


def test_the_tables_are_for_people(tmp_path: Path) -> None:
    result = capture(f"pcap:{SAMPLE}", tmp_path / "out.pcapng", *ALL)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "READY"
    for text in ("kind of frame", "IPv4/ICMP", "rule violations", "took"):
        assert text in result.stdout


def test_a_damaged_capture_as_port(tmp_path: Path) -> None:
    cut, out = tmp_path / "cut.pcap", tmp_path / "out.pcapng"
    cut.write_bytes(SAMPLE.read_bytes()[:-10])
    assert "whole frames before it: 348" in refusal(f"pcap:{cut}", out, *ALL)
    assert frames_of(out) == frames_of(SAMPLE)[:-1]


def test_no_file_is_made_where_the_port_cannot_be_opened(tmp_path: Path) -> None:
    out = tmp_path / "out.pcapng"
    assert refusal("usb:0", out).startswith("asyncndis capture: 'usb:0' is no port")
    assert not out.exists()


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    assert "cannot be written: No such file" in refusal(f"pcap:{SAMPLE}", tmp_path / "nowhere" / "out.pcapng", *ALL)


@pytest.mark.parametrize("wrong", [("--frames", "0"), ("--seconds", "0"), ("--seconds", "-1"), ("--frames", "many")])
def test_limits_that_make_no_sense(tmp_path: Path, wrong: tuple[str, str]) -> None:
    assert wrong[0] in refusal(f"pcap:{SAMPLE}", tmp_path / "out.pcapng", *wrong)
