"""Computers for scenarios: a bus-master NIC on a wire, its miniport, and a protocol that talks and listens.

Each is closed only when it has come to rest, so that whoever opens one has proved that nothing was left in it.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from asyncndis.base import NdisStatus, PoolClosed
from asyncndis.drivers import BusMasterMiniport
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Binding, Intermediate, Protocol, Stack, open_stack
from asyncndis.nic import BusMasterNic, Wire

from .invariants import assert_frames_conserved, assert_stack_at_rest
from .times import let_pass

__all__ = ["ETHER_TYPE", "Computer", "Hoarder", "Talker", "numbered_frame", "open_computer", "open_pair"]

ETHER_TYPE = 0x88B5
"""Of the frames that talkers send: the one that is set aside for experiments."""

_HEADER = 14
_NUMBER = 4
_PATTERN = bytes(range(256))
_PENDING = NdisStatus.PENDING


def numbered_frame(destination: bytes, source: bytes, number: int, length: int = 60) -> bytes:
    """A frame whose bytes follow from its number, so that a wrong one shows. IRQL: any.

    :param destination: six bytes
    :param source: six bytes
    :param number: from 0 to 2**32 - 1
    :param length: of the whole frame, in bytes; 18 at least, for the number
    """
    start = number & 0xFF
    content = (_PATTERN * (2 + length // len(_PATTERN)))[start : start + length - _HEADER - _NUMBER]
    return destination + source + ETHER_TYPE.to_bytes(2, "big") + number.to_bytes(_NUMBER, "big") + content


class Talker(Protocol, ether_type=ETHER_TYPE):
    """A protocol that sends frames, and keeps a copy of each that it hears.

    :ivar heard: whole frames, in the order in which they came
    :ivar outcomes: how often a send has ended with which status
    :ivar told: the status indications, in order
    """

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self.heard: list[bytes] = []
        self.outcomes: Counter[NdisStatus] = Counter()
        self.told: list[NdisStatus] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} heard {len(self.heard)} frames, sent {self.outcomes.total()}>"

    @property
    def numbers(self) -> list[int]:
        """The numbers of the frames that it has heard. IRQL: any."""
        return [int.from_bytes(frame[_HEADER : _HEADER + _NUMBER], "big") for frame in self.heard]

    def forget(self) -> None:
        """Forget what was heard, what became of sends, and what it was told. IRQL: any."""
        self.heard.clear()
        self.outcomes.clear()
        self.told.clear()

    async def say(self, frames: Iterable[bytes]) -> int:
        """Send frames as fast as they go, as many at once as the binding has packets, until its binding goes.

        IRQL: PASSIVE, no spin lock held.

        :param frames: each with its header
        :returns: how many were sent; see :attr:`outcomes` for what became of them
        """
        count = 0
        for frame in frames:
            if not self.bindings:
                break
            binding = self.bindings[0]
            try:
                packet = await binding.frames.allocate(frame)
            except PoolClosed:  # with its binding
                break
            if binding in self.bindings:
                count += 1
                status = binding.send_nowait(packet)
                if status is not _PENDING:
                    self.send_complete(binding, packet, status)
            else:
                binding.frames.free(packet)
        return count

    def receive(self, binding: Binding, packet: Packet) -> Any:
        """Copy it. IRQL: DISPATCH."""
        self.heard.append(packet.to_bytes())

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> Any:
        """Count how it went, and free the packet. IRQL: DISPATCH."""
        self.outcomes[status] += 1
        binding.frames.free(packet)

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> Any:
        """Note it. IRQL: DISPATCH."""
        self.told.append(status)


class Hoarder(Talker):
    """A talker that keeps the packets it hears, until it is told to return them; once it has to, it keeps none."""

    def __init__(self, *, name: str | None = None) -> None:
        super().__init__(name=name)
        self._hoard: list[Packet] = []
        self._is_leaving = False

    @property
    def hoarded(self) -> int:
        """How many packets it has. IRQL: any."""
        return len(self._hoard)

    def give_back(self) -> None:
        """Return all of them. IRQL: <= DISPATCH."""
        hoard, self._hoard = self._hoard, []
        if hoard:
            self.binding.return_packets(hoard)

    def receive(self, binding: Binding, packet: Packet) -> Any:
        """Copy it, and keep it where that is allowed. IRQL: DISPATCH."""
        super().receive(binding, packet)
        if self._is_leaving or packet.oob.status == NdisStatus.RESOURCES:
            return 0
        self._hoard.append(packet)
        return 1

    async def unbind(self, binding: Binding) -> None:
        """Take a while, and return what it has (RCV-17). IRQL: PASSIVE."""
        await let_pass(0.001)
        self._is_leaving = True  # frames come until the binding is closed, and nobody would return these
        self.give_back()


@dataclass(frozen=True, slots=True)
class Computer:
    """A computer with one NIC.

    :ivar nic: its NIC
    :ivar miniport: that drives the NIC
    :ivar talker: its first protocol
    :ivar stack: all of it
    """

    nic: BusMasterNic
    miniport: BusMasterMiniport
    talker: Talker
    stack: Stack

    def __repr__(self) -> str:
        return f"<Computer {self.stack}>"

    @property
    def adapter(self) -> Adapter:
        """The adapter of its NIC. IRQL: any."""
        return self.stack.adapter

    @property
    def binding(self) -> Binding:
        """The binding of its first protocol. IRQL: any."""
        return self.stack.binding

    @property
    def address(self) -> bytes:
        """Its station address. IRQL: any."""
        return self.nic.mac

    def frame_to(self, destination: bytes, number: int, length: int = 60) -> bytes:
        """A numbered frame for any address. IRQL: any.

        :param destination: six bytes
        :param number: from 0 to 2**32 - 1
        :param length: in bytes
        """
        return numbered_frame(destination, self.address, number, length)

    def frames_to(self, other: "Computer", count: int, *, first: int = 0, length: int = 60) -> Iterable[bytes]:
        """Numbered frames for another computer. IRQL: any.

        :param count: how many
        :param first: the number of the first
        :param length: of each, in bytes
        """
        return (self.frame_to(other.address, number, length) for number in range(first, first + count))


@asynccontextmanager
async def open_computer(
    wire: Wire,
    *,
    nic: BusMasterNic,
    talker: Talker | None = None,
    others: Sequence[Protocol] = (),
    between: Sequence[Intermediate] = (),
    miniport: BusMasterMiniport | None = None,
    defers: bool = False,
) -> AsyncGenerator[Computer]:
    """Put a computer on a wire, and take it off when the block ends and it has come to rest. IRQL: PASSIVE.

    :param wire: that its NIC is attached to
    :param nic: its NIC, new
    :param talker: its first protocol; None for a plain one
    :param others: further protocols
    :param between: intermediate drivers, the uppermost first
    :param miniport: that drives the NIC; None for a plain one
    :param defers: whether packets are returned to the miniport later rather than at once
    :raises AssertionError: when the block ends well, and the computer is not at rest
    """
    talker = Talker(name=f"talker on {nic.name}") if talker is None else talker
    miniport = BusMasterMiniport(name=f"miniport of {nic.name}") if miniport is None else miniport
    wire.attach(nic)
    try:
        async with open_stack(talker, *others, *between, miniport, nic=nic, name=nic.name, defers=defers) as stack:
            yield Computer(nic, miniport, talker, stack)
            await stack.run_until_idle()
            assert_stack_at_rest(stack)
    finally:
        wire.detach(nic)


@asynccontextmanager
async def open_pair(
    wire: Wire | None = None,
    *,
    bits_per_second: int = 1_000_000_000,
    left: Talker | None = None,
    right: Talker | None = None,
    miniport: BusMasterMiniport | None = None,
    rx_ring: int = 32,
    defers: bool = False,
) -> AsyncGenerator[tuple[Computer, Computer]]:
    """Two computers, "left" and "right", on a wire on which no frame is unaccounted for in the end. IRQL: PASSIVE.

    Neither goes before what the left one had to send has arrived and the right one has come to rest.

    :param wire: None for a perfect one
    :param bits_per_second: the speed of both NICs
    :param left: the talker of the left one; None for a plain one
    :param right: the talker of the right one; None for a plain one
    :param miniport: of the left one; None for a plain one
    :param rx_ring: descriptors of the receive ring of each; more frames at once may find no room
    :param defers: whether packets are returned to the miniport of the right one later rather than at once
    :raises AssertionError: as :func:`open_computer`, and for a frame that is not accounted for
    """
    wire = Wire() if wire is None else wire
    nics = (
        BusMasterNic("left", tx_ring=32, rx_ring=rx_ring, link_bits_per_second=bits_per_second),
        BusMasterNic("right", tx_ring=32, rx_ring=rx_ring, link_bits_per_second=bits_per_second),
    )
    async with (
        open_computer(wire, nic=nics[0], talker=left, miniport=miniport) as one,
        open_computer(wire, nic=nics[1], talker=right, defers=defers) as other,
    ):
        yield one, other
        for computer in (one, other):  # both, before either goes: what one has still to send, the other has to receive
            await computer.stack.run_until_idle()
    assert_frames_conserved(wire)
