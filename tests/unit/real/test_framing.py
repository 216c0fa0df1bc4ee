"""Frames in a stream: however the bytes are cut, the same frames come out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.real.framing import FrameDecoder, StreamBroken, encode_frames

FRAMES = st.lists(st.binary(max_size=100), max_size=8)


def test_the_format_of_qemu() -> None:
    assert encode_frames([b"abc", memoryview(b"de")]) == b"\0\0\0\x03abc\0\0\0\x02de"


@given(FRAMES, st.lists(st.integers(1, 40), max_size=40))
def test_any_cut_of_the_stream_has_the_same_frames(frames: list[bytes], cuts: list[int]) -> None:
    data, decoder = encode_frames(frames), FrameDecoder()
    found: list[bytes] = []
    for cut in cuts:
        found += decoder.feed(data[:cut])
        data = data[cut:]
    found += decoder.feed(data)
    assert found == frames
    assert repr(decoder) == "<FrameDecoder with 0 bytes of a frame>"


def test_a_length_that_cannot_be_believed() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(encode_frames([bytes(256 * 1024)])) == [bytes(256 * 1024)]
    with pytest.raises(StreamBroken, match="262145"):
        decoder.feed(b"\0\x04\0\x01")
