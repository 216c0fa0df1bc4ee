"""The verifier: a probe that holds each call against the rules.

For each NDIS call there is a plan, made once: the levels at which the call is legal, the rule that asks for no held
lock, and the checks that want to hear of it. What nobody wants to hear of costs one look into a dictionary.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from asyncndis.base import Probe, RuleViolation
from asyncndis.base.context import ProcessorView, raised_processor, running_context

from .callers import HANDLERS, Callers
from .findings import Findings
from .levels import LEVELS, Levels, rule_of
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

__all__ = ["Verifier"]

Check = Callable[..., None]


class _Plan(NamedTuple):
    """What there is to check about one NDIS call, or one call of a handler.

    :ivar levels: at which the call is legal; None for handlers, whom NDIS calls
    :ivar lock_rule: the rule that asks for no held lock
    :ivar checks: what wants to hear of it
    :ivar is_handler: whether it is a call of a handler
    """

    levels: Levels | None
    lock_rule: str | None
    checks: tuple[Check, ...]
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
        watches: list[Any] = [self._locks, PoolWatch(reports), MemoryWatch(reports), PacketWatch(reports)]
        if rules & RequestWatch.rules:
            watches.append(RequestWatch(reports))
        watches += [
            watch(reports, callers) for watch in (OwnerWatch, LifeWatch, SendWatch, ReceiveWatch) if rules & watch.rules
        ]
        self._watches = watches
        before, after = _together(*(watch.before for watch in watches)), _together(*(watch.after for watch in watches))
        self._plans = {
            operation: _Plan(
                LEVELS.get(operation), LOCK_FREE.get(operation), before.get(operation, ()), operation in HANDLERS
            )
            for operation in {*LEVELS, *HANDLERS, *before}
        }
        for handler in HANDLERS:
            after[handler] = (*after.get(handler, ()), callers.leave)
        self._followers = after
        self.findings: Findings = reports.findings

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        """Check the caller's level and locks, then what this call may break."""
        plan = self._plans.get(operation)
        if plan is None:
            return
        if plan.levels is not None:
            processor = raised_processor()
            if processor is not None:
                self._check_caller(operation, plan, subject, processor)
        for check in plan.checks:
            check(subject, *arguments)
        if plan.is_handler:
            self._callers.enter(operation, subject)

    def after(self, operation: str, subject: object, *arguments: object) -> None:
        """Note what has happened."""
        for check in self._followers.get(operation, ()):
            check(subject, *arguments)

    def violated(self, violation: Exception) -> None:
        """Note what an object has found out by itself, whether or not its caller swallows it."""
        if isinstance(violation, RuleViolation):
            self._reports.note(violation)

    def finish(self) -> None:
        """End the run: what is still held, open or lost now is a finding. Nothing is checked afterwards."""
        self._plans = {}
        self._followers = {}
        for watch in self._watches:
            if hasattr(watch, "finish"):
                watch.finish()

    def settle(self) -> None:
        """Raise the first violation for which there was nobody to raise at, where violations are raised."""
        self._reports.settle()

    def _check_caller(self, operation: str, plan: _Plan, subject: object, processor: ProcessorView) -> None:
        assert plan.levels is not None
        if processor.irql > plan.levels.highest:
            self._reports.report(
                rule_of(operation, processor.irql),
                f"{processor.name} calls {operation} at {running_context().irql_name(processor.irql)}; "
                f"move it to where the level is {plan.levels.words}",
                subject,
            )
        if plan.lock_rule is not None and processor.held_locks:
            names = ", ".join(lock.name for lock in processor.held_locks)
            self._reports.report(
                plan.lock_rule,
                f"{processor.name} calls {operation} while it holds {names}; release every spin lock first",
                subject,
                other=self._locks.since(processor),
            )


def _together(*maps: Mapping[str, Check]) -> dict[str, tuple[Check, ...]]:
    """For each operation, the checks of all watches."""
    checks: dict[str, tuple[Check, ...]] = {}
    for one in maps:
        for operation, check in one.items():
            checks[operation] = (*checks.get(operation, ()), check)
    return checks
