"""A table that forgets agrees with a plain list of what was put in, and is never larger than it may be."""

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.drivers.ageing import AgeingTable
from asyncndis.kernel import VirtualClock

SECOND = 10_000_000


def test_an_entry_stays_until_its_time_is_over() -> None:
    clock = VirtualClock()
    table = AgeingTable[str, int](4, 2.5, clock)
    table.put("a", 1)
    clock.stall(25_000_000 - 1)
    assert table.get("a") == 1
    clock.stall(1)
    assert table.get("a") is None
    assert (table.expired, table.evicted, len(table)) == (1, 0, 0)


def test_putting_renews_and_reading_does_not() -> None:
    clock = VirtualClock()
    table = AgeingTable[str, int](4, 2, clock)
    table.put("a", 1)
    table.put("b", 1)
    clock.stall(SECOND)
    table.put("a", 2)
    assert table.get("b") == 1
    clock.stall(SECOND)
    assert list(table) == [("a", 2)]


def test_the_oldest_makes_room() -> None:
    table = AgeingTable[str, int](2, 1, VirtualClock())
    for key in "abac":
        table.put(key, 0)
    assert [key for key, _ in table] == ["a", "c"]
    assert table.evicted == 1
    assert repr(table) == "<AgeingTable 2 of 2 entries>"


def test_what_is_taken_out_is_gone() -> None:
    table = AgeingTable[str, int](2, 1, VirtualClock())
    table.put("a", 1)
    assert [table.pop("a"), table.pop("a")] == [1, None]
    assert (table.expired, table.evicted) == (0, 0)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), max_size=40))
def test_it_agrees_with_a_list(steps: list[tuple[str, int]]) -> None:
    clock = VirtualClock()
    table = AgeingTable[str, int](3, 2, clock)
    entries: list[tuple[str, int, int]] = []
    for number, (key, pause) in enumerate(steps):
        clock.stall(pause * SECOND // 2)
        table.put(key, number)
        young = [entry for entry in entries if clock.now() - entry[1] < 2 * SECOND and entry[0] != key]
        entries = [*young, (key, clock.now(), number)][-3:]
        assert list(table) == [(entry[0], entry[2]) for entry in entries]
        assert {letter: table.get(letter) for letter in "abcd"} == dict.fromkeys("abcd") | dict(table)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((0, 1, VirtualClock()), ValueError),
        (("1", 1, VirtualClock()), TypeError),
        ((1, 0, VirtualClock()), ValueError),
        ((1, nan, VirtualClock()), ValueError),
        ((1, inf, VirtualClock()), ValueError),
        ((1, "1", VirtualClock()), TypeError),
        ((1, True, VirtualClock()), TypeError),
        ((1, 1, None), TypeError),
    ],
)
def test_bad_input(arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        AgeingTable[str, int](*arguments)
