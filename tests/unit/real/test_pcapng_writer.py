"""New pcapng files: our reader, python-pcapng and dpkt read what was written, comments and directions included."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.nic import Direction
from asyncndis.real import PcapngWriter, open_capture

PCAPNG: Any = import_module("pcapng")  # neither has types
DPKT: Any = import_module("dpkt.pcapng")
COMMENTS = (None, "", "a", "odd", "œuvre", "x" * 255)
NOW = 1_700_000_000_123_456_789


# python-pcapng warns of its own table of options.
pytestmark = pytest.mark.filterwarnings("ignore:Field type should not be:DeprecationWarning")


def blocks_of(path: Path) -> list[Any]:
    with path.open("rb") as file:
        return list(PCAPNG.FileScanner(file))


def test_interfaces_comments_and_directions(tmp_path: Path) -> None:
    path = tmp_path / "new.pcapng"
    with PcapngWriter(path) as writer:
        assert [writer.add_interface(name) for name in ("tap:a", "tap:ß")] == [0, 1]
        writer.write(b"plain frame", NOW)
        writer.write(b"telling", NOW + 1, interface=1, direction=Direction.OUTBOUND, comment="POOL-01: no, œuvre")
        assert repr(writer) == f"<PcapngWriter {path}: 2 frame(s), 18 of {writer.statistics().file_bytes} bytes>"
    section, first, second, plain, telling = blocks_of(path)
    assert section.options["shb_userappl"] == "asyncndis"
    assert [interface.options["if_name"] for interface in (first, second)] == ["tap:a", "tap:ß"]
    assert (plain.interface_id, plain.packet_data, dict(plain.options)) == (0, b"plain frame", {})
    assert (telling.interface_id, telling.packet_data) == (1, b"telling")
    assert telling.options["opt_comment"] == "POOL-01: no, œuvre"
    assert telling.options["epb_flags"].inout == "outbound"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.binary(max_size=70), st.integers(0, 1 << 62), st.sampled_from(COMMENTS)), max_size=4))
def test_our_reader_gives_back_what_was_written(
    tmp_path_factory: Any, frames: list[tuple[bytes, int, str | None]]
) -> None:
    path = tmp_path_factory.mktemp("new") / "new.pcapng"
    with PcapngWriter(path) as writer:
        writer.add_interface("nic")
        for frame, timestamp_ns, comment in frames:
            writer.write(frame, timestamp_ns, comment=comment)
        assert writer.statistics().frames == len(frames)
    with open_capture(path) as reader:
        records = [record for record in reader if record.frame is not None]
        assert reader.statistics() == writer.statistics()
    read = [(bytes(record.frame or b""), record.timestamp_ns) for record in records]
    assert read == [(frame, time) for frame, time, _ in frames]
    assert path.stat().st_size == writer.statistics().file_bytes


def test_dpkt_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "new.pcapng"
    with PcapngWriter(path) as writer:
        writer.add_interface("nic")
        writer.write(b"x" * 60, NOW, comment="a comment")
    with path.open("rb") as file:
        [(timestamp, frame)] = list(DPKT.Reader(file))
    assert frame == b"x" * 60
    assert timestamp == pytest.approx(NOW / 1e9)


def test_a_comment_that_is_too_long_is_cut_between_characters(tmp_path: Path) -> None:
    path = tmp_path / "new.pcapng"
    with PcapngWriter(path) as writer:
        writer.add_interface("nic")
        writer.write(b"frame", NOW, comment="ß" * 40_000)
    assert blocks_of(path)[-1].options["opt_comment"] == "ß" * 32_767


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"interface": 1}, ValueError),
        ({"interface": -1}, ValueError),
        ({"timestamp_ns": -1}, ValueError),
        ({"timestamp_ns": 1 << 63}, ValueError),
        ({"timestamp_ns": 1.5}, TypeError),
        ({"comment": b"bytes"}, TypeError),
        ({"direction": 7}, ValueError),
        ({"frame": bytes(300_000)}, ValueError),
        ({"frame": "text"}, TypeError),
    ],
)
def test_nothing_is_written_when_an_argument_is_wrong(
    tmp_path: Path, arguments: dict[str, Any], problem: type[Exception]
) -> None:
    with PcapngWriter(tmp_path / "new.pcapng") as writer:
        writer.add_interface("nic")
        before = writer.statistics()
        hostile: dict[str, Any] = {"frame": b"frame", "timestamp_ns": NOW, **arguments}
        with pytest.raises(problem):
            writer.write(**hostile)
        assert writer.statistics() == before


def test_a_file_that_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        PcapngWriter(tmp_path)


def test_a_name_that_is_no_string(tmp_path: Path) -> None:
    hostile: Any = 5
    with PcapngWriter(tmp_path / "new.pcapng") as writer, pytest.raises(TypeError, match="name"):
        writer.add_interface(hostile)
