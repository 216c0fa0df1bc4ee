"""Assigned resources, register windows and ports by their NDIS names."""

import pytest

from asyncndis.base import NdisStatus, Probe, observe
from asyncndis.ddi import (
    NdisMDeregisterIoPortRange,
    NdisMMapIoSpace,
    NdisMQueryAdapterResources,
    NdisMRegisterIoPortRange,
    NdisMUnmapIoSpace,
    NdisRawReadPortUchar,
    NdisRawReadPortUlong,
    NdisRawReadPortUshort,
    NdisRawWritePortUchar,
    NdisRawWritePortUlong,
    NdisRawWritePortUshort,
    NdisReadRegisterUchar,
    NdisReadRegisterUlong,
    NdisReadRegisterUshort,
    NdisWriteRegisterUchar,
    NdisWriteRegisterUlong,
    NdisWriteRegisterUshort,
)
from asyncndis.kernel import Irql
from asyncndis.ndis import Adapter, AssignedInterrupt, AssignedRange, IoAddress, ResourceType
from asyncndis.nic import BusMasterNic, Register, SimpleNic
from tests.support.words import in_initialize
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop

PORTS = AssignedRange(ResourceType.PORT, 0x1000, 0x400)
MEMORY = AssignedRange(ResourceType.MEMORY, 0xFEB0_0000, 0x1000)
INTERRUPT = AssignedInterrupt(ResourceType.INTERRUPT, Irql.DIRQL, 16)


class Bytes:
    """A NIC with sixteen registers of one byte each."""

    def __init__(self) -> None:
        self.registers = bytearray(16)

    def plug(self, bus: object, on_interrupt: object) -> None:
        pass

    def unplug(self) -> None:
        pass

    def line(self) -> bool:
        return False

    def read(self, offset: int, size: int = 4) -> int:
        return int.from_bytes(self.registers[offset : offset + size], "little")

    def write(self, offset: int, value: int, size: int = 4) -> None:
        self.registers[offset : offset + size] = value.to_bytes(size, "little")


async def test_resources() -> None:
    answers: list[object] = []
    expected: list[object] = [
        (NdisStatus.RESOURCES, None, 68),
        (NdisStatus.SUCCESS, (PORTS, MEMORY, INTERRUPT), 68),
        (NdisStatus.SUCCESS, (INTERRUPT,), 28),
        (NdisStatus.SUCCESS, (), 8),
    ]
    await in_initialize(lambda handle: answers.append(NdisMQueryAdapterResources(handle, 67)), nic=BusMasterNic())
    for nic in (BusMasterNic(), SimpleNic(), None):
        await in_initialize(lambda handle: answers.append(NdisMQueryAdapterResources(handle, 68)), nic=nic)
    assert answers == expected


async def test_registers_of_a_nic() -> None:
    window: list[IoAddress] = []

    def begin(handle: Adapter) -> None:
        status, registers = NdisMMapIoSpace(handle, MEMORY.start, MEMORY.length)
        assert status == NdisStatus.SUCCESS
        assert registers is not None
        assert NdisReadRegisterUlong(registers + Register.MAX_FRAME) == 1518
        NdisWriteRegisterUlong(registers + Register.COALESCE_FRAMES, 4)
        assert NdisReadRegisterUlong(registers + Register.COALESCE_FRAMES) == 4
        window.append(registers)

    def end(handle: Adapter) -> None:
        with breaks("LIFE-03"):
            NdisMUnmapIoSpace(handle, window[0], MEMORY.length - 1)
        NdisMUnmapIoSpace(handle, window[0], MEMORY.length)
        with breaks("LIFE-03"):
            NdisReadRegisterUlong(window[0])
        with breaks("LIFE-03"):
            NdisMUnmapIoSpace(handle, window[0], MEMORY.length)

    await in_initialize(begin, end, nic=BusMasterNic())


async def test_accesses_of_every_size() -> None:
    ports: list[IoAddress] = []

    def begin(handle: Adapter) -> None:
        status, registers = NdisMMapIoSpace(handle, MEMORY.start + 4, 8)
        assert (status, repr(registers)) == (NdisStatus.SUCCESS, "<IoAddress memory 0xfeb00004 + 0x0>")
        assert registers is not None
        NdisWriteRegisterUchar(registers, 0x11)
        NdisWriteRegisterUshort(registers + 2, 0x3322)
        NdisWriteRegisterUlong(registers + 4, 0x77665544)
        assert NdisReadRegisterUchar(registers + 3) == 0x33
        assert NdisReadRegisterUshort(registers + 3) == 0x4433
        NdisMUnmapIoSpace(handle, registers, 8)
        status, offset = NdisMRegisterIoPortRange(handle, PORTS.start, 16)
        assert status == NdisStatus.SUCCESS
        assert offset is not None
        assert NdisRawReadPortUlong(offset + 8) == 0x77665544
        NdisRawWritePortUchar(offset, 1)
        NdisRawWritePortUshort(offset + 2, 0x203)
        NdisRawWritePortUlong(offset + 12, 0x40506070)
        assert NdisRawReadPortUchar(offset + 2) == 3
        assert NdisRawReadPortUshort(offset + 14) == 0x4050
        ports.append(offset)

    def end(handle: Adapter) -> None:
        NdisMDeregisterIoPortRange(handle, PORTS.start, 16, ports[0])

    nic = Bytes()
    await in_initialize(begin, end, nic=nic)
    assert nic.registers.hex() == "01000302110022334455667770605040"


async def test_what_is_not_the_nics() -> None:
    def begin(handle: Adapter) -> None:
        conflict = (NdisStatus.RESOURCE_CONFLICT, None)
        assert NdisMMapIoSpace(handle, MEMORY.start - 1, 8) == conflict
        assert NdisMMapIoSpace(handle, MEMORY.start + 0xFFC, 8) == conflict
        assert NdisMRegisterIoPortRange(handle, MEMORY.start, 8) == conflict
        _, first = NdisMRegisterIoPortRange(handle, PORTS.start, 8)
        assert NdisMRegisterIoPortRange(handle, PORTS.start + 7, 8) == conflict
        assert first is not None
        NdisMDeregisterIoPortRange(handle, PORTS.start, 8, first)

    await in_initialize(begin, nic=BusMasterNic())


async def test_low_resources() -> None:
    class Refusal(Probe):
        def fails(self, operation: str, subject: object) -> bool:
            return operation in ("NdisMMapIoSpace", "NdisMRegisterIoPortRange")

    def begin(handle: Adapter) -> None:
        assert NdisMMapIoSpace(handle, MEMORY.start, 8) == (NdisStatus.RESOURCES, None)
        assert NdisMRegisterIoPortRange(handle, PORTS.start, 8) == (NdisStatus.RESOURCES, None)

    with observe(Refusal()):
        await in_initialize(begin, nic=BusMasterNic())


async def test_a_window_has_an_end() -> None:
    def begin(handle: Adapter) -> None:
        _, registers = NdisMMapIoSpace(handle, MEMORY.start, 8)
        assert registers is not None
        with pytest.raises(ValueError, match="offset is from 0 to 0x4, not 5"):
            NdisReadRegisterUlong(registers + 5)
        with pytest.raises(ValueError, match="value is from 0 to 0xff, not 256"):
            NdisWriteRegisterUchar(registers, 256)
        NdisMUnmapIoSpace(handle, registers, 8)

    await in_initialize(begin, nic=BusMasterNic())
