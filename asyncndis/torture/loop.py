"""The controlled event loop: asyncio's interface over a queue whose order somebody else decides.

The loop owns what is ready, virtual time and timers; it never waits and touches no operating system. Tasks and futures
are asyncio's own C ones. What picks the next entry is in ``running``; network, threads and escapes are in modules of
their own. One loop object serves any number of runs: ``reset`` between two of them costs little.
"""

import asyncio
from asyncio import Future
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from inspect import iscoroutinefunction
from typing import Any, TypeVar, TypeVarTuple, Unpack, cast

from .bookkeeping import is_bookkeeping, is_redelivery, wakes_only
from .deliveries import Delivery
from .footprints import lose_sight, touch
from .naming import short_names
from .network import MemoryNetwork
from .points import CALLBACKS, Kind
from .queueing import quick_call_soon
from .tasks import ControlledTask, Entry, Job, StepType, WakeupType
from .timers import TimerHeap

__all__ = ["ControlledLoop"]

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
TaskFactory = Callable[..., "asyncio.Task[Any]"]
Chooser = Callable[[Kind, int, str], int]
ExceptionHandler = Callable[[asyncio.AbstractEventLoop, dict[str, Any]], object]

TICK = 1e-9
"""No sleep is shorter: one that is lost in rounding would never end in a loop that waits for a moment to come."""

_NAMES = [f"Task-{number}" for number in range(256)]


def _take_first(_kind: Kind, _options: int, _name: str, /) -> int:
    return 0


def _run_unless_cancelled(handle: asyncio.Handle) -> None:
    if not handle.cancelled():
        handle._run()


def _ends_sleep(timer: asyncio.TimerHandle) -> bool:
    return wakes_only(timer._callback)  # type: ignore[attr-defined]  # not in typeshed


def _is_bookkeeping(timer: Any) -> bool:
    return is_bookkeeping(timer._callback, timer._args)


class ControlledLoop(MemoryNetwork, asyncio.AbstractEventLoop):
    """An asyncio loop in which every ready entry waits to be chosen.

    :ivar ready: entries that may run next, oldest first: steps of tasks, jobs, and one entry for plain callbacks
    :ivar settling: what has to run before the next choice; the runner calls ``settle`` while there is anything
    :ivar tasks: all tasks of this run, in order of creation; they register themselves (see ``simulation``)
    :ivar actors: how many actors have a number
    :ivar timers: what is due later
    :ivar now: virtual time in seconds
    :ivar complaints: what reached the exception handler
    :ivar watchers: called after every step, for invariants
    :ivar expected: what has to hold some time, and what is wrong if it never does
    :ivar injects_faults: whether operations of the environment may fail
    :ivar choose: answers the choices that are not about who runs: (kind, options, name) to an index
    :ivar holders: who holds a lock: the task's number, by the lock's id, where somebody watches: for reports
    :ivar told: takes what arrives over the network, in words, where somebody watches: for reports
    :ivar interruption: what a test runner's alarm raised in the middle of the program
    :ivar ending: the program itself is over; only what is ready still runs
    """

    get_debug: Any = bool  # called by C for each future: a type that answers False costs least

    def __init__(self) -> None:
        self.ready: list[Entry] = []
        self.settling: deque[Entry | None] = deque()
        self.tasks: list[asyncio.Task[Any]] = []
        self.timers = TimerHeap()
        self.complaints: list[dict[str, Any]] = []
        self.watchers: list[Callable[[], object]] = []
        self.expected: list[tuple[Callable[[], object], str]] = []
        self.choose: Chooser = _take_first
        self._callbacks: deque[asyncio.Handle] = deque()
        self._redeliveries: list[asyncio.Handle] = []
        self._neutral = Context()
        self.interruption: BaseException | None = None
        # For C, which asks the loop for this name at each step; what is not C's own takes the method below.
        self.call_soon = quick_call_soon(self.ready, self.settling, self.call_soon)  # type: ignore[method-assign]  # for C alone
        self.reset()

    def reset(self) -> None:
        """Forget the run; what is still referenced elsewhere lives on, but nothing of it runs."""
        self.reset_network()  # first: what is thrown away must not be able to send
        for queue in (self.ready, self.settling, self.tasks, self.complaints, self.watchers, self.expected):
            queue.clear()
        self._callbacks.clear()
        self._redeliveries.clear()
        self.timers.clear()
        self.choose = _take_first
        self.injects_faults = False
        self.actors = 0
        self.now = 0.0
        self.ending = False
        self._turns_left = 0
        self._handler: ExceptionHandler | None = None
        self._factory: TaskFactory | None = None
        self._foreign: dict[int, int] = {}
        self.holders: dict[int, int] = {}
        self.told: list[str] | None = None

    # What runs next

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """Queue a callback."""
        if iscoroutinefunction(callback) or not callable(callback):
            raise TypeError(f"a loop calls plain functions, not {callback!r}: make a task of a coroutine")
        handle = asyncio.Handle(callback, args, self, context)
        self._queue_handle(handle)
        return handle

    def _queue_handle(self, handle: asyncio.Handle) -> None:
        callback, arguments = handle._callback, handle._args  # type: ignore[attr-defined]  # not in typeshed
        if is_redelivery(callback):
            self._redeliveries.append(handle)
            self._turns_left = len(self.ready) + 1
            lose_sight("a cancellation that is delivered again")
            self.settling.append(None)
        elif is_bookkeeping(callback, arguments):
            self.settling.append((_run_unless_cancelled, handle, self._neutral))
        else:
            self._queue_step(handle)

    def _queue_step(self, handle: asyncio.Handle) -> None:
        touch(self._callbacks)
        if not self._callbacks:
            self.ready.append((self._run_oldest_callback, None, self._neutral))
        self._callbacks.append(handle)

    def settle(self) -> None:
        """Run what comes before the next choice: bookkeeping, then rounds of cancellation, then invariants."""
        settling = self.settling
        while settling:
            entry = settling.popleft()
            if entry is not None:
                callback, argument, context = entry
                try:
                    context.run(callback, argument)
                except (KeyboardInterrupt, SystemExit):
                    raise
                except BaseException as error:  # noqa: BLE001 - as a loop does with a callback of its own
                    self.call_exception_handler({"message": f"Exception in callback {callback!r}", "exception": error})
        if self._redeliveries or self.watchers or self.expected:
            self._look_again()

    def _look_again(self) -> None:
        if self._redeliveries:
            lose_sight("a cancellation that is delivered again")  # in whose step depends on how many there were
            self._turns_left -= 1
            if self._turns_left <= 0 or not self.ready:
                self._redeliver()
        for watch in self.watchers:
            watch()
        if self.expected:
            self.expected[:] = [(holds, message) for holds, message in self.expected if not holds()]
        if self._redeliveries or self.watchers or self.expected:
            self.settling.append(None)  # so that the next step ends here, too

    def _redeliver(self) -> None:
        handles, self._redeliveries = self._redeliveries, []
        for handle in handles:
            _run_unless_cancelled(handle)

    def _run_oldest_callback(self) -> None:
        touch(self._callbacks, write=False)
        handle = self._callbacks.popleft()
        while handle.cancelled() and self._callbacks:
            handle = self._callbacks.popleft()
        if self._callbacks:
            self.ready.append((self._run_oldest_callback, None, self._neutral))
        _run_unless_cancelled(handle)

    def watch(self, check: Callable[[], object]) -> None:
        """Call ``check`` after every step from now on."""
        lose_sight("a new invariant")
        self.watchers.append(check)
        self.settling.append(None)

    def expect(self, holds: Callable[[], object], message: str) -> None:
        """Look after every step whether ``holds`` has become true; the runner asks at the end."""
        lose_sight("a new expectation")
        self.expected.append((holds, message))
        self.settling.append(None)

    def actor_of(self, entry: Entry) -> int:
        """The actor that an entry of ``ready`` is a step of."""
        callback: Any = entry[0]
        kind = callback.__class__
        if kind is StepType or kind is WakeupType:
            task: asyncio.Task[Any] = callback.__self__
            return self.number_of(task)
        if kind is Job:
            return cast(Job, callback).number
        return CALLBACKS

    def number_of(self, task: "asyncio.Task[Any]") -> int:
        """The number of a task, also of one that a program's own factory made."""
        if isinstance(task, ControlledTask):
            return task.number
        number = self._foreign.get(id(task))
        if number is None:
            number = self._foreign[id(task)] = self._new_number()
            if task not in self.tasks:  # of a kind that does not register itself
                self.tasks.append(task)
        return number

    def names(self) -> list[str]:
        """The names of all actors that have a number, by number."""
        tasks = {self.number_of(task): task.get_name() for task in self.tasks}
        return short_names([tasks.get(number, f"job-{number}") for number in range(self.actors)])

    def name_of(self, task: "asyncio.Task[Any]") -> str:
        """The name of a task, as in ``names``."""
        return self.names()[self.number_of(task)]

    def _new_number(self) -> int:
        touch(self, "actors")
        number = self.actors
        self.actors = number + 1
        return number

    # Time

    def time(self) -> float:
        """Virtual time in seconds; it starts at 0 and moves only when nothing is ready."""
        return self.now

    def call_later(
        self, delay: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Queue a callback for ``delay`` seconds from now."""
        if delay is None:  # pyright: ignore[reportUnnecessaryComparison]  # not every program is typed
            raise TypeError("call_later() needs a delay in seconds, not None")
        if 0 < delay < TICK:
            delay = TICK
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(
        self, when: float, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Queue a callback for the virtual time ``when``."""
        if when is None:  # pyright: ignore[reportUnnecessaryComparison]  # not every program is typed
            raise TypeError("call_at() needs a time in seconds, not None")
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        touch(self.timers, f"at {when}", write=not wakes_only(callback))
        self.timers.push(timer)
        return timer

    def _timer_handle_cancelled(self, timer: asyncio.TimerHandle) -> None:
        """Asyncio's timers tell their loop; the heap sees by itself."""

    def move_clock(self) -> bool:
        """Let the earliest timers fire.

        :returns: False if there are none, or the program is over and nobody is cleaning up any more
        """
        if not self.can_move_clock():
            return False
        due = self.timers.pop_due()
        if not due:
            return False
        self.now = max(self.now, due[0].when())
        sleeps = [timer for timer in due if _ends_sleep(timer)]
        alarms = [timer for timer in due if not _ends_sleep(timer)]
        give_up_only = all(map(_is_bookkeeping, alarms))
        for timer in due if give_up_only and not sleeps else sleeps:
            self._queue_handle(timer)
        if sleeps or not give_up_only:  # whoever gives up at one moment with others may do so after what they do
            for timer in alarms if give_up_only else self._in_some_order(alarms):
                self._queue_step(timer)
        return True

    def can_move_clock(self) -> bool:
        """Whether there is a timer to wait for."""
        if not self.timers:
            return False
        return not self.ending or any(task.cancelling() and not task.done() for task in self.tasks)

    def _in_some_order(self, due: list[asyncio.TimerHandle]) -> list[asyncio.TimerHandle]:
        ordered: list[asyncio.TimerHandle] = []
        while len(due) > 1:
            ordered.append(due.pop(self.choose(Kind.TIMER, len(due), "timers due at the same time")))
        return [*ordered, *due]

    # Tasks, futures and jobs

    def create_future(self) -> "Future[Any]":
        """A future of this loop."""
        return Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        """A task with the next number; its name tells the number unless it is given one."""
        if self._factory is not None:
            return self._create_by_factory(coro, name, context)
        touch(self, "actors")
        number = self.actors
        self.actors = number + 1
        if name is None:
            name = _NAMES[number] if number < len(_NAMES) else f"Task-{number}"
        task: ControlledTask[T] = ControlledTask(coro, loop=self, name=name, context=context)
        task.number = number
        return task

    def _create_by_factory(
        self, coro: Generator[Any, None, T] | Coroutine[Any, Any, T], name: str | None, context: Context | None
    ) -> asyncio.Task[Any]:
        assert self._factory is not None
        task: asyncio.Task[Any] = (
            self._factory(self, coro) if context is None else self._factory(self, coro, context=context)
        )
        if name is not None:
            task.set_name(name)
        self.number_of(task)
        return task

    def set_task_factory(self, factory: Callable[..., Any] | None) -> None:
        """Let a program's own factory make the tasks."""
        if factory is not None and not callable(factory):
            raise TypeError(f"a task factory is a function or None, not {factory!r}")
        touch(self, "actors")
        self._factory = factory

    def get_task_factory(self) -> TaskFactory | None:
        """The program's own factory, if it set one."""
        return self._factory

    def run_in_executor(self, executor: object, func: Callable[..., object], *args: object) -> "Future[Any]":
        """Run a function inline, as one step of an actor of its own; the executor is not used."""
        if iscoroutinefunction(func) or not callable(func):
            raise TypeError(f"run_in_executor() takes a plain function, not {func!r}")
        future = self.create_future()
        self.ready.append((Job(self._new_number(), func, args, future), None, self._neutral))
        return future

    def call_soon_threadsafe(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """The same as ``call_soon``: there is one thread."""
        return self.call_soon(callback, *args, context=context)

    def set_default_executor(self, executor: object) -> None:
        """Accepted and not used: jobs run inline."""

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """There is nothing to shut down."""

    # Interruptions

    def interrupt(self, error: BaseException) -> None:
        """Note what came from outside into a step: it is raised when the run is over."""
        self.interruption = error

    # The network

    def choose_delivery(self, name: str, options: int) -> int:
        """What arrives next, and how much of it, is a choice like any other."""
        return self.choose(Kind.VALUE, options, name)

    def note_delivery(self, delivery: Delivery) -> None:
        """Tell who listens what has arrived."""
        if self.told is not None:
            self.told.append(str(delivery))

    # Errors

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Note what went wrong, or tell the program's own handler."""
        if self._handler is None:
            self.complaints.append(context)
        else:
            self._handler(self, context)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        """Note what went wrong."""
        self.complaints.append(context)

    def set_exception_handler(self, handler: ExceptionHandler | None) -> None:
        """Let the program hear of errors that nobody caught; the explorer then does not."""
        if handler is not None and not callable(handler):
            raise TypeError(f"an exception handler is a function or None, not {handler!r}")
        self._handler = handler

    def get_exception_handler(self) -> ExceptionHandler | None:
        """The program's own handler, if it set one."""
        return self._handler

    # The state of the loop

    def is_running(self) -> bool:
        """Always: the program is running, or nobody could ask."""
        return True

    def is_closed(self) -> bool:
        """Never: the loop serves the next run."""
        return False

    def set_debug(self, enabled: bool) -> None:
        """Accepted and not used: the explorer watches more than the debug mode does."""

    def stop(self) -> None:
        """Refused: the explorer decides when a run is over."""
        raise RuntimeError("the explorer runs this loop: return from the program instead of stopping the loop")

    def close(self) -> None:
        """Refused: the loop serves the next run."""
        raise RuntimeError("the explorer owns this loop: a program must not close it")

    def run_forever(self) -> None:
        """Refused: the loop runs already."""
        raise RuntimeError("this event loop is already running: await instead of run_forever()")

    def run_until_complete(self, future: object) -> Any:
        """Refused: the loop runs already."""
        raise RuntimeError("this event loop is already running: await the coroutine instead of run_until_complete()")

    async def shutdown_asyncgens(self) -> None:
        """Asynchronous generators are closed by the runner."""
