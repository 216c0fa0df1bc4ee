"""A Unix stream socket as a port: QEMU's ``-netdev stream``, or another port of this kind.

Whoever comes first listens: where a program listens at the path this port connects, otherwise it listens itself. One
other end at a time; when that goes, the link is down, and the next one is waited for. A frame that was half sent to one
end is never continued to the next.
"""

import errno
import socket
from collections import deque
from collections.abc import Sequence

from asyncndis.base import NdisStatus
from asyncndis.kernel.host import Cancellable, current_host
from asyncndis.nic.port import BATCH, LONGEST_FRAME, Frame, Port

from .errors import PortError
from .framing import FrameDecoder, StreamBroken, encode_frames
from .port_address import StreamAddress
from .readiness import Readiness
from .station_address import station_address
from .unix_sockets import bind, new_socket, remove

__all__ = ["StreamPort", "open_stream"]

_CHUNK = 256 * 1024
_AGAIN_SECONDS = 0.5


class StreamPort(Port):
    """A stream of frames; made by :func:`open_stream`.

    :param name: for messages
    :param path: of the socket; None for one end that was given, after which nothing comes
    :param end: the other end, where there is one already
    :param listener: waits for one, where this port listens
    :param inode: of the path that it listens at
    """

    def __init__(
        self,
        name: str,
        path: str | None,
        *,
        end: socket.socket | None = None,
        listener: socket.socket | None = None,
        inode: int = 0,
    ) -> None:
        super().__init__(name, station_address(name), LONGEST_FRAME - 18)
        self._path = path
        self._listener = listener
        self._inode = inode
        self._peer: socket.socket | None = None
        self._decoder = FrameDecoder()
        self._arrived: deque[bytes] = deque()
        self._unsent = b""
        self._retry: Cancellable | None = None
        self._ready = Readiness(name)
        self._link_up = False
        if listener is not None:
            self._ready.read(listener.fileno(), self._accept)
        if end is not None:
            self._begin(end)

    @property
    def is_full(self) -> bool:
        """Whether bytes of the last frames still wait."""
        return bool(self._unsent)

    def let_in(self, wanted: bool) -> None:
        """See :meth:`Port.let_in`."""
        super().let_in(wanted)
        self._watch()
        if wanted and self._arrived:
            current_host().call_soon(self._tell)

    def receive(self, limit: int = BATCH) -> list[bytes]:
        """See :meth:`Port.receive`."""
        if len(self._arrived) < limit:
            self._read()
        frames = [self._arrived.popleft() for _ in range(min(limit, len(self._arrived)))]
        self._count_in(frames)
        if self._arrived and self._lets_in:
            current_host().call_soon(self._tell)
        return frames

    def transmit(self, frames: Sequence[Frame]) -> int:
        """See :meth:`Port.transmit`."""
        if self._peer is None:
            self._dropped += 1
            return 0
        if self._unsent:
            self._full += 1
            return 0
        self._frames_out += len(frames)
        self._bytes_out += sum(map(len, frames))
        self._unsent = encode_frames(frames)
        self._flush()
        return len(frames)

    async def run(self) -> None:
        """See :meth:`Port.run`."""
        await self._ready.run()

    def close(self) -> None:
        """See :meth:`Port.close`."""
        if self._is_closed:
            return
        super().close()
        if self._retry is not None:
            self._retry.cancel()
        for one in (self._peer, self._listener):
            if one is not None:
                one.close()
        if self._listener is not None and self._path is not None:
            remove(self._path, self._inode)

    def _tell(self) -> None:
        if self._driver is not None and self._lets_in and not self._is_closed:
            self._ready.guard(self._driver.readable)

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            peer, _ = self._listener.accept()
        except BlockingIOError:
            return
        if self._peer is not None:
            peer.close()  # one at a time
        else:
            peer.setblocking(False)
            self._begin(peer)

    def _begin(self, peer: socket.socket) -> None:
        self._peer = peer
        self._decoder = FrameDecoder()
        self._unsent = b""
        self._watch()
        self._set_link(True)

    def _watch(self) -> None:
        if self._peer is not None:
            self._ready.read(self._peer.fileno(), self._readable if self._lets_in else None)

    def _readable(self) -> None:
        if self._driver is not None:
            self._driver.readable()

    def _read(self) -> None:
        if self._peer is None:
            return
        try:
            data = self._peer.recv(_CHUNK)
            self._arrived += self._decoder.feed(data)
        except BlockingIOError:
            return
        except (OSError, StreamBroken):
            data = b""
        if not data:
            self._lose_peer()

    def _flush(self) -> None:
        peer = self._peer
        try:
            while peer is not None and self._unsent:
                self._unsent = self._unsent[peer.send(self._unsent) :]
        except BlockingIOError:
            assert peer is not None
            self._ready.write(peer.fileno(), self._writable)
        except OSError:
            self._lose_peer()

    def _writable(self) -> None:
        self._flush()
        if not self._unsent and self._peer is not None and self._driver is not None:  # losing the peer tells by itself
            self._driver.has_room()

    def _lose_peer(self) -> None:
        peer, self._peer = self._peer, None
        assert peer is not None
        was_full, self._unsent = bool(self._unsent), b""
        self._ready.read(peer.fileno(), None)
        self._ready.write(peer.fileno(), None)
        peer.close()
        self._set_link(False)
        if self._path is None:
            self._fail(PortError(f"{self.name} was closed at its other end; open it again", NdisStatus.ADAPTER_REMOVED))
        elif self._listener is None:
            self._connect_later()
        if was_full and self._driver is not None:
            self._driver.has_room()

    def _connect_later(self) -> None:
        self._retry = current_host().call_later(_AGAIN_SECONDS, self._connect_again)

    def _connect_again(self) -> None:
        self._retry = None
        if self._is_closed or self._path is None:
            return
        peer = _connected(self._path)
        if peer is None:
            self._connect_later()
        else:
            self._ready.guard(lambda: self._begin(peer))

    def _fail(self, error: Exception) -> None:
        super()._fail(error)
        self._ready.end(error)


def open_stream(address: StreamAddress, name: str) -> StreamPort:
    """Connect where somebody listens, or listen. IRQL: PASSIVE.

    :param address: the path
    :param name: how it was asked for
    :raises PortError: when the path is used otherwise, or cannot be made
    """
    peer = _connected(address.path)
    if peer is not None:
        return StreamPort(name, address.path, end=peer)
    listener = new_socket(socket.SOCK_STREAM)
    try:
        inode = bind(listener, address.path, name)
        listener.listen(1)
        return StreamPort(name, address.path, listener=listener, inode=inode)
    except BaseException:
        listener.close()
        raise


def _connected(path: str) -> socket.socket | None:
    """A socket that is connected to whoever listens at a path; None where nobody does."""
    peer = new_socket(socket.SOCK_STREAM)
    outcome = peer.connect_ex(path)
    if outcome in (0, errno.EISCONN):
        return peer
    peer.close()
    return None
