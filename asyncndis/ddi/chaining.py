"""Chains of buffers on packets.

A chained buffer stays the driver's, but is not freed before it is unchained. Linked buffers move as a whole, and a
buffer is in one chain at most. None of these calls waits, and each may be made with a spin lock held.
"""

from asyncndis.memory import Buffer, Packet

from .vocabulary import ddi

__all__ = [
    "NdisChainBufferAtBack",
    "NdisChainBufferAtFront",
    "NdisUnchainBufferAtBack",
    "NdisUnchainBufferAtFront",
]


@ddi(
    page="NdisChainBufferAtFront, network reference of Windows 2000 and XP",
    irql="any",
    rules=("BUF-01", "BUF-02", "BUF-10"),
    maps_to="Packet.chain_at_front",
)
def NdisChainBufferAtFront(Packet: Packet, Buffer: Buffer) -> None:
    """Put a buffer, and what it is linked to, before the chain of a packet.

    :param Packet: the packet
    :param Buffer: a buffer in no chain; the first one, if it is linked to others
    """
    Packet.chain_at_front(Buffer)


@ddi(
    page="NdisChainBufferAtBack, network reference of Windows 2000 and XP",
    irql="any",
    rules=("BUF-01", "BUF-02", "BUF-10"),
    maps_to="Packet.chain_at_back",
)
def NdisChainBufferAtBack(Packet: Packet, Buffer: Buffer) -> None:
    """Put a buffer, and what it is linked to, behind the chain of a packet.

    :param Packet: the packet
    :param Buffer: a buffer in no chain; the first one, if it is linked to others
    """
    Packet.chain_at_back(Buffer)


@ddi(
    page="NdisUnchainBufferAtFront, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="Packet.unchain_at_front",
)
def NdisUnchainBufferAtFront(Packet: Packet) -> Buffer | None:
    """Take the first buffer off the chain of a packet; it belongs to the caller.

    :param Packet: the packet
    :returns: the buffer, or None when the chain is empty
    """
    return Packet.unchain_at_front()


@ddi(
    page="NdisUnchainBufferAtBack, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="Packet.unchain_at_back",
)
def NdisUnchainBufferAtBack(Packet: Packet) -> Buffer | None:
    """Take the last buffer off the chain of a packet; it belongs to the caller.

    :param Packet: the packet
    :returns: the buffer, or None when the chain is empty
    """
    return Packet.unchain_at_back()
