"""Read/write locks.

Many read or one writes, at DISPATCH_LEVEL; each acquire has a lock state of its own, and is released with it. There is
no way from reading to writing but to release the lock first.
"""

from asyncndis.kernel import LockState, ReadWriteLock

from .vocabulary import ddi

__all__ = ["NdisAcquireReadWriteLock", "NdisInitializeReadWriteLock", "NdisReleaseReadWriteLock"]


@ddi(page="NdisInitializeReadWriteLock, network reference of Windows XP", irql="any", maps_to="ReadWriteLock")
def NdisInitializeReadWriteLock(*, name: str = "rwlock") -> ReadWriteLock:
    """Initialize a read/write lock.

    :param name: for messages and the lock graph
    :returns: the lock, which in C is storage of the caller
    """
    return ReadWriteLock(name)


@ddi(
    page="NdisAcquireReadWriteLock, network reference of Windows XP",
    irql="<= DISPATCH",
    rules=("LOCK-02", "LOCK-04", "LOCK-08", "LOCK-11", "LOCK-13"),
    maps_to="ReadWriteLock.acquire",
)
async def NdisAcquireReadWriteLock(Lock: ReadWriteLock, fWrite: bool, LockState: LockState) -> None:
    """Take a lock, to read with others or to write alone, and raise to DISPATCH_LEVEL.

    :param Lock: the lock, which the caller does not hold yet
    :param fWrite: whether to write
    :param LockState: a lock state of this acquire's own
    """
    await Lock.acquire(LockState, write=fWrite)


@ddi(
    page="NdisReleaseReadWriteLock, network reference of Windows XP",
    irql="exactly DISPATCH",
    rules=("LOCK-03", "LOCK-07", "LOCK-10", "LOCK-13"),
    maps_to="ReadWriteLock.release",
)
def NdisReleaseReadWriteLock(Lock: ReadWriteLock, LockState: LockState) -> None:
    """Release a lock and restore the IRQL that its lock state saved.

    :param Lock: the lock that the caller took last
    :param LockState: the lock state that it was acquired with
    """
    Lock.release(LockState)
