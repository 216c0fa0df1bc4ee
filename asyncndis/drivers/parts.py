"""The bytes of a packet as parts of memory, for descriptors of one's own over them: nothing is copied.

Source: the NdisCopyBuffer page. The memory is that of the packet it comes from, which must not be completed or
returned before the new descriptors are freed. Rule: PKT-12, the first buffer holds the whole MAC header; so a driver
that changes the header puts one of its own in front of the parts behind the old one.
"""

from collections.abc import Sequence

from asyncndis.memory import Buffer, BufferPool, Memory, Packet

__all__ = ["chain_parts", "chain_parts_nowait", "free_chain", "head_of", "parts_from"]


def head_of(packet: Packet, count: int) -> bytes:
    """A copy of the first ``count`` bytes of a packet, or of all where it is shorter. IRQL: <= DISPATCH."""
    head = b""
    for buffer in packet:
        if len(head) >= count:
            break
        head += buffer.view()[: count - len(head)]
    return head


def parts_from(packet: Packet, offset: int) -> list[Memory]:
    """What the buffers of a packet describe from an offset on, empty ones left out. IRQL: <= DISPATCH.

    :param offset: in bytes; it may lie beyond any number of buffers
    """
    parts: list[Memory] = []
    for buffer in packet:
        skipped = min(offset, buffer.length)
        offset -= skipped
        if skipped < buffer.length:
            parts.append(buffer.part(skipped, buffer.length - skipped))
    return parts


async def chain_parts(packet: Packet, parts: Sequence[Memory], buffers: BufferPool) -> None:
    """Chain a buffer over each part behind a packet, all or none; wait while too few are free.

    IRQL: < DISPATCH, no spin lock held. Rules: IRQL-02, LOCK-11.

    :raises PoolExhausted: when the pool is smaller than that
    :raises PoolClosed: when it is closed
    """
    if parts:
        _chain(packet, await buffers.allocate_many(len(parts), parts))


def chain_parts_nowait(packet: Packet, parts: Sequence[Memory], buffers: BufferPool) -> None:
    """The form of :func:`chain_parts` that answers at once. IRQL: <= DISPATCH.

    :raises PoolExhausted: when too few buffers are free; then none is taken
    """
    taken: list[Buffer] = []
    try:
        for part in parts:
            taken.append(buffers.allocate_nowait(part))  # noqa: PERF401 - those before one that fails must be known
    except Exception:
        _free(taken)
        raise
    _chain(packet, taken)


def free_chain(packet: Packet) -> None:
    """Unchain the buffers of a packet and free them; the packet itself stays. IRQL: <= DISPATCH.

    :raises RuleViolation: SEND-01 or RCV-01 when it is with another driver
    """
    _free(packet.unchain_all())


def _chain(packet: Packet, buffers: list[Buffer]) -> None:
    try:
        for buffer in buffers:
            packet.chain_at_back(buffer)
    except Exception:
        _free(buffers)  # a packet that may not be edited refuses the first
        raise


def _free(buffers: list[Buffer]) -> None:
    for buffer in buffers:
        buffer.restore_length()
        buffer.free()
