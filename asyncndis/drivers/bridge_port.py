"""The books of a bridge: its ports, and the frames that are on their way through it."""

from dataclasses import dataclass

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Binding

from .learning_table import LearningTableStatistics

__all__ = ["BridgePort", "BridgePortStatistics", "BridgeStatistics", "Relay"]


@dataclass(frozen=True, slots=True)
class BridgePortStatistics:
    """A port at one moment.

    :ivar name: of the adapter
    :ivar received: frames that came in by it
    :ivar sent: frames that were given to it
    :ivar failed: of these, the ones that it did not send
    :ivar dropped: frames for it for which no packet was left
    """

    name: str
    received: int
    sent: int
    failed: int
    dropped: int


@dataclass(frozen=True, slots=True)
class BridgeStatistics:
    """A bridge at one moment.

    :ivar ports: its ports, in the order of their adapters
    :ivar relayed: packets that are on their way
    :ivar table: the stations that it knows
    """

    ports: tuple[BridgePortStatistics, ...]
    relayed: int
    table: LearningTableStatistics


class BridgePort:
    """A port of a bridge.

    :ivar binding: to the adapter
    :ivar name: of the adapter
    :ivar others: the other ports
    :ivar outgoing: packets that are to be sent, when the batch is over that brought them
    :ivar in_batch: whether a batch of frames comes in by it now
    """

    __slots__ = ("binding", "dropped", "failed", "in_batch", "name", "others", "outgoing", "received", "sent")

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.name = binding.adapter.name
        self.others: tuple[BridgePort, ...] = ()
        self.outgoing: list[Packet] = []
        self.in_batch = False
        self.received = self.sent = self.failed = self.dropped = 0

    def __repr__(self) -> str:
        return f"<BridgePort {self.name!r} {self.received} in, {self.sent} out, {self.dropped} dropped>"

    def statistics(self) -> BridgePortStatistics:
        """The state of it now. IRQL: any."""
        return BridgePortStatistics(self.name, self.received, self.sent, self.failed, self.dropped)

    def send_outgoing(self) -> None:
        """Send what is queued for it, in one call. IRQL: DISPATCH."""
        packets, self.outgoing = self.outgoing, []
        self.sent += len(packets)
        self.binding.send_packets(packets)


class Relay:
    """A frame on its way through a bridge.

    :ivar packet: the one behind the bridge's own; None where those have a copy
    :ivar source: the binding that it was lent to; None where the station above sent it
    :ivar left: how many packets over it are still out
    :ivar status: how it went
    """

    __slots__ = ("left", "packet", "source", "status")

    def __init__(self, packet: Packet | None, source: Binding | None) -> None:
        self.packet = packet
        self.source = source
        self.left = 0
        self.status = NdisStatus.FAILURE
