"""What NDIS and drivers do to packets in a row, in less time than one by one: look at them, hand them over, make, free.

The outcome is that of doing so one after another. Whatever is unusual about a packet, or a pool, is left to the careful
way.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .buffer import Memory
from .descriptor import AWAY
from .oob import PacketFlags
from .packet import _HAND_OVERS, _LAYERS, _NO_STATES, _OWNED, _WITH_ALLOCATOR, Packet
from .provider import Block
from .states import PacketEvent, PacketState

if TYPE_CHECKING:
    from .buffers import BufferPool
    from .packets import PacketPool

__all__ = ["are_lendable", "contents_of", "free_row", "glance", "make_row", "survey", "transfer_all"]

_PROTOCOL_ID = int(PacketFlags.PROTOCOL_ID_MASK)
_DONT_LOOPBACK = int(PacketFlags.DONT_LOOPBACK)
_FREE = PacketState.FREE


def survey(packets: Iterable[Packet], size: int, most: int, *, looped: bool = False) -> set[bytes] | None:
    """The different heads of packets that can be sent, or indicated, as they are. IRQL: any.

    :param size: of a head, in bytes, which each first buffer has to hold
    :param most: bytes that a packet may have
    :param looped: whether the heads are only those of packets that may be looped back; others may be flagged so
    :returns: the heads; None where a packet needs a closer look: it is not with its allocator, has other flags or
        several buffers, or is of a wrong length
    """
    heads: set[bytes] = set()
    unusual = ~(_PROTOCOL_ID | _DONT_LOOPBACK) if looped else ~_PROTOCOL_ID
    for packet in packets:
        if type(packet) is not Packet or packet._home is AWAY:
            return None
        flags = packet._flags
        buffer = packet._head
        if flags & unusual or buffer is None or buffer._next is not None:
            return None
        memory = buffer._memory
        data = memory.view if isinstance(memory, Block) else memory
        if not size <= len(data) <= most:
            return None
        if flags <= _PROTOCOL_ID:
            heads.add(bytes(data[:size]))
    return heads


def are_lendable(packets: Iterable[Packet]) -> bool:
    """Whether all packets have the status SUCCESS, by which they may be lent. IRQL: any."""
    return all(packet._oob is None or not packet._oob._status for packet in packets)


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


def free_row(packets: Iterable[Packet]) -> None:
    """Free packets, and the buffers that are chained to them. IRQL: <= DISPATCH, no spin lock held.

    :raises RuleViolation: SEND-01 or RCV-01 while another driver has one, PKT-03 when it is free; as ``Packet.free``
    """
    for packet in packets:
        buffer = packet._head
        if packet._home is AWAY or buffer is None or buffer._next is not None or buffer._special is not None:
            for chained in packet.unchain_all():
                chained.restore_length()
                chained.free()
            packet.free()
            continue
        packet._head = packet._tail = packet._counts = None
        buffer._packet = None
        buffer._memory = b""
        buffer._pool._returns.append(buffer)
        packet._home._returns.append(packet)
        packet._home = AWAY
        packet._state = _FREE
        packet._oob = None
        packet._areas = None


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
