"""The verifier: a probe that holds each call against the rules.

For each NDIS call there is a plan, made once: the levels at which the call is legal, the rule that asks for no held
lock, and the checks that want to hear of it. What nobody wants to hear of costs one look into a dictionary.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from asyncndis.base import Probe, RuleViolation
from asyncndis.base.context import ProcessorView, raised_processor, running_context

from .findings import Findings
from .levels import LEVELS, Levels, rule_of
from .lockfree import LOCK_FREE
from .locks import LockWatch
from .memories import MemoryWatch
from .packets import PacketWatch
from .pools import PoolWatch
from .reports import Reports

__all__ = ["Verifier"]

Check = Callable[..., None]


@dataclass(slots=True)
class _Plan:
    """What there is to check about one NDIS call."""

    operation: str
    levels: Levels
    lock_rule: str | None
    checks: list[Check] = field(default_factory=list[Check])


class Verifier(Probe):
    """Watches the objects that are made while it observes.

    :param rules: the ids of the rules to check
    :param raises: whether a violation is raised at the guilty call, besides being noted
    :ivar findings: what it found
    """

    def __init__(self, rules: frozenset[str], *, raises: bool) -> None:
        self._reports = Reports(rules, raises=raises)
        self._locks = LockWatch(self._reports)
        self._pools = PoolWatch(self._reports)
        self._memory = MemoryWatch(self._reports)
        self._plans = {call: _Plan(call, levels, LOCK_FREE.get(call)) for call, levels in LEVELS.items()}
        self._followers: dict[str, list[Check]] = {}
        for watch in (self._locks, self._pools, self._memory, PacketWatch(self._reports)):
            for operation, check in watch.before.items():
                self._plans[operation].checks.append(check)
            for operation, check in watch.after.items():
                self._followers.setdefault(operation, []).append(check)
        self.findings: Findings = self._reports.findings

    def before(self, operation: str, subject: object, *arguments: object) -> None:
        """Check the caller's level and locks, then what this call may break."""
        plan = self._plans.get(operation)
        if plan is None:
            return
        processor = raised_processor()
        if processor is not None:
            self._check_caller(plan, subject, processor)
        for check in plan.checks:
            check(subject, *arguments)

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
        self._locks.finish()
        self._pools.finish()
        self._memory.finish()

    def settle(self) -> None:
        """Raise the first violation for which there was nobody to raise at, where violations are raised."""
        self._reports.settle()

    def _check_caller(self, plan: _Plan, subject: object, processor: ProcessorView) -> None:
        if processor.irql > plan.levels.highest:
            self._reports.report(
                rule_of(plan.operation, processor.irql),
                f"{processor.name} calls {plan.operation} at {running_context().irql_name(processor.irql)}; "
                f"move it to where the level is {plan.levels.words}",
                subject,
            )
        if plan.lock_rule is not None and processor.held_locks:
            names = ", ".join(lock.name for lock in processor.held_locks)
            self._reports.report(
                plan.lock_rule,
                f"{processor.name} calls {plan.operation} while it holds {names}; release every spin lock first",
                subject,
                other=self._locks.since(processor),
            )
