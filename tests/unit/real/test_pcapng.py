"""pcapng: every block passes unchanged, frames and their times are understood, nonsense is refused."""

import struct
from fractions import Fraction
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.real import CaptureError
from tests.unit.real.blocks import (
    BIG,
    EVERY_BLOCK_SEEN,
    LITTLE,
    Seen,
    block,
    enhanced,
    every_block,
    interface,
    obsolete,
    option,
    read,
    rejoin,
    section,
    seen,
    simple,
    sizes,
    time_origin,
    time_unit,
)

DPKT: Any = import_module("dpkt.pcapng")  # neither has types
SCAPY: Any = import_module("scapy.utils")

ORDERS = pytest.mark.parametrize("order", [LITTLE, BIG], ids=["little", "big"])
KNOWN = {1, 2, 3, 6, 0x0A0D0D0A}


@ORDERS
def test_every_kind_of_block(order: str) -> None:
    data = every_block(order)
    records = read(data)
    assert rejoin(records) == data
    assert seen(records) == EVERY_BLOCK_SEEN
    assert len(records) == 13
    assert all(size % 4 == 0 for size in sizes(records))


@ORDERS
def test_the_suffix_has_padding_options_and_trailer(order: str) -> None:
    comment = option(order, 1, b"hello")
    data = section(order) + interface(order) + enhanced(order, 0, 0, b"12345", options=comment)
    record = read(data)[-1]
    assert record.suffix == b"\xaa\xaa\xaa" + comment + data[-4:]
    assert len(record.prefix) == 28


def test_an_interface_belongs_to_its_section() -> None:
    data = section(LITTLE) + interface(LITTLE) + section(LITTLE) + enhanced(LITTLE, 0, 0, b"x")
    with pytest.raises(CaptureError, match="names interface 0, the section has 0 so far"):
        read(data)


@pytest.mark.parametrize(
    ("snap_length", "original_length", "captured"), [(0, 40, 40), (16, 40, 16), (64, 40, 40), (40, 40, 40)]
)
def test_a_simple_packet_is_cut_at_the_snap_length_of_interface_0(
    snap_length: int, original_length: int, captured: int
) -> None:
    frame = bytes(range(captured))
    data = section(LITTLE) + interface(LITTLE, 7, snap_length) + interface(LITTLE, 8, 4)
    records = read(data + simple(LITTLE, frame, original_length))
    assert seen(records) == [Seen(frame, None, original_length, 7)]


@ORDERS
@given(
    exponent=st.integers(0, 127),
    base=st.sampled_from([2, 10]),
    origin=st.integers(-(2**63), 2**63 - 1),
    ticks=st.integers(0, 2**64 - 1),
)
def test_times_are_exact(order: str, exponent: int, base: int, origin: int, ticks: int) -> None:
    options = time_unit(order, exponent, base) + time_origin(order, origin) + option(order, 0)
    data = section(order) + interface(order, options=options) + enhanced(order, 0, ticks, b"x")
    exact = (origin + ticks * Fraction(1, base**exponent)) * 10**9
    assert seen(read(data))[0].timestamp_ns == exact // 1


@ORDERS
def test_options_behind_the_end_mark_do_not_count(order: str) -> None:
    options = option(order, 0) + time_unit(order, 0)
    data = section(order) + interface(order, options=options) + enhanced(order, 0, 5, b"x")
    assert seen(read(data))[0].timestamp_ns == 5000


@ORDERS
def test_the_end_mark_of_options_may_be_missing(order: str) -> None:
    for options in (time_unit(order, 9) + time_origin(order, 1), time_origin(order, 1) + time_unit(order, 9)):
        data = section(order) + interface(order, options=options) + enhanced(order, 0, 5, b"x")
        assert seen(read(data))[0].timestamp_ns == 1_000_000_005


def damaged(at: int, value: int, data: bytes) -> bytes:
    return data[:at] + struct.pack("<I", value) + data[at + 4 :]


HEAD = section(LITTLE) + interface(LITTLE)
FRAME = enhanced(LITTLE, 0, 0, bytes(8))
INTERFACE_AT = len(section(LITTLE))


@pytest.mark.parametrize(
    ("data", "offset", "problem"),
    [
        (damaged(8, 0x12345678, HEAD), 0, "78563412 in a section header is not a byte order"),
        (section(LITTLE, major=2), 0, "pcapng version 2 is not 1; convert the file with editcap"),
        (damaged(4, 24, HEAD), 0, "type 0xa0d0d0a says it has 24 bytes, not 28 or more by fours"),
        (HEAD + damaged(4, 28, FRAME), len(HEAD), "type 0x6 says it has 28 bytes, not 32"),
        (HEAD + damaged(4, 8, block(LITTLE, 9, b"")), len(HEAD), "says it has 8 bytes, not 12"),
        (HEAD + damaged(4, 42, FRAME), len(HEAD), "42 bytes, not 32 or more by fours"),
        (
            HEAD + damaged(4, 0xFFFFFFFC, FRAME),
            len(HEAD),
            "4294967292 bytes is longer than max_block=16777216",
        ),
        (HEAD + damaged(36, 44, FRAME), len(HEAD), "says 40 bytes at its beginning and 44 at its end"),
        (
            HEAD + damaged(20, 9, FRAME),
            len(HEAD),
            "a frame of 9 bytes does not fit into its block of 40 bytes",
        ),
        (HEAD + damaged(20, 2**31, FRAME), len(HEAD), "2147483648 bytes is longer than max_frame=262144"),
        (HEAD + damaged(8, 1, FRAME), len(HEAD), "names interface 1, the section has 1 so far"),
        (section(LITTLE) + simple(LITTLE, b"x"), INTERFACE_AT, "names interface 0, the section has 0 so far"),
        (
            HEAD + simple(LITTLE, b"1234", 9),
            len(HEAD),
            "a frame of 9 bytes does not fit into its block of 20",
        ),
        (
            section(LITTLE) + interface(LITTLE, options=struct.pack("<HHI", 2, 5, 0)),
            INTERFACE_AT,
            "option 2 of an interface has 5 bytes, 4 are left in its block",
        ),
        (
            section(LITTLE) + interface(LITTLE, options=option(LITTLE, 9, b"66")),
            INTERFACE_AT,
            "option 9 of an interface has 2 bytes, not 1",
        ),
        (HEAD + damaged(36, 36, FRAME), len(HEAD), "says 40 bytes at its beginning and 36 at its end"),
    ],
)
def test_nonsense_is_refused(data: bytes, offset: int, problem: str) -> None:
    with pytest.raises(CaptureError) as caught:
        read(data)
    assert caught.value.offset == offset
    assert problem in str(caught.value)
    assert str(caught.value).startswith(f"test.cap, byte {offset}: ")


def test_a_section_has_a_limit_of_interfaces() -> None:
    one = interface(LITTLE)
    assert len(read(section(LITTLE) + one * 65_536)) == 65_537
    with pytest.raises(CaptureError, match="more than 65536 interfaces"):
        read(section(LITTLE) + one * 65_537)


def test_limits_can_be_raised_and_lowered() -> None:
    big = section(LITTLE) + interface(LITTLE) + enhanced(LITTLE, 0, 0, bytes(300_000))
    assert len(seen(read(big, max_frame=300_000, max_block=300_032))) == 1
    with pytest.raises(CaptureError, match="max_frame=299999; raise the limit"):
        read(big, max_frame=299_999)
    with pytest.raises(CaptureError, match="300032 bytes is longer than max_block=300031; raise the limit"):
        read(big, max_frame=300_000, max_block=300_031)


@st.composite
def sections(draw: st.DrawFn) -> tuple[bytes, list[Seen]]:
    """A section with any blocks, and what is to be seen in it."""
    order = draw(st.sampled_from([LITTLE, BIG]))
    frames = st.binary(max_size=70)
    options = st.lists(st.tuples(st.integers(1, 0xFFFF), st.binary(max_size=9))).map(
        lambda many: b"".join(option(order, code, value) for code, value in many)
    )
    links = draw(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=3))
    parts = [section(order, draw(options), length=draw(st.integers(-1, 2**63 - 1)))]
    parts += [interface(order, link, draw(st.sampled_from([0, 70, 2**32 - 1]))) for link in links]
    expected: list[Seen] = []
    for kind in draw(st.lists(st.sampled_from(["enhanced", "simple", "obsolete", "other"]), max_size=6)):
        number = draw(st.integers(0, len(links) - 1))
        frame, ticks = draw(frames), draw(st.integers(0, 2**64 - 1))
        if kind == "enhanced":
            original = draw(st.integers(0, 2**32 - 1))
            parts.append(enhanced(order, number, ticks, frame, original, draw(options)))
            expected.append(Seen(frame, ticks * 1000, original, links[number]))
        elif kind == "obsolete":
            parts.append(obsolete(order, number, ticks, frame, draw(options)))
            expected.append(Seen(frame, ticks * 1000, len(frame), links[number]))
        elif kind == "simple":
            parts.append(simple(order, frame))
            expected.append(Seen(frame, None, len(frame), links[0]))
        else:
            unknown = draw(st.integers(0, 2**32 - 1).filter(lambda value: value not in KNOWN))
            parts.append(block(order, unknown, draw(frames)))
    return b"".join(parts), expected


@given(st.lists(sections(), min_size=1, max_size=3))
def test_any_valid_file_is_understood_and_made_again(parts: list[tuple[bytes, list[Seen]]]) -> None:
    data = b"".join(part for part, _ in parts)
    records = read(data)
    assert rejoin(records) == data
    assert seen(records) == [one for _, expected in parts for one in expected]


FRAMES = st.lists(st.tuples(st.integers(0, 2**63), st.binary(min_size=1, max_size=90)), max_size=9)


@ORDERS
@given(frames=FRAMES)
def test_scapy_and_dpkt_see_the_same_frames(order: str, frames: list[tuple[int, bytes]]) -> None:
    blocks = [enhanced(order, 0, ticks, frame) for ticks, frame in frames]
    blocks += [obsolete(order, 0, ticks, frame) for ticks, frame in frames]
    options = time_unit(order, 9) + option(order, 0)
    data = section(order) + interface(order, 1, 65_535, options) + b"".join(blocks)
    ours = seen(read(data))
    by_dpkt = [bytes(frame) for _, frame in DPKT.Reader(BytesIO(data))]
    assert [one.frame for one in ours] == by_dpkt
    by_scapy = [
        (bytes(frame), meta.tshigh << 32 | meta.tslow, meta.wirelen, meta.linktype)
        for frame, meta in SCAPY.RawPcapReader(BytesIO(data))
    ]
    assert ours == by_scapy


def test_a_file_of_dpkt(tmp_path: Path) -> None:
    path = tmp_path / "dpkt.pcapng"
    with path.open("wb") as file:
        writer = DPKT.Writer(file)
        for size in range(60, 80):
            writer.writepkt(bytes([size]) * size, ts=size + 0.5)
    assert seen(read(path.read_bytes())) == [
        Seen(bytes([size]) * size, size * 10**9 + 5 * 10**8, size, 1) for size in range(60, 80)
    ]
