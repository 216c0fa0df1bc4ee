"""``asyncndis replay``: all frames of a capture go into a port, unchanged, in order and never too early."""

import json
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncndis.cli.app import app
from asyncndis.real import SAMPLE
from tests.house.sources import ROOT
from tests.real.running import running
from tests.support.captures import frames_of
from tests.unit.real.blocks import LITTLE, Seen, every_block, pcap

FRAME = bytes.fromhex("ffffffffffff0200000000010806000108000604").ljust(60, b"\0")
SECOND = 10**9


def replay(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["replay", *map(str, arguments)])


def outcome(*arguments: str | Path, status: int = 0) -> dict[str, Any]:
    result = replay(*arguments, "--json")
    assert result.exit_code == status, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refusal(*arguments: str | Path) -> str:
    result = replay(*arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Four frames, over 0.3 seconds."""
    file = tmp_path / "user.pcap"
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(FRAME, n * SECOND // 10, 60, 1) for n in range(4))))
    return file


@pytest.mark.parametrize("loop", ["uvloop", "asyncio", "trio"])
def test_every_frame_of_the_sample(tmp_path: Path, loop: str) -> None:
    out = tmp_path / "out.pcap"
    found = outcome(SAMPLE, f"pcap:{out},write", "--rate", "max", "--loop", loop)
    assert (found["frames"], found["lost"], found["left_out"], found["cut"]) == (349, 0, 0, 0)
    assert frames_of(out) == frames_of(SAMPLE)
    assert found["bytes"] == sum(map(len, frames_of(SAMPLE)))


@pytest.mark.parametrize(("rate", "least_s"), [((), 0.3), (("--rate", "original"), 0.3), (("--rate", "20"), 0.15)])
def test_no_frame_goes_out_too_early(tmp_path: Path, recording: Path, rate: tuple[str, ...], least_s: float) -> None:
    found = outcome(recording, f"pcap:{tmp_path / 'out.pcap'},write", *rate)
    assert (found["frames"], found["bytes"]) == (4, 240)
    assert found["seconds"] > least_s - 0.01  # loops count in milliseconds


def test_times_that_go_back_or_are_missing_do_not_hold_it_up(tmp_path: Path) -> None:
    file = tmp_path / "odd.pcap"
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(FRAME, second * SECOND, 60, 1) for second in (900, 100, 0))))
    assert outcome(file, f"pcap:{tmp_path / 'out.pcap'},write")["frames"] == 3


def test_a_pcapng_with_every_kind_of_block(tmp_path: Path) -> None:
    file = tmp_path / "user.pcapng"
    file.write_bytes(every_block(LITTLE))
    found = outcome(file, f"pcap:{tmp_path / 'out.pcap'},write", "--rate", "max")
    assert (found["frames"], found["left_out"], found["cut"]) == (1, 4, 1)


def test_what_is_no_ethernet_frame_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "raw.pcap"
    file.write_bytes(pcap(LITTLE, 1000, Seen(b"\x45" + bytes(19), 0, 20, 101), link_type=101))
    out = f"pcap:{tmp_path / 'out.pcap'},write"
    assert outcome(file, out)["left_out"] == 1
    assert "left out" in replay(file, out).stdout


def test_frames_of_any_length_over_a_socket(tmp_path: Path, runtime: Path) -> None:
    file = tmp_path / "lengths.pcap"
    sizes = (14, 15, 59, 60, 1514, 9014, 65_000)
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(bytes(size), 0, size, 1) for size in sizes)))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(runtime / "b"))
        end.settimeout(10)
        assert outcome(file, f"unix:{runtime}/a,{runtime}/b")["frames"] == len(sizes)
        assert [len(end.recv(100_000)) for _ in sizes] == list(sizes)


def test_frames_that_were_cut_are_told(tmp_path: Path) -> None:
    file = tmp_path / "cut.pcap"
    file.write_bytes(pcap(LITTLE, 1000, Seen(FRAME, 0, 1514, 1)))
    assert outcome(file, f"pcap:{tmp_path / 'out.pcap'},write")["cut"] == 1


def test_a_port_without_an_other_end_loses_all(recording: Path, runtime: Path) -> None:
    found = outcome(recording, f"unix:{runtime}/a,{runtime}/b", "--rate", "max", status=1)
    assert (found["frames"], found["lost"]) == (0, 4)
    assert "lost by the port" in replay(recording, f"unix:{runtime}/a,{runtime}/b", "--rate", "max").stdout


def test_a_capture_that_is_cut_is_sent_up_to_the_damage(recording: Path, tmp_path: Path) -> None:
    recording.write_bytes(recording.read_bytes()[:-30])
    out = tmp_path / "out.pcap"
    said = refusal(recording, f"pcap:{out},write", "--rate", "max")
    assert said.startswith(f"asyncndis replay: {recording}, byte 252: ")
    assert frames_of(out) == [FRAME] * 3


@pytest.mark.parametrize("rate", ["fast", "0", "-1", "nan", "inf", ""])
def test_rates_that_make_no_sense(recording: Path, tmp_path: Path, rate: str) -> None:
    out = tmp_path / "out.pcap"
    assert "write original, max, or how many frames a second" in refusal(recording, f"pcap:{out},write", "--rate", rate)
    assert not out.exists()


def test_files_and_ports_that_are_not_there(recording: Path, tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "gone.pcap", "tap:t")
    assert refusal(recording, "usb:0").startswith("asyncndis replay: 'usb:0' is no port")
    letter = tmp_path / "letter"
    letter.write_text("Dear reader, this is no capture.")
    assert refusal(letter, "tap:t").startswith(f"asyncndis replay: {letter}")


def test_a_slow_reader_holds_the_sender_back_and_nothing_is_lost(runtime: Path) -> None:
    """A datagram socket takes few frames that nobody reads; the file has many more."""
    sent = frames_of(SAMPLE)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(runtime / "b"))
        end.settimeout(30)
        words = [str(SAMPLE), f"unix:{runtime}/a,{runtime}/b", "--rate", "max", "--json"]
        with running([sys.executable, "-m", "asyncndis.cli", "replay", *words], folder=ROOT) as program:
            assert [end.recv(65_536) for _ in sent] == sent
            assert program.wait() == 0, program.output
    assert json.loads(program.output)["lost"] == 0
