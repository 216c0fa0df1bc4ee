"""The verifier: a probe that holds each call against the rules.

For each NDIS call there is a plan, made once: the levels at which the call is legal, the rule that asks for no held
lock, and the checks that want to hear of it. What nobody wants to hear of costs one look into a dictionary.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from asyncndis.base import Probe, RuleViolation
from asyncndis.base.context import raised_processor, raised_processors, running_context

from .callers import HANDLERS, Callers
from .findings import Findings
from .levels import LEVELS, rule_of
from .lives import LifeWatch
from .lockfree import LOCK_FREE
from .locks import LockWatch
from .memories import MemoryWatch
from .owners import OwnerWatch
from .packets import PacketWatch
from .pools import PoolWatch
from .receives import ReceiveWatch
from .reports import Reports
from .requests import RequestWatch
from .sends import SendWatch
from .watch import Check, Checks, Guarded, Wanted, Watch, WhileAny, together

__all__ = ["Verifier"]

_ANY_LEVEL = 31
_WATCHED = frozenset({*LEVELS, *HANDLERS})


class _Plan(NamedTuple):
    """What there is to check about one NDIS call, or one call of a handler.

    :ivar highest: the highest level at which the call is legal
    :ivar is_lock_free: whether it is made with no lock held
    :ivar guarded: what wants to hear of it for some subjects
    :ivar while_any: what wants to hear of it at some times
    :ivar always: what wants to hear of it in any case
    :ivar is_handler: whether it is a call of a handler
    """

    highest: int
    is_lock_free: bool
    guarded: tuple[Guarded, ...]
    while_any: tuple[WhileAny, ...]
    always: tuple[Check, ...]
    is_handler: bool


class Verifier(Probe):
    """Watches the objects that are made while it observes.

    :param rules: the ids of the rules to check
    :param raises: whether a violation is raised at the guilty call, besides being noted
    :ivar findings: what it found
    """

    def __init__(self, rules: frozenset[str], *, raises: bool) -> None:
        self._reports = reports = Reports(rules, raises=raises)
        self._callers = callers = Callers()
        self._locks = LockWatch(reports)
        plain = (PoolWatch, MemoryWatch, PacketWatch, RequestWatch)
        knowing_callers = (OwnerWatch, LifeWatch, SendWatch, ReceiveWatch)
        self._watches: list[Watch] = [self._locks]
        self._watches += [watch(reports) for watch in plain if rules & watch.rules]
        self._watches += [watch(reports, callers) for watch in knowing_callers if rules & watch.rules]
        self._plans = _Plans([watch.before for watch in self._watches], _WATCHED)
        self._followers = _Plans([watch.after for watch in self._watches], _WATCHED)
        self.findings: Findings = reports.findings

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        """Check the caller's level and locks, then what this call may break."""
        plan = self._plans[operation]
        if plan is None:
            return
        highest, is_lock_free, guarded, while_any, always, is_handler = plan
        if highest < _ANY_LEVEL:
            for processor in raised_processors.values():  # perhaps another's: a quick look first
                if processor.irql > highest or (is_lock_free and processor.top is not None):
                    self._check_caller(operation, subject)
                    break
        for container, check in guarded:
            if subject in container:
                check(subject, *arguments)
        for container, check in while_any:
            if container:
                check(subject, *arguments)
        for check in always:
            check(subject, *arguments)
        if is_handler:
            self._callers.enter(operation, subject)

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        """Note what has happened."""
        plan = self._followers[operation]
        if plan is None:
            return
        _, _, guarded, while_any, always, is_handler = plan
        for container, check in guarded:
            if subject in container:
                check(subject, *arguments)
        for container, check in while_any:
            if container:
                check(subject, *arguments)
        for check in always:
            check(subject, *arguments)
        if is_handler:
            self._callers.leave(operation, subject)

    def violated(self, violation: Exception) -> None:
        """Note what an object has found out by itself, whether or not its caller swallows it."""
        if isinstance(violation, RuleViolation):
            self._reports.note(violation)

    def finish(self) -> None:
        """End the run: what is still held, open or lost now is a finding. Nothing is checked afterwards."""
        self._plans = _Plans()
        self._followers = _Plans()
        for watch in self._watches:
            watch.finish()

    def settle(self) -> None:
        """Raise the first violation for which there was nobody to raise at, where violations are raised."""
        self._reports.settle()

    def _check_caller(self, operation: str, subject: object) -> None:
        processor, levels = raised_processor(), LEVELS.get(operation)
        if processor is None or levels is None:
            return
        if processor.irql > levels.highest:
            self._reports.report(
                rule_of(operation, processor.irql),
                f"{processor.name} calls {operation} at {running_context().irql_name(processor.irql)}; "
                f"move it to where the level is {levels.words}",
                subject,
            )
        if operation in LOCK_FREE and processor.held_locks:
            names = ", ".join(lock.name for lock in processor.held_locks)
            self._reports.report(
                LOCK_FREE[operation],
                f"{processor.name} calls {operation} while it holds {names}; release every spin lock first",
                subject,
                other=self._locks.since(processor),
            )


class _Plans(dict[str, _Plan | None]):
    """The plan of each call that has a level, is a handler's, or is watched; made when the call is first met.

    :param maps: the checks of each watch, by call
    :param watched: the calls that have a plan in any case
    """

    def __init__(self, maps: Iterable[Mapping[str, Wanted]] = (), watched: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._maps = tuple(maps)
        self._watched = watched

    def __missing__(self, operation: str) -> _Plan | None:
        checks = together(wanted for one in self._maps if (wanted := one.get(operation)) is not None)
        has_plan = operation in self._watched or checks != Checks()
        plan = self[operation] = _plan_of(operation, *checks) if has_plan else None
        return plan


def _plan_of(
    operation: str, guarded: tuple[Guarded, ...], while_any: tuple[WhileAny, ...], always: tuple[Check, ...]
) -> _Plan:
    levels = LEVELS.get(operation)
    highest = _ANY_LEVEL if levels is None else levels.highest
    if operation in LOCK_FREE:
        highest = min(highest, _ANY_LEVEL - 1)  # so that somebody looks
    return _Plan(highest, operation in LOCK_FREE, guarded, while_any, always, operation in HANDLERS)
