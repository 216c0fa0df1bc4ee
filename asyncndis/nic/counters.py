"""What a NIC counts: every frame once, by what became of it and by whom it was for.

The counters are those that the statistics OIDs ask a driver for, as the wire sees them. They are counted for whole
batches, so that a frame costs next to nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from .device import BROADCAST_ADDRESS

__all__ = ["NicCounter", "NicStatistics", "count_frames", "new_counts"]


class NicCounter(IntEnum):
    """The counters, in the order in which a device shows them."""

    TX_DIRECTED_FRAMES = 0
    TX_DIRECTED_BYTES = 1
    TX_MULTICAST_FRAMES = 2
    TX_MULTICAST_BYTES = 3
    TX_BROADCAST_FRAMES = 4
    TX_BROADCAST_BYTES = 5
    RX_DIRECTED_FRAMES = 6
    RX_DIRECTED_BYTES = 7
    RX_MULTICAST_FRAMES = 8
    RX_MULTICAST_BYTES = 9
    RX_BROADCAST_FRAMES = 10
    RX_BROADCAST_BYTES = 11
    TX_ERRORS = 12
    TX_NO_CARRIER = 13
    RX_ERRORS = 14
    RX_OVERSIZE = 15
    RX_NO_BUFFER = 16
    RX_FILTERED = 17
    RX_OFF = 18


@dataclass(frozen=True, slots=True)
class NicStatistics:
    """What a NIC has counted since its last reset, and its state at one moment.

    :ivar tx_directed_frames: frames sent to one station; bytes are counted with header, without check sequence
    :ivar tx_errors: frames that could not be sent: of a wrong length, or in memory that the bus does not reach
    :ivar tx_no_carrier: frames that were to be sent while the link was down
    :ivar rx_directed_frames: frames for one station that were given to the driver
    :ivar rx_errors: frames that were lost for a bus error, or shorter than a header
    :ivar rx_oversize: frames that were longer than the NIC takes
    :ivar rx_no_buffer: frames that came when the driver had left no room for them
    :ivar rx_filtered: frames that were not for this station
    :ivar rx_off: frames that came while the link was down or the receiver off
    :ivar link_up: whether the cable works
    :ivar interrupts: how often the interrupt line went up
    :ivar tx_pending: frames or descriptors that wait to be sent
    :ivar rx_pending: SimpleNic: frames that wait for the driver; BusMasterNic: descriptors that wait for frames
    """

    tx_directed_frames: int
    tx_directed_bytes: int
    tx_multicast_frames: int
    tx_multicast_bytes: int
    tx_broadcast_frames: int
    tx_broadcast_bytes: int
    rx_directed_frames: int
    rx_directed_bytes: int
    rx_multicast_frames: int
    rx_multicast_bytes: int
    rx_broadcast_frames: int
    rx_broadcast_bytes: int
    tx_errors: int
    tx_no_carrier: int
    rx_errors: int
    rx_oversize: int
    rx_no_buffer: int
    rx_filtered: int
    rx_off: int
    link_up: bool
    interrupts: int
    tx_pending: int
    rx_pending: int

    @property
    def tx_frames(self) -> int:
        """All frames sent."""
        return self.tx_directed_frames + self.tx_multicast_frames + self.tx_broadcast_frames

    @property
    def rx_frames(self) -> int:
        """All frames given to the driver."""
        return self.rx_directed_frames + self.rx_multicast_frames + self.rx_broadcast_frames

    @property
    def tx_bytes(self) -> int:
        """Their bytes."""
        return self.tx_directed_bytes + self.tx_multicast_bytes + self.tx_broadcast_bytes

    @property
    def rx_bytes(self) -> int:
        """Their bytes."""
        return self.rx_directed_bytes + self.rx_multicast_bytes + self.rx_broadcast_bytes


def new_counts() -> list[int]:
    """All counters at nothing, to be indexed by :class:`NicCounter`."""
    return [0] * len(NicCounter)


def count_frames(counts: list[int], first: int, frames: Sequence[bytes]) -> int:
    """Count frames by whom they are for.

    :param first: the first of the six counters: ``TX_DIRECTED_FRAMES`` or ``RX_DIRECTED_FRAMES``
    :returns: the bytes of all of them
    """
    octets = directed = sum(map(len, frames))
    group = [frame for frame in frames if frame[0] & 1]
    for frame in group:
        kind = first + (4 if frame[:6] == BROADCAST_ADDRESS else 2)
        counts[kind] += 1
        counts[kind + 1] += len(frame)
        directed -= len(frame)
    counts[first] += len(frames) - len(group)
    counts[first + 1] += directed
    return octets
