"""A protocol that sends every frame of its EtherType back to where it came from.

Source: the pages of ProtocolReceivePacket, NdisSendPackets and ProtocolSendComplete. Answers are gathered while a batch
of frames comes in, and sent in one call when it is over. Rules: what came from the own station, or from a group, is not
answered, so that no echo meets itself; two echoes of different stations would answer each other for ever.
"""

from dataclasses import dataclass

from asyncndis.base import NdisError, NdisStatus, check_integer
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, Protocol

__all__ = ["Echo", "EchoStatistics"]

_EXPERIMENTAL = 0x88B5


@dataclass(frozen=True, slots=True)
class EchoStatistics:
    """An echo at one moment.

    :ivar received: frames that came
    :ivar answered: frames that were sent back
    :ivar dropped: frames that were not, for want of a packet
    """

    received: int
    answered: int
    dropped: int


class Echo(Protocol):
    """Sends frames back: ``open_stack(Echo(), BusMaster(), nic=nic)``.

    :param ether_type: the type of the frames; by default the first that is free for experiments
    :param name: for messages
    """

    def __init__(self, ether_type: int = _EXPERIMENTAL, *, name: str | None = None) -> None:
        check_integer("ether_type", ether_type, 0x600, 0xFFFF)
        super().__init__(name=name)
        self.ether_type = ether_type
        self._answers: dict[Binding, list[Packet]] = {}
        self._received = self._answered = self._dropped = 0

    def __repr__(self) -> str:
        return f"<Echo {self.name!r} of type {self.ether_type:#06x}, {self._answered} of {self._received} answered>"

    def statistics(self) -> EchoStatistics:
        """The state of it now. IRQL: any."""
        return EchoStatistics(self._received, self._answered, self._dropped)

    def bind(self, binding: Binding) -> None:
        """A link more to answer on. IRQL: PASSIVE."""
        self._answers[binding] = []

    def unbind(self, binding: Binding) -> None:
        """A link less. IRQL: PASSIVE."""
        del self._answers[binding]

    def receive(self, binding: Binding, packet: Packet) -> None:
        """Make the answer; the packet itself is not kept. IRQL: DISPATCH."""
        self._received += 1
        frame = packet.to_bytes()
        station = frame[6:12]
        if station == binding.address or station[0] & 1:
            return
        try:
            answer = binding.frames.allocate_nowait(station + binding.address + frame[12:])
        except NdisError:
            self._dropped += 1
            return
        self._answers[binding].append(answer)

    def receive_complete(self, binding: Binding) -> None:
        """The batch is over: send its answers. IRQL: DISPATCH."""
        answers, self._answers[binding] = self._answers[binding], []
        self._answered += len(answers)
        binding.send_packets(answers)

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """An answer is sent. IRQL: DISPATCH."""
        binding.frames.free(packet)
