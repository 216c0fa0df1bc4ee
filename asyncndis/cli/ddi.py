"""``asyncndis ddi [NAME]``: the NDIS calls of the model, and what is known of each."""

import inspect
import json

import click
from rich import box
from rich.console import Console
from rich.table import Table

from asyncndis.ddi import Ddi, families, lookup

from .suggest import unknown

__all__ = ["ddi"]


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def ddi(name: str | None, as_json: bool) -> None:
    """List the NDIS calls, or show one: its object form, IRQL and rules. NAME may be a part of a name."""
    calls = [call for family in families().values() for call in family]
    if name is not None:
        calls = [call for call in calls if name.lower() in call.name.lower()]
        exact = [call for call in calls if call.name.lower() == name.lower()]
        calls = exact or calls
        if not calls:
            raise unknown("NDIS call", name, [call.name for family in families().values() for call in family])
    if as_json:
        click.echo(json.dumps([_facts(call) for call in calls], indent=2))
    elif name is not None and len(calls) == 1:
        _show(lookup(calls[0].name))
    else:
        _list(calls)


def _facts(call: Ddi) -> dict[str, object]:
    return {
        "name": call.name,
        "signature": call.signature,
        "awaited": call.awaited,
        "object_form": call.maps_to,
        "irql": call.irql,
        "rules": list(call.rules),
        "page": call.page,
        "family": call.family,
    }


def _show(call: Ddi) -> None:
    click.echo(call.signature)
    click.echo()
    click.echo(inspect.getdoc(call.function))


def _list(calls: list[Ddi]) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("call", no_wrap=True)
    table.add_column("object form", overflow="fold")
    table.add_column("IRQL")
    for call in calls:
        table.add_row(call.name, call.maps_to, call.irql)
    Console().print(table)
