"""What the send path of an adapter keeps of packets in flight, and what it tells of itself."""

from typing import TYPE_CHECKING, NamedTuple

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.memory import Packet

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding

__all__ = ["UNSET", "WAYS_OUT", "SendStatistics", "Submission", "check_statuses"]

WAYS_OUT = {
    "SEND-02": "complete each packet exactly once",
    "SEND-09": "after RESOURCES call NdisMSendResourcesAvailable, or complete another packet",
}
UNSET = 0xFFFF_FFFF  # what no driver sets, so that an element without a status shows (SEND-06)


class SendStatistics(NamedTuple):
    """The send path of an adapter at one moment.

    :ivar in_flight: packets that were accepted and not given back
    :ivar queued: of these, the ones that wait in the queue of NDIS
    :ivar sent: packets given back with SUCCESS
    :ivar failed: packets given back with another status
    :ivar refused: packets that were not accepted
    :ivar requeued: how often a packet went back to the queue for lack of resources
    """

    in_flight: int
    queued: int
    sent: int
    failed: int
    refused: int
    requeued: int


class Submission:
    """Packets in flight: whose they are, and whether the call that sent them still runs.

    An array that is handed on as one shares a submission; otherwise each packet has its own.
    """

    __slots__ = ("answered", "binding", "checks", "handed_on", "inline", "is_aborted")

    def __init__(self, binding: "Binding", *, handed_on: bool, inline: bool) -> None:
        self.binding = binding
        self.handed_on = handed_on
        self.inline = inline
        self.answered: NdisStatus | None = None
        self.is_aborted = False  # NDIS itself has taken it back
        self.checks = 0


def check_statuses(adapter: "Adapter", packets: list[Packet], statuses: list[int]) -> None:
    """Hold what a serialized MiniportSendPackets has set against SEND-06 and SEND-07."""
    name, site = adapter.name, adapter.site_of("send_packets")
    if UNSET in statuses:
        packet = packets[statuses.index(UNSET)]
        text = f"MiniportSendPackets of {name} set no status on {packet!r}; set one on each element of the array"
        adapter.fail(RuleViolation("SEND-06", text, packet, site=site), "MiniportSendPackets")
    if NdisStatus.RESOURCES in statuses:
        behind = statuses[statuses.index(NdisStatus.RESOURCES) :]
        if any(status != NdisStatus.RESOURCES for status in behind):
            text = f"MiniportSendPackets of {name} accepted a packet behind one that it marked RESOURCES; stop there"
            adapter.fail(RuleViolation("SEND-07", text, packets[0], site=site), "MiniportSendPackets")
