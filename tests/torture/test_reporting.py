"""Reports: the table of steps, what is left out and folded, and the race."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncndis.torture import choose, explore, fault
from asyncndis.torture.failures import FailureKind, Trouble
from asyncndis.torture.points import CALLBACKS, CLOCK, INJECTOR, Decision, Kind, Line, Step
from asyncndis.torture.reporting import FOLDED_MIN, STEPS_SHOWN, Neighbour, explain, find_neighbour, folded
from tests.torture import faulty


def step(actor: int, *lines: int, choice: int | None = None, **more: Any) -> Step:
    decision = None if choice is None else Decision(Kind.RUN, "", 2, choice, 0)
    return Step(actor, (0, 1), decision, lines=tuple(Line("f", __file__, line) for line in lines), **more)


def report(*steps: Step, error: BaseException | None = None, neighbour: Neighbour | None = None) -> str:
    trouble = Trouble(FailureKind.EXCEPTION, error or ValueError("x"), "f (file.py:3)")
    return explain(trouble, steps, ["main", "worker"], neighbour, "line", ["A note."])


def test_a_report_has_head_order_notes_and_line() -> None:
    text = report(step(0, 1, choice=0), step(1, 1))
    head, table, stock, note, replay = text.split("\n\n")
    assert head == "exception: ValueError: x\n  raised in f (file.py:3)"
    first, *rows = table.splitlines()
    assert first == "In this order:"
    line = 'test_reporting.py:1  """Reports: the table of steps, what is left out and folded, and the race."""'
    assert rows == [f"    1  main    {line}", f"    2  worker  {line}"]
    assert stock == "This is the order in which asyncio itself runs the program."
    assert (note, replay) == ("A note.", "Replay it with:\n  line")


def test_an_order_of_its_own_is_not_called_asyncios_and_an_error_may_say_nothing() -> None:
    text = report(step(1, 1, choice=1), error=KeyError())
    assert text.startswith("exception: KeyError\n")
    assert "asyncio itself" not in text


def test_actors_that_are_no_tasks_are_named() -> None:
    steps = [step(CALLBACKS), step(CLOCK), step(INJECTOR, injected="cancel worker"), step(5), step(0)]
    steps[-1].told.append("3 bytes arrive")
    rows = report(*steps).split("\n\n")[1].splitlines()[1:]
    assert [row[7:].split("  ")[0] for row in rows] == ["(callback)", "(clock)", "(injected)", "job 5", "main"]
    assert [row.rsplit("  ", 1)[1] for row in rows] == [
        "(a callback of a library)",
        "time passes",
        "cancel worker",
        "(no line of the program)",
        "3 bytes arrive",
    ]


def test_what_was_chosen_in_a_step_is_told() -> None:
    inner = [Decision(Kind.FAULT, "open", 2, 1, 0), Decision(Kind.FAULT, "read", 2, 0, 1)]
    text = report(step(0, inner=[*inner, Decision(Kind.VALUE, "size", 9, 4, 2)]))
    assert "(open: fails)" in text
    assert "(read: succeeds)" in text
    assert "(size: 4 of 0 to 8)" in text


def test_of_many_lines_the_first_and_last_are_shown() -> None:
    text = report(step(0, *range(1, 21)))
    assert [f"test_reporting.py:{line} " in text for line in (1, 3, 4, 17, 18, 20)] == [
        True,
        True,
        False,
        False,
        True,
        True,
    ]
    assert "  ...\n" in text


def test_of_many_steps_the_first_and_last_are_shown() -> None:
    text = report(*(step(number % 2, 1 + number % 7, 1 + number % 23) for number in range(200)))
    assert f"... {200 - STEPS_SHOWN} steps more ..." in text
    numbers = [int(row[:5]) for row in text.splitlines() if row[:5].strip().isdigit()]
    half = STEPS_SHOWN // 2
    assert numbers == [*range(1, half + 1), *range(201 - half, 201)]


def test_what_repeats_is_shown_once() -> None:
    text = report(step(0, 1), *[step(0, 2), step(1, 3), step(1, 4)] * 160, step(0, 5))
    rows = text.split("\n\n")[1].splitlines()[1:]
    assert [row[:5].strip() for row in rows] == ["1", "2", "3", "4", "...", "482"]
    assert rows[4] == "  ... steps 2 to 4 come 160 times ..."
    assert "  ... step 1 comes 9 times ..." in report(*[step(0, 1)] * 9)


def test_a_livelock_is_told_in_a_few_rows() -> None:
    failure = explore(faulty.polite_forever, strategy="random").failure
    assert failure is not None
    assert " times ..." in failure.report()
    assert len(failure.report().splitlines()) < 40


@given(
    st.lists(st.lists(st.integers(0, 2), max_size=4).flatmap(lambda block: st.integers(1, 6).map(lambda n: block * n)))
)
def test_folding_loses_nothing(blocks: list[list[int]]) -> None:
    rows = [row for block in blocks for row in block]
    unfolded: list[int] = []
    for first, length, times in folded(rows):
        assert first == len(unfolded)
        assert times == 1 or (times - 1) * length >= FOLDED_MIN
        unfolded += rows[first : first + length] * times
    assert unfolded == rows


def test_the_race_names_the_two_steps_that_change_places() -> None:
    text = report(step(0, 1), neighbour=Neighbour(0, step(0, 1), step(1)))
    assert 'The race: at step 1 main runs `"""Reports:' in text
    assert "before worker goes. When worker goes first, the program passes." in text


def test_a_neighbour_without_the_injection_or_with_other_answers_passes() -> None:
    struck = Neighbour(1, step(INJECTOR, injected="cancel worker"), step(0))
    assert "It takes step 2: cancel worker. Without it the program passes." in report(step(0), neighbour=struck)
    answered = Neighbour(0, step(0), step(0))
    assert "It takes the answers chosen in step 1; with others the program passes." in report(
        step(0), neighbour=answered
    )


def test_a_neighbour_is_looked_for_towards_asyncios_order_first() -> None:
    tried: list[list[int]] = []
    failing = [step(1, choice=1), step(0, choice=0)]

    def run(tape: Any) -> list[Step] | None:
        tried.append(list(tape))
        return None

    assert find_neighbour([1, 0], failing, run) is None
    assert tried[:2] == [[0], [0, 0]]
    assert [1] in tried  # away from asyncio's order, where step 2 had a choice
    passing = [step(0, choice=0), step(1)]
    assert find_neighbour([1], failing, lambda _tape: passing) == Neighbour(0, failing[0], passing[0])
    assert find_neighbour([1], failing, lambda _tape: failing) is None  # a pass by the same steps says nothing


@pytest.mark.parametrize("faults", ["nth", None])
def test_a_choice_that_it_takes_is_said(faults: Any) -> None:
    async def program() -> None:
        await asyncio.sleep(0)
        assert not (fault("open") if faults else choose("size", 3) == 2)

    failure = explore(program, strategy="random", faults=faults).failure
    assert failure is not None
    assert "It takes the answers chosen in step 2; with others the program passes." in failure.report()
