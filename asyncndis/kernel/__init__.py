"""Floor 2: IRQL, locks, events, timers, DPCs, work items, clocks, the waiter queue and the seams to loop and driver."""

from .addresses import AddressTable
from .clock import Clock, RealClock, VirtualClock, current_clock, use_clock
from .context import KernelContext
from .delays import sleep, stall, system_time, system_up_time
from .dpc import Dpc, flush_dpcs
from .events import EventStatistics, NdisEvent
from .host import Cancellable, Host, Seat, current_host, current_task, find_host
from .interlocked import InterlockedList, InterlockedLong, InterlockedStack, InterlockedUlong, LargeStatistic
from .mutex import Mutex, MutexStatistics
from .processors import HeldLock, Irql, Processor, at_irql, current_irql, current_processor
from .runner import run
from .rwlock import LockState, ReadWriteAccess, ReadWriteLock, ReadWriteLockStatistics
from .seam import invoke, invoke_nowait
from .spinlock import SpinLock, SpinLockStatistics
from .system import Kernel, KernelStatistics, current_kernel
from .timers import Timer, TimerStatistics
from .waiters import Bulk, WaiterQueue
from .workitems import WorkItem

__all__ = [
    "AddressTable",
    "Bulk",
    "Cancellable",
    "Clock",
    "Dpc",
    "EventStatistics",
    "HeldLock",
    "Host",
    "InterlockedList",
    "InterlockedLong",
    "InterlockedStack",
    "InterlockedUlong",
    "Irql",
    "Kernel",
    "KernelContext",
    "KernelStatistics",
    "LargeStatistic",
    "LockState",
    "Mutex",
    "MutexStatistics",
    "NdisEvent",
    "Processor",
    "ReadWriteAccess",
    "ReadWriteLock",
    "ReadWriteLockStatistics",
    "RealClock",
    "Seat",
    "SpinLock",
    "SpinLockStatistics",
    "Timer",
    "TimerStatistics",
    "VirtualClock",
    "WaiterQueue",
    "WorkItem",
    "at_irql",
    "current_clock",
    "current_host",
    "current_irql",
    "current_kernel",
    "current_processor",
    "current_task",
    "find_host",
    "flush_dpcs",
    "invoke",
    "invoke_nowait",
    "run",
    "sleep",
    "stall",
    "system_time",
    "system_up_time",
    "use_clock",
]
