"""Work items: what code at DISPATCH_LEVEL leaves to be done at PASSIVE_LEVEL, where waiting is legal.

Each work item runs in a task of its own, once for each time it was scheduled. When its function begins, the item is the
driver's again: it may be scheduled anew or dropped. Source: the NdisInitializeWorkItem and NdisScheduleWorkItem pages.
"""

from collections.abc import Callable

from asyncndis.base import RuleViolation, check_instance, current_probe

from .processors import Irql
from .seam import invoke
from .system import Kernel, check_callback, chosen_kernel

__all__ = ["WorkItem"]


class WorkItem:
    """A call to be made at PASSIVE_LEVEL (NdisInitializeWorkItem). IRQL: <= DISPATCH.

    :param function: a plain function or a coroutine function
    :param arguments: what it is called with
    :param kernel: who runs it; the one that is open here by default
    :param name: for messages, and of the task
    :ivar scheduled: whether it was scheduled and has not begun
    """

    __slots__ = ("__weakref__", "_kernel", "_probe", "arguments", "function", "name", "scheduled")

    def __init__(
        self,
        function: Callable[..., object],
        *arguments: object,
        kernel: Kernel | None = None,
        name: str = "work item",
    ) -> None:
        check_callback(function)
        check_instance("name", name, str)
        self.name = name
        self._kernel = chosen_kernel(kernel)
        self._probe = current_probe()
        self.function = function
        self.arguments = arguments
        self.scheduled = False

    def __repr__(self) -> str:
        return f"<WorkItem {self.name!r} {'scheduled' if self.scheduled else 'idle'}>"

    def schedule(self) -> None:
        """Have the function called, exactly once (NdisScheduleWorkItem). IRQL: <= DISPATCH.

        :raises RuleViolation: LIFE-19 when it is scheduled already and has not begun
        :raises NdisError: CLOSING, when the kernel is not open
        """
        if self.scheduled:
            raise RuleViolation(
                "LIFE-19",
                f"{self.name} is scheduled again before it has begun; schedule it when its function runs, or use two",
                self,
            )
        if self._probe is not None:
            self._probe.before("NdisScheduleWorkItem", self)
        self._kernel._start(self)
        self.scheduled = True
        if self._probe is not None:
            self._probe.after("NdisScheduleWorkItem", self)

    async def _run(self) -> None:
        self.scheduled = False
        try:
            await invoke(self.function, *self.arguments, irql=Irql.PASSIVE)
        finally:
            self._kernel._work_item_is_done()
