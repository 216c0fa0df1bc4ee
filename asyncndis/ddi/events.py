"""Events.

A notification event stays set until it is reset, and releases all who wait. Waiting is legal at PASSIVE_LEVEL only.
"""

from asyncndis.kernel import NdisEvent

from .vocabulary import ddi

__all__ = ["NdisInitializeEvent", "NdisResetEvent", "NdisSetEvent", "NdisWaitEvent"]


@ddi(
    page="NdisInitializeEvent, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="NdisEvent",
)
def NdisInitializeEvent(*, name: str = "event") -> NdisEvent:
    """Initialize an event.

    :param name: for messages
    :returns: the event, not set, which in C is storage of the caller
    """
    return NdisEvent(name)


@ddi(
    page="NdisSetEvent, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    maps_to="NdisEvent.set",
)
def NdisSetEvent(Event: NdisEvent) -> None:
    """Set an event, and release all who wait for it.

    :param Event: the event
    """
    Event.set()


@ddi(
    page="NdisResetEvent, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    maps_to="NdisEvent.reset",
)
def NdisResetEvent(Event: NdisEvent) -> None:
    """Make an event not set.

    :param Event: the event
    """
    Event.reset()


@ddi(
    page="NdisWaitEvent, network reference of Windows 2000 and XP",
    irql="PASSIVE, no spin lock held",
    rules=("IRQL-02", "LOCK-11"),
    maps_to="NdisEvent.wait",
)
async def NdisWaitEvent(Event: NdisEvent, MsToWait: int) -> bool:
    """Wait until an event is set; at once where it is.

    :param Event: the event
    :param MsToWait: how long at most, in milliseconds; 0 means for ever
    :returns: whether the event was set
    """
    return await Event.wait(MsToWait)
