"""Classic pcap: both byte orders, both units, the same frames as dpkt and scapy see."""

import struct
from decimal import Decimal
from importlib import import_module
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.real import CaptureError, PcapWriter
from tests.unit.real.blocks import BIG, LITTLE, Seen, pcap, read, rejoin, seen, sizes

DPKT: Any = import_module("dpkt.pcap")  # neither has types
SCAPY: Any = import_module("scapy.utils")

ORDERS = pytest.mark.parametrize("order", [LITTLE, BIG], ids=["little", "big"])
UNITS = pytest.mark.parametrize("unit_ns", [1000, 1], ids=["us", "ns"])

FRAME = Seen(b"a frame", 1_700_000_000_123_456_000, 1500, 1)
FRAMES = st.lists(
    st.builds(
        Seen,
        st.binary(max_size=90),
        st.integers(0, 2**32 * 10**6 - 1).map(lambda us: us * 1000),
        st.integers(0, 2**32 - 1),
        st.just(1),
    ),
    max_size=9,
)


@ORDERS
@UNITS
@given(frames=FRAMES, link_type=st.integers(0, 0xFFFF))
def test_any_file_is_understood_and_made_again(order: str, unit_ns: int, frames: list[Seen], link_type: int) -> None:
    data = pcap(order, unit_ns, *frames, link_type=link_type)
    records = read(data)
    assert rejoin(records) == data
    assert seen(records) == [frame._replace(link_type=link_type) for frame in frames]
    assert sizes(records) == [24, *(16 + len(frame.frame) for frame in frames)]


@ORDERS
@UNITS
@given(frames=FRAMES)
def test_scapy_and_dpkt_see_the_same(order: str, unit_ns: int, frames: list[Seen]) -> None:
    data = pcap(order, unit_ns, *(frame._replace(original_length=len(frame.frame)) for frame in frames))
    ours = seen(read(data))
    units_per_s = 10**9 // unit_ns  # dpkt has microseconds as floats, near enough for rounding
    by_dpkt = [(bytes(frame), round(ts * units_per_s) * unit_ns) for ts, frame in DPKT.Reader(BytesIO(data))]
    assert [(one.frame, one.timestamp_ns) for one in ours] == by_dpkt
    by_scapy = [
        (bytes(frame), meta.sec * 10**9 + meta.usec * unit_ns, meta.wirelen, 1)
        for frame, meta in SCAPY.RawPcapReader(BytesIO(data))
    ]
    assert ours == by_scapy


@pytest.mark.parametrize("nano", [False, True])
def test_ten_thousand_frames_of_dpkt(tmp_path: Path, nano: bool) -> None:
    random = Random(1)
    frames = [
        Seen(random.randbytes(size := random.randrange(1515)), number * 1_001_000, size, 1) for number in range(10_000)
    ]
    path = tmp_path / "dpkt.pcap"
    with path.open("wb") as file:
        writer = DPKT.Writer(file, nano=nano)
        for frame, timestamp_ns, *_ in frames:
            writer.writepkt(frame, ts=Decimal(timestamp_ns or 0) / 10**9)
    data = path.read_bytes()
    records = read(data)
    assert seen(records) == frames
    assert rejoin(records) == data


def test_ten_thousand_frames_of_ours(tmp_path: Path) -> None:
    random = Random(2)
    frames = [(random.randbytes(random.randrange(1515)), random.randrange(2**61)) for _ in range(10_000)]
    path = tmp_path / "ours.pcap"
    with PcapWriter(path) as writer:
        for frame, timestamp_ns in frames:
            writer.write(frame, timestamp_ns)
    with path.open("rb") as file:
        assert [(bytes(frame), int(ts * 10**9)) for ts, frame in DPKT.Reader(file)] == frames
    with SCAPY.RawPcapReader(str(path)) as reader:
        assert [(bytes(frame), meta.sec * 10**9 + meta.usec) for frame, meta in reader] == frames


def test_the_link_type_comes_without_the_length_of_the_check_sequence() -> None:
    data = pcap(LITTLE, 1000, FRAME, link_type=0x2400_0069)
    assert seen(read(data)) == [FRAME._replace(link_type=105)]


@pytest.mark.parametrize(
    ("data", "offset", "problem"),
    [
        (b"", 0, "the file is empty; no whole frame precedes it, copy or record the file again"),
        (b"\x1f\x8b\x08\x00abc", 0, "1f8b0800 begins neither a pcap nor a pcapng file; decompress it, or convert"),
        (b"\xd4\xc3\xb2", 0, "the file ends 3 bytes into a record that needs 4; no whole frame precedes it"),
        (pcap(LITTLE, 1)[:23], 0, "the file ends 23 bytes into a record that needs 24"),
        (pcap(BIG, 1)[:4] + b"\0\2\0\3" + bytes(16), 0, "pcap version 2.3 is not 2.4; convert the file"),
        (pcap(BIG, 1, FRAME)[:-1], 24, "ends 22 bytes into a record that needs 23; no whole frame precedes it"),
        (pcap(BIG, 1, FRAME, FRAME)[:-1], 47, "needs 23; whole frames before it: 1, `head -c 47` keeps them"),
        (pcap(BIG, 1, FRAME) + b"end", 47, "ends 3 bytes into a record that needs 16; whole frames before it: 1"),
        (
            pcap(LITTLE, 1) + struct.pack("<IIII", 0, 0, 2**32 - 1, 0),
            24,
            "a frame of 4294967295 bytes is longer than max_frame=262144; raise the limit if that is right",
        ),
    ],
)
def test_nonsense_is_refused(data: bytes, offset: int, problem: str) -> None:
    with pytest.raises(CaptureError) as caught:
        read(data)
    assert caught.value.offset == offset
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"test.cap, byte {offset}: ")


def test_the_limit_of_a_frame_is_exact() -> None:
    data = pcap(LITTLE, 1, Seen(bytes(100), 0, 100, 1))
    assert len(seen(read(data, max_frame=100))) == 1
    with pytest.raises(CaptureError, match="max_frame=99"):
        read(data, max_frame=99)
