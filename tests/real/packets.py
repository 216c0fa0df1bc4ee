"""Frames exactly as they are on a device of the kernel, sent and received through packet sockets.

The kernel takes the outer VLAN tag out of what it hands over, and tells it beside the frame; here it is put back, so
that a frame is what the driver wrote.
"""

import socket
import struct
from collections import Counter
from collections.abc import Sequence
from time import monotonic
from types import TracebackType
from typing import Self

from tests.real.namespaces import Namespace
from tests.real.running import PATIENCE_S

__all__ = ["PacketSocket", "frame"]

_ALL = 0x0003
_SOL_PACKET = 263
_ADD_MEMBERSHIP, _AUXDATA, _IGNORE_OUTGOING = 1, 8, 23
_PROMISCUOUS = 1
_AUXILIARY = struct.Struct("=IIIHHHH")
_TAG_VALID, _TAG_TYPE_VALID = 0x10, 0x40
_BUFFER = 16 * 1024 * 1024


class PacketSocket:
    """Sends and receives whole frames on a device of a namespace; it hears what others send, not what it sends."""

    def __init__(self, place: Namespace, device: str, *, promiscuous: bool = True) -> None:
        self._socket = place.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.setsockopt(socket.SOL_SOCKET, 33, _BUFFER)  # SO_RCVBUFFORCE: more than users may have
        self._socket.setsockopt(_SOL_PACKET, _AUXDATA, 1)
        self._socket.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
        self._socket.bind((device, _ALL))
        if promiscuous:
            index = place.link(device)["ifindex"]
            self._socket.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, struct.pack("=IHH8s", index, _PROMISCUOUS, 0, b""))

    def send(self, *frames: bytes) -> None:
        """Send frames in order."""
        for one in frames:
            self._socket.send(one)

    def receive(self, patience_s: float = PATIENCE_S) -> bytes | None:
        """The next frame; None where none comes in time."""
        self._socket.settimeout(max(patience_s, 1e-6))
        try:
            data, ancillary, _, _ = self._socket.recvmsg(1 << 17, socket.CMSG_SPACE(_AUXILIARY.size))
        except TimeoutError:
            return None
        for level, kind, value in ancillary:
            if (level, kind) == (_SOL_PACKET, _AUXDATA):
                return _with_tag(data, value)
        return data

    def expect(self, frames: Sequence[bytes], patience_s: float = PATIENCE_S) -> list[bytes]:
        """Receive until all of these frames have come, however often each; what else comes is not for us."""
        wanted, found = Counter(frames), list[bytes]()
        deadline = monotonic() + patience_s
        while wanted.total() and (got := self.receive(deadline - monotonic())) is not None:
            if wanted[got] > 0:
                wanted[got] -= 1
                found.append(got)
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._socket.close()


def frame(
    number: int,
    size: int = 60,
    *,
    to: str = "ffffffffffff",
    source: str = "0200000000aa",
    head: str = "88b5",
) -> bytes:
    """A frame that differs from others by its number; ``head`` is its EtherType, and tags before it."""
    header = bytes.fromhex(to + source + head)
    body = number.to_bytes(4, "big") + bytes((number + place) % 251 for place in range(min(size, 64)))
    return (header + body).ljust(size, b"\x5a")[:size]


def _with_tag(data: bytes, auxiliary: bytes) -> bytes:
    status, *_, tag, tag_type = _AUXILIARY.unpack_from(auxiliary)
    if not status & _TAG_VALID:
        return data
    tag_type = tag_type if status & _TAG_TYPE_VALID else 0x8100
    return data[:12] + struct.pack(">HH", tag_type, tag) + data[12:]
