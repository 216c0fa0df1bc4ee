"""The report of a failure: what went wrong, in which order it happens, and the line that replays it."""

from collections.abc import Sequence

from .failures import Trouble
from .points import Step

__all__ = ["explain"]


def explain(trouble: Trouble, steps: Sequence[Step], replay: str) -> str:
    """The report of a failure.

    :param trouble: what went wrong
    :param steps: the steps of the shrunk schedule
    :param replay: the line that replays it
    """
    lines = [f"{trouble.kind}: {type(trouble.error).__name__}: {trouble.error}"]
    if trouble.place:
        lines.append(f"raised in {trouble.place}")
    lines.append("")
    for number, step in enumerate(steps, 1):
        who = step.injected or f"Task-{step.actor}"
        before, after = step.place
        lines.append(f"  {number:3d}  {who:<12} {before} -> {after}")
    lines += ["", f"replay: {replay}"]
    return "\n".join(lines)
