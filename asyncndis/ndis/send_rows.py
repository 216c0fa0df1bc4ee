"""Packets that are sent, and completed, in one call: the short ways of the send path, where nobody watches.

Each of the two looks at all packets first, and changes nothing where one of them needs a closer look: then the path
goes its long way. What comes out is the same.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from asyncndis.base import NdisStatus
from asyncndis.kernel import Irql
from asyncndis.kernel.seam import PlainCalls, calls_at
from asyncndis.memory import Packet, PacketEvent, PacketState
from asyncndis.memory.rows import send, survey, take_back

from .states import AdapterState
from .submissions import Submission

if TYPE_CHECKING:
    from .adapter import Adapter
    from .binding import Binding
    from .sending import SendPath

__all__ = ["complete_row", "submit_row"]

_FAILURE = NdisStatus.FAILURE
_COMPLETE = PacketEvent.COMPLETE
_SENDING = PacketState.SENDING
_SENT = PacketState.SENT
_SUCCESS = NdisStatus.SUCCESS
_DISPATCH = Irql.DISPATCH
_RUNNING = AdapterState.RUNNING
_NOT_FINAL = (NdisStatus.PENDING, NdisStatus.RESOURCES)


def submit_row(path: "SendPath", binding: "Binding", packets: Sequence[Packet]) -> bool:
    """Send packets at once, where neither binding nor packets need a closer look; False elsewhere.

    A packet that occurs twice, or that is to be looped back, does.
    """
    adapter = path._adapter
    handler = path._row_sender
    if handler is None or adapter.scatter_gather is not None:
        return False
    if binding.closing_requested or adapter._state is not _RUNNING:
        return False
    looped = adapter.loopback is not None
    is_sent = send(packets, adapter.header_size, adapter.maximum_total_size, adapter, looped=looped)
    if not is_sent and not (looped and _send_unlooped(adapter, packets)):
        return False
    submission = Submission(binding, handed_on=False, inline=False)
    for packet in packets:
        path._in_flight[packet] = submission
    if path._queue or not 0 < len(packets) <= adapter.maximum_send_packets:
        waits = path._is_handing and bool(path._queue)
        path._queue.extend(packets)
        if not waits:
            path._hand_over_queue()
        return True
    outer, path._is_handing = path._is_handing, True
    try:
        calls = calls_at(_DISPATCH)
        if calls is None:
            answer = handler.call(packets, failed=_FAILURE)
        else:
            answer = handler.call_in(calls, packets, failed=_FAILURE)
        if answer is not None:
            path._refuse_rest(packets, [submission] * len(packets), answer)
        if path._queue:
            path._hand_over_queue()
    finally:
        path._is_handing = outer
    return True


def _send_unlooped(adapter: "Adapter", packets: Sequence[Packet]) -> bool:
    """Hand packets over that may be looped back, where it makes no difference; False elsewhere."""
    size, most, loopback = adapter.header_size, adapter.maximum_total_size, adapter.loopback
    heads = survey(packets, size, most, sent=True)
    if heads is None or (loopback is not None and loopback.wants(heads)):
        return False
    return send(packets, size, most, adapter, looped=False)


def complete_row(path: "SendPath", packets: Sequence[Packet], status: NdisStatus) -> bool:
    """Take back what the miniport completes, and tell the protocol, where all of it was sent in one call; or False."""
    in_flight = path._in_flight
    submission = in_flight.get(packets[0]) if packets else None
    if submission is None or status in _NOT_FINAL:
        return False
    if len(packets) > 1 and not (
        set(map(in_flight.get, packets)) == {submission} and len(set(packets)) == len(packets)
    ):
        return False
    for packet in packets:
        del in_flight[packet]
    if submission.handed_on or path._adapter.scatter_gather is not None:
        path._hand_over(packets, submission, status)
    else:
        take_back(packets, _COMPLETE, _SENDING, _SENT)
        if status is _SUCCESS:
            path._sent += len(packets)
        else:
            path._failed += len(packets)
    if path._adapter._waiting:
        path._adapter.came_to_rest()
    binding = submission.binding
    calls = calls_at(_DISPATCH)
    if calls is None:
        with PlainCalls(_DISPATCH) as calls:
            binding.sends_are_complete(packets, status, calls)
    elif binding._awaited or binding._send_complete_row is None or binding.probe is not None:
        binding.sends_are_complete(packets, status, calls)
    else:
        binding._send_complete_row.call_in(calls, packets, status)
    if path._stalled or path._queue:
        path.resources_available()
    return True
