"""What the send path of an adapter keeps of packets in flight, and what it tells of itself."""

from typing import TYPE_CHECKING, NamedTuple

from asyncndis.base import NdisStatus

if TYPE_CHECKING:
    from .binding import Binding

__all__ = ["SendStatistics", "Submission"]


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
