"""Interrupts by their NDIS names, upon a bus-master NIC."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.ddi import (
    NdisMDeregisterInterrupt,
    NdisMMapIoSpace,
    NdisMQueryAdapterResources,
    NdisMRegisterInterrupt,
    NdisMSynchronizeWithInterrupt,
    NdisMUnmapIoSpace,
    NdisReadRegisterUlong,
    NdisWriteRegisterUlong,
)
from asyncndis.kernel import Irql, current_irql
from asyncndis.ndis import Adapter, AssignedInterrupt, AssignedRange, Interrupt, InterruptMode, IoAddress, ResourceType
from asyncndis.nic import BusMasterNic, Cause, Register
from tests.support.loops import settle
from tests.support.words import WordsMiniport, in_initialize, words_machine
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop

LEVEL = InterruptMode.LEVEL_SENSITIVE


class Links(WordsMiniport):
    """A miniport that serves the interrupts of its NIC's link."""

    registers: IoAddress
    interrupt: Interrupt

    def __init__(self) -> None:
        super().__init__(self.start, self.stop)
        self.characteristics.ISRHandler = serve
        self.characteristics.HandleInterruptHandler = handle

    def start(self, handle: Adapter) -> NdisStatus | None:
        _, resources, _ = NdisMQueryAdapterResources(handle, 68)
        assert resources is not None
        windows = [one for one in resources if isinstance(one, AssignedRange) and one.type is ResourceType.MEMORY]
        (line,) = [one for one in resources if isinstance(one, AssignedInterrupt)]
        _, registers = NdisMMapIoSpace(handle, windows[0].start, windows[0].length)
        assert registers is not None
        self.registers = registers
        status, interrupt = NdisMRegisterInterrupt(handle, line.vector, line.level, True, False, LEVEL)
        assert interrupt is not None
        self.interrupt = interrupt
        NdisWriteRegisterUlong(registers + Register.INTERRUPT_MASK_SET, Cause.LINK_CHANGE)
        return None if status == NdisStatus.SUCCESS else status

    async def stop(self, handle: Adapter) -> None:
        NdisWriteRegisterUlong(self.registers + Register.INTERRUPT_MASK_CLEAR, Cause.LINK_CHANGE)
        await NdisMDeregisterInterrupt(self.interrupt)
        with breaks("LIFE-09"):
            NdisMSynchronizeWithInterrupt(self.interrupt, bool, None)
        NdisMUnmapIoSpace(handle, self.registers, 0x1000)


def serve(context: Links) -> tuple[bool, bool]:
    assert current_irql() == Irql.DIRQL
    cause = NdisReadRegisterUlong(context.registers + Register.INTERRUPT_CAUSE)
    NdisWriteRegisterUlong(context.registers + Register.INTERRUPT_CAUSE, cause)
    context.calls.append(("isr", cause))
    return True, True


def handle(context: Links) -> None:
    assert current_irql() == Irql.DISPATCH
    context.calls.append(("dpc",))


async def test_the_interrupt_of_a_link() -> None:
    nic, miniport = BusMasterNic(paced=False), Links()
    async with words_machine(miniport, nic=nic):
        nic.connect(None)
        nic.set_link(True)
        nic.connect(Cable())
        await settle()
        assert miniport.calls[1:] == [("isr", Cause.LINK_CHANGE), ("dpc",)]

        def count(context: Links) -> bool:
            assert current_irql() == Irql.DIRQL
            nic.connect(None)
            context.calls.append(("synchronized",))
            return True

        assert NdisMSynchronizeWithInterrupt(miniport.interrupt, count, miniport)
        await settle()
        assert miniport.calls[3:] == [("synchronized",), ("isr", Cause.LINK_CHANGE), ("dpc",)]


class Cable:
    """A cable that leads nowhere."""

    def carry(self, frames: object) -> int:
        return 0


async def test_an_interrupt_that_is_not_the_nics() -> None:
    answers: list[object] = []

    async def begin(handle: Adapter) -> None:
        answers.append(NdisMRegisterInterrupt(handle, 17, Irql.DIRQL, True, False, LEVEL))
        answers.append(NdisMRegisterInterrupt(handle, 16, Irql.DIRQL + 1, True, False, LEVEL))
        answers.append(NdisMRegisterInterrupt(handle, 16, Irql.DIRQL, False, True, LEVEL))

    await in_initialize(begin, nic=BusMasterNic())
    assert answers == [(NdisStatus.RESOURCE_CONFLICT, None)] * 3
