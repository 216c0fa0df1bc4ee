"""What NDIS does to packets in a row: look at their heads, and hand them over, in less time than one by one.

The outcome is that of doing so one after another. Whatever is unusual about a packet is left to the careful way.
"""

from collections.abc import Iterable

from .descriptor import AWAY
from .packet import _HAND_OVERS, _LAYERS, _NO_STATES, _WITH_ALLOCATOR, Packet
from .provider import Block
from .states import PacketEvent, PacketState

__all__ = ["survey", "transfer_all"]

_PROTOCOL_ID = 0xF


def survey(packets: Iterable[Packet], size: int, most: int) -> set[bytes] | None:
    """The different heads of packets that can be sent as they are. IRQL: any.

    :param size: of a head, in bytes, which each first buffer has to hold
    :param most: bytes that a packet may have
    :returns: the heads; None where a packet needs a closer look: it is not with its allocator, has flags or several
        buffers, or is of a wrong length
    """
    heads: set[bytes] = set()
    for packet in packets:
        if type(packet) is not Packet or packet._home is AWAY or packet._flags > _PROTOCOL_ID:
            return None
        buffer = packet._head
        if buffer is None or buffer._next is not None:
            return None
        memory = buffer._memory
        data = memory.view if isinstance(memory, Block) else memory
        if not size <= len(data) <= most:
            return None
        heads.add(bytes(data[:size]))
    return heads


def transfer_all(packets: Iterable[Packet], event: PacketEvent, to: object = None) -> None:
    """Hand packets over, see ``Packet.transfer``. IRQL: any.

    :param event: what happens to them
    :param to: who holds them now; None where their allocators do
    :raises IllegalTransition: when that cannot happen to one now; those before it are handed over
    """
    steps = _NO_STATES if event in _LAYERS else _HAND_OVERS.get(event, _NO_STATES)
    before: PacketState | None = None
    after: PacketState | None = None
    for packet in packets:
        if packet._state is not before:
            before = packet._state
            after = steps.get(before)
        if after is None:
            packet.transfer(event, to)
        elif after in _WITH_ALLOCATOR:
            packet._state = after
            packet._holder = None
            packet._layer = 0
            if packet._special is None and not packet._noninterlocked and packet._pool._probe is None:
                packet._home = packet._pool
        else:
            packet._state = after
            packet._holder = to
            packet._home = AWAY
