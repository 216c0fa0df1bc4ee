"""The two machines of the demo: on each a protocol on a bus-master NIC, a shaper on the left one, a wire between.

On the left a sender, with a shaper between it and its NIC; on the right whatever it sends to. Both can be looked at
from other processes.
"""

import time
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from statistics import median

import anyio
from anyio.lowlevel import checkpoint_if_cancelled
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import BusMasterMiniport, Shaper
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, PacketFilter, Protocol, Stack, open_stack
from asyncndis.ndis.snapshots import StackView, snapshot
from asyncndis.nic import BusMasterNic, Wire

from .board import board

__all__ = ["FREE", "Caller", "Machines", "Player", "open_machines", "watch"]

FREE = 10**12
"""A rate that holds nothing back, in bit/s."""

_HEADER_BYTES = 14
_HEADER_AND_TAG = 18
_ECHO_TYPE = b"\x88\xb5"
_SIZES = (64, 256, 576, 1514)
_TIMES_MAX = 100_000
_EVERY = 0.25
_LOOKS = 5  # rates are those of the last second


class Player(Protocol):
    """Sends frames as fast as its pool lets it, and receives none.

    :param frames: how many may be on their way at once
    :ivar sent: frames that have left
    :ivar bytes: the bytes of these
    :ivar lost: frames that were given back with another status than SUCCESS
    """

    packet_filter = PacketFilter(0)

    def __init__(self, frames: int, *, name: str = "Player") -> None:
        super().__init__(name=name)
        self.frame_count = frames
        self.sent = self.bytes = self.lost = 0

    async def play(self, frame: bytes) -> None:
        """Send one frame; wait for a descriptor while all of the pool are out, which is what holds a sender back."""
        binding = self.binding
        packet = await binding.frames.allocate(frame)
        status = binding.send_nowait(packet)
        if status is not NdisStatus.PENDING:
            self.send_complete(binding, packet, status)
        if status.is_error:
            raise NdisError(f"{self.name}: a frame of {len(frame)} bytes was not sent: {status.name}", status)

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        """A frame has left."""
        if status is NdisStatus.SUCCESS:
            self.sent += 1
            self.bytes += packet.length
        else:
            self.lost += 1
        binding.frames.free(packet)


class Caller(Player):
    """Calls a station that answers each frame, and takes the time.

    :param frames: how many may be on their way at once
    :ivar answered: frames that came back
    :ivar times: how long the last of them took, there and back, in seconds
    """

    packet_filter = PacketFilter.DIRECTED

    def __init__(self, frames: int) -> None:
        super().__init__(frames, name="Caller")
        self.answered = 0
        self.times: list[float] = []

    async def call(self, station: bytes) -> None:
        """Send frames of several sizes to a station, until cancelled."""
        header = station + self.binding.address + _ECHO_TYPE
        number = 0
        while True:
            await checkpoint_if_cancelled()  # where descriptors come back fast, no wait is long enough to be cancelled
            size = _SIZES[number % len(_SIZES)]
            stamp = time.perf_counter_ns().to_bytes(8, "big")
            await self.play((header + stamp).ljust(size, b"\0"))
            number += 1

    def receive(self, binding: Binding, packet: Packet) -> None:
        """An answer."""
        frame = packet.to_bytes()
        self.answered += 1
        if len(self.times) < _TIMES_MAX:
            stamp = int.from_bytes(frame[_HEADER_BYTES : _HEADER_BYTES + 8], "big")
            self.times.append((time.perf_counter_ns() - stamp) / 1e9)

    @property
    def round_trip(self) -> tuple[float, float]:
        """The median and the longest of the times, in seconds."""
        return (median(self.times), max(self.times)) if self.times else (0.0, 0.0)


@dataclass(frozen=True)
class Machines:
    """Both of them, running."""

    left: Stack
    right: Stack

    @property
    def stacks(self) -> tuple[Stack, Stack]:
        """The left one first."""
        return self.left, self.right

    async def settle(self) -> None:
        """Wait until nothing is under way any more, neither there nor back."""
        for stack in (*self.stacks, *self.stacks):
            await stack.run_until_idle()


async def watch(console: Console, machines: Machines, headline: Callable[[], Text]) -> None:
    """Show both on a terminal, until cancelled; where there is none, show nothing.

    :param headline: what stands above them now
    """
    if not console.is_terminal:
        return
    looks: deque[list[StackView]] = deque(maxlen=_LOOKS)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        while True:
            looks.append([snapshot(stack) for stack in machines.stacks])
            live.update(Group(headline(), board(looks[-1], looks[0])), refresh=True)
            await anyio.sleep(_EVERY)


@asynccontextmanager
async def open_machines(
    left: Protocol, right: Protocol, *, rate: int = FREE, ring: int = 64, longest: int = 1514
) -> AsyncGenerator[Machines]:
    """Start both.

    :param left: its protocol
    :param right: and the other's
    :param rate: what the shaper lets through, in bit/s
    :param ring: descriptors of each ring, a power of two
    :param longest: the longest frame, in bytes with its header
    """
    nics = [
        BusMasterNic(
            name,
            tx_ring=ring,
            rx_ring=ring,
            max_frame=longest - _HEADER_BYTES + _HEADER_AND_TAG,
            burst=max(1, min(32, ring // 4)),
        )
        for name in ("left0", "right0")
    ]
    wire = Wire()
    for nic in nics:
        wire.attach(nic)
    async with (
        open_stack(
            left, Shaper(rate), BusMasterMiniport(name="LeftMiniport"), nic=nics[0], name="left", monitor=True
        ) as sender,
        open_stack(right, BusMasterMiniport(name="RightMiniport"), nic=nics[1], name="right", monitor=True) as receiver,
    ):
        yield Machines(sender, receiver)
