"""Interlocked operations.

Those on lists, stacks and ULONGs take the given spin lock themselves: the caller does not hold it, and uses the same
one each time (LOCK-12). They are awaited, since another task may hold it; the others never wait.
"""

from typing import TypeVar

from asyncndis.kernel import (
    InterlockedList,
    InterlockedLong,
    InterlockedStack,
    InterlockedUlong,
    LargeStatistic,
    SpinLock,
)

from .vocabulary import ddi

__all__ = [
    "NdisInitializeSListHead",
    "NdisInterlockedAddLargeStatistic",
    "NdisInterlockedAddUlong",
    "NdisInterlockedDecrement",
    "NdisInterlockedIncrement",
    "NdisInterlockedInsertHeadList",
    "NdisInterlockedInsertTailList",
    "NdisInterlockedPopEntrySList",
    "NdisInterlockedPushEntrySList",
    "NdisInterlockedRemoveHeadList",
    "NdisQueryDepthSList",
]

T = TypeVar("T")


@ddi(
    page="NdisInterlockedInsertHeadList, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-12",),
    maps_to="InterlockedList.insert_head",
)
async def NdisInterlockedInsertHeadList(ListHead: InterlockedList[T], ListEntry: T, SpinLock: SpinLock) -> T | None:
    """Put an entry at the head of a list.

    :param ListHead: the list
    :param ListEntry: the entry
    :param SpinLock: the list's lock, which the caller does not hold
    :returns: the entry that was first before, or None
    """
    return await ListHead.insert_head(ListEntry, SpinLock)


@ddi(
    page="NdisInterlockedInsertTailList, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-12",),
    maps_to="InterlockedList.insert_tail",
)
async def NdisInterlockedInsertTailList(ListHead: InterlockedList[T], ListEntry: T, SpinLock: SpinLock) -> T | None:
    """Put an entry at the tail of a list.

    :param ListHead: the list
    :param ListEntry: the entry
    :param SpinLock: the list's lock, which the caller does not hold
    :returns: the entry that was last before, or None
    """
    return await ListHead.insert_tail(ListEntry, SpinLock)


@ddi(
    page="NdisInterlockedRemoveHeadList, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-12",),
    maps_to="InterlockedList.remove_head",
)
async def NdisInterlockedRemoveHeadList(ListHead: InterlockedList[T], SpinLock: SpinLock) -> T | None:
    """Take the entry at the head of a list.

    :param ListHead: the list
    :param SpinLock: the list's lock, which the caller does not hold
    :returns: the entry, or None when the list is empty
    """
    return await ListHead.remove_head(SpinLock)


@ddi(
    page="NdisInitializeSListHead, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="InterlockedStack",
)
def NdisInitializeSListHead(*, name: str = "stack") -> InterlockedStack[object]:
    """Initialize a sequenced, singly linked list, which is a stack.

    :param name: for messages
    :returns: the stack, empty, which in C is storage of the caller
    """
    return InterlockedStack(name)


@ddi(
    page="NdisInterlockedPushEntrySList, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-12",),
    maps_to="InterlockedStack.push",
)
async def NdisInterlockedPushEntrySList(ListHead: InterlockedStack[T], ListEntry: T, Lock: SpinLock) -> T | None:
    """Put an entry on a stack.

    :param ListHead: the stack
    :param ListEntry: the entry
    :param Lock: the stack's lock, which the caller does not hold
    :returns: the entry that was on top before, or None
    """
    return await ListHead.push(ListEntry, Lock)


@ddi(
    page="NdisInterlockedPopEntrySList, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-12",),
    maps_to="InterlockedStack.pop",
)
async def NdisInterlockedPopEntrySList(ListHead: InterlockedStack[T], Lock: SpinLock) -> T | None:
    """Take the entry on top of a stack.

    :param ListHead: the stack
    :param Lock: the stack's lock, which the caller does not hold
    :returns: the entry, or None when the stack is empty
    """
    return await ListHead.pop(Lock)


@ddi(page="NdisQueryDepthSList, network reference of Windows 2000 and XP", irql="any", maps_to="InterlockedStack.depth")
def NdisQueryDepthSList(SListHead: InterlockedStack[T]) -> int:
    """The number of entries on a stack, in 16 bits.

    :param SListHead: the stack
    """
    return SListHead.depth


@ddi(
    page="NdisInterlockedIncrement, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="InterlockedLong.increment",
)
def NdisInterlockedIncrement(Addend: InterlockedLong) -> int:
    """Count up.

    :param Addend: the number
    :returns: its new value
    """
    return Addend.increment()


@ddi(
    page="NdisInterlockedDecrement, network reference of Windows 2000 and XP",
    irql="any",
    maps_to="InterlockedLong.decrement",
)
def NdisInterlockedDecrement(Addend: InterlockedLong) -> int:
    """Count down.

    :param Addend: the number
    :returns: its new value
    """
    return Addend.decrement()


@ddi(
    page="NdisInterlockedAddUlong, network reference of Windows 2000 and XP",
    irql="any",
    rules=("LOCK-12",),
    maps_to="InterlockedUlong.add",
)
async def NdisInterlockedAddUlong(Addend: InterlockedUlong, Increment: int, SpinLock: SpinLock) -> None:
    """Add to a number of 32 bits.

    :param Addend: the number
    :param Increment: what is added, unsigned
    :param SpinLock: the number's lock, which the caller does not hold
    """
    await Addend.add(Increment, SpinLock)


@ddi(page="ndis.h", irql="any", maps_to="LargeStatistic.add")
def NdisInterlockedAddLargeStatistic(Addend: LargeStatistic, Increment: int) -> None:
    """Add to a number of 64 bits.

    :param Addend: the number
    :param Increment: what is added, unsigned, 32 bits
    """
    Addend.add(Increment)
