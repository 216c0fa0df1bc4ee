"""The sizes of packets, by the figures of the reference."""

import pytest

from asyncndis.memory import PACKET_LAYOUTS, packet_size


@pytest.mark.parametrize(
    ("bits", "reserved", "size"),
    [(32, 0, 136), (32, 1, 140), (32, 16, 152), (64, 0, 232), (64, 1, 240), (64, 32, 264)],
)
def test_packet_size(bits: int, reserved: int, size: int) -> None:
    assert packet_size(reserved, bits=bits) == size


def test_the_area_of_the_protocol_lies_behind_all_others() -> None:
    for layout in PACKET_LAYOUTS.values():
        assert layout.private + 4 * layout.pointer + 2 * layout.pointer == layout.protocol_reserved_offset
        assert layout.extension == 12 * layout.pointer


@pytest.mark.parametrize(("reserved", "bits"), [(-1, 64), (0, 16), (0, None)])
def test_bad_input(reserved: int, bits: int) -> None:
    with pytest.raises(ValueError, match=r"protocol_reserved_length|32 and 64 bits"):
        packet_size(reserved, bits=bits)
