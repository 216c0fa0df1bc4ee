"""``asyncndis rules [ID]``: the rule catalogue, offline."""

import json
import re

import click
from rich import box
from rich.console import Console
from rich.table import Table

from asyncndis.verifier import RULES, Rule, explain, select_rules

from .suggest import unknown

__all__ = ["rules"]


@click.command()
@click.argument("rule", required=False, metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def rules(rule: str | None, as_json: bool) -> None:
    """List the rules of the driver model, or explain one. ID is a rule (POOL-01) or a family (POOL)."""
    if rule is not None:
        rule = re.sub(r"-(\d)$", r"-0\1", rule.upper())  # POOL-1 is POOL-01
    try:
        chosen = select_rules(rule or "all")
    except ValueError as error:
        raise unknown("rule", rule or "", [*RULES, *{known.family for known in RULES.values()}]) from error
    if as_json:
        click.echo(json.dumps([_facts(entry) for entry in chosen], indent=2))
    elif rule is not None and rule in RULES:
        click.echo(explain(rule))
    else:
        _list(chosen)


def _facts(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "statement": rule.statement,
        "remedy": rule.remedy,
        "checked_by": rule.checked_by.value,
        "floor": rule.floor,
        "severity": rule.severity,
        "source": rule.source,
        "microsoft": list(rule.microsoft),
        "note": rule.note,
    }


def _list(chosen: tuple[Rule, ...]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    for column in ("id", "statement", "checked"):
        table.add_column(column)
    for rule in chosen:
        table.add_row(rule.id, rule.statement, rule.checked_by.value)
    Console().print(table)
