"""Writing new pcapng files: several interfaces in one file, and a comment on each frame that has something to tell.

Source: the pcapng Internet-Draft. One section, little-endian, times in nanoseconds. Wireshark shows the comment of a
frame above its headers, and the display filter ``frame.comment`` finds it.
"""

import os
from collections.abc import Iterable
from struct import Struct
from typing import TypeAlias

from asyncndis.base import check_instance, check_integer
from asyncndis.nic import Direction

from .capture import MAX_FRAME, _Writer

__all__ = ["PcapngWriter"]

_FilePath: TypeAlias = str | os.PathLike[str]
_Bytes: TypeAlias = bytes | bytearray | memoryview

_SECTION, _INTERFACE, _ENHANCED = 0x0A0D0D0A, 1, 6
_END, _COMMENT = 0, 1  # options of any block
_APPLICATION = 4  # of a section
_NAME, _TIME_UNIT = 2, 9  # of an interface
_FLAGS = 2  # of a frame
_NANOSECONDS = b"\x09"
_ETHERNET = 1
_LONGEST_OPTION = 0xFFFF
_BYTE_ORDER, _VERSION, _ANY_LENGTH = 0x1A2B3C4D, (1, 0), -1
_LAST_NS = (1 << 63) - 1

_BLOCK = Struct("<II")
_SIZE = Struct("<I")
_OPTION = Struct("<HH")
_SECTION_BODY = Struct("<IHHq")
_INTERFACE_BODY = Struct("<HHI")
_FRAME_BODY = Struct("<IIIII")


class PcapngWriter(_Writer):
    """Writes a new pcapng file of Ethernet frames, with times in nanoseconds.

    It is a context manager. IRQL: PASSIVE_LEVEL, it writes a file.

    :param path: the file to make or to replace
    :raises OSError: when the file cannot be written
    """

    def __init__(self, path: _FilePath) -> None:
        super().__init__(path)
        self._interfaces = 0
        body = _SECTION_BODY.pack(_BYTE_ORDER, *_VERSION, _ANY_LENGTH)
        self._put(_block(_SECTION, body, [(_APPLICATION, b"asyncndis")]))

    def add_interface(self, name: str) -> int:
        """Describe one more interface. IRQL: PASSIVE_LEVEL.

        :param name: shown with its frames
        :returns: its number, for :meth:`write`
        :raises TypeError: when the name is no string
        """
        check_instance("name", name, str)
        options = [(_NAME, _text(name)), (_TIME_UNIT, _NANOSECONDS)]
        self._put(_block(_INTERFACE, _INTERFACE_BODY.pack(_ETHERNET, 0, MAX_FRAME), options))
        self._interfaces += 1
        return self._interfaces - 1

    def write(
        self,
        frame: _Bytes,
        timestamp_ns: int,
        *,
        interface: int = 0,
        direction: Direction | None = None,
        comment: str | None = None,
    ) -> None:
        """Write one frame. IRQL: PASSIVE_LEVEL.

        :param frame: its bytes, at most 262,144
        :param timestamp_ns: nanoseconds since 1970 UTC
        :param interface: a number that :meth:`add_interface` gave
        :param direction: which way it went, as seen from the interface
        :param comment: what there is to tell about it; cut after 65,535 bytes
        :raises TypeError: when an argument is of another type
        :raises ValueError: when a number is out of range; nothing is written
        """
        size = memoryview(frame).nbytes
        check_integer("the length of the frame", size, 0, MAX_FRAME)
        check_integer("timestamp_ns", timestamp_ns, 0, _LAST_NS)
        check_integer("interface", interface, 0, self._interfaces - 1)
        options: list[tuple[int, bytes]] = []
        if comment is not None:
            check_instance("comment", comment, str)
            options.append((_COMMENT, _text(comment)))
        if direction is not None:
            options.append((_FLAGS, _SIZE.pack(Direction(direction))))
        head = _FRAME_BODY.pack(interface, timestamp_ns >> 32, timestamp_ns & 0xFFFFFFFF, size, size)
        self._put_frame(_block(_ENHANCED, b"".join((head, _padded(frame))), options), size)


def _block(kind: int, body: bytes, options: Iterable[tuple[int, bytes]]) -> bytes:
    parts = [body]
    for code, value in options:
        parts += [_OPTION.pack(code, len(value)), _padded(value)]
    if len(parts) > 1:
        parts.append(_OPTION.pack(_END, 0))
    size = _BLOCK.size + sum(map(len, parts)) + _SIZE.size
    return b"".join((_BLOCK.pack(kind, size), *parts, _SIZE.pack(size)))


def _padded(data: _Bytes) -> bytes:
    return b"".join((data, bytes(-len(data) % 4)))


def _text(text: str) -> bytes:
    """A string as an option holds it: UTF-8, cut where it is too long, between two characters."""
    return text.encode(errors="replace")[:_LONGEST_OPTION].decode(errors="ignore").encode()
