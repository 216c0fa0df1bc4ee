"""Histories: who called which operation of a shared object, when it was called, and when and how it came back.

Time is the number of the event: each call and each return is one. An operation that was cancelled, or had not come back
when the history was looked at, may have taken effect or not.
"""

import asyncio
import functools
import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

__all__ = ["History", "Operation", "recorded"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Operation:
    """One call of an operation.

    :ivar task: who called
    :ivar name: the method
    :ivar arguments: what it was called with; must not change afterwards
    :ivar keywords: the same, by name
    :ivar called: the number of the event of the call
    :ivar returned: the number of the event of the return; None while it has not come back
    :ivar result: what came back; must not change afterwards
    :ivar error: what it raised instead
    """

    task: str
    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    called: int
    returned: int | None = None
    result: object = None
    error: BaseException | None = None

    @property
    def is_uncertain(self) -> bool:
        """Whether it may have taken effect or not: it has not come back, or was cancelled."""
        return self.returned is None or isinstance(self.error, asyncio.CancelledError)

    @property
    def call(self) -> str:
        """The call as it could stand in a program."""
        named = [f"{name}={value!r}" for name, value in self.keywords.items()]
        return f"{self.name}({', '.join([*map(repr, self.arguments), *named])})"

    def __str__(self) -> str:
        if self.returned is None:
            return f"{self.call} has not come back"
        if isinstance(self.error, asyncio.CancelledError):
            return f"{self.call} was cancelled"
        return f"{self.call} {answer(self.result, self.error)}"


def answer(result: object, error: BaseException | None) -> str:
    """How an operation ends, in words."""
    return f"returned {result!r}" if error is None else f"raised {type(error).__name__}"


@dataclass(slots=True)
class History:
    """The operations on one shared object, in the order of their calls.

    :ivar operations: the operations so far
    :ivar events: how many calls and returns there were so far
    """

    operations: list[Operation] = field(default_factory=list[Operation])
    events: int = 0

    def called(self, name: str, *arguments: Any, **keywords: Any) -> Operation:
        """An operation is called now, by the running task.

        :param name: the operation
        :param arguments: what it is called with
        :param keywords: the same, by name
        :returns: the operation, to be handed to ``returned`` or ``raised``
        """
        operation = Operation(_running_task(), name, arguments, keywords, self._next_event())
        self.operations.append(operation)
        return operation

    def returned(self, operation: Operation, result: object = None) -> None:
        """An operation comes back now.

        :param operation: as ``called`` gave it
        :param result: what it returns
        """
        operation.result = result
        operation.returned = self._next_event()

    def raised(self, operation: Operation, error: BaseException) -> None:
        """An operation raises now.

        :param operation: as ``called`` gave it
        :param error: what it raises
        """
        operation.error = error
        operation.returned = self._next_event()

    def _next_event(self) -> int:
        self.events += 1
        return self.events


def recorded(target: T, history: History, *methods: str) -> T:
    """A stand-in for an object that writes down the calls of its methods, plain or async, and is otherwise the same.

    :param target: the shared object
    :param history: where to write
    :param methods: the names of the methods to write down; none: all public ones
    :raises AttributeError: the object has no such method
    """
    for name in methods:
        getattr(target, name)
    return cast("T", _Recorded(target, history, frozenset(methods)))


class _Recorded:
    """Hands on everything, and wraps the methods that are to be written down."""

    def __init__(self, target: object, history: History, methods: frozenset[str]) -> None:
        vars(self).update(_target=target, _history=history, _methods=methods)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._target, name)
        is_recorded = name in self._methods if self._methods else not name.startswith("_")
        return _recording(value, name, self._history) if is_recorded and callable(value) else value

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._target, name, value)

    def __repr__(self) -> str:
        return f"<recorded {self._target!r}>"


def _recording(method: Callable[..., Any], name: str, history: History) -> Callable[..., Any]:
    @functools.wraps(method)
    def plain(*arguments: Any, **keywords: Any) -> Any:
        operation = history.called(name, *arguments, **keywords)
        try:
            result = method(*arguments, **keywords)
        except BaseException as error:
            history.raised(operation, error)
            raise
        if inspect.isawaitable(result):
            return _awaited(result, operation, history)
        history.returned(operation, result)
        return result

    @functools.wraps(method)
    async def waiting(*arguments: Any, **keywords: Any) -> Any:
        operation = history.called(name, *arguments, **keywords)
        return await _awaited(method(*arguments, **keywords), operation, history)

    return waiting if inspect.iscoroutinefunction(method) else plain


async def _awaited(result: Awaitable[Any], operation: Operation, history: History) -> Any:
    try:
        value = await result
    except BaseException as error:
        history.raised(operation, error)
        raise
    history.returned(operation, value)
    return value


def _running_task() -> str:
    try:
        task = asyncio.current_task()
    except RuntimeError:
        task = None
    return "main" if task is None else task.get_name()
