"""The computer around a NIC in these tests: memory with addresses, a bus, and a driver reduced to what it writes."""

from collections.abc import Callable, Sequence

from asyncndis.base import RuleViolation
from asyncndis.memory import Block, HeapProvider
from asyncndis.nic import (
    DESCRIPTOR,
    DESCRIPTOR_BYTES,
    BusMasterNic,
    Cause,
    Control,
    DescriptorFlag,
    FrameFilter,
    Register,
)

__all__ = ["ALL_KINDS", "Computer", "Driver", "Sink", "frame_of"]

ALL_KINDS = FrameFilter.DIRECTED | FrameFilter.BROADCAST | FrameFilter.MULTICAST
ENABLE = Control.TX_ENABLE | Control.RX_ENABLE
OWN, END = int(DescriptorFlag.OWN), int(DescriptorFlag.END)


def frame_of(destination: bytes, number: int = 0, length: int = 64) -> bytes:
    """A frame that can be told from others."""
    return (destination + b"\x02\0\0\0\0\xee" + b"\x88\xb5" + number.to_bytes(4, "big")).ljust(length, b"\xa5")


class Computer:
    """Memory and a bus.

    :ivar refused: addresses for which the bus says that the driver is wrong
    """

    def __init__(self) -> None:
        self.provider = HeapProvider()
        self.blocks: list[Block] = []
        self.refused: set[int] = set()

    def allocate(self, length: int, content: bytes = b"") -> Block:
        block = self.provider.allocate(length)
        block.view[: len(content)] = content
        self.blocks.append(block)
        return block

    def read_only(self, block: Block) -> Block:
        self.blocks[self.blocks.index(block)] = Block(block.view.toreadonly(), block.address, block.physical_address)
        return block

    def view_at(self, address: int, length: int) -> memoryview:
        if address in self.refused:
            raise RuleViolation("DMA-01", f"nothing is mapped at {address:#x}", self)
        for block in self.blocks:
            offset = address - block.physical_address
            if 0 <= offset <= len(block) - length:
                return block.view[offset : offset + length]
        raise LookupError(address)


class Sink:
    """A link that keeps what it carries."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []

    def carry(self, frames: Sequence[bytes]) -> int:
        self.frames += frames
        return len(frames)


class Driver:
    """A NIC with its rings set up, and the driver's side of them.

    :ivar interrupts: how often the line went up
    """

    def __init__(self, nic: BusMasterNic, computer: Computer | None = None, *, ring: int = 8, on: bool = True) -> None:
        self.nic = nic
        self.computer = computer or Computer()
        self.size = ring
        self.interrupts = 0
        self.on_interrupt: Callable[[], object] = lambda: None
        self.tx_ring = self.computer.allocate(ring * DESCRIPTOR_BYTES)
        self.rx_ring = self.computer.allocate(ring * DESCRIPTOR_BYTES)
        self.tx_tail = self.rx_tail = 0
        nic.plug(self.computer, self._interrupted)
        nic.write(Register.TX_BASE_LOW, self.tx_ring.physical_address, 8)
        nic.write(Register.TX_SIZE, ring)
        nic.write(Register.RX_BASE_LOW, self.rx_ring.physical_address, 8)
        nic.write(Register.RX_SIZE, ring)
        nic.write(Register.RECEIVE_FILTER, ALL_KINDS)
        if on:
            nic.write(Register.CONTROL, ENABLE)

    def _interrupted(self) -> None:
        self.interrupts += 1
        self.on_interrupt()

    def fill(self, ring: Block, number: int, address: int, length: int, flags: int = OWN | END) -> None:
        DESCRIPTOR.pack_into(ring.view, number % self.size * DESCRIPTOR_BYTES, address, length, 0, flags)

    def send(self, *pieces: bytes) -> list[Block]:
        """Hand one frame over, in so many pieces of memory."""
        blocks = [self.computer.allocate(len(piece), piece) for piece in pieces]
        for number, block in enumerate(blocks, 1):
            flags = OWN | END if number == len(blocks) else OWN
            self.fill(self.tx_ring, self.tx_tail, block.physical_address, len(block), flags)
            self.tx_tail += 1
        self.nic.write(Register.TX_TAIL, self.tx_tail)
        return blocks

    def post(self, *lengths: int) -> list[Block]:
        """Give memory for frames to come."""
        blocks = [self.computer.allocate(length) for length in lengths]
        for block in blocks:
            self.fill(self.rx_ring, self.rx_tail, block.physical_address, len(block), OWN)
            self.rx_tail += 1
        self.nic.write(Register.RX_TAIL, self.rx_tail)
        return blocks

    def descriptor(self, ring: Block, number: int) -> tuple[int, DescriptorFlag]:
        """What the device wrote into a descriptor."""
        _, _, written, flags = DESCRIPTOR.unpack_from(ring.view, number % self.size * DESCRIPTOR_BYTES)
        return written, DescriptorFlag(flags)

    def sent(self, number: int) -> tuple[int, DescriptorFlag]:
        return self.descriptor(self.tx_ring, number)

    def received(self, number: int) -> tuple[int, DescriptorFlag]:
        return self.descriptor(self.rx_ring, number)

    @property
    def cause(self) -> Cause:
        return Cause(self.nic.read(Register.INTERRUPT_CAUSE))
