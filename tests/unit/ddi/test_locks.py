"""Spin locks by their NDIS names."""

import anyio
import pytest

from asyncndis.base import Profile
from asyncndis.ddi import (
    NdisAcquireSpinLock,
    NdisAllocateBufferPool,
    NdisAllocateSpinLock,
    NdisDprAcquireSpinLock,
    NdisDprReleaseSpinLock,
    NdisFreeSpinLock,
    NdisReleaseSpinLock,
)
from asyncndis.kernel import Irql, at_irql, current_irql
from tests.unit.ddi.rules import breaks

pytestmark = pytest.mark.every_loop


async def test_a_lock_raises_and_restores() -> None:
    lock = NdisAllocateSpinLock(name="tx-ring")
    await NdisAcquireSpinLock(lock)
    assert current_irql() == Irql.DISPATCH
    NdisReleaseSpinLock(lock)
    assert current_irql() == Irql.PASSIVE
    NdisFreeSpinLock(lock)
    with breaks("LOCK-09"):
        await NdisAcquireSpinLock(lock)


async def test_a_lock_is_waited_for() -> None:
    lock, steps = NdisAllocateSpinLock(), list[str]()

    async def other() -> None:
        await NdisAcquireSpinLock(lock)
        steps.append("other")
        NdisReleaseSpinLock(lock)

    await NdisAcquireSpinLock(lock)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        while not lock.statistics().waiting:
            await anyio.lowlevel.checkpoint()
        steps.append("first")
        NdisReleaseSpinLock(lock)
    assert steps == ["first", "other"]


async def test_dpr_forms() -> None:
    lock = NdisAllocateSpinLock()
    with at_irql(Irql.DISPATCH):
        await NdisDprAcquireSpinLock(lock)
        assert lock.holder is not None
        NdisDprReleaseSpinLock(lock)
    assert lock.holder is None


async def test_dpr_form_below_dispatch() -> None:
    with breaks("LOCK-06"):
        await NdisDprAcquireSpinLock(NdisAllocateSpinLock())
    critical_section = NdisAllocateSpinLock(profile=Profile.CE)
    await NdisDprAcquireSpinLock(critical_section)
    NdisDprReleaseSpinLock(critical_section)


async def test_no_pool_is_allocated_under_a_lock() -> None:
    lock = NdisAllocateSpinLock(name="tx-ring")
    await NdisAcquireSpinLock(lock)
    with breaks("POOL-01"):
        await NdisAllocateBufferPool(8)
    NdisReleaseSpinLock(lock)
