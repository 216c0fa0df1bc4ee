"""The self-check: whether one schedule of a program leads to one run, and if not, where two runs part."""

from collections.abc import Sequence

from .describing import retrace
from .points import Step
from .running import Runner
from .sources import short_place

__all__ = ["find_nondeterminism"]


def find_nondeterminism(runner: Runner, tape: Sequence[int]) -> str:
    """Run a tape twice and compare.

    :returns: where the runs part, in words; empty if they do not
    """
    _, one = retrace(runner, tape)
    _, other = retrace(runner, tape)
    if _shape(one.steps) == _shape(other.steps):
        return ""
    _, one = retrace(runner, tape, with_lines=True)
    _, other = retrace(runner, tape, with_lines=True)
    for number, (first, second) in enumerate(zip(one.steps, other.steps, strict=False), 1):
        if _shape([first]) != _shape([second]):
            line = next((line for step in reversed(one.steps[:number]) for line in reversed(step.lines)), None)
            place = "" if line is None else f", after {short_place(line.filename, line.number)}"
            return f"two runs of one schedule part at step {number}{place}: the program is not deterministic"
    return "two runs of one schedule differ in length: the program is not deterministic"


def _shape(steps: Sequence[Step]) -> list[tuple[object, ...]]:
    return [
        (step.actor, step.ready, step.woke, [(inner.name, inner.options) for inner in step.inner]) for step in steps
    ]
