"""``asyncndis demo`` on its own, and on good, odd and broken captures: what it prints and writes, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asyncndis.cli.app import app
from asyncndis.real import SAMPLE
from tests.unit.real.blocks import LITTLE, Seen, every_block, pcap

FRAME = bytes.fromhex("ffffffffffff0200000000010806000108000604").ljust(60, b"\0")
SECOND = 10**9


def demo(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["demo", "--seconds", "0", *map(str, arguments)])


def outcome(*arguments: str | Path) -> dict[str, Any]:
    result = demo(*arguments, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refusal(*arguments: str | Path) -> str:
    """The last line of what a wrong command line gets; there is nothing else to read before it but the usage."""
    result = demo(*arguments)
    assert result.exit_code == 2
    assert result.stdout.strip() == ""
    assert "Traceback" not in result.stderr
    return result.stderr.splitlines()[-1]


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    file = tmp_path / "user.pcap"
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(FRAME, n * SECOND, 60, 1) for n in range(5))))
    return file


def test_two_machines_talk_and_the_sample_follows(tmp_path: Path) -> None:
    found = outcome("--seconds", "0.2", "--output", tmp_path / "out.pcap")
    traffic = found["traffic"]
    assert traffic["frames_sent"] == traffic["frames_answered"] > 0
    assert traffic["interrupts"] > 0
    assert 0 < traffic["round_trip_ms"] <= traffic["longest_round_trip_ms"]
    assert (found["identical"], found["violations"], found["frames"]) == (True, 0, 349)
    assert (tmp_path / "out.pcap").read_bytes() == SAMPLE.read_bytes()


def test_the_talk_in_a_table() -> None:
    result = demo("--seconds", "0.2")
    assert result.exit_code == 0
    for row in ("two machines on a wire", "through the shaper", "median round trip", "rule violations", "identical to"):
        assert row in result.stdout


def test_the_sample_runs_the_pool_dry() -> None:
    found = outcome("--ring", "8")
    assert (found["ring"], found["pool_high_water"], found["traffic"]) == (8, 8, None)
    assert found["waits"] > 0
    assert found["frames"] == sum(found["kinds"].values())
    assert found["identical"]
    assert found["violations"] == 0


def test_a_capture_of_the_users(capture: Path) -> None:
    found = outcome(capture)
    assert (found["file"], found["frames"], found["bytes"], found["beside"]) == (str(capture), 5, 300, 0)
    assert found["kinds"] == {"ARP": 5}
    assert found["identical"]


def test_a_capture_is_spread_by_the_shaper(tmp_path: Path) -> None:
    file = tmp_path / "user.pcap"
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(bytes(1500), n * SECOND, 1500, 1) for n in range(5))))
    assert outcome(file, "--seconds", "0.5")["seconds"] > 0.3  # the first frame needs no waiting


def test_a_pcapng_with_every_kind_of_block(tmp_path: Path) -> None:
    file, out = tmp_path / "user.pcapng", tmp_path / "out.pcapng"
    file.write_bytes(every_block(LITTLE))
    assert outcome(file, "--output", out)["frames"] == 5
    assert out.read_bytes() == file.read_bytes()


def test_short_frames_are_filled_up_on_the_wire_only(tmp_path: Path) -> None:
    file = tmp_path / "short.pcap"
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(FRAME[:size], 0, size, 1) for size in (14, 42, 59))))
    found = outcome(file)
    assert (found["beside"], found["bytes"]) == (0, 14 + 42 + 59)


def test_jumbo_frames_get_a_nic_that_takes_them(tmp_path: Path) -> None:
    file = tmp_path / "jumbo.pcap"
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(bytes(size), 0, size, 1) for size in (9000, 60, 16_000))))
    assert outcome(file, "--ring", "4")["beside"] == 0


def test_what_no_ethernet_can_carry_goes_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "odd.pcap"
    sizes = (60, 13, 0, 16_001, 65_535, 60)
    file.write_bytes(pcap(LITTLE, 1000, *(Seen(bytes(size), 0, size, 1) for size in sizes)))
    found = outcome(file)
    assert (found["frames"], found["beside"], found["identical"]) == (6, 4, True)
    assert "beside the wire" in demo(file).stdout


def test_frames_that_are_not_of_ethernet_are_counted_by_link_type(tmp_path: Path) -> None:
    file = tmp_path / "raw.pcap"
    file.write_bytes(pcap(LITTLE, 1000, Seen(b"\x45" + bytes(19), 0, 20, 101), link_type=101))
    found = outcome(file)
    assert (found["kinds"], found["beside"]) == ({"link type 101": 1}, 1)


def test_a_capture_without_frames(tmp_path: Path) -> None:
    file = tmp_path / "empty.pcap"
    file.write_bytes(pcap(LITTLE, 1000))
    found = outcome(file)
    assert (found["frames"], found["identical"]) == (0, True)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop", "trio"])
def test_the_smallest_ring(loop: str) -> None:
    found = outcome("--ring", "2", "--loop", loop)
    assert (found["frames"], found["pool_high_water"], found["identical"]) == (349, 2, True)


def test_the_table_is_for_people(capture: Path) -> None:
    result = demo(capture)
    assert result.exit_code == 0
    for row in ("ARP", "frames/s", "pool high-water mark", "longest wait", "rule violations"):
        assert row in result.stdout


def test_names_of_files_are_no_markup(capture: Path, tmp_path: Path) -> None:
    file, out = capture.rename(tmp_path / "user[up].pcap"), tmp_path / "out[up].pcap"
    printed = demo(file, "--output", out).stdout.replace("\n", "")
    assert "user[up].pcap" in printed
    assert "out[up].pcap" in "".join(printed.split())


def test_a_capture_that_is_cut(capture: Path, tmp_path: Path) -> None:
    capture.write_bytes(capture.read_bytes()[:-30])
    out = tmp_path / "out.pcap"
    said = refusal(capture, "--output", out)
    assert said.startswith(f"asyncndis demo: {capture}, byte 328: ")
    assert "whole frames before it: 4" in said
    assert out.read_bytes() == capture.read_bytes()[:328], "what came before is there"


def test_a_file_that_is_no_capture(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear reader, this is no capture at all.")
    assert refusal(file).startswith(f"asyncndis demo: {file}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert f"File '{tmp_path / 'gone.pcap'}' does not exist" in refusal(tmp_path / "gone.pcap")


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert "is a directory" in refusal(tmp_path)


def test_output_over_the_input_is_refused_and_the_input_kept(capture: Path) -> None:
    before = capture.read_bytes()
    assert "name another file" in refusal(capture, "--output", capture)
    assert capture.read_bytes() == before


@pytest.mark.parametrize("ring", ["0", "1", "-1", "3", "65536", "many"])
def test_rings_that_make_no_sense(ring: str) -> None:
    assert "--ring" in refusal("--ring", ring)
