"""Timers.

A timer function runs at DISPATCH_LEVEL and gets what it gets in C: three parameters of the system, None here, around
its context. Setting a timer that is set moves it. Where cancelling answers False the function may be yet to run, and a
driver that halts waits for it (LIFE-05).
"""

from collections.abc import Callable
from typing import Any

from asyncndis.kernel import Timer
from asyncndis.ndis import Adapter

from .vocabulary import ddi

__all__ = [
    "NdisCancelTimer",
    "NdisInitializeTimer",
    "NdisMCancelTimer",
    "NdisMInitializeTimer",
    "NdisMSetPeriodicTimer",
    "NdisMSetTimer",
    "NdisSetTimer",
    "NdisSetTimerEx",
]

TimerFunction = Callable[[None, Any, None, None], object]


@ddi(
    page="NdisInitializeTimer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-07",),
    maps_to="Timer",
)
def NdisInitializeTimer(TimerFunction: TimerFunction, FunctionContext: object, *, name: str = "timer") -> Timer:
    """Initialize a timer.

    :param TimerFunction: a function or coroutine function of SystemSpecific1, FunctionContext, SystemSpecific2 and
        SystemSpecific3
    :param FunctionContext: what it gets as its second parameter
    :param name: for messages
    :returns: the timer, not set, which in C is storage of the caller
    """
    return Timer(TimerFunction, None, FunctionContext, None, None, name=name)


@ddi(
    page="NdisSetTimer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-06",),
    maps_to="Timer.set",
)
def NdisSetTimer(Timer: Timer, MillisecondsToDelay: int) -> None:
    """Have the timer function called once; a timer that is set is moved.

    :param Timer: the timer
    :param MillisecondsToDelay: when, from now
    """
    Timer.set(MillisecondsToDelay)


@ddi(
    page="NdisSetTimerEx, network reference of Windows XP", irql="<= DISPATCH", rules=("LIFE-06",), maps_to="Timer.set"
)
def NdisSetTimerEx(Timer: Timer, MillisecondsToDelay: int, FunctionContext: object) -> None:
    """Have the timer function called once, with another context.

    :param Timer: the timer
    :param MillisecondsToDelay: when, from now
    :param FunctionContext: what it gets as its second parameter
    """
    Timer.set(MillisecondsToDelay, None, FunctionContext, None, None)


@ddi(
    page="NdisCancelTimer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-05", "LIFE-06"),
    maps_to="Timer.cancel",
)
def NdisCancelTimer(Timer: Timer) -> bool:
    """Call a timer off.

    :param Timer: the timer
    :returns: whether it was set; where not, its function may be due, or running
    """
    return Timer.cancel()


@ddi(
    page="NdisMInitializeTimer, network reference of Windows 2000 and XP",
    irql="PASSIVE",
    rules=("LIFE-07",),
    maps_to="Adapter.timer",
)
def NdisMInitializeTimer(
    MiniportAdapterHandle: Adapter, TimerFunction: TimerFunction, FunctionContext: object, *, name: str = "timer"
) -> Timer:
    """Initialize a timer of a miniport; NDIS calls its function in turn with the handlers of a serialized one.

    :param MiniportAdapterHandle: as MiniportInitialize was given it
    :param TimerFunction: a plain function, of the parameters that NdisInitializeTimer names
    :param FunctionContext: what it gets as its second parameter
    :param name: for messages
    :returns: the timer, not set, which in C is storage of the caller
    """
    return MiniportAdapterHandle.timer(TimerFunction, None, FunctionContext, None, None, name=name)


@ddi(
    page="NdisMSetTimer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-06",),
    maps_to="Timer.set",
)
def NdisMSetTimer(Timer: Timer, MillisecondsToDelay: int) -> None:
    """Have the timer function called once; a timer that is set is moved.

    :param Timer: the timer
    :param MillisecondsToDelay: when, from now
    """
    Timer.set(MillisecondsToDelay)


@ddi(
    page="NdisMSetPeriodicTimer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-06",),
    maps_to="Timer.set_periodic",
)
def NdisMSetPeriodicTimer(Timer: Timer, MillisecondsPeriod: int) -> None:
    """Have the timer function called again and again, first after one period.

    :param Timer: the timer
    :param MillisecondsPeriod: the period
    """
    Timer.set_periodic(MillisecondsPeriod)


@ddi(
    page="NdisMCancelTimer, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-05", "LIFE-06"),
    maps_to="Timer.cancel",
)
def NdisMCancelTimer(Timer: Timer) -> bool:
    """Call a timer off.

    :param Timer: the timer
    :returns: whether it was set; where not, its function may be due, or running
    """
    return Timer.cancel()
