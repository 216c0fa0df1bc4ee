"""Copying bytes between chains of buffers, whatever their fragments.

Source: the pages of NdisCopyFromPacketToPacket and NdisCopyFromPacketToPacketSafe. A copy ends where either chain ends;
an offset may lie beyond any number of buffers. Nothing is written where a part of the destination is read-only.
"""

from collections.abc import Iterator

from .buffer import Buffer

__all__ = ["copy_chain"]


def copy_chain(
    destination: Buffer | None, destination_offset: int, source: Buffer | None, source_offset: int, count: int
) -> int:
    """Copy bytes from one chain to another.

    :param destination: the first buffer of the chain that is written
    :param destination_offset: where in it to begin, in bytes
    :param source: the first buffer of the chain that is read
    :param source_offset: where in it to begin, in bytes
    :param count: how many bytes at most
    :returns: how many were copied
    :raises TypeError: when a buffer that would be written describes read-only memory
    """
    count = min(count, _length_from(destination, destination_offset), _length_from(source, source_offset))
    room = list(_pieces(destination, destination_offset, count))
    if any(piece.readonly for piece in room):
        raise TypeError("the destination describes read-only bytes; allocate its buffers over a bytearray")
    _copy_pieces(iter(room), _pieces(source, source_offset, count))
    return count


def _copy_pieces(room: Iterator[memoryview], pieces: Iterator[memoryview]) -> None:
    """Copy pieces into as much room, cut differently."""
    space = memoryview(b"")
    for piece in pieces:
        rest = piece
        while rest:
            space = space or next(room)
            step = min(len(space), len(rest))
            space[:step] = rest[:step]
            space, rest = space[step:], rest[step:]


def _length_from(buffer: Buffer | None, offset: int) -> int:
    """The bytes of a chain from an offset on."""
    total = 0
    while buffer is not None:
        total += buffer.length
        buffer = buffer._next
    return max(0, total - offset)


def _pieces(buffer: Buffer | None, offset: int, count: int) -> Iterator[memoryview]:
    """Some bytes of a chain from an offset on, buffer by buffer."""
    while buffer is not None and count:
        piece = buffer._bytes()[offset : offset + count]
        offset = max(0, offset - buffer.length)
        count -= len(piece)
        if piece:
            yield piece
        buffer = buffer._next
