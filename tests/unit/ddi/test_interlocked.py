"""Interlocked operations by their NDIS names."""

import pytest

from asyncndis.ddi import (
    NdisAcquireSpinLock,
    NdisAllocateSpinLock,
    NdisInitializeSListHead,
    NdisInterlockedAddLargeStatistic,
    NdisInterlockedAddUlong,
    NdisInterlockedDecrement,
    NdisInterlockedIncrement,
    NdisInterlockedInsertHeadList,
    NdisInterlockedInsertTailList,
    NdisInterlockedPopEntrySList,
    NdisInterlockedPushEntrySList,
    NdisInterlockedRemoveHeadList,
    NdisQueryDepthSList,
    NdisReleaseSpinLock,
)
from asyncndis.kernel import InterlockedList, InterlockedLong, InterlockedUlong, LargeStatistic
from tests.unit.ddi.rules import breaks

every_loop = pytest.mark.every_loop


@every_loop
async def test_list() -> None:
    queue, lock = InterlockedList[str](), NdisAllocateSpinLock()
    assert await NdisInterlockedInsertTailList(queue, "second", lock) is None
    assert await NdisInterlockedInsertTailList(queue, "third", lock) == "second"
    assert await NdisInterlockedInsertHeadList(queue, "first", lock) == "second"
    for expected in ("first", "second", "third", None):
        assert await NdisInterlockedRemoveHeadList(queue, lock) == expected


@every_loop
async def test_stack() -> None:
    stack, lock = NdisInitializeSListHead(), NdisAllocateSpinLock()
    assert await NdisInterlockedPushEntrySList(stack, "first", lock) is None
    assert await NdisInterlockedPushEntrySList(stack, "second", lock) == "first"
    assert NdisQueryDepthSList(stack) == 2
    for expected in ("second", "first", None):
        assert await NdisInterlockedPopEntrySList(stack, lock) == expected


@every_loop
async def test_ulong() -> None:
    number = InterlockedUlong(0xFFFFFFFF)
    await NdisInterlockedAddUlong(number, 2, NdisAllocateSpinLock())
    assert number.value == 1


@every_loop
async def test_the_caller_does_not_hold_the_lock() -> None:
    queue, lock = InterlockedList[str](), NdisAllocateSpinLock()
    await NdisAcquireSpinLock(lock)
    with breaks("LOCK-12"):
        await NdisInterlockedInsertTailList(queue, "entry", lock)
    NdisReleaseSpinLock(lock)


def test_long() -> None:
    number = InterlockedLong()
    assert (NdisInterlockedIncrement(number), NdisInterlockedDecrement(number)) == (1, 0)


def test_large_statistic() -> None:
    number = LargeStatistic(0xFFFFFFFF)
    NdisInterlockedAddLargeStatistic(number, 1)
    assert number.value == 0x1_0000_0000
