"""Work items.

What code at DISPATCH_LEVEL leaves to a routine at PASSIVE_LEVEL, where waiting is legal. When the routine is called the
item is the driver's again.
"""

from collections.abc import Callable
from typing import Any

from asyncndis.base import NdisStatus
from asyncndis.kernel import WorkItem

from .vocabulary import answer, ddi

__all__ = ["NdisInitializeWorkItem", "NdisScheduleWorkItem"]


@ddi(
    page="NdisInitializeWorkItem, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    maps_to="WorkItem",
)
def NdisInitializeWorkItem(
    Routine: Callable[[WorkItem, Any], object], Context: object, *, name: str = "work item"
) -> WorkItem:
    """Initialize a work item.

    :param Routine: a function or coroutine function of the work item and the context
    :param Context: what it gets as its second parameter
    :param name: for messages, and of the task
    :returns: the work item, which in C is storage of the caller
    """
    item = WorkItem(Routine, name=name)
    item.arguments = (item, Context)
    return item


@ddi(
    page="NdisScheduleWorkItem, network reference of Windows 2000 and XP",
    irql="<= DISPATCH",
    rules=("LIFE-16", "LIFE-19"),
    maps_to="WorkItem.schedule",
)
def NdisScheduleWorkItem(WorkItem: WorkItem) -> NdisStatus:
    """Have the routine called once, in a task of its own.

    :param WorkItem: a work item that is not scheduled yet
    :returns: SUCCESS; FAILURE when the kernel is closing
    """
    status, _ = answer(NdisStatus.FAILURE, WorkItem.schedule)
    return status
