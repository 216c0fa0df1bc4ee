"""What stands in front of a frame where work is left to whoever sends it on: the virtio-net header.

Source: OASIS virtio 1.2, 5.1.6, and include/uapi/linux/virtio_net.h; ten bytes, integers in the order of the machine. A
packet with such a header may be as long as several frames, and lack its checksum. From driver to driver the header
travels in the slot TCP_IP_CHECKSUM of the packet, and the size of the segments in TCP_LARGE_SEND.
"""

from collections.abc import Sequence
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

from asyncndis.memory import Packet, PerPacketInfo
from asyncndis.memory.info_rows import clear_info, info_of, set_info

__all__ = ["HEADER_BYTES", "NOTHING", "Kind", "OffloadHeader", "join", "note_headers", "noted_headers", "split"]

HEADER_BYTES = 10
NOTHING = bytes(HEADER_BYTES)
"""The header of a frame that is complete."""

_HEADER = Struct("=BBHHHH")
_NEEDS_CHECKSUM = 1
_WITH_CWR = 0x80  # of a kind: the first segment tells that the sender has slowed down
_SIZE = Struct("=H")
_LONG = 4096
_LARGE, _CHECKSUM = PerPacketInfo.TCP_LARGE_SEND, PerPacketInfo.TCP_IP_CHECKSUM

Frame = bytes | bytearray | memoryview


class Kind(IntEnum):
    """As what a packet is to be segmented."""

    NONE = 0
    TCP_IPV4 = 1
    TCP_IPV6 = 4
    UDP = 5


class OffloadHeader(NamedTuple):
    """What is left to do to a packet.

    :ivar flags: bit 0 where its checksum is missing
    :ivar kind: one of ``Kind``, with bit 7 where its first segment carries CWR
    :ivar header_length: bytes of all headers, as a hint
    :ivar segment_size: payload bytes of each segment
    :ivar checksum_start: from where to the end the checksum is taken
    :ivar checksum_offset: where it belongs, counted from there
    """

    flags: int = 0
    kind: int = 0
    header_length: int = 0
    segment_size: int = 0
    checksum_start: int = 0
    checksum_offset: int = 0

    @classmethod
    def parse(cls, header: Frame) -> "OffloadHeader":
        """Understand the ten bytes of a header. IRQL: any."""
        return cls._make(_HEADER.unpack(header))

    def to_bytes(self) -> bytes:
        """The ten bytes. IRQL: any."""
        return _HEADER.pack(*self)

    @property
    def needs_checksum(self) -> bool:
        """Whether the checksum holds only the sum of the pseudo header."""
        return bool(self.flags & _NEEDS_CHECKSUM)

    @property
    def segments_as(self) -> int:
        """The kind without its bit for CWR."""
        return self.kind & ~_WITH_CWR


def split(frames: Sequence[bytes]) -> tuple[list[bytes], list[bytes | memoryview]]:
    """The headers of frames that have one, and the frames without. IRQL: any.

    Short ones are copied, as that costs less than a view.
    """
    return (
        [frame[:HEADER_BYTES] for frame in frames],
        [frame[HEADER_BYTES:] if len(frame) < _LONG else memoryview(frame)[HEADER_BYTES:] for frame in frames],
    )


def join(headers: Sequence[bytes] | None, frames: Sequence[Frame]) -> list[bytes]:
    """Frames behind their headers, or behind ``NOTHING`` where there are none. IRQL: any."""
    if headers is None:
        return [NOTHING + frame if type(frame) is bytes else _framed(NOTHING, frame) for frame in frames]
    return [_framed(header, frame) for header, frame in zip(headers, frames, strict=True)]


def _framed(header: bytes, frame: Frame) -> bytes:
    """A frame behind its header; not copied where it stood behind just that one."""
    if type(frame) is memoryview:
        whole = frame.obj
        if type(whole) is bytes and len(whole) == len(frame) + HEADER_BYTES and whole.startswith(header):
            return whole
    return header + frame


def note_headers(packets: Sequence[Packet], headers: Sequence[bytes]) -> None:
    """Let packets carry their headers; those that ask for nothing carry none. IRQL: any."""
    if headers.count(NOTHING) == len(headers):
        clear_info(packets, _CHECKSUM, _LARGE)
        return
    set_info(packets, _CHECKSUM, [header if header != NOTHING else None for header in headers])
    set_info(packets, _LARGE, [_SIZE.unpack_from(header, 4)[0] or None for header in headers])


def noted_headers(packets: Sequence[Packet]) -> list[bytes] | None:
    """The headers that packets carry, ``NOTHING`` for those without; None where none carries one. IRQL: any."""
    noted = info_of(packets, _CHECKSUM)
    if noted is None:
        return None
    return [header if isinstance(header, bytes) else NOTHING for header in noted]
