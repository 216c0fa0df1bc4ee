"""A loop reduced to its seats: sleepers that are served and cancelled by hand, so that no order is left to chance."""

from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar, cast

from asyncndis.kernel import Cancellable, Seat

__all__ = ["HandHost", "HandSeat"]

T = TypeVar("T")


class HandSeat(Generic[T]):
    """A seat that says how often it was looked at."""

    looks = 0

    def __init__(self) -> None:
        self._values: list[T] = []
        self._errors: list[BaseException] = []
        self._cancelled = False

    def __await__(self) -> Generator[object, None, T]:
        raise AssertionError("nobody sleeps here")

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


class _Never:
    def cancel(self) -> None:
        """It was never going to be called."""


class HandHost:
    """A host on which nothing runs by itself."""

    name = "by hand"

    def __init__(self) -> None:
        self.loop: object = self
        self.current_task: Callable[[], object] = lambda: None
        self.new_seat: Callable[[], Seat[object]] = cast("Callable[[], Seat[Any]]", HandSeat)
        self.time: Callable[[], float] = lambda: 0.0

    def runs_here(self) -> bool:
        return True

    def call_soon(self, callback: Callable[[], object]) -> None:
        raise AssertionError("nothing is called here")

    def call_later(self, seconds: float, callback: Callable[[], object]) -> Cancellable:
        return _Never()

    def task_is_done(self, task: object) -> bool:
        return False

    def task_name(self, task: object) -> str:
        return "nobody"
