"""The bytes of a packet, in short: whether they have changed."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncndis.memory import Packet

__all__ = ["fingerprint"]


def fingerprint(packet: "Packet") -> int:
    """A number that another content of the packet does not have, but for a chance of one in 2**61 or so."""
    first = packet.first
    if first is not None and first.next is None:
        memory, length = first.memory, first.length
        if isinstance(memory, bytes) and len(memory) == length:
            return hash(memory)  # which the bytes themselves remember
        if isinstance(memory, (bytes, bytearray, memoryview)):
            return hash(bytes(memory[:length]))
    return hash(packet.to_bytes())
