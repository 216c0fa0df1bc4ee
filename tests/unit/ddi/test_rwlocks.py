"""Read/write locks by their NDIS names."""

import pytest

from asyncndis.ddi import NdisAcquireReadWriteLock, NdisInitializeReadWriteLock, NdisReleaseReadWriteLock
from asyncndis.kernel import Irql, LockState, current_irql
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


@pytest.mark.parametrize("write", [False, True])
async def test_a_lock_raises_and_restores(write: bool) -> None:
    lock, state = NdisInitializeReadWriteLock(name="routes"), LockState()
    await NdisAcquireReadWriteLock(lock, write, state)
    assert (current_irql(), lock.statistics().writing) == (Irql.DISPATCH, write)
    NdisReleaseReadWriteLock(lock, state)
    assert current_irql() == Irql.PASSIVE


async def test_there_is_no_upgrade() -> None:
    lock, state = NdisInitializeReadWriteLock(), LockState()
    await NdisAcquireReadWriteLock(lock, False, state)
    with breaks("LOCK-13"):
        await NdisAcquireReadWriteLock(lock, True, LockState())
    NdisReleaseReadWriteLock(lock, state)
