"""Copies of shown frames: how a protocol that takes packets receives from a miniport that only shows frames.

Source: the pages of ProtocolReceive, NdisTransferData and ProtocolTransferDataComplete. The frame is copied into one of
the binding's own, with the help of the miniport where the lookahead is not all of it, and given to the receive handler
like a lent packet. It is free again when it was returned as often as the handler has promised.
"""

from typing import TYPE_CHECKING, NamedTuple

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import Irql
from asyncndis.kernel.seam import PlainCalls
from asyncndis.memory import Packet, PacketEvent

from .lookahead import Transferred

if TYPE_CHECKING:
    from .binding import Binding

__all__ = ["Copies"]

_SUCCESS = NdisStatus.SUCCESS
_PENDING = NdisStatus.PENDING


class _Transfer(NamedTuple):
    """A copy whose bytes are still on their way."""

    packet: Packet
    frame: bytearray
    header_size: int


class Copies:
    """The copies of one binding.

    :param binding: whose
    :ivar dropped: frames that could not be copied, for want of a frame
    """

    __slots__ = ("_binding", "_calling", "_owed", "_transfers", "dropped")

    def __init__(self, binding: "Binding") -> None:
        self._binding = binding
        self._owed: dict[Packet, int] = {}
        self._calling: Packet | None = None
        self._transfers: dict[Packet, _Transfer] = {}
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._owed) + len(self._transfers)

    def receive(self, context: object, header: memoryview, lookahead: memoryview, size: int) -> None:
        """Copy a frame that is shown, and give it to the receive handler, now or when the bytes are there."""
        binding = self._binding
        if len(lookahead) >= size:
            self._deliver(bytearray(b"".join((header, lookahead[:size]))))
            return
        frame = bytearray(len(header) + size)
        frame[: len(header)] = header
        try:
            packet = binding.frames.allocate_nowait(memoryview(frame)[len(header) :])
        except NdisError:
            self.dropped += 1
            return
        transfer = self._transfers[packet] = _Transfer(packet, frame, len(header))
        result = binding.transfer_data_nowait(context, 0, size, packet)
        if result.status is not _PENDING and packet in self._transfers:
            self._arrived(transfer, result)

    def transfer_is_complete(self, packet: Packet, status: NdisStatus, count: int) -> bool:
        """A transfer has ended; False where it is none of these."""
        transfer = self._transfers.get(packet)
        if transfer is None:
            return False
        self._arrived(transfer, Transferred(status, count))
        return True

    def give_back(self, packet: Packet) -> bool:
        """The protocol returns a packet; False where it is no copy.

        :raises RuleViolation: RCV-08 while the receive handler runs
        """
        if packet is self._calling:
            raise RuleViolation(
                "RCV-08",
                f"{self._binding.name} returns {packet!r} before its receive handler has answered; answer 0 instead",
                packet,
            )
        if packet not in self._owed:
            return False
        self._owed[packet] -= 1
        if not self._owed[packet]:
            self._free(packet)
        return True

    def owes(self, packet: Packet) -> bool:
        """Whether a packet is a copy that was not returned."""
        return packet in self._owed

    def forget(self) -> list[Packet]:
        """Free what was not returned, since the binding closes."""
        left = list(self._owed)
        for packet in left:
            self._free(packet)
        return left

    def _arrived(self, transfer: _Transfer, result: Transferred) -> None:
        del self._transfers[transfer.packet]
        self._binding.frames.free(transfer.packet)
        if result.status is _SUCCESS:
            self._deliver(transfer.frame[: transfer.header_size + result.bytes_transferred])

    def _deliver(self, frame: bytearray) -> None:
        try:
            packet = self._binding.frames.allocate_nowait(frame)
        except NdisError:
            self.dropped += 1
            return
        packet.oob.header_size = self._binding.adapter.header_size
        packet.transfer(PacketEvent.INDICATE, self._binding.name)
        self._owed[packet] = 1
        self._calling = packet
        try:
            with PlainCalls(Irql.DISPATCH) as calls:
                promised = self._binding.call_receive(packet, calls)
        finally:
            self._calling = None
        if promised:
            self._owed[packet] = promised
        else:
            self._free(packet)

    def _free(self, packet: Packet) -> None:
        del self._owed[packet]
        packet.transfer(PacketEvent.RETURN)
        self._binding.frames.free(packet)
        self._binding.adapter.came_to_rest()
