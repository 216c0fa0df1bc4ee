"""Floor 2: IRQL, spin locks, the waiter queue and the seam to the event loop."""

from .context import KernelContext
from .host import Cancellable, Host, Seat, current_host, current_task, find_host
from .processors import HeldLock, Irql, Processor, at_irql, current_irql, current_processor
from .spinlock import SpinLock, SpinLockStatistics
from .waiters import Bulk, WaiterQueue

__all__ = [
    "Bulk",
    "Cancellable",
    "HeldLock",
    "Host",
    "Irql",
    "KernelContext",
    "Processor",
    "Seat",
    "SpinLock",
    "SpinLockStatistics",
    "WaiterQueue",
    "at_irql",
    "current_host",
    "current_irql",
    "current_processor",
    "current_task",
    "find_host",
]
