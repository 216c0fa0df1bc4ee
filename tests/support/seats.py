"""A loop reduced to its seats: tasks that are run and cancelled by hand, so that no order is left to chance."""

from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

from asyncndis.kernel import Cancellable, Seat

__all__ = ["Alarm", "Cancelled", "HandHost", "HandSeat", "HandTask"]

T = TypeVar("T")


class HandSeat(Generic[T]):
    """A seat that says how often it was looked at."""

    looks = 0

    def __init__(self) -> None:
        self._values: list[T] = []
        self._errors: list[BaseException] = []
        self._cancelled = False

    def __await__(self) -> Generator[object, None, T]:
        yield self
        return self.result()

    def done(self) -> bool:
        HandSeat.looks += 1
        return self._cancelled or bool(self._values or self._errors)

    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        self._cancelled = not self._values

    def result(self) -> T:
        return self._values[0]

    def set_result(self, value: T, /) -> None:
        assert not self._cancelled
        assert not self._values, "served twice"
        self._values.append(value)

    def set_exception(self, error: BaseException, /) -> None:
        self._errors.append(error)


class Alarm:
    """A callback for later, to be rung by hand."""

    def __init__(self, seconds: float, callback: Callable[[], object]) -> None:
        self.seconds = seconds
        self.ring = callback
        self.is_off = False

    def cancel(self) -> None:
        self.is_off = True


class HandHost:
    """A host on which nothing runs by itself.

    :ivar alarms: what was asked to be called later
    :ivar now: the time, in seconds
    """

    name = "by hand"

    def __init__(self) -> None:
        self.alarms: list[Alarm] = []
        self.now = 0.0
        self.loop: object = self
        self.current_task: Callable[[], object] = lambda: None
        self.new_seat: Callable[[], Seat[object]] = cast("Callable[[], Seat[Any]]", HandSeat)
        self.time: Callable[[], float] = lambda: self.now

    def runs_here(self) -> bool:
        return True

    def call_soon(self, callback: Callable[[], object]) -> None:
        raise AssertionError("nothing is called here")

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Cancellable:
        self.alarms.append(Alarm(seconds, callback))
        return self.alarms[-1]

    def task_is_done(self, task: object) -> bool:
        return False

    def task_name(self, task: object) -> str:
        return "nobody"


class Cancelled(BaseException):
    """What a cancelled task finds thrown in."""


class HandTask(Generic[T]):
    """A coroutine that runs when it is told to, as far as its next seat.

    :ivar seat: where it sleeps; None once it has ended
    :ivar result: what it returned
    :ivar error: what it raised
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._is_cancelled = False
        self.seat: HandSeat[Any] | None = None
        self.result: T | None = None
        self.error: BaseException | None = None
        self._step(lambda: coroutine.send(None))

    def cancel(self) -> None:
        """As asyncio does: a seat that is not served yet is cancelled at once; the task notices when it runs."""
        assert self.seat is not None
        self._is_cancelled = True
        if not self.seat.done():
            self.seat.cancel()

    def can_run(self) -> bool:
        """Whether it was served or cancelled."""
        return self.seat is not None and self.seat.done()

    def run(self) -> None:
        """Let it run."""
        assert self.can_run()
        if self._is_cancelled:
            self._step(lambda: self._coroutine.throw(Cancelled()))
        else:
            self._step(lambda: self._coroutine.send(None))

    def close(self) -> None:
        """Close the coroutine where it sleeps."""
        self._coroutine.close()
        self.seat = None

    def _step(self, step: Callable[[], Any]) -> None:
        try:
            self.seat = step()
        except StopIteration as end:
            self.seat, self.result = None, end.value
        except BaseException as error:  # noqa: BLE001 - whatever the task ends with
            self.seat, self.error = None, error
