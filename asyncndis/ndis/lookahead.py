"""The receive path of one adapter by lookahead: from NdisMEthIndicateReceive to ProtocolReceiveComplete.

Source: the pages of NdisMEthIndicateReceive, ProtocolReceive, NdisTransferData, MiniportTransferData,
NdisMTransferDataComplete and NdisMEthIndicateReceiveComplete. The protocol sees the header and the start of the data,
and asks for the rest while it is in its callback; the bytes it sees are only valid there (RCV-10, RCV-11).
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from asyncndis.base import NdisStatus, RuleViolation, check_instance, check_integer
from asyncndis.memory import Packet, PacketEvent

from .calling import Handler, parts_of

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding

__all__ = ["LookaheadPath", "Transferred"]

_PENDING = NdisStatus.PENDING
_FAILURE = NdisStatus.FAILURE


class Transferred(NamedTuple):
    """What NdisTransferData answers.

    :ivar status: SUCCESS, PENDING, or why there are no bytes
    :ivar bytes_transferred: how many; of no meaning while PENDING
    """

    status: NdisStatus
    bytes_transferred: int


class LookaheadPath:
    """Shows the frames of one miniport to all bindings that want them.

    :param adapter: whose
    """

    __slots__ = ("_adapter", "_received", "_shown", "_transfer", "_transfers")

    def __init__(self, adapter: "Adapter") -> None:
        self._adapter = adapter
        self._transfer = adapter.handler("MiniportTransferData", "transfer_data")
        self._transfers: dict[Packet, Binding] = {}
        self._shown: tuple[object, int] | None = None
        self._received: dict[Binding, None] = {}

    @property
    def pending(self) -> int:
        """Transfers that the miniport has not completed."""
        return len(self._transfers)

    def of_binding(self, binding: "Binding") -> int:
        """How many of them are a binding's. O(n)."""
        return sum(owner is binding for owner in self._transfers.values())

    def indicate(self, context: object, header: memoryview, lookahead: memoryview, packet_size: int) -> None:
        """NdisMEthIndicateReceive."""
        start = bytes(header)
        if len(header) < self._adapter.header_size:
            raise RuleViolation(
                "PKT-12", f"{self._adapter.name} indicates a header of {len(header)} bytes; give all 14 of it"
            )
        check_integer("packet_size", packet_size)
        outer, self._shown = self._shown, (context, packet_size)
        try:
            for binding in self._adapter.open_bindings:
                if binding.accepts(start):
                    self._received[binding] = None
                    binding.receive_lookahead(context, header, lookahead, packet_size)
        finally:
            self._shown = outer
            # What a protocol keeps of the bytes beyond its callback is not readable any more (RCV-10).
            with suppress(BufferError):  # unless it has built something upon them
                header.release()
                lookahead.release()

    def indicate_complete(self) -> None:
        """NdisMEthIndicateReceiveComplete."""
        received, self._received = self._received, {}
        for binding in received:
            binding.receive_complete()

    def transfer(self, binding: "Binding", context: object, offset: int, count: int, packet: Packet) -> Transferred:
        """NdisTransferData."""
        check_instance("the packet of a transfer", packet, Packet)
        if self._shown is None or self._shown[0] is not context:
            raise RuleViolation(
                "RCV-11",
                f"{binding.name} asks for data outside ProtocolReceive, or for another frame; call it in the callback",
                packet,
            )
        refusal = binding.refuses_traffic()
        if refusal is not None:
            return Transferred(NdisStatus.REQUEST_ABORTED if refusal is NdisStatus.CLOSING else refusal, 0)
        if offset < 0 or count < 0 or offset + count > self._shown[1] or self._transfer is None:
            return Transferred(_FAILURE, 0)
        packet.transfer(PacketEvent.TRANSFER, self._adapter)
        self._transfers[packet] = binding
        result = self._parse(self._transfer, self._transfer.call(packet, context, offset, count, failed=(_FAILURE, 0)))
        if result.status is _PENDING:
            return result
        if self._transfers.pop(packet, None) is not None:
            packet.transfer(PacketEvent.TRANSFER_COMPLETE)
            return result
        violation = RuleViolation(
            "RCV-12",
            f"MiniportTransferData of {self._adapter.name} completed the transfer and answered {result.status.name}; "
            "answer PENDING where NdisMTransferDataComplete is called",
            packet,
            site=self._adapter.site_of("transfer_data"),
        )
        self._adapter.fail(violation, "MiniportTransferData")
        return Transferred(_PENDING, 0)  # as the protocol was told already

    def _parse(self, handler: Handler, answer: Any) -> Transferred:
        """What MiniportTransferData has answered: a status and the bytes copied, or a status alone."""
        parts = parts_of(answer)
        status, moved = parts if len(parts) == 2 else (answer, 0)
        if not isinstance(moved, int):
            self._adapter.fail(
                TypeError(f"{handler.name} answered {answer!r}; return a status and bytes"), handler.name
            )
            return Transferred(_FAILURE, 0)
        return Transferred(handler.status_of(status), moved)

    def complete(self, packet: Packet, status: int, count: int) -> None:
        """NdisMTransferDataComplete."""
        check_instance("the packet of a transfer", packet, Packet)
        status = NdisStatus(status)
        check_integer("the number of bytes", count)
        binding = self._transfers.pop(packet, None)
        if binding is None:
            raise RuleViolation(
                "RCV-12",
                f"{self._adapter.name} completes a transfer into {packet!r} that is not pending; complete each once",
                packet,
            )
        packet.transfer(PacketEvent.TRANSFER_COMPLETE)
        binding.transfer_is_complete(packet, status, count)
        self._adapter.came_to_rest()

    def abort_of_binding(self, binding: "Binding") -> list[Packet]:
        """Give back the packets of a binding, since it closes; the answer is which."""
        taken = [packet for packet, owner in self._transfers.items() if owner is binding]
        for packet in taken:
            self.complete(packet, NdisStatus.REQUEST_ABORTED, 0)
        return taken

    def abort_all(self) -> None:
        """Give back every packet whose transfer is pending."""
        for packet in list(self._transfers):
            self.complete(packet, NdisStatus.REQUEST_ABORTED, 0)
