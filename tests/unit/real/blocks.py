"""Capture files made by hand, byte for byte, for tests of what reads them."""

import struct
from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

from asyncndis.real import CaptureReader, Record

LITTLE, BIG = "<", ">"

SECTION, INTERFACE, OBSOLETE, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6
TIME_UNIT, TIME_ORIGIN = 9, 14


class Seen(NamedTuple):
    """What a reader must tell of a frame."""

    frame: bytes
    timestamp_ns: int | None
    original_length: int
    link_type: int


class Dribble(BytesIO):
    """A file that hands out a few bytes at a time, as a pipe may."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__(data)
        self._most = most

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self._most)


def padded(data: bytes, filler: bytes = b"\0") -> bytes:
    return data + filler * (-len(data) % 4)


def pcap(order: str, unit_ns: int, *frames: Seen, link_type: int = 1) -> bytes:
    magic = {1000: 0xA1B2C3D4, 1: 0xA1B23C4D}[unit_ns]
    parts = [struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65535, link_type)]
    for frame, timestamp_ns, original_length, _ in frames:
        seconds, nanoseconds = divmod(timestamp_ns or 0, 10**9)
        parts.append(struct.pack(order + "IIII", seconds, nanoseconds // unit_ns, len(frame), original_length))
        parts.append(frame)
    return b"".join(parts)


def block(order: str, kind: int, body: bytes) -> bytes:
    size = 12 + len(padded(body))
    return struct.pack(order + "II", kind, size) + padded(body) + struct.pack(order + "I", size)


def option(order: str, code: int, value: bytes = b"") -> bytes:
    return struct.pack(order + "HH", code, len(value)) + padded(value, b"\xee")


def time_unit(order: str, exponent: int, base: int = 10) -> bytes:
    return option(order, TIME_UNIT, bytes([exponent | (0x80 if base == 2 else 0)]))


def time_origin(order: str, seconds: int) -> bytes:
    return option(order, TIME_ORIGIN, struct.pack(order + "q", seconds))


def section(order: str, options: bytes = b"", *, major: int = 1, length: int = -1) -> bytes:
    return block(order, SECTION, struct.pack(order + "IHHq", 0x1A2B3C4D, major, 0, length) + options)


def interface(order: str, link_type: int = 1, snap_length: int = 0, options: bytes = b"") -> bytes:
    return block(order, INTERFACE, struct.pack(order + "HHI", link_type, 0, snap_length) + options)


def enhanced(
    order: str,
    number: int,
    ticks: int,
    frame: bytes,
    original_length: int | None = None,
    options: bytes = b"",
) -> bytes:
    original = len(frame) if original_length is None else original_length
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), original)
    return block(order, ENHANCED, head + padded(frame, b"\xaa") + options)


def obsolete(order: str, number: int, ticks: int, frame: bytes, options: bytes = b"") -> bytes:
    times = (ticks >> 32, ticks & 0xFFFFFFFF)
    head = struct.pack(order + "HHIIII", number, 0xFFFF, *times, len(frame), len(frame))
    return block(order, OBSOLETE, head + padded(frame, b"\xbb") + options)


def simple(order: str, frame: bytes, original_length: int | None = None) -> bytes:
    original = len(frame) if original_length is None else original_length
    return block(order, SIMPLE, struct.pack(order + "I", original) + padded(frame, b"\xcc"))


def read(data: bytes, **limits: int) -> list[Record]:
    return list(CaptureReader(BytesIO(data), "test.cap", **limits))


def seen(records: Iterable[Record]) -> list[Seen]:
    return [
        Seen(bytes(record.frame), record.timestamp_ns, record.original_length, record.link_type)
        for record in records
        if record.frame is not None
    ]


def sizes(records: Iterable[Record]) -> list[int]:
    return [len(prefix) + len(frame or b"") + len(suffix) for prefix, frame, suffix, *_ in records]


def rejoin(records: Iterable[Record]) -> bytes:
    """The file again, as a writer that is given every frame anew makes it."""
    return b"".join(prefix + bytes(frame or b"") + suffix for prefix, frame, suffix, *_ in records)


def every_block(order: str) -> bytes:
    """A small pcapng file with two sections and every kind of block."""
    other = BIG if order == LITTLE else LITTLE
    return b"".join(
        (
            section(order, option(order, 4, b"a tool") + option(order, 0)),
            interface(order, 1, 64, option(order, 2, b"eth0") + time_unit(order, 9) + option(order, 0)),
            interface(order, 101, 0, time_origin(order, -5) + option(order, 0)),
            enhanced(order, 0, 1_700_000_000_123_456_789, b"nine byte", options=option(order, 1, b"a comment")),
            block(order, 0x0BAD, b"\0\0\0\x01custom"),
            obsolete(order, 1, 7_000_001, b"frame"),
            simple(order, bytes(64), 1500),
            block(order, 4, b""),
            section(other),
            interface(other, 1, 0, time_unit(other, 10, base=2)),
            enhanced(other, 0, 1536, b""),
            block(other, 0x40000BAD, bytes(21)),
            simple(other, b"the end"),
        )
    )


EVERY_BLOCK_SEEN = [
    Seen(b"nine byte", 1_700_000_000_123_456_789, 9, 1),
    Seen(b"frame", 2_000_001_000, 5, 101),
    Seen(bytes(64), None, 1500, 1),
    Seen(b"", 1_500_000_000, 0, 1),
    Seen(b"the end", None, 7, 1),
]
