"""Two computers on a wire, with bus-master NICs, miniports and stations: under the verifier, in virtual time."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anyio

from asyncndis.base import NdisStatus
from asyncndis.drivers import BusMasterMiniport
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.memory import BufferPool, Packet, PacketPool
from asyncndis.ndis import Binding, Protocol, Stack, open_stack
from asyncndis.nic import BusMasterNic, Conditions, Wire
from asyncndis.verifier import verify

__all__ = ["TYPE", "Computer", "Laboratory", "Stalled", "Station", "computer", "laboratory"]

TYPE = 0x88B5


class Station(Protocol, ether_type=TYPE):
    """Sends frames in as many pieces as it is told, and keeps what comes: its bytes, or the packets themselves.

    :ivar frames: what has come
    :ivar statuses: how its sends went, by their number
    :ivar lent: packets that it has not returned
    :ivar changes: what it was told of the medium and of resets
    """

    def __init__(self) -> None:
        super().__init__()
        self.keeps = False
        self.frames: list[bytes] = []
        self.statuses: list[tuple[int, NdisStatus]] = []
        self.lent: list[Packet] = []
        self.changes: list[NdisStatus] = []
        self._numbers: dict[Packet, int] = {}
        self._all_back: anyio.Event | None = None

    async def bind(self, binding: Binding) -> None:
        self.packets = await PacketPool.create(1000)
        self.buffers = await BufferPool.create(4000)

    async def unbind(self, binding: Binding) -> None:
        self.give_back()
        if self._numbers:
            self._all_back = anyio.Event()
            await self._all_back.wait()
        self.packets.close()
        self.buffers.close()

    def pack(self, *pieces: bytes, cancel_id: int = 0) -> Packet:
        packet = self.packets.allocate_nowait()
        for piece in pieces:
            packet.chain_at_back(self.buffers.allocate_nowait(piece))
        packet.cancel_id = cancel_id
        self._numbers[packet] = len(self._numbers) + len(self.statuses)
        return packet

    def send(self, *frames: bytes) -> None:
        self.send_packed([self.pack(frame) for frame in frames])

    def send_packed(self, packets: Sequence[Packet]) -> None:
        self.binding.send_packets(packets)

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        self.statuses.append((self._numbers.pop(packet), status))
        for buffer in packet.unchain_all():
            buffer.restore_length()
            buffer.free()
        packet.free()
        if not self._numbers and self._all_back is not None:
            self._all_back.set()

    def receive(self, binding: Binding, packet: Packet) -> int:
        self.frames.append(packet.to_bytes())
        if not self.keeps or packet.oob.status != NdisStatus.SUCCESS:
            return 0
        self.lent.append(packet)
        return 1

    def give_back(self, count: int = 1000) -> None:
        packets, self.lent = self.lent[:count], self.lent[count:]
        self.binding.return_packets(packets)

    def status(self, binding: Binding, status: NdisStatus, data: bytes) -> None:
        self.changes.append(status)

    @property
    def outcomes(self) -> set[NdisStatus]:
        return {status for _, status in self.statuses}

    def was_in_order(self, count: int) -> bool:
        """So many sends have come back, in the order in which they were made."""
        return [number for number, _ in self.statuses] == list(range(count))


@dataclass
class Computer:
    """One of the two."""

    nic: BusMasterNic
    miniport: BusMasterMiniport
    station: Station
    stack: Stack

    @property
    def address(self) -> bytes:
        return self.stack.binding.address

    def frame_to(self, other: "Computer", number: int = 0, length: int = 64) -> bytes:
        return self.frame(other.address, number, length)

    def frame(self, destination: bytes, number: int = 0, length: int = 64) -> bytes:
        head = destination + self.address + TYPE.to_bytes(2, "big") + number.to_bytes(4, "big")
        return (head + bytes(at % 251 for at in range(length)))[:length]

    async def query(self, oid: int) -> Any:
        return await self.stack.binding.query(oid)


class Stalled(BusMasterNic):
    """A NIC whose own task does nothing: a test moves it by ``step``."""

    async def run(self) -> None:
        await anyio.sleep_forever()


@dataclass
class Laboratory:
    """Both of them, and the wire."""

    wire: Wire
    clock: VirtualClock
    left: Computer
    right: Computer

    async def settle(self) -> None:
        """Let everything run until it waits for time or for a test."""
        await self.clock.advance(0)


@asynccontextmanager
async def computer(name: str, nic: BusMasterNic, **how: Any) -> AsyncGenerator[Computer]:
    station, miniport = Station(), BusMasterMiniport(name=name)
    async with open_stack(station, miniport, nic=nic, name=name, **how) as stack:
        yield Computer(nic, miniport, station, stack)


@asynccontextmanager
async def laboratory(
    conditions: Conditions = Conditions(),  # noqa: B008 - it is immutable
    *,
    left: type[BusMasterNic] = BusMasterNic,
    ring: int = 16,
    paced: bool = False,
    **options: Any,
) -> AsyncGenerator[Laboratory]:
    """Both computers, running; afterwards nothing is left, and no rule was broken."""
    with use_clock(VirtualClock()) as clock, verify() as findings:
        wire = Wire(conditions)
        nics = [
            kind(name, tx_ring=ring, rx_ring=ring, paced=paced, check_rings=True, **options)
            for kind, name in ((left, "left"), (BusMasterNic, "right"))
        ]
        for nic in nics:
            wire.attach(nic)
        async with computer("left", nics[0]) as one, computer("right", nics[1]) as other:
            yield Laboratory(wire, clock, one, other)
    assert not findings, findings.report()
