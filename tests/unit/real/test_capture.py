"""Readers and writers: the same file comes out, wrong use is refused, everything is counted and closed."""

import os
import threading
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.real import (
    SAMPLE,
    CaptureError,
    CaptureReader,
    CaptureStatistics,
    CaptureWriter,
    PcapWriter,
    Record,
    open_capture,
)
from tests.unit.real.blocks import BIG, LITTLE, Seen, every_block, pcap, read, seen

FRAME = Seen(b"a frame", 1_700_000_000_123_456_789, 7, 1)


@pytest.mark.parametrize("data", [SAMPLE.read_bytes(), every_block(LITTLE), every_block(BIG)])
@pytest.mark.parametrize("anew", [bytes, bytearray, memoryview, None])
def test_the_same_file_comes_out(tmp_path: Path, data: bytes, anew: Any) -> None:
    source, target = tmp_path / "in.cap", tmp_path / "out.cap"
    source.write_bytes(data)
    with open_capture(source) as reader, CaptureWriter(target) as writer:
        for record in reader:
            writer.write(record, None if record.frame is None or anew is None else anew(record.frame))
        assert reader.statistics() == writer.statistics()
    assert target.read_bytes() == data


def test_the_bytes_given_are_the_bytes_written(tmp_path: Path) -> None:
    target = tmp_path / "out.cap"
    with CaptureWriter(target) as writer:
        for record in read(pcap(LITTLE, 1, FRAME)):
            writer.write(record, None if record.frame is None else bytes(record.frame).upper())
    assert target.read_bytes() == pcap(LITTLE, 1, FRAME._replace(frame=b"A FRAME"))


def test_frames_may_be_left_out(tmp_path: Path) -> None:
    target = tmp_path / "out.cap"
    with CaptureWriter(target) as writer:
        for record in read(every_block(BIG)):
            if record.timestamp_ns is None:
                writer.write(record)
    assert [one.frame for one in seen(read(target.read_bytes()))] == [bytes(64), b"the end"]


@pytest.mark.parametrize(
    ("which", "frame", "problem"),
    [
        (0, b"", "out.cap: this record has no frame to replace; write it without one"),
        (1, b"a fram", "a frame of 6 bytes cannot replace one of 7; write new lengths with a PcapWriter"),
        (1, memoryview(bytes(16)).cast("Q"), "a frame of 16 bytes cannot replace one of 7"),
    ],
)
def test_a_frame_that_does_not_fit_is_not_written(tmp_path: Path, which: int, frame: bytes, problem: str) -> None:
    record = read(pcap(LITTLE, 1, FRAME))[which]
    with CaptureWriter(tmp_path / "out.cap") as writer:
        with pytest.raises(ValueError, match=problem):
            writer.write(record, frame)
        assert writer.statistics() == CaptureStatistics(0, 0, 0)
    assert (tmp_path / "out.cap").read_bytes() == b""


def test_a_writer_counts(tmp_path: Path) -> None:
    target = tmp_path / "out.cap"
    writer = CaptureWriter(target)
    for record in read(pcap(LITTLE, 1, FRAME, FRAME)):
        writer.write(record)
    assert writer.statistics() == CaptureStatistics(frames=2, frame_bytes=14, file_bytes=70)
    assert repr(writer) == f"<CaptureWriter {target}: 2 frame(s), 14 of 70 bytes>"
    writer.close()
    assert target.stat().st_size == 70
    writer.close()
    with pytest.raises(ValueError, match="closed"):
        writer.write(Record(b"x", None))


def cut_frame(frame: bytes, timestamp_ns: int, missing: int) -> Seen:
    return Seen(frame, timestamp_ns, len(frame) + missing, 147)


@given(
    st.lists(
        st.builds(
            cut_frame,
            st.binary(max_size=2000),
            st.integers(0, 2**32 * 10**9 - 1),
            st.integers(0, 9000),
        )
    )
)
def test_new_files_are_read_back(tmp_path_factory: pytest.TempPathFactory, frames: list[Seen]) -> None:
    target = tmp_path_factory.mktemp("new") / "new.pcap"
    with PcapWriter(target, 147) as writer:
        for frame, timestamp_ns, original_length, _ in frames:
            writer.write(frame, timestamp_ns or 0, original_length)
    assert seen(read(target.read_bytes())) == frames


def test_a_new_file_is_plain_pcap(tmp_path: Path) -> None:
    target = tmp_path / "new.pcap"
    with PcapWriter(target) as writer:
        writer.write(memoryview(FRAME.frame), 1_700_000_000_123_456_789)
        assert writer.statistics() == CaptureStatistics(frames=1, frame_bytes=7, file_bytes=47)
        assert repr(writer) == f"<PcapWriter {target}: 1 frame(s), 7 of 47 bytes>"
    expected = bytearray(pcap(LITTLE, 1, FRAME))
    expected[16:20] = (256 * 1024).to_bytes(4, "little")
    assert target.read_bytes() == expected


@pytest.mark.parametrize(
    ("frame", "timestamp_ns", "original_length", "problem"),
    [
        (bytes(262_145), 0, None, "the length of the frame is from 0 to 0x40000, not 262145"),
        (b"", -1, None, "timestamp_ns is from 0 to 0x3b9ac9ffffffffff, not -1"),
        (b"", 2**32 * 10**9, None, "timestamp_ns is from .* not 4294967296000000000"),
        (b"abc", 0, 2, "original_length is from 3 to 0xffffffff, not 2"),
        (b"abc", 0, 2**32, "original_length is from 3 to 0xffffffff, not 4294967296"),
    ],
)
def test_numbers_that_pcap_cannot_hold(
    tmp_path: Path, frame: bytes, timestamp_ns: int, original_length: int | None, problem: str
) -> None:
    with PcapWriter(tmp_path / "new.pcap") as writer:
        with pytest.raises(ValueError, match=problem):
            writer.write(frame, timestamp_ns, original_length)
        assert writer.statistics() == CaptureStatistics(0, 0, 24)


@pytest.mark.parametrize("extreme", [(bytes(262_144), 0, None), (b"", 2**32 * 10**9 - 1, 2**32 - 1)])
def test_numbers_that_pcap_just_holds(tmp_path: Path, extreme: tuple[bytes, int, int | None]) -> None:
    with PcapWriter(tmp_path / "new.pcap") as writer:
        writer.write(*extreme)
    assert len(seen(read((tmp_path / "new.pcap").read_bytes()))) == 1


@pytest.mark.parametrize("link_type", [-1, 65_536])
def test_a_link_type_out_of_range_makes_no_file(tmp_path: Path, link_type: int) -> None:
    with pytest.raises(ValueError, match=f"link_type is from 0 to 0xffff, not {link_type}"):
        PcapWriter(tmp_path / "new.pcap", link_type)
    assert not (tmp_path / "new.pcap").exists()


@pytest.mark.parametrize("link_type", [0, 65_535])
def test_the_ends_of_the_range_are_link_types(tmp_path: Path, link_type: int) -> None:
    with PcapWriter(tmp_path / "new.pcap", link_type) as writer:
        writer.write(b"", 0)
    assert seen(read((tmp_path / "new.pcap").read_bytes()))[0].link_type == link_type


def test_a_reader_tells_its_state(tmp_path: Path) -> None:
    path = tmp_path / "in.cap"
    path.write_bytes(pcap(LITTLE, 1, FRAME))
    with open_capture(path) as reader:
        assert (reader.name, reader.format) == (str(path), "pcap")
        assert repr(reader) == f"<CaptureReader {path} (pcap): 0 frame(s), 0 of 0 bytes>"
        list(reader)
        assert reader.statistics() == CaptureStatistics(frames=1, frame_bytes=7, file_bytes=47)
    assert CaptureReader(BytesIO(every_block(BIG)), "x").format == "pcapng"


def test_records_stay_good_after_closing() -> None:
    reader = CaptureReader(BytesIO(pcap(LITTLE, 1, FRAME, FRAME)), "x")
    records = iter(reader)
    next(records)
    first = next(records)
    reader.close()
    assert seen([first]) == [FRAME]
    assert reader.statistics() == CaptureStatistics(frames=1, frame_bytes=7, file_bytes=47)
    with pytest.raises(ValueError, match="closed"):
        next(records)


def test_frames_cannot_be_changed_in_place() -> None:
    frame = read(pcap(LITTLE, 1, FRAME))[1].frame
    assert frame is not None
    assert frame.readonly


@pytest.mark.parametrize("limits", [{"max_frame": 0}, {"max_block": 0}, {"max_frame": -1}])
def test_limits_below_one_are_refused(limits: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="is from 1 to 0xffffffff"):
        CaptureReader(BytesIO(pcap(LITTLE, 1)), "x", **limits)


def test_a_limit_of_one_is_a_limit() -> None:
    assert len(read(pcap(LITTLE, 1, Seen(b"x", 0, 1, 1)), max_frame=1, max_block=1)) == 2


def test_a_file_that_is_no_capture_is_named_and_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[FileIO] = []

    def open_file(name: str) -> FileIO:
        opened.append(FileIO(name))
        return opened[-1]

    monkeypatch.setattr("asyncndis.real.capture.FileIO", open_file)
    path = tmp_path / "page.html"
    path.write_text("<html>")
    with pytest.raises(CaptureError, match=r"page\.html, byte 0: 3c68746d begins neither") as caught:
        open_capture(path)
    assert (caught.value.offset, caught.value.frames) == (0, 0)
    assert [file.closed for file in opened] == [True]


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_capture(tmp_path / "missing.pcap")
    with pytest.raises(IsADirectoryError):
        CaptureWriter(tmp_path)
    with pytest.raises(TypeError):
        open_capture(0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] - what is refused


def test_limits_reach_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "in.cap"
    path.write_bytes(pcap(LITTLE, 1, FRAME))
    with open_capture(path, max_frame=6) as reader, pytest.raises(CaptureError, match="max_frame=6"):
        list(reader)
    path.write_bytes(every_block(LITTLE))
    with open_capture(path, max_block=16) as reader, pytest.raises(CaptureError, match="max_block=16"):
        list(reader)


def test_a_pipe_hands_over_what_is_there() -> None:
    exit_end, entry = os.pipe()
    data = pcap(LITTLE, 1, FRAME, FRAME)
    first_seen = threading.Event()

    def feed() -> None:
        with os.fdopen(entry, "wb", buffering=0) as pipe:
            pipe.write(data[:47])
            first_seen.wait()
            pipe.write(data[47:])

    feeder = threading.Thread(target=feed)
    feeder.start()
    with open_capture(f"/dev/fd/{exit_end}") as reader:
        records = iter(reader)
        next(records)
        assert seen([next(records)]) == [FRAME]
        first_seen.set()
        assert len(list(records)) == 1
    feeder.join()
    os.close(exit_end)


HOSTILE = [None, "text", 1.5, True, [1], object()]


@pytest.mark.parametrize("value", HOSTILE)
def test_wrong_types_are_refused_and_nothing_is_written(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "new.pcap"
    with PcapWriter(path) as writer:
        with pytest.raises(TypeError):
            writer.write(value, 0)
        with pytest.raises(TypeError):
            writer.write(b"", value)
        assert writer.statistics() == CaptureStatistics(0, 0, 24)
    with pytest.raises(TypeError, match="link_type is an integer"):
        PcapWriter(path, value)
    for limit in ("max_frame", "max_block"):
        with pytest.raises(TypeError, match=f"{limit} is an integer"):
            open_capture(path, **{limit: value})
    frame = read(pcap(LITTLE, 1, FRAME))[1]
    no_frame: Any = value or 0
    with CaptureWriter(path) as copy:
        with pytest.raises(TypeError):
            copy.write(value)
        with pytest.raises(TypeError):
            copy.write(frame, no_frame)
        assert copy.statistics() == CaptureStatistics(0, 0, 0)
