"""An intermediate driver that lets everything through and counts it: the smallest one, to begin your own with.

Source: the pages of NdisIMRegisterLayeredMiniport and NdisIMInitializeDeviceInstanceEx. Packets go down and up as they
are, without a descriptor or a copy of this driver's own; requests, resets, cancellations and status indications are
passed on by the base class.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from asyncndis.memory import Packet
from asyncndis.ndis import Binding, Intermediate

__all__ = ["PassThrough", "PassThroughStatistics"]


@dataclass(frozen=True, slots=True)
class PassThroughStatistics:
    """What has passed.

    :ivar down: frames that were sent
    :ivar up: frames that were received
    """

    down: int
    up: int


class PassThrough(Intermediate):
    """Lets everything through: ``open_stack(Echo(), PassThrough(), BusMaster(), nic=nic)``.

    :param name: for messages
    """

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self._down = 0
        self._up = 0

    def __repr__(self) -> str:
        return f"<PassThrough {self.name!r} {self._down} frames down, {self._up} up>"

    def statistics(self) -> PassThroughStatistics:
        """What has passed so far. IRQL: any."""
        return PassThroughStatistics(self._down, self._up)

    def send_packets(self, packets: Sequence[Packet]) -> None:
        """Packets from above are sent on. IRQL: DISPATCH."""
        self._down += len(packets)
        self.pass_down_all(packets)

    def receive(self, binding: Binding, packet: Packet) -> int:
        """A packet from below is indicated on. IRQL: DISPATCH."""
        self._up += 1
        return self.pass_up(binding, packet)
