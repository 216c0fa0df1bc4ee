"""Capture files, read and written without losing a byte: pcap and pcapng, of any byte order and link type.

A file is a sequence of records. Whoever writes every record back, with the bytes of each frame supplied
anew, gets the same file, whatever blocks, options and padding are in it. That identity is why this is code
of our own: of the libraries at hand, none reads both formats and gives back every byte. Reading and writing
block, a chunk at a time. Not in NDIS; see pcap-savefile(5) and the pcapng Internet-Draft.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from io import BufferedWriter, FileIO
from pathlib import Path
from struct import Struct
from types import TracebackType
from typing import BinaryIO, Self, TypeAlias

from asyncndis.base import check_instance, check_integer

from .container import CaptureStatistics, Record, Source
from .pcap import PCAP_MAGIC, VERSION, read_pcap
from .pcapng import PCAPNG_MAGIC, read_pcapng

__all__ = ["SAMPLE", "CaptureReader", "CaptureWriter", "PcapWriter", "open_capture"]

SAMPLE = Path(__file__).parent / "data" / "sample.pcap"
"""A small capture of real traffic: DHCP, ARP, ping, a web page and UDP, over IPv4, IPv6 and a VLAN."""

MAX_FRAME = 256 * 1024
MAX_BLOCK = 16 * 1024 * 1024
_BUFFER = 256 * 1024
_FILE_HEADER = Struct("<4sHHiIII")
_RECORD_HEADER = Struct("<IIII")
_NANOSECOND_MAGIC = b"\x4d\x3c\xb2\xa1"
_NS_PER_S = 1_000_000_000
_LAST_NS = (_NS_PER_S << 32) - 1

_FilePath: TypeAlias = str | os.PathLike[str]
_Bytes: TypeAlias = bytes | bytearray | memoryview


class CaptureReader:
    """The records of a capture file, in order, once: ``for record in reader``.

    It is a context manager that closes the file. A record keeps the chunk (256 KiB) that it was cut from.
    IRQL: PASSIVE_LEVEL, it reads a file.

    :param file: a binary file, which the reader then owns; short reads are fine
    :param name: what errors call the file
    :param max_frame: the longest frame in bytes that is believed
    :param max_block: the longest pcapng block in bytes that is believed
    :ivar format: ``"pcap"`` or ``"pcapng"``
    :raises CaptureError: here when the file is no capture, later when it is cut or damaged (INVALID_DATA)
    :raises TypeError: when a limit is no integer
    :raises ValueError: when a limit is not from 1 to 0xffffffff
    """

    def __init__(self, file: BinaryIO, name: str, *, max_frame: int = MAX_FRAME, max_block: int = MAX_BLOCK) -> None:
        check_integer("max_frame", max_frame, 1)
        check_integer("max_block", max_block, 1)
        self.name = name
        self._source = Source(file, name, max_frame, max_block)
        self.format, self._records = _recognise(self._source)

    def __iter__(self) -> Iterator[Record]:
        return self._records

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<CaptureReader {self.name} ({self.format}): {_summary(self.statistics())}>"

    def close(self) -> None:
        """Close the file. Records stay good."""
        self._source.close()

    def statistics(self) -> CaptureStatistics:
        """What was read so far."""
        source = self._source
        return CaptureStatistics(source.frames, source.frame_bytes, source.offset)


def open_capture(path: _FilePath, *, max_frame: int = MAX_FRAME, max_block: int = MAX_BLOCK) -> CaptureReader:
    """Open a pcap or pcapng file for reading; ``with open_capture(path) as reader``.

    IRQL: PASSIVE_LEVEL, it reads a file.

    :param path: the file; a pipe is fine
    :param max_frame: the longest frame in bytes that is believed
    :param max_block: the longest pcapng block in bytes that is believed
    :raises CaptureError: when the file is no capture (INVALID_DATA)
    :raises OSError: when it cannot be opened
    :raises TypeError: when the path is none or a limit is no integer
    :raises ValueError: when a limit is not from 1 to 0xffffffff
    """
    name = os.fspath(path)
    with ExitStack() as on_failure:
        # Unbuffered: the reader takes large chunks, and a pipe must hand over what is there.
        file = on_failure.enter_context(FileIO(name))
        reader = CaptureReader(file, name, max_frame=max_frame, max_block=max_block)
        on_failure.pop_all()
    return reader


class _Writer:
    """A file being written, with its counts."""

    def __init__(self, path: _FilePath) -> None:
        self.name = os.fspath(path)
        self._file = BufferedWriter(FileIO(self.name, "w"), _BUFFER)
        self._frames = 0
        self._frame_bytes = 0
        self._file_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {_summary(self.statistics())}>"

    def close(self) -> None:
        """Write out what is buffered, and close the file."""
        self._file.close()

    def statistics(self) -> CaptureStatistics:
        """What was written so far."""
        return CaptureStatistics(self._frames, self._frame_bytes, self._file_bytes)

    def _put(self, data: bytes) -> None:
        self._file.write(data)
        self._file_bytes += len(data)

    def _put_frame(self, data: bytes, frame_bytes: int) -> None:
        self._put(data)
        self._frames += 1
        self._frame_bytes += frame_bytes


class CaptureWriter(_Writer):
    """Writes the records of a capture again. All of them, in order, make the same file.

    It is a context manager. Frames may be left out; records without one are needed to understand the rest.
    IRQL: PASSIVE_LEVEL, it writes a file.

    :param path: the file to make or to replace; not the one that is being read
    :raises OSError: when it cannot be written
    """

    def write(self, record: Record, frame: _Bytes | None = None) -> None:
        """Write one record.

        IRQL: PASSIVE_LEVEL.

        :param record: as it came from a reader
        :param frame: the frame's bytes, as many as the record has; None takes the record's own
        :raises TypeError: when one of them is of another type
        :raises ValueError: when the length is another, or the record has no frame; nothing is written
        """
        check_instance("record", record, Record)
        prefix, own, suffix = record[:3]
        if own is None:
            if frame is not None:
                raise ValueError(f"{self.name}: this record has no frame to replace; write it without one")
            self._put(prefix)
            return
        data = b"".join((prefix, own if frame is None else frame, suffix))
        surplus = len(data) - len(prefix) - len(own) - len(suffix)
        if surplus:
            raise ValueError(
                f"{self.name}: a frame of {len(own) + surplus} bytes cannot replace one of {len(own)}; "
                "write new lengths with a PcapWriter"
            )
        self._put_frame(data, len(own))


class PcapWriter(_Writer):
    """Writes a new pcap file with times in nanoseconds.

    It is a context manager. IRQL: PASSIVE_LEVEL, it writes a file.

    :param path: the file to make or to replace
    :param link_type: the LINKTYPE number of all frames, 0 to 65535 (1 is Ethernet)
    :raises TypeError: when the link type is no integer
    :raises ValueError: when it is out of range; no file is made
    :raises OSError: when the file cannot be written
    """

    def __init__(self, path: _FilePath, link_type: int = 1) -> None:
        check_integer("link_type", link_type, 0, 0xFFFF)
        super().__init__(path)
        self._put(_FILE_HEADER.pack(_NANOSECOND_MAGIC, *VERSION, 0, 0, MAX_FRAME, link_type))

    def write(self, frame: _Bytes, timestamp_ns: int, original_length: int | None = None) -> None:
        """Write one frame.

        IRQL: PASSIVE_LEVEL.

        :param frame: its bytes, at most 262,144
        :param timestamp_ns: nanoseconds since 1970 UTC, before the year 2106
        :param original_length: its length on the wire in bytes, where it was cut; None means that it is whole
        :raises TypeError: when an argument is of another type
        :raises ValueError: when a number is out of range; nothing is written
        """
        size = memoryview(frame).nbytes
        original = size if original_length is None else original_length
        check_integer("the length of the frame", size, 0, MAX_FRAME)
        check_integer("timestamp_ns", timestamp_ns, 0, _LAST_NS)
        check_integer("original_length", original, size)
        seconds, fraction = divmod(timestamp_ns, _NS_PER_S)
        self._put_frame(b"".join((_RECORD_HEADER.pack(seconds, fraction, size, original), frame)), size)


def _recognise(source: Source) -> tuple[str, Iterator[Record]]:
    """The format and the records of a file, by its first four bytes."""
    if not source.ensure(4):
        raise source.error("the file is empty")
    magic = source.data[:4]
    if magic == PCAPNG_MAGIC:
        return "pcapng", read_pcapng(source)
    if magic in PCAP_MAGIC:
        return "pcap", read_pcap(source)
    raise source.error(
        f"{magic.hex()} begins neither a pcap nor a pcapng file", "decompress it, or convert it with editcap"
    )


def _summary(counts: CaptureStatistics) -> str:
    return f"{counts.frames} frame(s), {counts.frame_bytes} of {counts.file_bytes} bytes"
