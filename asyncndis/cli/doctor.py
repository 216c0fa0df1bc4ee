"""``asyncndis doctor``: what this machine allows, and the remedy for each lack."""

import json
from dataclasses import asdict

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .checkup import Check, checkup
from .figures import plural

__all__ = ["doctor"]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Tell what this machine allows: TAP devices, namespaces, offloads, event loops, tools.

    Each thing is tried, and nothing is left behind. The exit status is 1 where real traffic lacks something that it
    needs; what is only convenient does not count.
    """
    checks = checkup()
    lacking = [check for check in checks if check.is_needed and not check.is_fine]
    if as_json:
        click.echo(json.dumps({"is_ready": not lacking, "checks": [asdict(check) for check in checks]}, indent=2))
    else:
        console = Console()
        console.print(_table(checks))
        console.print(_verdict(lacking), soft_wrap=True)
    ctx.exit(1 if lacking else 0)


def _table(checks: list[Check]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    table.add_column("what")
    table.add_column("found", overflow="fold")
    table.add_column("remedy", overflow="fold")
    for check in checks:
        mark = ("ok", "green") if check.is_fine else ("LACKS", "red") if check.is_needed else ("-", "yellow")
        table.add_row(Text(*mark), check.what, Text(check.found), Text(check.remedy))
    return table


def _verdict(lacking: list[Check]) -> str:
    if not lacking:
        return "Real traffic can begin: see the how-to 'First real ping'."
    names = ", ".join(check.what for check in lacking)
    return f"Real traffic lacks {plural(len(lacking), 'thing')}: {names}. Simulated hardware needs none of this."
