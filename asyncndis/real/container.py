"""What every capture format shares: the record, the error, and the file read a chunk at a time.

Rules: every byte of the file belongs to exactly one record; a record is cut out of the chunk it was read
in, so that memory stays constant however long the file is; a length is believed only up to a limit; and
whatever is wrong with the file is a :class:`CaptureError` at the first byte of the record in question, so
that the bytes before it are a whole capture of their own.
"""

from typing import BinaryIO, NamedTuple

from asyncndis.base import NdisError, NdisStatus

__all__ = ["CaptureError", "CaptureStatistics", "Record", "Source"]

_CHUNK = 256 * 1024


class CaptureError(NdisError):
    """A capture file is damaged, cut, or no capture at all.

    :ivar offset: the first byte of the record in question; what precedes it is a whole capture, if not empty
    :ivar frames: the number of whole frames before it
    """

    default_status = NdisStatus.INVALID_DATA

    def __init__(self, message: str, offset: int = 0, frames: int = 0) -> None:
        super().__init__(message)
        self.offset = offset
        self.frames = frames


class CaptureStatistics(NamedTuple):
    """What went through a reader or a writer so far.

    :ivar frames: the number of frames
    :ivar frame_bytes: the bytes of these frames
    :ivar file_bytes: the bytes of the file, with all that surrounds the frames
    """

    frames: int
    frame_bytes: int
    file_bytes: int


class Record(NamedTuple):
    """One record of a capture file; ``prefix + frame + suffix`` are its bytes, exactly.

    :ivar prefix: the bytes of the file before the frame (all of them where there is no frame)
    :ivar frame: the frame, a read-only slice of the chunk that was read; None in headers and other blocks
    :ivar suffix: the bytes after the frame: padding, options, the trailing length
    :ivar timestamp_ns: nanoseconds since 1970 UTC, or None where the file has no time for this frame
    :ivar original_length: the length on the wire in bytes, where the frame was cut; 0 without a frame
    :ivar link_type: the LINKTYPE number (1 is Ethernet); 0 without a frame
    """

    prefix: bytes
    frame: memoryview | None
    suffix: bytes = b""
    timestamp_ns: int | None = None
    original_length: int = 0
    link_type: int = 0


class Source:
    """The bytes of a capture file from the current record on.

    :param file: any binary file; short reads are fine
    :param name: what errors call the file
    :param max_frame: the longest frame in bytes that is believed
    :param max_block: the longest pcapng block in bytes that is believed
    """

    def __init__(self, file: BinaryIO, name: str, max_frame: int, max_block: int) -> None:
        self.name = name
        self.max_frame = max_frame
        self.max_block = max_block
        self.data = b""
        self.position = 0
        self.frames = 0
        self.frame_bytes = 0
        self._file = file
        self._view = memoryview(b"")
        self._chunk_offset = 0

    @property
    def offset(self) -> int:
        """Where in the file the current record begins."""
        return self._chunk_offset + self.position

    def close(self) -> None:
        """Close the file and let go of the chunk. Records handed out stay good."""
        self._file.close()
        self._hold(b"")

    def ensure(self, size: int) -> bool:
        """Have ``size`` bytes of the current record in ``data``; False when the file ends right before it."""
        return self.position + size <= len(self.data) or self._read(size)

    def packet(
        self,
        prefix: int,
        frame: int,
        suffix: int,
        timestamp_ns: int | None,
        original_length: int,
        link_type: int,
    ) -> Record:
        """Slice the current record, given the lengths of its three parts, and go to the next one."""
        begin = self.position
        start = begin + prefix
        end = start + frame
        self.position = end + suffix
        self.frames += 1
        self.frame_bytes += frame
        data = self.data
        return Record(
            data[begin:start],
            self._view[start:end],
            data[end : self.position],
            timestamp_ns,
            original_length,
            link_type,
        )

    def opaque(self, size: int) -> Record:
        """Slice the current record, of ``size`` bytes and without a frame, and go to the next one."""
        begin = self.position
        self.position += size
        return Record(self.data[begin : self.position], None)

    def check_frame(self, size: int) -> None:
        """Refuse a frame that is longer than ``max_frame``."""
        if size > self.max_frame:
            raise self.error(
                f"a frame of {size} bytes is longer than max_frame={self.max_frame}",
                "raise the limit if that is right",
            )

    def error(self, problem: str, remedy: str | None = None) -> CaptureError:
        """The error for the current record: file, place, problem, way out."""
        if remedy is None:
            remedy = (
                f"whole frames before it: {self.frames}, `head -c {self.offset}` keeps them"
                if self.frames
                else "no whole frame precedes it, copy or record the file again"
            )
        return CaptureError(f"{self.name}, byte {self.offset}: {problem}; {remedy}", self.offset, self.frames)

    def _read(self, size: int) -> bool:
        parts = [self.data[self.position :]]
        held = len(parts[0])
        while held < size:
            chunk = self._file.read(_CHUNK)
            if not chunk and held:
                raise self.error(f"the file ends {held} bytes into a record that needs {size}")
            if not chunk:
                return False
            parts.append(chunk)
            held += len(chunk)
        self._hold(b"".join(parts))
        return True

    def _hold(self, data: bytes) -> None:
        self._chunk_offset = self.offset
        self.position = 0
        self.data = data
        self._view = memoryview(data)
