"""Time, sleeping and stalling.

Times are those of the current clock, real or virtual. Sleeping gives way; stalling keeps the processor.
"""

from asyncndis.kernel import sleep, stall, system_time, system_up_time

from .vocabulary import ddi

__all__ = ["NdisGetCurrentSystemTime", "NdisGetSystemUpTime", "NdisMSleep", "NdisStallExecution"]


@ddi(
    page="NdisMSleep, network reference of Windows 2000 and XP",
    irql="< DISPATCH, no spin lock held",
    rules=("IRQL-02", "IRQL-03", "LOCK-11"),
    maps_to="sleep",
)
async def NdisMSleep(MicrosecondsToSleep: int) -> None:
    """Let at least so much time pass.

    :param MicrosecondsToSleep: at most 30,000,000
    """
    await sleep(MicrosecondsToSleep)


@ddi(
    page="NdisStallExecution, network reference of Windows 2000 and XP",
    irql="any",
    rules=("IRQL-03",),
    maps_to="stall",
)
def NdisStallExecution(MicrosecondsToStall: int) -> None:
    """Let so much time pass without giving way.

    :param MicrosecondsToStall: at most 50
    """
    stall(MicrosecondsToStall)


@ddi(
    page="NdisGetCurrentSystemTime, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="system_time",
)
def NdisGetCurrentSystemTime() -> int:
    """The time of day, in units of 100 ns since the year 1601 (UTC)."""
    return system_time()


@ddi(
    page="NdisGetSystemUpTime, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="system_up_time",
)
def NdisGetSystemUpTime() -> int:
    """Milliseconds since the system started; 32 bits, which wrap."""
    return system_up_time()
