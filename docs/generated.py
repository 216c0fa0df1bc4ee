# ruff: noqa: INP001 - a folder of pages is no package
"""What the pages take from the code, as markdown: state diagrams and the help of the command line.

A diagram is a ladder: a column for each state, a row for each step, in the order of the table it is drawn from.
"""

from collections.abc import Iterator
from enum import Enum
from html import escape
from typing import TypeVar

import click

from asyncndis.base import TransitionTable
from asyncndis.cli.app import app

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)

_COLUMN, _ROW, _TOP, _MARGIN = 150, 34, 46, 50


def command_line() -> str:
    """The help of every verb, a section each."""
    top = click.Context(app, info_name="asyncndis")
    verbs = [(verb, click.Context(command, top, info_name=verb)) for verb, command in sorted(app.commands.items())]
    return "\n".join([_help(top), *(f"## {verb}\n\n{_help(context)}" for verb, context in verbs)])


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


def ladder(table: TransitionTable[S, E]) -> str:
    """A transition table as a picture."""
    steps = list(table)
    states = list(dict.fromkeys(state for before, _, after in steps for state in (before, after)))
    centre = {state: _COLUMN * column + _COLUMN // 2 for column, state in enumerate(states)}
    width, height = _COLUMN * len(states) + _MARGIN, _TOP + _ROW * len(steps) + 12
    shapes: list[str] = []
    for state in states:
        shapes += _column(state.value, centre[state], height, state is table.initial)
    for row, (before, event, after) in enumerate(steps, 1):
        shapes += _step(event.value, centre[before], centre[after], _TOP + _ROW * row)
    head = f'<svg class="ladder" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(table.name)}">'
    return "\n".join([head, *shapes, "</svg>", ""])


def _column(name: str, x: int, height: int, is_initial: bool) -> Iterator[str]:
    yield f'<line class="life" x1="{x}" y1="{_TOP - 10}" x2="{x}" y2="{height}"/>'
    yield f'<rect class="{"initial" if is_initial else "state"}" x="{x - 65}" y="6" width="130" height="30" rx="6"/>'
    yield f'<text x="{x}" y="26">{escape(name)}</text>'


def _step(event: str, start: int, end: int, y: int) -> Iterator[str]:
    back = -8 if end > start else 8  # from the arrow's tip to its shaft
    shaft = f"M {start} {y - 12} h 24 v 12" if end == start else f"M {start} {y}"
    yield f'<path class="step" d="{shaft} H {end + back}"/>'
    yield f'<path class="tip" d="M {end} {y} l {back} -4 v 8 z"/>'
    if end == start:
        yield f'<text class="event aside" x="{start + 30}" y="{y - 1}">{escape(event)}</text>'
    else:
        yield f'<text class="event" x="{(start + end) // 2}" y="{y - 5}">{escape(event)}</text>'
