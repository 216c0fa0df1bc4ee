"""Deferred procedure calls: what an interrupt or a timer leaves to be done at DISPATCH_LEVEL.

A DPC is queued once: queueing it again before it has begun does nothing, while one that runs may be queued again. The
DPCs of one processor run one after another, those of several side by side. Source: the MiniportHandleInterrupt and
NdisInitializeTimer pages, and the kernel's KeInsertQueueDpc page.
"""

from collections.abc import Callable

from asyncndis.base import check_instance, check_integer

from .events import NdisEvent
from .system import Kernel, check_callback, chosen_kernel

__all__ = ["Dpc", "flush_dpcs"]


class Dpc:
    """A call to be made later, at DISPATCH_LEVEL. IRQL: any.

    :param function: a plain function or a coroutine function
    :param arguments: what it is called with
    :param kernel: whose processors run it; the one that is open here by default
    :param processor: the number of the processor that runs it, from 0
    :param name: for messages
    :ivar queued: whether it waits for its processor
    :ivar running: whether its function runs now
    """

    __slots__ = ("__weakref__", "_kernel", "_processor", "arguments", "function", "name", "queued", "running")

    def __init__(
        self,
        function: Callable[..., object],
        *arguments: object,
        kernel: Kernel | None = None,
        processor: int = 0,
        name: str = "dpc",
    ) -> None:
        check_callback(function)
        check_instance("name", name, str)
        self._kernel = chosen_kernel(kernel)
        check_integer("processor", processor, 0, self._kernel.processors - 1)
        self._processor = processor
        self.function = function
        self.arguments = arguments
        self.name = name
        self.queued = False
        self.running = False

    def __repr__(self) -> str:
        states = [state for state, holds in (("queued", self.queued), ("running", self.running)) if holds]
        return f"<Dpc {self.name!r} {' and '.join(states) or 'idle'}>"

    def queue(self) -> bool:
        """Have the function called (KeInsertQueueDpc). IRQL: any.

        :returns: False when it is queued already
        :raises NdisError: CLOSING, when the kernel is not open
        """
        if self.queued:
            return False
        self._kernel._queue(self, self._processor)
        self.queued = True
        return True


async def flush_dpcs(kernel: Kernel | None = None) -> None:
    """Wait until all DPCs that are queued now have run (KeFlushQueuedDpcs). IRQL: PASSIVE, no spin lock held.

    A driver that stops calls it after it cancelled its timers and before it frees what they use.

    :param kernel: whose DPCs; of the one that is open here by default
    """
    kernel = chosen_kernel(kernel)
    for processor in range(kernel.processors):
        flushed = NdisEvent(f"flush of processor {processor}")
        Dpc(flushed.set, kernel=kernel, processor=processor, name=flushed.name).queue()
        await flushed.wait()
