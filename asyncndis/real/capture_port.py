"""Capture files as ports: the frames of one come in, as fast as they are taken; those that go out are written to one.

A file that is read has a link until its end. Damage in it is told when the frames before it have come in. Time stamps
of a file that is written are those of the current clock.
"""

from collections.abc import Iterator, Sequence

from anyio.lowlevel import checkpoint

from asyncndis.base import NdisError
from asyncndis.kernel import Clock, NdisEvent, current_clock
from asyncndis.nic.port import BATCH, LONGEST_FRAME, Frame, Port

from .capture import CaptureReader, PcapWriter, open_capture
from .container import Record
from .errors import PortError
from .port_address import CaptureAddress
from .station_address import station_address

__all__ = ["CaptureReadPort", "CaptureWritePort", "open_capture_port"]

_ETHERNET = 1
_YEAR_1970 = 116_444_736_000_000_000  # in the clock's units of 100 ns


class CaptureReadPort(Port):
    """A capture file that is read; what is sent into it is lost.

    :param name: as it was asked for
    :param reader: of the file
    """

    def __init__(self, name: str, reader: CaptureReader) -> None:
        super().__init__(name, station_address(name), LONGEST_FRAME - 18)
        self._reader = reader
        self._records: Iterator[Record] = iter(reader)
        self._wanted = NdisEvent(f"frames of {name} are wanted")

    def let_in(self, wanted: bool) -> None:
        """See :meth:`Port.let_in`."""
        super().let_in(wanted)
        if wanted:
            self._wanted.set()

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """See :meth:`Port.receive`."""
        frames: list[bytes] = []
        try:
            while len(frames) < limit:
                record = next(self._records, None)
                if record is None:
                    self._set_link(False)
                    break
                if record.frame is not None and record.link_type == _ETHERNET:
                    frames.append(bytes(record.frame))
        except NdisError as error:
            self._records = iter(())
            self._fail(error)
        self._count_in(frames)
        return frames

    def transmit(self, frames: Sequence[Frame]) -> int:
        """A file that is read takes nothing."""
        self._dropped += 1
        return 0

    async def run(self) -> None:
        """Let the frames come, a batch at a time, while they are wanted.

        :raises CaptureError: when the file is damaged, after what comes before that
        """
        while self.link_up:
            if not self._lets_in:
                self._wanted.reset()
                await self._wanted.wait()
            elif self._driver is not None:
                self._driver.readable()
            await checkpoint()
        await super().run() if self._failure is None else None
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """See :meth:`Port.close`."""
        super().close()
        self._reader.close()


class CaptureWritePort(Port):
    """A capture file that is written; nothing comes out of it.

    :param name: as it was asked for
    :param writer: of the file
    """

    def __init__(self, name: str, writer: PcapWriter) -> None:
        super().__init__(name, station_address(name), LONGEST_FRAME - 18)
        self._writer = writer
        self._clock: Clock = current_clock()

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """Nothing comes out of a file that is written."""
        return []

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        now = 100 * (self._clock.system_time() - _YEAR_1970)
        try:
            for frame in frames:
                self._writer.write(frame, now)
                self._frames_out += 1
                self._bytes_out += len(frame)
        except OSError as error:
            self._fail(PortError(f"{self.name} cannot be written: {error.strerror}; make room, or take another file"))
            return 0
        return len(frames)

    def close(self) -> None:
        """See :meth:`Port.close`."""
        super().close()
        self._writer.close()


def open_capture_port(address: CaptureAddress, name: str) -> Port:
    """Open a capture file to be read, or make one. IRQL: PASSIVE.

    :param address: which, and whether it is written
    :param name: how it was asked for
    :raises CaptureError: when it is no capture
    :raises PortError: when it cannot be opened, or made
    """
    try:
        if address.write:
            return CaptureWritePort(name, PcapWriter(address.file))
        return CaptureReadPort(name, open_capture(address.file))
    except OSError as error:
        verb = "written" if address.write else "read"
        raise PortError(f"{name}: {address.file} cannot be {verb}: {error.strerror}; is the path right?") from None
