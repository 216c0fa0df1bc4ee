"""Linearizability: some order of the operations, each at one moment between its call and its return, explains all.

The search is that of Wing and Gong (JPDC 1993) with the memory of Lowe (CCPE 2017): a set of operations that led to the
same state before is not tried again. Linearizable histories stay so when their end is cut off, so that halving finds
the shortest beginning without an order.
"""

import copy
import sys
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from types import BuiltinFunctionType, FunctionType, NoneType
from typing import Any, Generic, TypeVar, cast

from .failures import FailureKind
from .histories import History, Operation, answer

__all__ = ["NotLinearizable", "assert_linearizable"]

S = TypeVar("S")
Answer = tuple[object, Exception | None]
Miss = tuple[list[Operation], Operation, Answer]
ORDERS_SHOWN = 6
OPERATIONS_SHOWN = 20
LANE_WIDTH_MAX = 64


class NotLinearizable(AssertionError):
    """No order of the operations explains what they gave back."""

    failure_kind = FailureKind.NOT_LINEARIZABLE


def assert_linearizable(
    history: History, model: Callable[[], S], step: Callable[..., tuple[S, object]] | None = None
) -> None:
    """Make sure that a shared object behaved as if its operations had happened one after the other.

    An operation that cannot happen now, such as ``get`` of an empty queue, raises in the model: then another one must
    come first. A model that leaves a result open returns ``unittest.mock.ANY``, which equals everything.

    :param history: what happened
    :param model: makes the sequential object, with plain methods of the same names; its copies are made by
        ``copy.deepcopy``
    :param step: instead of methods: ``step(state, name, arguments)`` returns the next state and the result, and leaves
        the state it was given alone; ``model()`` makes the first state. Named arguments are handed on by name
    :raises NotLinearizable: there is no such order; says which operations contradict each other
    :raises TypeError: the model lacks a method that the history calls
    """
    start = model()
    if step is None:
        lacking = sorted({operation.name for operation in history.operations if not hasattr(start, operation.name)})
        if lacking:
            raise TypeError(f"the model {type(start).__name__} has no method {lacking[0]}(), which the history calls")

    def act(state: S, operation: Operation) -> tuple[S, Answer]:
        after = state if step is not None else copy.deepcopy(state)
        try:
            if step is not None:
                after, result = step(state, operation.name, operation.arguments, **operation.keywords)
            else:
                result = getattr(after, operation.name)(*operation.arguments, **operation.keywords)
        except Exception as error:  # noqa: BLE001 - whatever the model raises is its answer
            return after, (None, error)
        return after, (result, None)

    name = getattr(model, "__qualname__", repr(model))
    whole = _Orders(history.operations, history.events, start, act)
    if not whole.exist():
        raise NotLinearizable(_report(_shortest_without_order(history, start, act), name))


def _shortest_without_order(
    history: History, start: S, act: Callable[[S, Operation], tuple[S, Answer]]
) -> "_Orders[S]":
    returns = sorted(operation.returned for operation in history.operations if operation.returned is not None)
    low, high = 0, len(returns) - 1
    while low < high:
        middle = (low + high) // 2
        if _Orders(history.operations, returns[middle], start, act).exist():
            low = middle + 1
        else:
            high = middle
    shortest = _Orders(history.operations, returns[low], start, act)
    shortest.exist()
    return shortest


@dataclass(slots=True)
class _Orders(Generic[S]):
    """The search for an order of the operations that were called up to an event, by those that came back until then."""

    history: list[Operation]
    end: int
    start: S
    act: Callable[[S, Operation], tuple[S, Answer]]
    operations: list[Operation] = field(init=False)
    misses: list[Miss] = field(default_factory=list[Miss], init=False)
    """The orders that came furthest: the operations placed, the one that did not fit, and what the model answered."""

    def __post_init__(self) -> None:
        self.operations = [operation for operation in self.history if operation.called <= self.end]

    def is_uncertain(self, operation: Operation) -> bool:
        """Whether the operation may be left out."""
        return operation.is_uncertain or (operation.returned or 0) > self.end

    def exist(self) -> bool:
        """Search; afterwards ``misses`` tells why there is none."""
        certain = sum(1 << place for place, one in enumerate(self.operations) if not self.is_uncertain(one))
        if not certain:
            return True
        seen: set[Hashable] = set()
        placed: list[Operation] = []
        waiting = [(0, self.start, self._next_ones(0, 0), 0)]
        while waiting:
            done, state, candidates, latest_call = waiting[-1]
            place = next(candidates, None)
            if place is None:
                waiting.pop()
                if placed:
                    placed.pop()
                continue
            operation = self.operations[place]
            after, answered = self.act(state, operation)
            if not self._fits(operation, answered):
                self._note_miss(placed, operation, answered)
                continue
            now_done = done | 1 << place
            if now_done & certain == certain:
                return True
            key = now_done, _memory_of(after)
            if key not in seen:
                seen.add(key)
                placed.append(operation)
                latest = max(latest_call, operation.called)
                waiting.append((now_done, after, self._next_ones(now_done, latest), latest))
        return False

    def _next_ones(self, done: int, latest_call: int) -> Iterator[int]:
        """The places of the operations that may come next: called before any that is not placed has come back."""
        certain: list[int] = []
        uncertain: list[int] = []
        horizon = sys.maxsize
        for place in range((~done & done + 1).bit_length() - 1, len(self.operations)):
            operation = self.operations[place]
            if operation.called > horizon:
                break
            if done >> place & 1:
                continue
            returned = self.end + 1 if operation.returned is None else operation.returned
            if not self.is_uncertain(operation):
                certain.append(place)
                horizon = min(horizon, returned)
            elif returned > latest_call:
                uncertain.append(place)
        return iter(certain + uncertain)

    def _fits(self, operation: Operation, answered: Answer) -> bool:
        result, error = answered
        if self.is_uncertain(operation):
            return error is None
        if error is not None or operation.error is not None:
            return error is not None and isinstance(operation.error, type(error))
        return bool(result == operation.result)

    def _note_miss(self, placed: list[Operation], operation: Operation, answered: Answer) -> None:
        if self.misses and len(self.misses[0][0]) < len(placed):
            self.misses.clear()
        is_far = not self.misses or len(self.misses[0][0]) == len(placed)
        if is_far and len(self.misses) < ORDERS_SHOWN and not self.is_uncertain(operation):
            self.misses.append((placed.copy(), operation, answered))


_ATOMS = {NoneType, bool, int, str, bytes, type, FunctionType, BuiltinFunctionType}


class _Opaque(Exception):
    """A part of a state cannot be compared."""


def _memory_of(state: object) -> Hashable:
    """Equal only for states that behave alike; a state that cannot be compared is like no other."""
    try:
        return _frozen(state)
    except (_Opaque, RecursionError):
        return object()


def _frozen(value: Any) -> Hashable:
    """What ``copy`` would make another one from, in values that can be compared."""
    kind = cast("type[object]", type(value))
    if kind in _ATOMS or issubclass(kind, type | Enum):
        return kind, cast("Hashable", value)
    if kind is float or kind is complex:
        return kind, repr(value)
    if kind is set or kind is frozenset:
        return kind, frozenset(map(_frozen, value))
    if kind is list or kind is tuple:
        return kind, *map(_frozen, value)
    if kind is dict:  # in its order, which may matter
        return kind, *((_frozen(key), _frozen(item)) for key, item in value.items())
    return _frozen_recipe(value)


def _frozen_recipe(value: Any) -> Hashable:
    try:
        recipe = value.__reduce_ex__(2)
    except TypeError as error:
        raise _Opaque from error
    if isinstance(recipe, str):  # one of a kind
        return str, recipe
    make, arguments, state, items, pairs = (*recipe, None, None, None)[:5]
    return _frozen(make), _frozen(arguments), _frozen(state), _frozen([*(items or ())]), _frozen([*(pairs or ())])


def _report(orders: _Orders[Any], model: str) -> str:
    """The operations of a history without an order, and what each order would need."""
    shown = orders.operations[-OPERATIONS_SHOWN:]
    left_out = len(orders.operations) - len(shown)
    first = max(orders.end - LANE_WIDTH_MAX, shown[0].called if left_out else 1, 1)
    texts = [_outcome(operation, orders) for operation in shown]
    tasks = max(len(operation.task) for operation in shown)
    width = max(map(len, texts))
    table = [
        f"  {operation.task:{tasks}}  {text:{width}}  {_lane(operation, first, orders.end)}".rstrip()
        for operation, text in zip(shown, texts, strict=True)
    ]
    if left_out:
        table.insert(0, f"  ({left_out} earlier operations are left out)")
    return "\n".join(
        [
            f"No order of these operations explains their results, if the object is to behave like {model}:",
            "",
            *table,
            "",
            "The orders that come furthest:",
            *(f"  {_need(*miss)}" for miss in orders.misses),
        ]
    )


def _outcome(operation: Operation, orders: _Orders[Any]) -> str:
    is_open = operation.returned is None or operation.returned > orders.end
    return f"{operation.call} has not come back" if is_open else str(operation)


def _lane(operation: Operation, first: int, end: int) -> str:
    """The time from the call to the return, drawn; one column is one event."""
    begin = max(operation.called, first)
    if operation.returned is None or operation.returned > end:
        return " " * (begin - first) + "|" + "-" * (end - begin) + ">"
    if operation.returned < first:
        return ""
    return " " * (begin - first) + "|" + "-" * (operation.returned - begin - 1) + "|" * (operation.returned > begin)


def _need(placed: list[Operation], operation: Operation, answered: Answer) -> str:
    order = ", ".join(f"{one.task} {one.call}" for one in placed[-OPERATIONS_SHOWN:])
    start = f"after {order}: " if placed else "at first: "
    then = answer(*answered).replace("returned", "has to return").replace("raised", "has to raise")
    return f"{start}{operation.task} {operation.call} {then}, but it {answer(operation.result, operation.error)}"
