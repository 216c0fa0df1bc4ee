"""Ports behind one descriptor or several, which hand over one frame a call: a TAP, or a datagram socket.

Up to a batch of frames is read in one go, by as many calls: for a TAP there is none that reads several. What a write
answers decides: EAGAIN and ENOBUFS, wait until it can be written; the peer or the link is away, the frame is lost, and
the next is tried; the device is gone, the port is at its end.
"""

import errno
import os
from collections.abc import Sequence
from itertools import repeat
from operator import length_hint

from asyncndis.nic.offload import HEADER_BYTES
from asyncndis.nic.port import BATCH, LONGEST_FRAME, Frame, Port

from .errors import PortError
from .readiness import Readiness

__all__ = ["DescriptorPort"]

_LONGEST = repeat(LONGEST_FRAME + HEADER_BYTES)
_GONE = frozenset({errno.EBADFD, errno.EBADF, errno.ENODEV, errno.ENXIO})


class DescriptorPort(Port):
    """A port behind descriptors; closing it closes them.

    :param name: for messages
    :param mac: see :class:`Port`
    :param descriptors: non-blocking; frames are read from all, and written to the first, so that they keep their order
    :param mtu: see :class:`Port`
    """

    def __init__(self, name: str, mac: bytes, descriptors: Sequence[int], mtu: int = 1500) -> None:
        super().__init__(name, mac, mtu)
        self._descriptors = tuple(descriptors)
        self._out = self._descriptors[0]
        self._always_out = repeat(self._out)
        self._is_full = False
        self._ready = Readiness(name)

    @property
    def is_full(self) -> bool:
        """Whether there is no room for a frame."""
        return self._is_full

    def let_in(self, wanted: bool) -> None:
        """See :meth:`Port.let_in`."""
        super().let_in(wanted)
        callback = self._driver.readable if wanted and self._driver is not None else None
        for descriptor in self._descriptors:
            self._ready.read(descriptor, callback)

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """See :meth:`Port.receive`. What comes in proves that the link is up."""
        frames: list[bytes] = []
        for descriptor in self._descriptors:
            try:  # by an iterator, so that what was read before one that fails is kept
                frames.extend(map(os.read, repeat(descriptor, limit - len(frames)), _LONGEST))
            except BlockingIOError:
                pass
            except OSError as error:
                self._read_failed(error)
        if frames:
            self._frames_in += len(frames)
            self._bytes_in += sum(map(len, frames))
            if not self._link_up and frames[0]:
                self._set_link(True)
        return frames

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        left = iter(frames)
        try:
            octets = sum(map(os.write, self._always_out, left))
            sent = len(frames)
        except OSError as error:
            sent = len(frames) - length_hint(left) - 1
            octets = sum(map(len, frames[:sent]))
            self._write_failed(error)
        self._frames_out += sent
        self._bytes_out += octets
        return sent

    async def run(self) -> None:
        """See :meth:`Port.run`."""
        await self._ready.run()

    def close(self) -> None:
        """See :meth:`Port.close`."""
        if not self._is_closed:
            super().close()
            for descriptor in self._descriptors:
                os.close(descriptor)

    def _writable(self) -> None:
        self._is_full = False
        if self._driver is not None:
            self._driver.has_room()

    def _read_failed(self, error: OSError) -> None:
        """A read has failed otherwise than for want of a frame: the link is down, or the device gone."""
        if error.errno in _GONE:
            self._fail(self._gone())
        else:
            self._link_failed()

    def _write_failed(self, error: OSError) -> None:
        if error.errno in (errno.EAGAIN, errno.ENOBUFS):
            self._full += 1
            self._is_full = True
            self._wait_for_room()
            return
        self._dropped += 1
        if error.errno in _GONE:
            self._fail(self._gone())
        elif error.errno not in (errno.EINVAL, errno.EMSGSIZE):  # no frame that can be sent
            self._link_failed()

    def _wait_for_room(self) -> None:
        self._ready.write(self._out, self._writable)

    def _link_failed(self) -> None:
        """The other end does not answer."""
        self._set_link(False)

    def _gone(self) -> PortError:
        return PortError(f"{self.name} was closed at its other end; open it again")

    def _fail(self, error: Exception) -> None:
        super()._fail(error)
        self._ready.end(error)
