"""Segments and checksums: what scapy would make of them, and nothing lost, doubled or moved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Ether

from asyncndis.nic.offload import HEADER_BYTES, NOTHING, OffloadHeader
from asyncndis.nic.segmentation import checksum_filled_in, complete
from tests.unit.nic.large import Large, larges, recomputed


@settings(max_examples=150, deadline=None)
@given(larges)
def test_segments_are_whole_frames_with_all_of_the_payload(made: Large) -> None:
    asked = OffloadHeader.parse(made.header)
    frames = [bytes(frame) for frame in complete(made.header, memoryview(made.frame))]
    assert frames == [recomputed(frame) for frame in frames]
    whole = Ether(made.finished)
    transport = TCP if TCP in whole else UDP
    payloads = [bytes(Ether(frame)[transport].payload) for frame in frames]
    assert b"".join(payloads) == bytes(whole[transport].payload)
    assert {len(payload) for payload in payloads[:-1]} <= {asked.segment_size}
    assert 0 < len(payloads[-1]) <= asked.segment_size
    if IP in whole:
        identifications = [Ether(frame)[IP].id for frame in frames]
        assert identifications == [(whole[IP].id + number) % 0x1_0000 for number in range(len(frames))]


@settings(max_examples=60, deadline=None)
@given(larges)
def test_sequence_numbers_count_on_and_flags_stay_where_they_mean_something(made: Large) -> None:
    whole = Ether(made.finished)
    if TCP not in whole:
        return
    segments = [Ether(bytes(frame))[TCP] for frame in complete(made.header, made.frame)]
    size = OffloadHeader.parse(made.header).segment_size
    assert [segment.seq for segment in segments] == [
        (whole[TCP].seq + size * number) % 2**32 for number in range(len(segments))
    ]
    last = len(segments) - 1
    for number, segment in enumerate(segments):
        expected = set(str(whole[TCP].flags))
        expected -= set() if number == last else {"F", "P"}
        expected -= {"C"} if number else set()
        assert set(str(segment.flags)) == expected
        assert segment.options == whole[TCP].options


@settings(max_examples=60, deadline=None)
@given(larges)
def test_a_missing_checksum_is_filled_in(made: Large) -> None:
    asked = OffloadHeader.parse(made.header)
    only_sum = asked._replace(kind=0, segment_size=0).to_bytes()
    [frame] = complete(only_sum, made.frame)
    assert bytes(frame) == made.finished
    assert checksum_filled_in(made.frame, asked.checksum_start, asked.checksum_offset) == made.finished


def test_a_sum_of_nothing_is_written_as_all_ones() -> None:
    frame = bytes(14) + b"\xff\xff" + bytes(6)  # the sum is 0xFFFF, so that the checksum would be 0, which means none
    assert checksum_filled_in(frame, 14, 6)[-2:] == b"\xff\xff"


@pytest.mark.parametrize(
    "header",
    [
        NOTHING,
        OffloadHeader(flags=2).to_bytes(),
        OffloadHeader(1, 0, 0, 0, 60, 16).to_bytes(),
        OffloadHeader(1, 0, 0, 0, 0, 6).to_bytes(),
        OffloadHeader(1, 3, 0, 8, 34, 6).to_bytes(),
        OffloadHeader(1, 1, 0, 8, 50, 6).to_bytes(),
    ],
)
def test_what_asks_for_nothing_or_for_nonsense_is_left_alone(header: bytes) -> None:
    frame = bytes(range(60))
    assert [bytes(one) for one in complete(header, frame)] == [frame]


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=HEADER_BYTES, max_size=HEADER_BYTES), st.binary(min_size=14, max_size=200))
def test_no_header_does_harm(header: bytes, frame: bytes) -> None:
    assert all(len(one) >= 14 for one in complete(header, frame))
