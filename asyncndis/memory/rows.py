"""What NDIS and drivers do to packets in a row, in less time than one by one: look at them, hand them over, make, free.

The outcome is that of doing so one after another. Whatever is unusual about a packet, or a pool, is left to the careful
way.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .buffer import Buffer, Memory
from .descriptor import AWAY, Away, Descriptor
from .oob import PacketFlags
from .packet import _HAND_OVERS, _LAYERS, _NO_STATES, _OWNED, _WITH_ALLOCATOR, Packet
from .provider import Block
from .states import PacketEvent, PacketState

if TYPE_CHECKING:
    from .buffers import BufferPool
    from .packets import PacketPool

__all__ = [
    "contents_of",
    "free_row",
    "glance",
    "lend",
    "make_row",
    "refill_row",
    "send",
    "survey",
    "take_back",
    "transfer_all",
]

_PROTOCOL_ID = int(PacketFlags.PROTOCOL_ID_MASK)
_DONT_LOOPBACK = int(PacketFlags.DONT_LOOPBACK)
_UNUSUAL_TO_SEND = ~(_PROTOCOL_ID | _DONT_LOOPBACK)
_FREE = PacketState.FREE
_SENDING = PacketState.SENDING
_LENT = PacketState.LENT


def survey(
    packets: Iterable[Packet], size: int, most: int, *, lent: bool = False, sent: bool = False, heads: bool = True
) -> set[bytes] | None:
    """The different heads of packets that can be sent, or indicated, as they are. IRQL: any.

    :param size: of a head, in bytes, which each first buffer has to hold
    :param most: bytes that a packet may have
    :param lent: whether packets have to have the status SUCCESS, by which they may be lent
    :param sent: whether the heads are only those of packets that may be looped back; others may be flagged so
    :param heads: whether these are wanted at all
    :returns: the heads; None where a packet needs a closer look: it is not with its allocator, has other flags or
        several buffers, or is of a wrong length
    """
    found: set[bytes] = set()
    unusual = ~(_PROTOCOL_ID | _DONT_LOOPBACK) if sent else ~_PROTOCOL_ID
    try:
        for packet in packets:
            buffer = packet._head
            flags = packet._flags
            if packet._home is AWAY or flags & unusual or buffer is None or buffer._next is not None:
                return None
            if lent and packet._oob is not None and packet._oob._status:
                return None
            memory = buffer._memory
            if not size <= len(memory) <= most:
                return None
            if heads and flags <= _PROTOCOL_ID:
                found.add(memory[:size] if type(memory) is bytes else packet.head(size))
    except AttributeError:  # what is no packet has none of all that
        return None
    return found


def lend(packets: Sequence[Packet], size: int, most: int, to: object) -> bool:
    """Hand packets over for an indication that lends them, as they are: survey() and transfer_all() in one. IRQL: any.

    :param size: of a head, in bytes, which each first buffer has to hold
    :param most: bytes that a packet may have
    :param to: who holds them now
    :returns: False where one of them needs a closer look; then nothing has changed
    """
    try:
        for packet in packets:
            buffer = packet._head
            if packet._home is AWAY or buffer is None or buffer._next is not None or packet._flags > _PROTOCOL_ID:
                return False
            if packet._oob is not None and packet._oob._status:
                return False
            if not size <= len(buffer._memory) <= most:
                return False
    except AttributeError:  # what is no packet has none of all that
        return False
    if len(packets) > 1 and len(set(packets)) != len(packets):
        return False
    for packet in packets:
        packet._state = _LENT
        packet._holder = to
        packet._home = AWAY
    return True


def send(packets: Sequence[Packet], size: int, most: int, to: object, *, looped: bool) -> bool:
    """Hand packets over for being sent; otherwise as :func:`lend`.

    :param looped: whether one that may be looped back needs a closer look
    """
    least = _DONT_LOOPBACK if looped else 0
    try:
        for packet in packets:
            buffer = packet._head
            if packet._home is AWAY or buffer is None or buffer._next is not None:
                return False
            if packet._flags & _UNUSUAL_TO_SEND or packet._flags < least:
                return False
            if not size <= len(buffer._memory) <= most:
                return False
    except AttributeError:
        return False
    if len(packets) > 1 and len(set(packets)) != len(packets):
        return False
    for packet in packets:
        packet._state = _SENDING
        packet._holder = to
        packet._home = AWAY
    return True


def take_back(packets: Iterable[Packet], event: PacketEvent, before: PacketState, after: PacketState) -> None:
    """Give packets back to their allocators, see ``Packet.transfer``. IRQL: any.

    :param event: what happens to them
    :param before: the state that they are most likely in
    :param after: the state that leads to, with the allocator
    """
    for packet in packets:
        if packet._state is not before:
            packet.transfer(event)
            continue
        packet._state = after
        packet._holder = None
        packet._layer = 0
        if packet._special is None and not packet._noninterlocked and packet._pool._probe is None:
            packet._home = packet._pool


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


def make_row(
    packets: "PacketPool", buffers: "BufferPool", memories: Sequence[Memory], flags: int = 0
) -> list[Packet] | None:
    """Take packets with one buffer each, all or none. IRQL: <= DISPATCH.

    :param memories: what the buffers describe: bytes, or what a buffer has described before
    :param flags: that the packets have besides their protocol id
    :returns: the packets; None where they have to be taken one by one: a pool is watched, or has too few at hand
    """
    count = len(memories)
    free, plain = packets._free, buffers._free
    if not 0 < count <= min(len(free), len(plain)):
        return None
    row = free[-count:]
    chained = plain[-count:]
    del free[-count:], plain[-count:]
    flags |= packets._protocol_id
    for packet, buffer, memory in zip(row, chained, memories, strict=True):
        buffer._memory = memory
        buffer._packet = packet  # and it stays away, as what is chained is
        packet._head = packet._tail = buffer
        packet._state = _OWNED
        packet._flags = flags
        packet._home = packets
    return row


def refill_row(packets: Iterable[Packet], memories: Iterable[Memory], buffers: "BufferPool") -> None:
    """Let the buffers of packets describe other memory, as freeing them and chaining others would. IRQL: <= DISPATCH.

    :param packets: with their allocator, one buffer each
    :param memories: one for each of them: bytes, or what a buffer has described before
    :param buffers: where buffers come from
    """
    for packet, memory in zip(packets, memories, strict=True):
        buffer = packet._head
        if packet._home is AWAY or buffer is None or buffer._next is not None or buffer._special is not None:
            for chained in packet.unchain_all():
                chained.restore_length()
                chained.free()
            packet.chain_at_back(buffers.allocate_nowait(memory))
        else:
            buffer._memory = memory
            packet._counts = None


def free_row(packets: Sequence[Packet]) -> None:
    """Free packets, and the buffers that are chained to them. IRQL: <= DISPATCH, no spin lock held.

    :raises RuleViolation: SEND-01 or RCV-01 while another driver has one, PKT-03 when it is free; as ``Packet.free``
    """
    if not packets or packets[0]._head is None:
        return _free_each(packets)
    home = packets[0]._home
    pool = packets[0]._head._pool
    chained: list[Buffer] = []
    for packet in packets:
        buffer = packet._head
        if packet._home is not home or home is AWAY or buffer is None or buffer._pool is not pool:
            break
        if buffer._next is not None or buffer._special is not None:
            break
        packet._head = packet._tail = packet._counts = packet._oob = packet._areas = None
        packet._home = AWAY
        packet._state = _FREE
        buffer._packet = None
        buffer._memory = b""
        chained.append(buffer)
    _take_all(home, packets[: len(chained)])
    _take_all(pool, chained)
    return _free_each(packets[len(chained) :])


def _free_each(packets: Iterable[Packet]) -> None:
    """The same with a closer look at each."""
    for packet in packets:
        for buffer in packet.unchain_all():
            buffer.restore_length()
            buffer.free()
        packet.free()


def _take_all(pool: Any, descriptors: Sequence[Descriptor]) -> None:
    """Take descriptors back into one pool: at once in quiet times, when they go straight to a shelf."""
    if not descriptors:
        return
    returns: list[Any] | Away = pool._returns  # or what else has an append() alone
    if isinstance(returns, list):
        returns += descriptors
    else:
        for descriptor in descriptors:
            returns.append(descriptor)


def glance(packets: Iterable[Packet], size: int) -> tuple[list[Memory], list[bytes]]:
    """The memory of packets of one buffer each, and the heads of these. IRQL: any.

    :param packets: as a survey has found them to be
    :param size: of a head, in bytes
    """
    memories: list[Memory] = []
    heads: list[bytes] = []
    for packet in packets:
        assert packet._head is not None
        memory = packet._head._memory
        memories.append(memory)
        heads.append(memory[:size] if type(memory) is bytes else packet.head(size))
    return memories, heads


def contents_of(packets: Iterable[Packet]) -> list[bytes | bytearray | memoryview]:
    """The bytes of packets, each in one piece: not copied, where they are in one buffer. IRQL: <= DISPATCH."""
    contents: list[bytes | bytearray | memoryview] = []
    for packet in packets:
        buffer = packet._head
        if buffer is None or buffer._next is not None:
            contents.append(packet.to_bytes())
        else:
            memory = buffer._memory
            contents.append(memory.view if isinstance(memory, Block) else memory)
    return contents
