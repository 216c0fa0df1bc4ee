"""What a case of the catalogue is, and how a family registers its own.

A case is a buggy program and its fixed twin, both complete and without arguments. The buggy one passes, or usually
passes, on the event loop as it comes: its docstring says, in one sentence, in which order of steps it fails.
"""

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from asyncndis.torture import FailureKind

Program = Callable[[], Awaitable[None]]
FaultMode = Literal["nth", "sites", "random"]

EXCEPTION = FailureKind.EXCEPTION
VIOLATION = FailureKind.VIOLATION
DEADLOCK = FailureKind.DEADLOCK
LIVELOCK = FailureKind.LIVELOCK
TASKS_LEFT = FailureKind.LEFT
NOT_RETRIEVED = FailureKind.UNRETRIEVED
NOT_AWAITED = FailureKind.NEVER_AWAITED
INVARIANT = FailureKind.INVARIANT
NOT_LINEARIZABLE = FailureKind.NOT_LINEARIZABLE


@dataclass(frozen=True, slots=True)
class Case:
    """A bug and its fixed twin.

    :ivar name: unique in the catalogue
    :ivar family: the module that it is in
    :ivar depth: how many orders between two steps must hold for the bug to show
    :ivar buggy: fails in some order of steps
    :ivar fixed: fails in none
    :ivar kind: of the failure that the explorer is to report
    :ivar cancel: whether it takes a cancellation from outside
    :ivar faults: which faults it takes, if any
    :ivar summary: what goes wrong, in one sentence
    """

    name: str
    family: str
    depth: int
    buggy: Program
    fixed: Program
    kind: FailureKind
    cancel: bool
    faults: FaultMode | None
    summary: str


REGISTERED: list[Case] = []


def bug(
    name: str,
    *,
    fixed: Program,
    depth: int,
    kind: FailureKind = EXCEPTION,
    cancel: bool = False,
    faults: FaultMode | None = None,
) -> Callable[[Program], Program]:
    """Register the decorated program as a bug; its docstring is the summary, its module the family."""

    def register(buggy: Program) -> Program:
        family = buggy.__module__.rpartition(".")[2]
        summary = inspect.getdoc(buggy) or ""
        REGISTERED.append(Case(name, family, depth, buggy, fixed, kind, cancel, faults, summary))
        return buggy

    return register
