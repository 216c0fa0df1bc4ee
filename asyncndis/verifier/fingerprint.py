"""The bytes of a packet, in short: whether they have changed."""

from typing import TYPE_CHECKING
from zlib import crc32

if TYPE_CHECKING:
    from asyncndis.memory import Packet

__all__ = ["fingerprint"]


def fingerprint(packet: "Packet") -> int:
    """A number that the packet has as long as its bytes are the same; with others it may have it by chance.

    What is described by one buffer over ``bytes`` cannot change, and need not be read.
    """
    first = packet.first
    if first is None or first.next is not None:
        return crc32(packet.to_bytes())
    memory = first.memory
    if isinstance(memory, bytes):
        return len(memory)
    if isinstance(memory, (bytearray, memoryview)):
        return crc32(memory[: first.length])
    return 0 if memory is None else crc32(memory.view[: first.length])
