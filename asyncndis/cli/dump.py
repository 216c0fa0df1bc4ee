"""``asyncndis dump [NAME]``: a stack in full, as the extension of a kernel debugger prints it."""

import json

import click
from rich.console import Console

from asyncndis.kernel import run
from asyncndis.ndis.snapshots import StackView

from .attach import choose, look
from .debugger import describe
from .traffic import glimpse

__all__ = ["dump"]

_RING = 64


@click.command()
@click.argument("name", required=False)
@click.option("--demo", "of_demo", is_flag=True, help="Dump the machines of the demo, in the middle of their talk.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON: a list of stacks.")
def dump(name: str | None, of_demo: bool, as_json: bool) -> None:
    """Print all that is known of a running stack.

    Adapters with their attributes, filters, pools, packets in flight and lent, requests, timers and interrupts; the
    hardware with its rings and registers; the bindings.

    It can be dumped if its script opens it with open_stack(..., monitor=True). NAME is that of the stack, or the
    number of a process, for all its stacks. Without NAME, all that run are printed.
    """
    if of_demo and name is not None:
        raise click.UsageError("--demo dumps stacks of its own; leave NAME out")
    views = run(glimpse, _RING) if of_demo else _running(name)
    if as_json:
        click.echo(json.dumps(views, indent=2))
        return
    console = Console(highlight=False)
    width = console.width if console.is_terminal else None
    for view in views:
        console.print(describe(view, width), soft_wrap=True)


def _running(name: str | None) -> list[StackView]:
    """Those that are meant, unless they end in the very moment."""
    return [view for monitor in choose(name) if (view := look(monitor, details=True)) is not None]
