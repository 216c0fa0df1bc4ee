"""Linearizability: agrees with trying every order, and shows the shortest contradiction in words."""

import asyncio
import itertools
import random
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import ANY

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.torture.failures import FailureKind
from asyncndis.torture.histories import History, Operation
from asyncndis.torture.linearizability import NotLinearizable, _memory_of, assert_linearizable

Row = tuple[str, str, tuple[Any, ...], int, int | None, object]
CANCELLED = asyncio.CancelledError()


class Register:
    def __init__(self) -> None:
        self.value = 0

    def read(self) -> int:
        return self.value

    def write(self, value: int) -> None:
        self.value = value


class Fifo:
    def __init__(self) -> None:
        self.items: deque[int] = deque()

    def put(self, item: int) -> None:
        self.items.append(item)

    def get(self) -> int:
        return self.items.popleft()


class Pool:
    """Hands out whatever it likes, but nothing twice."""

    def __init__(self) -> None:
        self.free = {1, 2}

    def allocate(self) -> object:
        if not self.free:
            raise MemoryError
        self.free.pop()
        return ANY


def step_register(state: int, name: str, arguments: tuple[int, ...]) -> tuple[int, object]:
    return (state, state) if name == "read" else (arguments[0], None)


def history_of(*rows: Row) -> History:
    """Operations by task, name, arguments, the times of call and return, and the result or the error."""
    operations = [
        Operation(task, name, arguments, {}, called, returned)
        if returned is None
        else Operation(task, name, arguments, {}, called, returned, error=result)
        if isinstance(result, BaseException)
        else Operation(task, name, arguments, {}, called, returned, result)
        for task, name, arguments, called, returned, result in rows
    ]
    operations.sort(key=lambda operation: operation.called)
    return History(operations, max(max(one.called, one.returned or 0) for one in operations))


def is_linearizable(history: History, model: Any = Register) -> bool:
    try:
        assert_linearizable(history, model)
    except NotLinearizable:
        return False
    return True


def test_a_read_during_a_write_may_see_either_value() -> None:
    for seen in (0, 1):
        rows = [("A", "write", (1,), 1, 4, None), ("B", "read", (), 2, 3, seen)]
        assert_linearizable(history_of(*rows), Register)
        assert_linearizable(history_of(*rows), int, step_register)


def test_a_read_after_a_write_sees_it() -> None:
    history = history_of(("A", "write", (1,), 1, 2, None), ("B", "read", (), 3, 4, 0))
    with pytest.raises(NotLinearizable) as caught:
        assert_linearizable(history, Register)
    assert str(caught.value).splitlines() == [
        "No order of these operations explains their results, if the object is to behave like Register:",
        "",
        "  A  write(1) returned None  ||",
        "  B  read() returned 0         ||",
        "",
        "The orders that come furthest:",
        "  after A write(1): B read() has to return 1, but it returned 0",
    ]
    assert NotLinearizable.failure_kind is FailureKind.NOT_LINEARIZABLE
    with pytest.raises(NotLinearizable, match="like int"):
        assert_linearizable(history, int, step_register)


def test_only_the_beginning_that_contradicts_itself_is_shown() -> None:
    rows: list[Row] = [
        ("A", "write", (1,), 1, 6, None),
        ("B", "read", (), 2, 3, 1),
        ("C", "read", (), 4, 5, 0),
        ("D", "read", (), 7, 8, 9),
    ]
    with pytest.raises(NotLinearizable) as caught:
        assert_linearizable(history_of(*rows), Register)
    table = str(caught.value)
    assert "A  write(1) has not come back  |---->" in table
    assert "C  read() returned 0              ||" in table
    assert "D" not in table
    assert "after A write(1), B read(): C read() has to return 1, but it returned 0" in table


def test_a_long_history_is_cut_to_its_end() -> None:
    rows: list[Row] = [("A", "write", (value,), 2 * value + 1, 2 * value + 2, None) for value in range(200)]
    rows.append(("B", "read", (), 500, 501, 7))
    with pytest.raises(NotLinearizable, match=r"\(181 earlier operations are left out\)") as caught:
        assert_linearizable(history_of(*rows), Register)
    assert max(map(len, str(caught.value).splitlines()[:24])) < 140


def test_a_write_that_has_not_come_back_may_have_taken_effect() -> None:
    for seen in (0, 1):
        assert_linearizable(history_of(("A", "write", (1,), 1, None, None), ("B", "read", (), 2, 3, seen)), Register)


@pytest.mark.parametrize(("first", "second", "fits"), [(0, 0, True), (1, 1, True), (0, 1, False), (1, 0, False)])
def test_a_cancelled_write_takes_effect_before_it_comes_back_or_never(first: int, second: int, fits: bool) -> None:
    rows = [
        ("A", "write", (1,), 1, 2, CANCELLED),
        ("B", "read", (), 3, 4, first),
        ("B", "read", (), 5, 6, second),
    ]
    assert is_linearizable(history_of(*rows)) is fits


def test_operations_that_raise_are_compared_by_type() -> None:
    def at(error: Exception) -> History:
        return history_of(("A", "get", (), 1, 2, error))

    assert is_linearizable(at(IndexError("whatever")), Fifo)
    assert not is_linearizable(at(LookupError()), Fifo)
    assert not is_linearizable(history_of(("A", "get", (), 1, 2, None)), Fifo)
    assert not is_linearizable(history_of(("A", "put", (1,), 1, 2, IndexError())), Fifo)


def test_an_operation_that_waits_comes_after_the_one_it_waits_for() -> None:
    assert is_linearizable(history_of(("A", "get", (), 1, 4, 5), ("B", "put", (5,), 2, 3, None)), Fifo)
    assert not is_linearizable(history_of(("A", "get", (), 1, 2, 5), ("B", "put", (5,), 3, 4, None)), Fifo)


def test_a_model_may_leave_results_open() -> None:
    rows = [("A", "allocate", (), 1, 2, "x"), ("A", "allocate", (), 3, 4, "y"), ("A", "allocate", (), 5, 6, "z")]
    assert is_linearizable(history_of(*rows[:2]), Pool)
    assert not is_linearizable(history_of(*rows), Pool)


def test_a_model_that_lacks_a_method_is_refused() -> None:
    with pytest.raises(TypeError, match=r"the model Register has no method get\(\), which the history calls"):
        assert_linearizable(history_of(("A", "get", (), 1, 2, 0)), Register)


def test_many_operations_at_a_time_are_no_problem() -> None:
    rows: list[Row] = [
        (f"T{task}", "put", (0,), 100 * turn + task, 100 * turn + 50 + task, None)
        for task in range(5)  # tasks that add to one queue at the same time, again and again: 120 ** 10 orders
        for turn in range(1, 11)
    ]
    assert not is_linearizable(history_of(*rows, ("T0", "get", (), 9_000, 9_001, 1)), Fifo)


def every_order_fails(history: History) -> bool:
    """The definition, tried on each subset and order."""
    certain = [one for one in history.operations if not one.is_uncertain]
    uncertain = [one for one in history.operations if one.is_uncertain]
    for size in range(len(uncertain) + 1):
        for extra in itertools.combinations(uncertain, size):
            for order in itertools.permutations([*certain, *extra]):
                if _respects_time(order) and _explains(order):
                    return False
    return True


def _respects_time(order: tuple[Operation, ...]) -> bool:
    return all(
        later.returned is None or later.returned > earlier.called for earlier, later in itertools.combinations(order, 2)
    )


def _explains(order: tuple[Operation, ...]) -> bool:
    register = Register()
    return all(getattr(register, one.name)(*one.arguments) == one.result or one.is_uncertain for one in order)


@st.composite
def histories(draw: st.DrawFn) -> History:
    count = draw(st.integers(1, 5))
    times = draw(st.permutations(range(1, 2 * count + 1)))
    rows: list[Row] = []
    for number in range(count):
        called, returned = sorted(times[2 * number : 2 * number + 2])
        name = draw(st.sampled_from(["read", "write"]))
        end = draw(st.sampled_from(["back", "back", "open", "cancelled"]))
        arguments = (draw(st.integers(0, 2)),) if name == "write" else ()
        result = CANCELLED if end == "cancelled" else draw(st.integers(0, 2)) if name == "read" else None
        rows.append((f"T{number}", name, arguments, called, None if end == "open" else returned, result))
    return history_of(*rows)


@settings(max_examples=300, deadline=None)
@given(histories())
def test_agrees_with_trying_every_order(history: History) -> None:
    assert is_linearizable(history) is not every_order_fails(history)


class Slotted:
    __slots__ = ("__hidden", "shown")

    def __init__(self, hidden: int, shown: int) -> None:
        self.__hidden = hidden
        self.shown = shown


@dataclass
class Box:
    items: list[int] = field(default_factory=list[int])


STATES: list[Any] = [
    0, False, 0.0, "", None, [], (), {}, set(), frozenset(), [0], [False], (0,), {0: 1, 1: 2}, {1: 2, 0: 1}, {0, 1},
    Slotted(0, 0), Slotted(1, 0), Slotted(0, 1), Box(), Box([1]), deque(), deque([1]), deque([1], 2),
    defaultdict(int), defaultdict(list), OrderedDict({1: 2}), random.Random(1),
    random.Random(2), len, max, int, Register,
]  # fmt: skip


def test_different_states_are_remembered_apart() -> None:
    assert len({_memory_of(state) for state in STATES}) == len(STATES)


def test_equal_states_are_remembered_as_one() -> None:
    import copy

    assert [_memory_of(copy.deepcopy(state)) for state in STATES] == [_memory_of(state) for state in STATES]


def test_what_cannot_be_compared_is_like_nothing_else() -> None:
    ring: list[Any] = []
    ring.append(ring)
    for opaque in (ring, map(abs, ring)):
        assert _memory_of(opaque) != _memory_of(opaque)
