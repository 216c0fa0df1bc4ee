"""Where torture and the model meet: what an explorer may do to a program's driver objects, and what it must find.

An exposed program yields to the scheduler at every awaited call of the model, also where it would not wait; each
operation that can fail for lack of resources may fail; each step tells which objects it touched; all rules are checked;
and when the program is over nothing may be left behind. A program that ends with the very refusal it was dealt is fine,
and so is a scenario that was refused something, and then sees other numbers than it wanted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import cast

from asyncndis.base import NdisError, Probe, RuleViolation, caller_site, observe
from asyncndis.torture import Failure, Result, explore, fault, injects_faults, touch
from asyncndis.verifier import verify

from .invariants import CheckFailed, no_leaks

__all__ = ["Exposed", "cancel_everywhere", "exposed", "fail_every_allocation"]

Program = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Exposed:
    """A program whose driver objects an explorer can see and refuse; picklable if the program is.

    :ivar program: an async callable without arguments
    :ivar rules: the rules to check: "all", ids or families, separated by commas
    """

    program: Program
    rules: str = "all"

    @property
    def __wrapped__(self) -> Program:
        """By this a replay string knows the program again."""
        return self.program

    async def __call__(self) -> None:
        """Run it once. IRQL: PASSIVE.

        :raises RuleViolation: a driver broke a rule
        :raises AssertionError: something was left behind, or the program's own checks failed
        """
        probe = _RefusingProbe() if injects_faults() else _ExplorerProbe()
        with ExitStack() as stack:
            stack.enter_context(no_leaks())
            stack.enter_context(observe(probe))
            if self.rules:
                stack.enter_context(verify(self.rules.split(","), raises=True))
            try:
                await self.program()
            except BaseException as error:
                cause = next(_violations(error), None)
                if cause is not None and cause is not error:
                    raise cause from None  # what was raised on the way out is what it led to
                if not (probe.has_refused and _is_refusal(error)):
                    raise


def exposed(program: Program, *, rules: str = "all") -> Exposed:
    """Expose a program's driver objects to the explorer: ``explore(exposed(program), cancel=True)``.

    :param program: an async callable without arguments that makes what it needs
    :param rules: the rules to check: "all", ids or families, separated by commas; "" for none
    """
    return Exposed(program, rules)


class _ExplorerProbe(Probe):
    """Lets the explorer step in, and see what is touched."""

    has_refused = False

    def __init__(self) -> None:
        self.preempt = _give_way

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        """Tell that the object was touched."""
        touch(subject)


async def _give_way(_operation: str, _subject: object) -> None:
    """Let others run before an awaited call."""
    await asyncio.sleep(0)


class _RefusingProbe(_ExplorerProbe):
    """Lets the explorer refuse operations, too."""

    def fails(self, operation: str, subject: object) -> bool:
        """Let the explorer refuse an operation; a site is the call and its place in the driver."""
        if not fault(f"{operation} at {caller_site()}"):
            return False
        self.has_refused = True
        return True


def _violations(error: BaseException | None) -> Iterator[RuleViolation]:
    """The broken rules that an error tells of, the oldest first."""
    if error is None:
        return
    yield from _violations(error.__context__)
    for one in _members(error):
        yield from _violations(one)
    if isinstance(error, RuleViolation):
        yield error


def _is_refusal(error: BaseException) -> bool:
    """Whether an error says no more than that the environment refused, or what came of that."""
    members = _members(error)
    return all(map(_is_refusal, members)) if members else isinstance(error, NdisError | CheckFailed)


def _members(error: BaseException) -> tuple[BaseException, ...]:
    """The errors of a group; none of another error."""
    return cast("BaseExceptionGroup[BaseException]", error).exceptions if isinstance(error, BaseExceptionGroup) else ()


def cancel_everywhere(program: Program, *, schedules: int = 10_000) -> int:
    """Cancel each task of a program at each of its awaits, one per run, and see that nothing breaks.

    Natively and by anyio scope; timers also fire early. A program for drivers is given ``exposed``.

    :param program: an async callable without arguments; a fresh run per call
    :param schedules: how many runs it may take
    :returns: how many places were struck
    :raises BaseException: what the first failing run raised, with the report as a note
    :raises RuntimeError: there are more places than ``schedules``
    """
    result = _passing(explore(program, strategy="each", schedules=schedules, cancel=True), schedules)
    return result.schedules - 1


def fail_every_allocation(program: Program, *, schedules: int = 10_000) -> int:
    """Let the n-th operation that can fail do so, for n = 1, 2, ... until a run passes without one.

    :param program: an async callable without arguments, usually ``exposed(...)``
    :param schedules: how many runs it may take
    :returns: how many operations were made to fail
    :raises BaseException: what the first failing run raised, with the report as a note
    :raises RuntimeError: there are more operations than ``schedules``
    """
    result = _passing(explore(program, strategy="each", schedules=schedules, faults="nth"), schedules)
    return result.schedules - 1


def _passing(result: Result, schedules: int) -> Result:
    failure: Failure | None = result.failure
    if failure is not None:
        failure.error.add_note(f"\n{failure.report()}")
        raise failure.error
    if not result.exhausted:
        raise RuntimeError(f"{schedules} runs were not enough to strike everywhere: give more schedules")
    return result
