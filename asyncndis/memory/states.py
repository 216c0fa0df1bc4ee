"""The states of buffers and packets, and the steps between them, as tables.

Who holds a packet is a value: its state names the kind of holder, and every hand-over is an event of its table. The
allocator may change, send, indicate and free what it holds; the others only what the table says. A link between
buffers is no state: chaining the first of them ends it. Source: reference tables of buffer and packet states.
"""

from enum import Enum, StrEnum
from typing import Final

from asyncndis.base import TransitionTable

__all__ = ["BUFFER_STATES", "PACKET_STATES", "BufferEvent", "BufferState", "PacketEvent", "PacketState", "rule_of"]


class BufferState(Enum):
    """Where a buffer is in its life; "adjusted" means that it covers less than it was allocated over."""

    FREE = "free"
    ALLOCATED = "allocated"
    ADJUSTED = "adjusted"
    CHAINED = "chained"
    CHAINED_ADJUSTED = "chained, adjusted"


class BufferEvent(Enum):
    """What happens to a buffer."""

    ALLOCATE = "allocate"
    FREE = "free"
    ADJUST = "adjust"
    RESTORE = "restore"
    CHAIN = "chain"
    UNCHAIN = "unchain"


BUFFER_STATES: Final = TransitionTable(
    "buffer",
    BufferState.FREE,
    {
        BufferState.FREE: {BufferEvent.ALLOCATE: BufferState.ALLOCATED},
        BufferState.ALLOCATED: {
            BufferEvent.FREE: BufferState.FREE,
            BufferEvent.ADJUST: BufferState.ADJUSTED,
            BufferEvent.RESTORE: BufferState.ALLOCATED,
            BufferEvent.CHAIN: BufferState.CHAINED,
        },
        BufferState.ADJUSTED: {
            BufferEvent.ADJUST: BufferState.ADJUSTED,
            BufferEvent.RESTORE: BufferState.ALLOCATED,
            BufferEvent.CHAIN: BufferState.CHAINED_ADJUSTED,
        },
        BufferState.CHAINED: {
            BufferEvent.ADJUST: BufferState.CHAINED_ADJUSTED,
            BufferEvent.RESTORE: BufferState.CHAINED,
            BufferEvent.UNCHAIN: BufferState.ALLOCATED,
        },
        BufferState.CHAINED_ADJUSTED: {
            BufferEvent.ADJUST: BufferState.CHAINED_ADJUSTED,
            BufferEvent.RESTORE: BufferState.CHAINED,
            BufferEvent.UNCHAIN: BufferState.ADJUSTED,
        },
    },
    "BUF-05",
)


class PacketState(StrEnum):
    """Who holds a packet: the pool, its allocator (three states), or somebody it was handed to."""

    FREE = "free"
    OWNED = "owned by its allocator"
    SENDING = "sending"
    SENT = "sent, and back"
    LENT = "lent by an indication"
    INDICATED_RESOURCES = "indicated, to be copied at once"
    RETURNED = "returned"
    TRANSFER_DATA = "lent for a transfer of data"

    __hash__ = str.__hash__  # in C: a packet looks its states up at every hand-over, and Enum's own is Python


class PacketEvent(StrEnum):
    """What happens to a packet. HAND_ON, HAND_BACK: an intermediate driver reuses it, and makes none of its own."""

    ALLOCATE = "allocate"
    FREE = "free"
    SEND = "send"
    REQUEUE = "requeue"
    COMPLETE = "complete the send"
    INDICATE = "indicate"
    INDICATE_RESOURCES = "indicate, low on resources"
    RETURN = "return"
    TRANSFER = "transfer data"
    TRANSFER_COMPLETE = "complete the transfer"
    HAND_ON = "hand on"
    HAND_BACK = "hand back"

    __hash__ = str.__hash__


_BY_ALLOCATOR = {
    PacketEvent.FREE: PacketState.FREE,
    PacketEvent.SEND: PacketState.SENDING,
    PacketEvent.INDICATE: PacketState.LENT,
    PacketEvent.INDICATE_RESOURCES: PacketState.INDICATED_RESOURCES,
    PacketEvent.TRANSFER: PacketState.TRANSFER_DATA,
}

PACKET_STATES: Final = TransitionTable(
    "packet",
    PacketState.FREE,
    {
        PacketState.FREE: {PacketEvent.ALLOCATE: PacketState.OWNED},
        PacketState.OWNED: _BY_ALLOCATOR,
        PacketState.SENDING: {
            PacketEvent.COMPLETE: PacketState.SENT,
            PacketEvent.REQUEUE: PacketState.SENDING,
            PacketEvent.HAND_ON: PacketState.SENDING,
            PacketEvent.HAND_BACK: PacketState.SENDING,
        },
        PacketState.SENT: _BY_ALLOCATOR,
        PacketState.LENT: {
            PacketEvent.RETURN: PacketState.RETURNED,
            PacketEvent.HAND_ON: PacketState.LENT,
            PacketEvent.HAND_BACK: PacketState.LENT,
        },
        PacketState.INDICATED_RESOURCES: {
            PacketEvent.RETURN: PacketState.RETURNED,
            PacketEvent.HAND_ON: PacketState.INDICATED_RESOURCES,
            PacketEvent.HAND_BACK: PacketState.INDICATED_RESOURCES,
        },
        PacketState.RETURNED: _BY_ALLOCATOR,
        PacketState.TRANSFER_DATA: {PacketEvent.TRANSFER_COMPLETE: PacketState.OWNED},
    },
    "PKT-03",
)

_RULE_OF_EVENT = {
    PacketEvent.ALLOCATE: "PKT-03",
    PacketEvent.REQUEUE: "SEND-02",
    PacketEvent.COMPLETE: "SEND-02",
    PacketEvent.RETURN: "RCV-07",
    PacketEvent.TRANSFER_COMPLETE: "RCV-12",
}
_RULE_OF_STATE = {PacketState.FREE: "PKT-03", PacketState.SENDING: "SEND-01"}


def rule_of(state: PacketState, event: PacketEvent) -> str:
    """The rule that is broken by an event which is illegal in this state."""
    return _RULE_OF_EVENT.get(event) or _RULE_OF_STATE.get(state, "RCV-01")
