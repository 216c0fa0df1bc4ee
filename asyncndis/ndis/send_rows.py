"""Packets that are sent, and completed, in one call: the short ways of the send path, where nobody watches.

Each of the two looks at all packets first, and changes nothing where one of them needs a closer look: then the path
goes its long way. What comes out is the same.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncndis.base import NdisStatus
from asyncndis.kernel import Irql
from asyncndis.kernel.seam import PlainCalls
from asyncndis.memory import Packet, PacketEvent
from asyncndis.memory.rows import survey, transfer_all

from .submissions import Submission

if TYPE_CHECKING:
    from .binding import Binding
    from .sending import SendPath

__all__ = ["complete_row", "submit_row"]

_FAILURE = NdisStatus.FAILURE
_SEND = PacketEvent.SEND
_DISPATCH = Irql.DISPATCH
_NOT_FINAL = (NdisStatus.PENDING, NdisStatus.RESOURCES)


def submit_row(path: "SendPath", binding: "Binding", packets: Sequence[Packet]) -> bool:
    """Send packets at once, where neither binding nor packets need a closer look; False elsewhere.

    A packet that occurs twice, or that is to be looped back, does.
    """
    adapter = path._adapter
    if path._send_packets is None or not path._is_array:
        return False
    if adapter.probe is not None or adapter.scatter_gather is not None:
        return False
    if binding.closing_requested or adapter.refusal() is not None:
        return False
    heads = survey(packets, adapter.header_size, adapter.maximum_total_size, sent=True)
    if heads is None or (heads and adapter.loopback is not None and adapter.loopback.wants(heads)):
        return False
    submission = Submission(binding, handed_on=False, inline=False)
    flights = dict.fromkeys(packets, submission)
    if len(flights) != len(packets):
        return False
    transfer_all(packets, _SEND, adapter)
    path._in_flight.update(flights)
    if path._queue or len(packets) > adapter.maximum_send_packets:
        waits = path._is_handing and bool(path._queue)
        path._queue.extend(packets)
        if not waits:
            path._hand_over_queue()
    elif packets:
        outer, path._is_handing = path._is_handing, True
        try:
            answer = path._send_packets.call(packets, failed=_FAILURE)
            if answer is not None:
                path._refuse_rest(packets, [submission] * len(packets), answer)
            if path._queue:
                path._hand_over_queue()
        finally:
            path._is_handing = outer
    return True


def complete_row(path: "SendPath", packets: Sequence[Packet], status: NdisStatus) -> bool:
    """Take back what the miniport completes, and tell the protocol, where all of it was sent in one call; or False."""
    submissions = set(map(path._in_flight.get, packets))
    submission = submissions.pop() if len(submissions) == 1 else None
    if submission is None or status in _NOT_FINAL or len(set(packets)) != len(packets):
        return False
    for packet in packets:
        del path._in_flight[packet]
    path._hand_over(packets, submission, status)
    path._adapter.came_to_rest()
    with PlainCalls(_DISPATCH) as calls:
        submission.binding.sends_are_complete(packets, status, calls)
    if path._stalled or path._queue:
        path.resources_available()
    return True
