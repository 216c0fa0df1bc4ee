"""What a verified run found: broken rules, each with the guilty line and the line it disagrees with.

The same rule broken again by the same two lines is counted, not listed again: a fault in a loop is one finding.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload
from weakref import WeakSet

from asyncndis.base import RuleViolation, Site

from .catalogue import RULES

__all__ = ["Finding", "Findings"]


@dataclass(slots=True)
class Finding:
    """A broken rule.

    :ivar rule: the rule's id
    :ivar message: who did what, then the way out
    :ivar site: the guilty line
    :ivar other: the earlier line that it disagrees with, or None
    :ivar subject: the object that it is about, or None
    :ivar times: how often these two lines broke the rule
    """

    rule: str
    message: str
    site: Site
    other: Site | None
    subject: object
    times: int = 1

    def __str__(self) -> str:
        lines = [f"{self.rule}: {self.message}", f"  at      {self.site}"]
        if self.other is not None:
            lines.append(f"  earlier {self.other}")
        if self.rule in RULES:
            rule = RULES[self.rule]
            lines.append(f"  rule    {rule.statement}")
            lines.append(f"  breaks  {rule.severity}; read in: {rule.source}")
            lines.append(f"  way out {rule.remedy}")
        if self.times > 1:
            lines.append(f"  seen    {self.times} times")
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """The finding in plain values."""
        return {
            "rule": self.rule,
            "message": self.message,
            "site": _place(self.site),
            "other": None if self.other is None else _place(self.other),
            "subject": None if self.subject is None else repr(self.subject),
            "times": self.times,
        }


class Findings(Sequence[Finding]):
    """The findings of a run, in the order in which they were made; empty, and false, where all is well."""

    def __init__(self) -> None:
        self._findings: dict[tuple[str, Site, Site | None], Finding] = {}
        self._seen: WeakSet[RuleViolation] = WeakSet()

    def __len__(self) -> int:
        return len(self._findings)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._findings.values())

    @overload
    def __getitem__(self, index: int) -> Finding: ...

    @overload
    def __getitem__(self, index: slice) -> list[Finding]: ...

    def __getitem__(self, index: int | slice) -> Finding | list[Finding]:
        return list(self._findings.values())[index]

    def __repr__(self) -> str:
        return f"<Findings {', '.join(self.rules) or 'none'}>"

    @property
    def rules(self) -> tuple[str, ...]:
        """The ids of the broken rules, each once, in the order of their first finding."""
        return tuple(dict.fromkeys(finding.rule for finding in self))

    def add(self, violation: RuleViolation) -> None:
        """Note a violation; one that was noted before, as the same object, is the same finding."""
        if violation in self._seen:
            return
        self._seen.add(violation)
        key = (violation.rule, violation.site, violation.other)
        found = self._findings.get(key)
        if found is not None:
            found.times += 1
            return
        self._findings[key] = Finding(
            violation.rule, violation.message, violation.site, violation.other, violation.subject
        )

    def report(self) -> str:
        """All findings, to be read by people."""
        if not self:
            return "no rule was broken"
        count = "1 finding" if len(self) == 1 else f"{len(self)} findings"
        return "\n\n".join([count, *map(str, self)])

    def to_json(self) -> list[dict[str, object]]:
        """All findings in plain values, for ``--json``."""
        return [finding.to_json() for finding in self]


def _place(site: Site) -> dict[str, object]:
    return {"file": site.file, "line": site.line, "function": site.function}
