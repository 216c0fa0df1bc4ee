"""Packets that are large, or lack their checksum, for a port that cannot do that work: it is done here, frame by frame.

A port may take a part of the frames that a packet stands for. The rest is kept until there is room, so that no frame is
sent twice, and none of another packet in between.
"""

from collections.abc import Sequence
from typing import NamedTuple

from asyncndis.memory import Packet
from asyncndis.memory.rows import contents_of
from asyncndis.nic import Port
from asyncndis.nic.port import Frame
from asyncndis.nic.segmentation import complete

__all__ = ["Finisher", "Outcome"]


class Outcome(NamedTuple):
    """What became of packets.

    :ivar written: they were sent, as all their frames
    :ivar lost: of these a frame, at least, could not be sent
    :ivar waiting: the port has no room for them now; the first may have been sent in part
    """

    written: list[Packet]
    lost: list[Packet]
    waiting: Sequence[Packet]


class Finisher:
    """Writes packets to a port as the frames that they stand for.

    :ivar begun: the packet of which a part was sent
    """

    __slots__ = ("_frames", "_has_lost", "begun")

    def __init__(self) -> None:
        self.begun: Packet | None = None
        self._frames: Sequence[Frame] = ()
        self._has_lost = False

    def __repr__(self) -> str:
        return f"<Finisher {len(self._frames)} frames of one packet left>"

    def forget(self) -> None:
        """The packet that was begun is given up. IRQL: any."""
        self.begun, self._frames, self._has_lost = None, (), False

    def write(self, port: Port, packets: Sequence[Packet], headers: Sequence[bytes]) -> Outcome:
        """Write packets, up to one for which there is no room. IRQL: DISPATCH.

        :param headers: what is left to do to each
        """
        outcome = Outcome([], [], ())
        for place, (packet, header, content) in enumerate(zip(packets, headers, contents_of(packets), strict=True)):
            if packet is not self.begun:
                self.begun, self._frames, self._has_lost = packet, complete(header, content), False
            if not self._go_on(port):
                return outcome._replace(waiting=packets[place:])
            (outcome.lost if self._has_lost else outcome.written).append(packet)
            self.forget()
        return outcome

    def _go_on(self, port: Port) -> bool:
        """Write what is left of the packet; False where some of it has to wait."""
        while self._frames and not port.is_full:
            sent = port.transmit(self._frames)
            is_lost = sent < len(self._frames) and not port.is_full
            self._has_lost |= is_lost
            self._frames = self._frames[sent + is_lost :]
        return not self._frames
