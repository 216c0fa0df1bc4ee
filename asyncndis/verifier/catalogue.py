"""All rules by their ids, to be looked up, explained and printed.

Rules are chosen by id ("POOL-01"), by family ("LOCK"), or all together ("all").
"""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from textwrap import indent, wrap
from types import MappingProxyType

from ._examples import EXAMPLES
from ._rules import ALL, FAMILIES
from ._rules.rule import CheckedBy, Rule

__all__ = ["RULES", "explain", "rules_page", "select_rules"]

RULES: Mapping[str, Rule] = MappingProxyType({rule.id: rule for rule in ALL})
"""The catalogue: every rule by its id."""

_WIDTH = 100
_CHECKED = {
    CheckedBy.ALWAYS: "always, by the {floor} floor",
    CheckedBy.VERIFIER: "by the verifier, from the {floor} floor on",
    CheckedBy.NOBODY: "not observable",
}


def select_rules(chosen: str | Iterable[str] = "all") -> tuple[Rule, ...]:
    """The rules that a choice names, in the order of the catalogue.

    :param chosen: "all", an id, a family, or several of these; upper or lower case
    :raises ValueError: for what is no rule
    """
    wanted = {name.upper() for name in ([chosen] if isinstance(chosen, str) else chosen)}
    for name in sorted(wanted - {"ALL", *FAMILIES, *RULES}):
        near = get_close_matches(name, [*RULES, *FAMILIES]) or list(FAMILIES)
        raise ValueError(f"there is no rule {name!r}; near it: {', '.join(near)}")
    return tuple(rule for rule in ALL if wanted & {"ALL", rule.family, rule.id})


def explain(rule_id: str) -> str:
    """One rule in full, to be read in a terminal.

    :param rule_id: upper or lower case
    :raises ValueError: for what is no rule's id
    """
    rule = RULES.get(rule_id.upper())
    if rule is None:
        raise ValueError(f"{rule_id!r} is no rule's id; {', '.join(rule.id for rule in select_rules(rule_id))} are")
    head = "\n".join(wrap(f"{rule.id}  {rule.statement}", _WIDTH))
    rows = "\n".join(_row(what, value) for what, value in _rows(rule))
    examples = (f"{title}:\n\n{indent(code, '    ').rstrip()}" for title, code in _examples(rule))
    return "\n\n".join([head, rows, *examples])


def rules_page() -> str:
    """The catalogue as a page of the documentation, in Markdown."""
    return "\n".join(_page())


def _page() -> Iterator[str]:
    for family, meaning in FAMILIES.items():
        yield f"## {family}: {meaning}\n"
        for rule in select_rules(family):
            yield f"### {rule.id}\n"
            yield f"{rule.statement}\n"
            yield from (f"- **{what}**: {value}" for what, value in _rows(rule))
            yield ""
            for title, code in _examples(rule):
                yield f"{title}:\n\n```py\n{code}```\n"


def _row(what: str, value: str) -> str:
    return "\n".join(wrap(value, _WIDTH, initial_indent=f"  {what:<18}", subsequent_indent=" " * 20))


def _rows(rule: Rule) -> Iterator[tuple[str, str]]:
    yield "way out", rule.remedy
    yield "checked", _CHECKED[rule.checked_by].format(floor=rule.floor)
    if rule.note:
        yield "note", rule.note
    yield "in the original", rule.severity
    yield "read in", rule.source
    if rule.microsoft:
        yield "Microsoft's name", ", ".join(rule.microsoft)


def _examples(rule: Rule) -> Iterator[tuple[str, str]]:
    if rule.id in EXAMPLES:
        yield "This breaks it", EXAMPLES[rule.id].guilty
        yield "This keeps it", EXAMPLES[rule.id].clean
