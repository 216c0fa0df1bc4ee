"""What a program may say to the explorer, in a run and outside of one."""

import asyncio

import pytest

from asyncndis.torture import FailureKind, InvariantBroken, always, choose, eventually, explore, fault, injects_faults


def test_outside_of_a_run_each_does_the_natural_thing() -> None:
    assert choose("anything", 7) == 0
    assert fault("anything") is False
    assert injects_faults() is False
    always(lambda: True)
    eventually(lambda: False)
    with pytest.raises(InvariantBroken, match="too much"):
        always(lambda: False, "too much")
    with pytest.raises(ValueError, match="nothing to choose from"):
        choose("nothing", 0)


async def _on_stock_asyncio() -> None:
    assert choose("anything", 7) == 0
    assert fault("anything") is False
    eventually(lambda: False)
    always(lambda: True)


def test_on_another_loop_the_same() -> None:
    asyncio.run(_on_stock_asyncio())


def test_a_choice_has_all_its_values_and_one_option_is_no_choice() -> None:
    seen: set[int] = set()

    async def program() -> None:
        assert choose("sole", 1) == 0
        seen.add(choose("one of five", 5))

    result = explore(program, strategy="dfs")
    assert (seen, result.schedules, result.complete) == ({0, 1, 2, 3, 4}, 5, True)


def test_faults_are_asked_for_only_where_they_are_injected() -> None:
    told: set[bool] = set()

    async def program() -> None:
        told.add(injects_faults())
        fault("an operation")

    explore(program, schedules=3)
    assert told == {False}
    explore(program, schedules=3, faults="nth")
    assert told == {False, True}


def nothing_is_left() -> bool:
    return False


def test_what_has_no_message_is_called_by_its_function() -> None:
    async def program() -> None:
        eventually(nothing_is_left)

    failure = explore(program, schedules=1).failure
    assert failure is not None
    assert (failure.kind, str(failure.error)) == (FailureKind.INVARIANT, "nothing_is_left never held")
    with pytest.raises(InvariantBroken, match="nothing_is_left does not hold"):
        always(nothing_is_left)
