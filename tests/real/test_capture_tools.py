"""Files that other tools write are read and made again, and other tools read ours: tcpdump, editcap, tshark."""

import shutil
import subprocess
from pathlib import Path

import pytest

from asyncndis.real import SAMPLE, CaptureError, CaptureWriter, PcapWriter, Record, open_capture


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def run(*command: str | Path) -> str:
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    return done.stdout


def copy(source: Path, target: Path) -> list[Record]:
    """Write a capture again, frame by frame, check that it is the same file, and return its frames."""
    with open_capture(source) as reader, CaptureWriter(target) as writer:
        records = list(reader)
        for record in records:
            writer.write(record, None if record.frame is None else bytes(record.frame))
    assert target.read_bytes() == source.read_bytes()
    return [record for record in records if record.frame is not None]


def check_against_sample(source: Path, folder: Path, unit_ns: int = 1) -> None:
    ours, sample = copy(source, folder / "copy.cap"), copy(SAMPLE, folder / "sample.cap")
    assert [record.frame for record in ours] == [record.frame for record in sample]
    whole_units = [(record.timestamp_ns or 0) // unit_ns * unit_ns for record in sample]
    assert [record.timestamp_ns for record in ours] == whole_units


@needs("editcap")
@pytest.mark.parametrize(("form", "unit_ns"), [("pcap", 1000), ("nsecpcap", 1), ("pcapng", 1)])
def test_formats_of_editcap(tmp_path: Path, form: str, unit_ns: int) -> None:
    run("editcap", "-F", form, SAMPLE, tmp_path / "made.cap")
    check_against_sample(tmp_path / "made.cap", tmp_path, unit_ns)


@needs("editcap")
def test_comments_and_secrets_pass(tmp_path: Path) -> None:
    keys, made = tmp_path / "keys", tmp_path / "made.pcapng"
    keys.write_text(f"CLIENT_RANDOM {'00' * 32} {'11' * 48}\n")
    comments = ("-a", "1:the first frame", "-a", "7:the seventh", "--capture-comment", "all of it")
    run("editcap", *comments, "--inject-secrets", f"tls,{keys}", SAMPLE, made)
    assert b"the seventh" in made.read_bytes()
    assert b"CLIENT_RANDOM" in made.read_bytes()
    check_against_sample(made, tmp_path)


@needs("mergecap")
def test_two_interfaces_of_mergecap(tmp_path: Path) -> None:
    made = tmp_path / "made.pcapng"
    run("mergecap", "-a", "-I", "none", "-w", made, SAMPLE, SAMPLE)
    assert len(copy(made, tmp_path / "copy.cap")) == 2 * len(copy(SAMPLE, tmp_path / "sample.cap"))


@needs("tcpdump")
def test_files_of_tcpdump(tmp_path: Path) -> None:
    made = tmp_path / "made.pcap"
    run("tcpdump", "--time-stamp-precision=nano", "-r", SAMPLE, "-w", made)
    check_against_sample(made, tmp_path)


@needs("tshark")
def test_files_of_tshark(tmp_path: Path) -> None:
    made = tmp_path / "made.pcapng"
    run("tshark", "-r", SAMPLE, "-w", made)
    check_against_sample(made, tmp_path)


@needs("tshark")
def test_tshark_reads_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "ours.pcap"
    frames = [(bytes([size % 251]) * size, 1_700_000_000_000_000_001 + size) for size in range(14, 1515, 50)]
    with PcapWriter(path) as writer:
        for frame, timestamp_ns in frames:
            writer.write(frame, timestamp_ns, len(frame) + 4)
    told = run("tshark", "-r", path, "-T", "fields", "-e", "frame.cap_len", "-e", "frame.len", "-e", "frame.time_epoch")
    expected = [(len(frame), len(frame) + 4, time) for frame, time in frames]
    rows = [line.split() for line in told.splitlines()]
    assert [(int(kept), int(whole), int(time.replace(".", ""))) for kept, whole, time in rows] == expected


@needs("tcpdump")
def test_the_way_out_of_a_cut_file_works(tmp_path: Path) -> None:
    """What an error tells the user to do, done."""
    cut, kept = tmp_path / "cut.pcap", tmp_path / "kept.pcap"
    cut.write_bytes(SAMPLE.read_bytes()[:-10])
    frames = len(copy(SAMPLE, tmp_path / "copy.cap"))
    with (
        open_capture(cut) as reader,
        pytest.raises(CaptureError, match=f"whole frames before it: {frames - 1}") as error,
    ):
        list(reader)
    kept.write_bytes(
        subprocess.run(["head", "-c", str(error.value.offset), cut], check=True, capture_output=True).stdout
    )
    assert len(copy(kept, tmp_path / "copy.cap")) == frames - 1
    assert len(run("tcpdump", "-nn", "-r", kept).splitlines()) == frames - 1
