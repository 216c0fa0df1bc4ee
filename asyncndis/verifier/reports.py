"""How a check speaks: it reports, and the reports decide whether that is noted only or raised on the spot."""

from asyncndis.base import RuleViolation, Site

from .findings import Findings

__all__ = ["Reports"]


class Reports:
    """Takes what the checks find.

    :param rules: the ids of the rules that are wanted; others are passed over
    :param raises: whether a violation is raised where it is found, besides being noted
    """

    def __init__(self, rules: frozenset[str], *, raises: bool) -> None:
        self.findings = Findings()
        self.raises = raises
        self._rules = rules
        self._late: RuleViolation | None = None

    def note(self, violation: RuleViolation) -> None:
        """Take a violation that somebody has seen; the same one again says nothing new."""
        if violation.rule in self._rules:
            self.findings.add(violation)

    def report(
        self, rule: str, message: str, subject: object, *, site: Site | None = None, other: Site | None = None
    ) -> None:
        """Report a rule that the current call breaks; the guilty line is the caller's unless another is given."""
        if rule in self._rules:
            violation = RuleViolation(rule, message, subject, site=site, other=other)
            self.note(violation)
            if self.raises:
                raise violation

    def report_late(
        self, rule: str, message: str, subject: object, site: Site, other: Site | None = None
    ) -> RuleViolation | None:
        """Report a rule that an earlier line broke, where nobody stands who could be raised at.

        :returns: what is to be raised as soon as somebody does; None where nothing is raised
        """
        if rule not in self._rules:
            return None
        violation = RuleViolation(rule, message, subject, site=site, other=other)
        self.note(violation)
        if not self.raises:
            return None
        self._late = self._late or violation
        return violation

    def settle(self) -> None:
        """At the end of a run, raise the first violation for which there was nobody to raise at."""
        if self._late is not None:
            raise self._late
