"""Spin locks.

The plain forms raise to DISPATCH_LEVEL and restore the level that the lock saved; the Dpr forms expect to be there
already. A lock is initialized before use and held for a few instructions. Acquiring is awaited, since on one event
loop the holder could otherwise never go on.
"""

from asyncndis.base import Profile
from asyncndis.kernel import SpinLock

from .vocabulary import ddi

__all__ = [
    "NdisAcquireSpinLock",
    "NdisAllocateSpinLock",
    "NdisDprAcquireSpinLock",
    "NdisDprReleaseSpinLock",
    "NdisFreeSpinLock",
    "NdisReleaseSpinLock",
]


@ddi(
    page="NdisAllocateSpinLock, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-09",),
    maps_to="SpinLock",
)
def NdisAllocateSpinLock(*, name: str = "lock", profile: Profile = Profile.STRICT) -> SpinLock:
    """Initialize a spin lock.

    :param name: for messages and the lock graph
    :param profile: which NDIS to imitate
    :returns: the lock, which in C is storage of the caller
    """
    return SpinLock(name, profile=profile)


@ddi(
    page="NdisFreeSpinLock, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-09",),
    maps_to="SpinLock.free",
)
def NdisFreeSpinLock(SpinLock: SpinLock) -> None:
    """Give a lock up, as a driver does when it unloads.

    :param SpinLock: a lock that nobody holds
    """
    SpinLock.free()


@ddi(
    page="NdisAcquireSpinLock, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LOCK-02", "LOCK-04", "LOCK-08", "LOCK-09", "LOCK-11"),
    maps_to="SpinLock.acquire",
)
async def NdisAcquireSpinLock(SpinLock: SpinLock) -> None:
    """Take a lock, after those who asked before, and raise to DISPATCH_LEVEL.

    :param SpinLock: the lock, which the caller does not hold yet
    """
    await SpinLock.acquire()


@ddi(
    page="NdisReleaseSpinLock, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH",
    rules=("LOCK-03", "LOCK-05", "LOCK-07", "LOCK-10"),
    maps_to="SpinLock.release",
)
def NdisReleaseSpinLock(SpinLock: SpinLock) -> None:
    """Release a lock and restore the IRQL that it saved.

    :param SpinLock: the lock that the caller took last, by the plain form
    """
    SpinLock.release()


@ddi(
    page="NdisDprAcquireSpinLock, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH",
    rules=("LOCK-02", "LOCK-04", "LOCK-06", "LOCK-08", "LOCK-09", "LOCK-11"),
    maps_to="SpinLock.acquire_dpr",
)
async def NdisDprAcquireSpinLock(SpinLock: SpinLock) -> None:
    """Take a lock without a change of IRQL.

    :param SpinLock: the lock, which the caller does not hold yet
    """
    await SpinLock.acquire_dpr()


@ddi(
    page="NdisDprReleaseSpinLock, network reference of Windows 2000 and XP",
    irql="exactly DISPATCH",
    rules=("LOCK-03", "LOCK-05", "LOCK-07", "LOCK-10"),
    maps_to="SpinLock.release_dpr",
)
def NdisDprReleaseSpinLock(SpinLock: SpinLock) -> None:
    """Release a lock that was taken by the Dpr form.

    :param SpinLock: the lock that the caller took last
    """
    SpinLock.release_dpr()
