"""The tables that the verbs print."""

from collections.abc import Mapping

from rich import box
from rich.table import Table
from rich.text import Text

__all__ = ["facts", "ranking"]

_NAME_WIDTH, _VALUE_WIDTH = 24, 24  # so that tables below each other line up


def facts(title: str, rows: Mapping[str, str]) -> Table:
    """Names and values, one pair a line."""
    table = Table(title=Text(title, style="italic"), title_justify="left", box=box.SIMPLE_HEAD, show_header=False)
    table.add_column(min_width=_NAME_WIDTH)
    table.add_column(min_width=_VALUE_WIDTH, justify="right", overflow="fold")
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def ranking(what: str, counts: Mapping[str, int]) -> Table:
    """Counts of things, in the order given."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column(what)
    table.add_column("count", justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}")
    return table
