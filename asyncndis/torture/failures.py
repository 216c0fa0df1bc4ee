"""What counts as a failure, and how two failures are told to be the same."""

import traceback
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from .sources import is_program

__all__ = ["FailureKind", "InvariantBroken", "Trouble", "trouble_of"]


class FailureKind(StrEnum):
    """The kinds of failure that the explorer knows."""

    EXCEPTION = "exception"
    """The program raised, or a failed assertion ended it."""
    VIOLATION = "rule violation"
    """A rule of the driver model was broken."""
    DEADLOCK = "deadlock"
    """Nobody is ready, no timer is set, and the program is not over."""
    LIVELOCK = "livelock"
    """Steps without end: the bound of steps was reached."""
    STARVATION = "starvation"
    """The bound of steps was reached while others kept overtaking a task that waits."""
    LEFT = "tasks left"
    """The program is over and tasks are not."""
    UNRETRIEVED = "exception never retrieved"
    """A task or a callback failed, and nobody asked."""
    NEVER_AWAITED = "coroutine never awaited"
    """A coroutine was made and thrown away."""
    INVARIANT = "invariant broken"
    """What ``always`` or ``eventually`` promised does not hold."""
    NOT_LINEARIZABLE = "not linearizable"
    """The history of a shared object has no sequential explanation."""


class InvariantBroken(AssertionError):
    """What a program declared with ``always`` or ``eventually`` does not hold."""

    failure_kind = FailureKind.INVARIANT


@dataclass(frozen=True)
class Trouble:
    """What went wrong in one run.

    :ivar kind: which kind of failure it is
    :ivar error: the exception; for a deadlock and its like one that says what was found
    :ivar place: the program's line where it was raised, as ``function (file:line)``; empty where there is no such place
    """

    kind: FailureKind
    error: BaseException
    place: str = ""

    @property
    def identity(self) -> tuple[FailureKind, str, str]:
        """Two runs fail in the same way if this is equal."""
        return self.kind, type(innermost(self.error)).__name__, self.place


def innermost(error: BaseException) -> BaseException:
    """The first error that is no group."""
    while members := _members(error):
        error = members[0]
    return error


def trouble_of(error: BaseException, kind: FailureKind = FailureKind.EXCEPTION) -> Trouble:
    """The trouble that an exception means; its class may know better than ``kind`` (attribute ``failure_kind``).

    :param error: what was raised
    :param kind: what it is otherwise
    """
    inner = innermost(error)
    found = getattr(type(inner), "failure_kind", None)
    frames = traceback.extract_tb(inner.__traceback__)
    raised_in = next(
        (frame for frame in reversed(frames) if is_program(frame.filename)), frames[-1] if frames else None
    )
    place = "" if raised_in is None else f"{raised_in.name} ({raised_in.filename}:{raised_in.lineno})"
    return Trouble(FailureKind(found) if found is not None else kind, _only(error), place)


def _only(error: BaseException) -> BaseException:
    """The one error that a group of one holds; groups of more stay as they are."""
    while len(members := _members(error)) == 1:
        error = members[0]
    return error


def _members(error: BaseException) -> tuple[BaseException, ...]:
    """The errors of a group; none of another error."""
    return cast("BaseExceptionGroup[BaseException]", error).exceptions if isinstance(error, BaseExceptionGroup) else ()
