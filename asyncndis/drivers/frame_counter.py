"""A protocol that counts the frames of a network by kind, and disturbs nothing.

Source: the pages of ProtocolReceivePacket and OID_GEN_CURRENT_PACKET_FILTER. It sees all that its adapter sees, what
this host sends included (NDIS loops it back), reads each frame at once, and keeps no packet.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from asyncndis.memory import Packet
from asyncndis.ndis import Binding, PacketFilter, Protocol

__all__ = ["FrameCounter", "FrameCounterStatistics"]


@dataclass(frozen=True, slots=True)
class FrameCounterStatistics:
    """What was counted.

    :ivar frames: frames
    :ivar bytes: the bytes in them
    :ivar kinds: how many kinds there were
    """

    frames: int
    bytes: int
    kinds: int


def _ether_type_of(frame: bytes) -> str:
    return f"0x{frame[12:14].hex()}"


class FrameCounter(Protocol):
    """Counts frames: ``open_stack(FrameCounter(), BusMaster(), nic=nic)``.

    :param kind_of: names the kind of a frame; by default its EtherType
    :param name: for messages
    :ivar kinds: the number of frames of each kind
    """

    packet_filter = PacketFilter.PROMISCUOUS

    def __init__(self, kind_of: Callable[[bytes], str] = _ether_type_of, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self._kind_of = kind_of
        self.kinds: Counter[str] = Counter()
        self._frames = 0
        self._bytes = 0

    def __repr__(self) -> str:
        return f"<FrameCounter {self.name!r} {self._frames} frames of {len(self.kinds)} kinds>"

    def statistics(self) -> FrameCounterStatistics:
        """What was counted so far. IRQL: any."""
        return FrameCounterStatistics(self._frames, self._bytes, len(self.kinds))

    def receive(self, binding: Binding, packet: Packet) -> None:
        """Count a frame; its packet is not kept. IRQL: DISPATCH."""
        frame = packet.to_bytes()
        self.kinds[self._kind_of(frame)] += 1
        self._frames += 1
        self._bytes += len(frame)
