"""The report of a failure: what went wrong, in which order it happens, what a passing neighbour does instead.

The shrunk schedule is a table of steps: who, and the program's own lines that ran. The neighbour is the same schedule
with one choice made as asyncio would, after which the program passes: the two steps that change places are the race.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .failures import Trouble
from .points import CALLBACKS, CLOCK, INJECTOR, Decision, Kind, Line, Step
from .sources import short_place, text_of

__all__ = ["Neighbour", "explain", "find_neighbour", "folded"]

TRIES_MAX = 100
"""So many schedules are tried for a neighbour."""
STEPS_SHOWN = 80
"""A schedule of more steps shows its first and last ones."""
PERIOD_MAX = 30
"""So many steps may lie between two that are the same, for repetitions to be seen."""
FOLDED_MIN = 4
"""Fewer steps are not worth leaving out."""
LINES_SHOWN = 6
"""A step that ran more lines shows its first and last ones."""


@dataclass(frozen=True)
class Neighbour:
    """A schedule that differs in one choice and passes.

    :ivar index: the first step at which the two differ, from 0
    :ivar failing: that step of the failing schedule
    :ivar passing: that step of the passing one
    """

    index: int
    failing: Step
    passing: Step


def find_neighbour(
    tape: Sequence[int], steps: Sequence[Step], run: Callable[[Sequence[int]], Sequence[Step] | None]
) -> Neighbour | None:
    """Look for a passing schedule that differs in one choice, the last possible one.

    :param tape: a failing tape
    :param steps: its steps
    :param run: runs a tape; its steps if it passes, else None
    """
    for candidate in islice(_neighbours(tape, steps), TRIES_MAX):
        passing = run(candidate)
        if passing is not None:
            return _first_difference(steps, passing)
    return None


def _neighbours(tape: Sequence[int], steps: Sequence[Step]) -> Iterator[list[int]]:
    """Schedules that differ in one choice: first towards asyncio's order, then away from it; late choices first."""
    for place in reversed(range(len(tape))):
        if tape[place]:
            yield [*tape[:place], 0]
            yield [*tape[:place], 0, *tape[place + 1 :]]
    for step in reversed(steps):
        decision = step.decision
        if decision is not None and decision.choice == 0:
            known = [*tape, *[0] * (decision.position - len(tape))][: decision.position]
            for answer in range(1, min(decision.options, len(step.ready))):
                yield [*known, answer]


def _first_difference(steps: Sequence[Step], passing: Sequence[Step]) -> Neighbour | None:
    for index, (failing, other) in enumerate(zip(steps, passing, strict=False)):
        same = (failing.actor, failing.target) == (other.actor, other.target)
        if not same or [inner.choice for inner in failing.inner] != [inner.choice for inner in other.inner]:
            return Neighbour(index, failing, other)
    return None


def explain(
    trouble: Trouble,
    steps: Sequence[Step],
    names: Sequence[str],
    neighbour: Neighbour | None,
    replay: str,
    notes: Sequence[str],
) -> str:
    """The report of a failure.

    :param trouble: what went wrong
    :param steps: the steps of the shrunk schedule
    :param names: the names of the actors, by number
    :param neighbour: a passing schedule beside it, if one was found
    :param replay: the line that replays it
    :param notes: what else there is to say
    """
    head = f"{trouble.kind}: {_message(trouble)}"
    if trouble.place:
        head += f"\n  raised in {trouble.place}"
    parts = [head, "In this order:\n" + "\n".join(_table(steps, names))]
    if all(step.decision is None or step.decision.choice == 0 for step in steps):
        parts.append("This is the order in which asyncio itself runs the program.")
    if neighbour is not None:
        parts.append(_race(neighbour, names))
    parts += notes
    parts.append(f"Replay it with:\n  {replay}")
    return "\n\n".join(parts)


def _message(trouble: Trouble) -> str:
    error = trouble.error
    shown = str(error)
    name = type(error).__name__
    return f"{name}: {shown}" if shown else name


def _table(steps: Sequence[Step], names: Sequence[str]) -> list[str]:
    width = max((len(_who(step, names)) for step in steps), default=0)
    places = max((len(_place(line)) for step in steps for line in step.lines), default=0)
    deeds = [_deeds(step, places) for step in steps]
    stretches = list(folded([(_who(step, names), *deed) for step, deed in zip(steps, deeds, strict=True)]))
    shown = [number for first, length, _ in stretches for number in range(first, first + length)]
    left_out = set(shown[STEPS_SHOWN // 2 : -STEPS_SHOWN // 2])
    rows: list[str] = []
    for first, length, times in stretches:
        for number in range(first, first + length):
            if number not in left_out:
                rows.append(f"  {number + 1:3d}  {_who(steps[number], names):<{width}}  {deeds[number][0]}")
                rows += [f"{'':7}{'':{width}}  {deed}" for deed in deeds[number][1:]]
            elif number == min(left_out):
                rows.append(f"  ... {len(left_out)} steps more ...")
        if times > 1:
            which = f"step {first + 1} comes" if length == 1 else f"steps {first + 1} to {first + length} come"
            rows.append(f"  ... {which} {times} times ...")
    return rows


def folded(rows: Sequence[object]) -> Iterator[tuple[int, int, int]]:
    """Part a table into stretches, in order: where one begins, how many rows it has, and how often they come.

    :param rows: what the rows say
    """
    at = 0
    while at < len(rows):
        length, times = _repetition(rows, at)
        yield at, length, times
        at += length * times


def _repetition(rows: Sequence[object], at: int) -> tuple[int, int]:
    """How many rows from a place come again at once, and how often; (1, 1) if none do, or too few to be left out."""
    for length in range(1, PERIOD_MAX + 1):
        times = 1
        while rows[at : at + length] == rows[at + times * length : at + (times + 1) * length] != []:
            times += 1
        if times > 1 and (times - 1) * length >= FOLDED_MIN:
            return length, times
    return 1, 1


def _deeds(step: Step, places: int) -> list[str]:
    """What a step did, line by line."""
    deeds = [*step.told, *(_shown(line, places) for line in _few(step.lines))] or [_deed(step)]
    return [*deeds, *(f"({decision.name}: {_answer(decision)})" for decision in step.inner)]


def _answer(decision: Decision) -> str:
    if decision.kind is Kind.FAULT:
        return "fails" if decision.choice else "succeeds"
    return f"{decision.choice} of 0 to {decision.options - 1}"


def _who(step: Step, names: Sequence[str]) -> str:
    if step.actor == INJECTOR:
        return "(injected)"
    if step.actor == CLOCK:
        return "(clock)"
    if step.actor == CALLBACKS:
        return "(callback)"
    return names[step.actor] if step.actor < len(names) else f"job {step.actor}"


def _deed(step: Step) -> str:
    """What a step did that ran no line of the program."""
    if step.injected:
        return step.injected
    if step.actor == CALLBACKS:
        return "(a callback of a library)"
    return "time passes" if step.actor == CLOCK else "(no line of the program)"


def _few(lines: Sequence[Line]) -> list[Line | None]:
    """The lines to show; None stands for those left out."""
    if len(lines) <= LINES_SHOWN:
        return list(lines)
    half = LINES_SHOWN // 2
    return [*lines[:half], None, *lines[-half:]]


def _shown(line: Line | None, width: int) -> str:
    if line is None:
        return "..."
    return f"{_place(line):<{width}}  {text_of(line.filename, line.number)}"


def _place(line: Line) -> str:
    return short_place(line.filename, line.number)


def _race(neighbour: Neighbour, names: Sequence[str]) -> str:
    failing, passing = neighbour.failing, neighbour.passing
    number = neighbour.index + 1
    if failing.actor == INJECTOR:
        return f"It takes step {number}: {failing.injected}. Without it the program passes."
    if failing.actor == passing.actor:
        return f"It takes the answers chosen in step {number}; with others the program passes."
    return (
        f"The race: at step {number} {_act(failing, names)} before {_act(passing, names)}."
        f" When {_who(passing, names)} goes first, the program passes."
    )


def _act(step: Step, names: Sequence[str]) -> str:
    who = _who(step, names)
    if not step.lines:
        return f"{who} goes"
    last = step.lines[-1]
    return f"{who} runs `{text_of(last.filename, last.number)}` ({_place(last)})"
