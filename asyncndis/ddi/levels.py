"""IRQL and mutexes.

Raising to DISPATCH_LEVEL keeps other work off this processor; lowering restores what raising returned. A mutex is
for code at PASSIVE_LEVEL that waits while it holds one.
"""

from asyncndis.kernel import Irql, Mutex, current_processor

from .vocabulary import ddi

__all__ = [
    "NDIS_INIT_MUTEX",
    "NDIS_LOWER_IRQL",
    "NDIS_RAISE_IRQL_TO_DISPATCH",
    "NDIS_RELEASE_MUTEX",
    "NDIS_WAIT_FOR_MUTEX",
]


@ddi(page="ndis.h", irql="<= DISPATCH", rules=("IRQL-01", "IRQL-04"), maps_to="Processor.raise_irql")
def NDIS_RAISE_IRQL_TO_DISPATCH() -> int:
    """Raise to DISPATCH_LEVEL.

    :returns: the level from before, to lower to afterwards
    """
    return current_processor().raise_irql(Irql.DISPATCH)


@ddi(page="ndis.h", irql="<= DISPATCH", rules=("IRQL-01", "IRQL-04"), maps_to="Processor.lower_irql")
def NDIS_LOWER_IRQL(OldIrql: int, CurIrql: int) -> None:
    """Lower to the level from before.

    :param OldIrql: what raising returned
    :param CurIrql: the present level, which is a hint
    """
    del CurIrql  # NT does not look at it either
    current_processor().lower_irql(OldIrql)


@ddi(page="ndis.h", irql="PASSIVE", maps_to="Mutex")
def NDIS_INIT_MUTEX(*, name: str = "mutex") -> Mutex:
    """Initialize a mutex.

    :param name: for messages
    :returns: the mutex, which in C is storage of the caller
    """
    return Mutex(name)


@ddi(
    page="ndis.h",
    irql="PASSIVE, no spin lock held",
    rules=("IRQL-02", "LOCK-04", "LOCK-11"),
    maps_to="Mutex.acquire",
)
async def NDIS_WAIT_FOR_MUTEX(Mutex: Mutex) -> None:
    """Take a mutex, after those who asked before; its owner may take it again.

    :param Mutex: the mutex
    """
    await Mutex.acquire()


@ddi(page="ndis.h", irql="PASSIVE", rules=("LOCK-03", "LOCK-10"), maps_to="Mutex.release")
def NDIS_RELEASE_MUTEX(Mutex: Mutex) -> None:
    """Release a mutex as often as it was taken.

    :param Mutex: the mutex
    """
    Mutex.release()
