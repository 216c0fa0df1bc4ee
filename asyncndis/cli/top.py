"""``asyncndis top [NAME]``: the live view of a stack in another process."""

import json
import time
from collections.abc import Iterator, Sequence

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from asyncndis.ndis.monitoring import Monitor
from asyncndis.ndis.snapshots import StackView

from .attach import choose, look
from .board import board

__all__ = ["top"]

Looks = Iterator[list[StackView]]


@click.command()
@click.argument("name", required=False)
@click.option(
    "--every", default=1.0, show_default=True, type=click.FloatRange(0.05), metavar="SECONDS", help="Between two looks."
)
@click.option("--once", is_flag=True, help="Look twice, for rates, print them, and leave.")
@click.option("--json", "as_json", is_flag=True, help="Print each look as a line of JSON.")
def top(name: str | None, every: float, once: bool, as_json: bool) -> None:
    """Watch a running stack: its layers, rings, pools and rates.

    It can be watched if its script opens it with open_stack(..., monitor=True). NAME is that of the stack, or the
    number of a process, for all its stacks. Without NAME the only one is watched; of several, there is a list.

    Ctrl-C leaves; so does the end of the stack.
    """
    monitors = choose(name)
    if name is None and len(monitors) > 1:
        _list(monitors, as_json=as_json)
        return
    looks = _looks(monitors, every)
    try:
        if as_json:
            _print_json(looks, once=once)
        elif once:
            _print_once(looks)
        else:
            _watch(looks)
    except KeyboardInterrupt:
        return
    if not once:
        click.echo(f"{monitors[0]} has ended", err=True)


def _looks(monitors: Sequence[Monitor], every: float) -> Looks:
    """What they are like now, again and again, until they have ended."""
    while views := [view for monitor in monitors if (view := look(monitor)) is not None]:
        yield views
        time.sleep(every)


def _print_json(looks: Looks, *, once: bool) -> None:
    for views in looks:
        for view in views:
            click.echo(json.dumps(view))
        if once:
            return


def _print_once(looks: Looks) -> None:
    first = next(looks, None)
    if first is not None:
        Console().print(board(next(looks, first), first))


def _watch(looks: Looks) -> None:
    """On a terminal in place; otherwise one below the other."""
    console = Console()
    before: list[StackView] = []
    with Live(console=console, auto_refresh=False) as live:
        for views in looks:
            picture = board(views, before)
            if console.is_terminal:
                live.update(picture, refresh=True)
            else:
                console.print(picture, "")
            before = views


def _list(monitors: Sequence[Monitor], *, as_json: bool) -> None:
    """Those that run, to choose from."""
    views = [(monitor, look(monitor)) for monitor in monitors]
    running = [(monitor, view) for monitor, view in views if view is not None]
    if as_json:
        click.echo(json.dumps([{"name": one.name, "pid": one.pid, "line": view["line"]} for one, view in running]))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("name", style="bold cyan")
    table.add_column("process", justify="right")
    table.add_column("stack", overflow="ellipsis", no_wrap=True)
    for monitor, view in running:
        table.add_row(monitor.name, str(monitor.pid), Text(view["line"]))
    Console().print(table)
    click.echo("\nSeveral stacks run; name one, or a process: asyncndis top NAME", err=True)
