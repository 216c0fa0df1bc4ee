"""trio as a host (see host.py).

trio has no futures: a seat puts its task to sleep by ``wait_task_rescheduled``. Once a value was handed over, trio
delivers it before any cancellation, so that nothing can get lost on the way.
"""

import inspect
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar, cast

import outcome
import trio

from .host import Cancellable, Seat

T = TypeVar("T")


class TrioSeat(Generic[T]):
    """One task's sleep, with the part of a future's interface that the waiter queue uses."""

    __slots__ = ("_cancelled", "_outcome", "_task")

    def __init__(self) -> None:
        self._task: trio.lowlevel.Task | None = None
        self._outcome: outcome.Maybe[T] | None = None
        self._cancelled = False

    def __await__(self) -> Generator[object, None, T]:
        if self._outcome is not None:
            return self.result()
        self._task = trio.lowlevel.current_task()
        return (yield from self._sleep().__await__())

    async def _sleep(self) -> T:
        return cast(T, await trio.lowlevel.wait_task_rescheduled(self._abort))

    def _abort(self, _raise_cancel: object) -> trio.lowlevel.Abort:
        self._cancelled = True
        return trio.lowlevel.Abort.SUCCEEDED

    def done(self) -> bool:
        return self._cancelled or self._outcome is not None

    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> bool:
        self._cancelled = self._outcome is None
        return self._cancelled

    def result(self) -> T:
        assert self._outcome is not None
        if isinstance(self._outcome, outcome.Error):  # unwrap() would serve once, and trio has that turn
            raise self._outcome.error
        return self._outcome.value

    def set_result(self, value: T, /) -> None:
        self._wake(outcome.Value(value))

    def set_exception(self, error: BaseException, /) -> None:
        self._wake(outcome.Error(error))

    def _wake(self, result: outcome.Maybe[T]) -> None:
        self._outcome = result
        if self._task is not None:
            trio.lowlevel.reschedule(self._task, result)


class _Later:
    """A callback after a delay, as a system task of the run."""

    def __init__(self, seconds: float, callback: Callable[[], object]) -> None:
        self._scope = trio.CancelScope()
        self._callback = callback
        trio.lowlevel.spawn_system_task(self._run, seconds)

    async def _run(self, seconds: float) -> None:
        with self._scope:
            await trio.sleep(seconds)
            self._callback()

    def cancel(self) -> None:
        self._scope.cancel()


class TrioHost:
    """A trio run."""

    name = "trio"

    def __init__(self, loop: trio.lowlevel.TrioToken) -> None:
        self.loop = loop
        self.current_task: Callable[[], object] = trio.lowlevel.current_task
        self.new_seat: Callable[[], Seat[Any]] = self._new_seat
        self.time: Callable[[], float] = trio.current_time

    def runs_here(self) -> bool:
        host = running_host()
        return host is not None and host.loop is self.loop

    def _new_seat(self) -> TrioSeat[Any]:
        """A seat; where asyncio refuses to await one of another loop, trio would sleep for ever."""
        if not self.runs_here():
            raise RuntimeError("what is waited for belongs to another event loop; create one in this loop")
        return TrioSeat()

    def call_soon(self, callback: Callable[[], object]) -> None:
        self.loop.run_sync_soon(callback)

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Cancellable:
        return _Later(seconds, callback)

    def task_is_done(self, task: object) -> bool:
        return isinstance(task, trio.lowlevel.Task) and inspect.getcoroutinestate(task.coro) == inspect.CORO_CLOSED

    def task_name(self, task: object) -> str:
        return task.name if isinstance(task, trio.lowlevel.Task) else "event loop callback"


def running_host() -> TrioHost | None:
    """The host of the trio run of this thread, if there is one."""
    try:
        return TrioHost(trio.lowlevel.current_trio_token())
    except RuntimeError:
        return None
