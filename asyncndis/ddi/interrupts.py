"""Interrupts.

The interrupt of a NIC is registered as the last step of MiniportInitialize, since MiniportISR may run before the call
returns, and deregistered in halt, with the NIC's interrupts off (LIFE-08, LIFE-09). Data is shared with MiniportISR by
NdisMSynchronizeWithInterrupt alone (IRQL-06).
"""

from collections.abc import Callable
from typing import Any

from asyncndis.base import NdisStatus
from asyncndis.ndis import Adapter, Interrupt, InterruptMode

from .vocabulary import attempt, ddi

__all__ = ["NdisMDeregisterInterrupt", "NdisMRegisterInterrupt", "NdisMSynchronizeWithInterrupt"]


@ddi(
    page="NdisMRegisterInterrupt, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-08", "LIFE-10"),
    maps_to="Adapter.connect_interrupt",
)
def NdisMRegisterInterrupt(
    MiniportAdapterHandle: Adapter,
    InterruptVector: int,
    InterruptLevel: int,
    RequestIsr: bool,
    SharedInterrupt: bool,
    InterruptMode: InterruptMode,
) -> tuple[NdisStatus, Interrupt | None]:
    """Register the interrupt of the NIC.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param InterruptVector: as NdisMQueryAdapterResources says it
    :param InterruptLevel: as NdisMQueryAdapterResources says it
    :param RequestIsr: whether MiniportISR is called for every interrupt
    :param SharedInterrupt: whether other devices use the same line; RequestIsr is then True
    :param InterruptMode: how the device uses the line
    :returns: SUCCESS and the interrupt, which in C is storage of the caller; RESOURCE_CONFLICT or RESOURCES, and None
    """
    return attempt(
        MiniportAdapterHandle.connect_interrupt,
        InterruptVector,
        InterruptLevel,
        request_isr=RequestIsr,
        shared=SharedInterrupt,
        mode=InterruptMode,
    )


@ddi(
    page="NdisMDeregisterInterrupt, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-08", "LIFE-09"),
    maps_to="Interrupt.deregister",
)
async def NdisMDeregisterInterrupt(Interrupt: Interrupt) -> None:
    """Give the interrupt up, and wait for a DPC that runs.

    :param Interrupt: registered, with the NIC's interrupts off
    """
    await Interrupt.deregister()


@ddi(
    page="NdisMSynchronizeWithInterrupt, network reference of Windows 2000 and XP",
    irql="<= DIRQL",
    rules=("IRQL-06", "LIFE-09"),
    maps_to="Interrupt.synchronize",
)
def NdisMSynchronizeWithInterrupt(
    Interrupt: Interrupt, SynchronizeFunction: Callable[[Any], bool], SynchronizeContext: object
) -> bool:
    """Run a function that shares data with MiniportISR, which does not run meanwhile.

    :param Interrupt: registered
    :param SynchronizeFunction: a plain function; it runs at the interrupt's level
    :param SynchronizeContext: what it is called with
    :returns: what it returns
    """
    return Interrupt.synchronize(SynchronizeFunction, SynchronizeContext)
