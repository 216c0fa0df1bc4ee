"""The kernel as a whole: it owns the tasks that timers, DPCs and work items run in, and outlives none of them.

``async with Kernel() as kernel:`` starts its processors. An exception of a callback cancels the block and comes out of
it, as with a task group; where it is alone, it comes as itself and not in a group. At the end of the block armed
timers are called off, DPCs and work items run to their end, and then nothing is left behind. When the block fails,
they are cancelled, and DPCs that had not begun are dropped. What had to be called off is logged.
"""

import logging
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self

from anyio import create_task_group
from anyio.abc import TaskGroup

from asyncndis.base import NdisError, NdisStatus, check_instance, check_integer

from .addresses import AddressTable
from .clock import Clock, current_clock
from .dpcqueue import DpcQueue
from .host import Seat, current_host

if TYPE_CHECKING:
    from .dpc import Dpc
    from .timers import Timer
    from .workitems import WorkItem

__all__ = ["Kernel", "KernelStatistics", "check_callback", "chosen_kernel", "current_kernel"]

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KernelStatistics:
    """What a kernel has to do at one moment.

    :ivar timers: timers that are armed
    :ivar dpcs: DPCs that are queued or run
    :ivar work_items: work items that are scheduled or run
    """

    timers: int
    dpcs: int
    work_items: int


class Kernel:
    """The owner of everything that runs by itself; it serves one ``async with`` block.

    :param processors: how many processors run DPCs side by side
    :param name: for messages
    :ivar addresses: the addresses of objects, where somebody asks for them
    """

    __slots__ = (
        "__weakref__",
        "_armed",
        "_clock",
        "_dpcs",
        "_group",
        "_life",
        "_queues",
        "_quiet",
        "_work_items",
        "addresses",
        "name",
    )

    _clock: Clock

    def __init__(self, processors: int = 1, *, name: str = "kernel") -> None:
        check_integer("processors", processors, 1, 64)
        check_instance("name", name, str)
        self.name = name
        self.addresses = AddressTable()
        self._queues = tuple(DpcQueue(f"{name} cpu{number}", self._dpc_is_done) for number in range(processors))
        self._armed: dict[Timer, None] = {}
        self._dpcs = 0
        self._work_items = 0
        self._life: AbstractAsyncContextManager[None] | None = None
        self._group: TaskGroup | None = None
        self._quiet: Seat[None] | None = None

    def __repr__(self) -> str:
        state = "open" if self._group is not None else "not open yet" if self._life is None else "closed"
        now = self.statistics()
        return (
            f"<Kernel {self.name!r} {state}, {self.processors} processors, {now.timers} timers armed, "
            f"{now.dpcs} DPCs, {now.work_items} work items>"
        )

    @property
    def processors(self) -> int:
        """How many processors run DPCs."""
        return len(self._queues)

    def statistics(self) -> KernelStatistics:
        """What there is to do. IRQL: any."""
        return KernelStatistics(len(self._armed), self._dpcs, self._work_items)

    async def __aenter__(self) -> Self:
        if self._life is not None:
            raise RuntimeError(f"{self.name!r} serves one block only; make another Kernel")
        self._clock = current_clock()
        self._life = self._live()
        await self._life.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        assert self._life is not None
        return await self._life.__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def _live(self) -> AsyncGenerator[None]:
        alone: BaseException | None = None
        token = _current.set(self)  # before the processors start: their calls are to find it, too
        try:
            async with create_task_group() as self._group:
                for queue in self._queues:
                    self._group.start_soon(queue.serve, name=queue.name)
                try:
                    yield
                    await self._run_down()
                finally:
                    self._group.cancel_scope.cancel()
                    self._close()
        except BaseExceptionGroup as errors:
            alone, *others = errors.exceptions
            if others:
                raise
        finally:
            _current.reset(token)
        if alone is not None:  # raised out here, where it keeps the context that it came with
            raise alone

    async def _run_down(self) -> None:
        """Come to rest: no timer is armed, and what was begun has ended."""
        while self._armed or self._dpcs or self._work_items:
            self._disarm()
            if self._dpcs or self._work_items:
                self._quiet = current_host().new_seat()
                await self._quiet

    def _close(self) -> None:
        self._group = None
        self._disarm()
        dropped = sum(queue.drop() for queue in self._queues)
        if dropped:
            logger.warning("%r was closed with DPCs that never ran: %d", self.name, dropped)

    def _disarm(self) -> None:
        if self._armed:
            names = ", ".join(timer.name for timer in self._armed)
            logger.warning("%r was closed with timers armed, which are called off: %s", self.name, names)
        for timer in tuple(self._armed):
            timer._disarm()

    def _require_open(self, what: str) -> TaskGroup:
        if self._group is None:
            raise NdisError(
                f"{what} needs a kernel that is open: {self.name!r} is not; use it inside its async with block",
                NdisStatus.CLOSING,
            )
        return self._group

    def _queue(self, dpc: "Dpc", processor: int) -> None:
        self._require_open(dpc.name)
        self._dpcs += 1
        self._queues[processor].append(dpc)

    def _dpc_is_done(self) -> None:
        self._dpcs -= 1
        self._one_is_done()

    def _start(self, item: "WorkItem") -> None:
        self._require_open(item.name).start_soon(item._run, name=item.name)
        self._work_items += 1

    def _work_item_is_done(self) -> None:
        self._work_items -= 1
        self._one_is_done()

    def _one_is_done(self) -> None:
        if self._quiet is not None and not (self._dpcs or self._work_items or self._quiet.done()):
            self._quiet.set_result(None)


_current: ContextVar[Kernel | None] = ContextVar("asyncndis_kernel", default=None)


def current_kernel() -> Kernel:
    """The kernel that a timer, DPC or work item made now belongs to. IRQL: any.

    :raises RuntimeError: when none is open here
    """
    kernel = _current.get()
    if kernel is None:
        raise RuntimeError("no kernel is open here; open one: async with Kernel():")
    return kernel


def chosen_kernel(kernel: Kernel | None) -> Kernel:
    """The kernel that was given, or the one that is open here."""
    if kernel is None:
        return current_kernel()
    check_instance("kernel", kernel, Kernel)
    return kernel


def check_callback(function: object) -> None:
    """Refuse what cannot be called, now and not when its time comes.

    :raises TypeError: when it cannot
    """
    if not callable(function):
        raise TypeError(f"function is a plain function or a coroutine function, not {type(function).__name__}")
