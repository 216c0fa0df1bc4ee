"""Frames in a stream of bytes, each behind its length in four bytes, the highest first: QEMU's ``-netdev stream``.

Bytes in, frames out, and nothing else.
"""

from collections.abc import Sequence
from struct import Struct

from asyncndis.nic.port import Frame

__all__ = ["FrameDecoder", "StreamBroken", "encode_frames"]

_LENGTH = Struct(">I")
_LONGEST = 256 * 1024


class StreamBroken(Exception):
    """What should be the length of a frame is none."""


class FrameDecoder:
    """Cuts frames out of a stream."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def __repr__(self) -> str:
        return f"<FrameDecoder with {len(self._rest)} bytes of a frame>"

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that are whole now.

        :param data: the next bytes of the stream
        :raises StreamBroken: when a length is too large to be believed; the stream is lost then
        """
        data = self._rest + data if self._rest else data
        frames: list[bytes] = []
        at, end = 0, len(data)
        while at + 4 <= end:
            (length,) = _LENGTH.unpack_from(data, at)
            if length > _LONGEST:
                raise StreamBroken(f"a frame of {length} bytes")
            if at + 4 + length > end:
                break
            frames.append(data[at + 4 : at + 4 + length])
            at += 4 + length
        self._rest = data[at:]
        return frames


def encode_frames(frames: Sequence[Frame]) -> bytes:
    """The bytes that carry frames."""
    pack = _LENGTH.pack
    parts: list[Frame] = []
    for frame in frames:
        parts += (pack(len(frame)), frame)
    return b"".join(parts)
