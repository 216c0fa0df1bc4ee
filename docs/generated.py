# ruff: noqa: INP001 - a folder of pages is no package
"""What the pages take from the code, as markdown: statuses, OIDs, scenarios, state diagrams, the command line.

A diagram is a ladder: a column for each state, a row for each event and the state that it leads to, in the order of
the table. Dots mark the states in which the event is legal, so that any table can be drawn without crossing lines.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from html import escape
from textwrap import wrap
from typing import TypeVar

import click

from asyncndis.base import NdisStatus, TransitionTable
from asyncndis.cli.app import app
from asyncndis.memory.states import BUFFER_STATES, PACKET_STATES
from asyncndis.ndis import ADAPTER_STATES, BINDING_STATES, OID_TABLE, REQUEST_STATES, RESET_STATES
from asyncndis.testing.scenarios import SCENARIOS

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)

_COLUMN, _ROW, _TOP, _LINE, _MARGIN = 100, 32, 72, 15, 50
_GAP = 3
_WIDTH = 700  # of a page; a table with many states gets narrow columns


def command_line() -> str:
    """The help of every verb, a section each."""
    top = click.Context(app, info_name="asyncndis", **app.context_settings)
    commands = [(verb, app.get_command(top, verb)) for verb in app.list_commands(top)]
    verbs = [(verb, click.Context(command, top, info_name=verb)) for verb, command in commands if command is not None]
    return "\n".join([_help(top), *(f"## {verb}\n\n{_help(context)}" for verb, context in verbs)])


def _help(context: click.Context) -> str:
    return f"```text\n{context.get_help()}\n```\n"


def statuses() -> str:
    """Every status code with its value and severity."""
    rows = [f"| `{status.name}` | `{status:#010x}` | {status.severity.name.lower()} |" for status in NdisStatus]
    return "\n".join(["| status | value | severity |", "| --- | --- | --- |", *rows])


def oids() -> str:
    """Every OID with its value, and what may be done with it."""
    rows = [
        f"| `{entry.oid.name}` | `{entry.oid:#010x}` | {'query' * entry.queryable} {'set' * entry.settable} "
        f"| {'yes' if entry.mandatory else ''} | {entry.doc} |"
        for entry in OID_TABLE.values()
    ]
    return "\n".join(["| OID | value | | mandatory | |", "| --- | --- | --- | --- | --- |", *rows])


def scenarios() -> str:
    """Every scenario that comes with the package."""
    rows = [f"| `{one.name}` | {one.summary} |" for one in SCENARIOS.values()]
    return "\n".join(["| scenario | |", "| --- | --- |", *rows])


def buffer_states() -> str:
    """The states of a buffer, as a picture."""
    return _ladder(BUFFER_STATES)


def packet_states() -> str:
    """The states of a packet, as a picture."""
    return _ladder(PACKET_STATES)


def adapter_states() -> str:
    """The states of an adapter, as a picture."""
    return _ladder(ADAPTER_STATES)


def binding_states() -> str:
    """The states of a binding, as a picture."""
    return _ladder(BINDING_STATES)


def reset_states() -> str:
    """The states of a reset, as a picture."""
    return _ladder(RESET_STATES)


def request_states() -> str:
    """The states of a request, as a picture."""
    return _ladder(REQUEST_STATES)


def _ladder(table: TransitionTable[S, E]) -> str:
    states = list(dict.fromkeys([before for before, _, _ in table] + [after for _, _, after in table]))
    space = min(_COLUMN, _WIDTH // len(states))
    centre = {state: space * column + space // 2 for column, state in enumerate(states)}
    rows: dict[tuple[E, int], list[int]] = {}
    for before, event, after in table:
        loop = -centre[before] if before is after else 0  # one row each, however many states an event leaves alone
        rows.setdefault((event, loop or centre[after]), []).append(centre[before])
    height = _TOP + _ROW * len(rows) + _LINE
    shapes: list[str] = []
    for state in states:
        shapes += _column(str(state.value), centre[state], space, height, state is table.initial)
    for row, ((event, target), sources) in enumerate(rows.items(), 1):
        draw = _loop if target < 0 else _arrows
        shapes += draw(escape(str(event.value)), abs(target), sources, _TOP + _ROW * row)
    width = space * len(states) + _MARGIN
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    head = f'<svg class="ladder" {size} role="img" aria-label="states of a {table.name}">'
    return "\n".join([head, *shapes, "</svg>", ""])


def _column(name: str, x: int, space: int, height: int, is_initial: bool) -> Iterator[str]:
    lines = wrap(name, space // 7, break_long_words=False)
    width = space - 2 * _GAP
    first = _TOP // 2 - _LINE * (len(lines) - 1) // 2 + 1
    yield f'<line class="life" x1="{x}" y1="{_TOP - 8}" x2="{x}" y2="{height}"/>'
    role = "initial" if is_initial else "state"
    yield f'<rect class="{role}" x="{x - width // 2}" y="4" width="{width}" height="60" rx="6"/>'
    for number, line in enumerate(lines):
        yield f'<text x="{x}" y="{first + _LINE * number}">{escape(line)}</text>'


def _arrows(event: str, target: int, sources: Iterable[int], y: int) -> Iterator[str]:
    ordered = sorted(sources, key=lambda x: abs(x - target))
    sides = [beside for sign in (1, -1) if (beside := [x for x in ordered if (x - target) * sign > 0])]
    for beside in sides:
        back = 8 if beside[0] > target else -8  # from the arrow's tip to its shaft
        yield f'<path class="step" d="M {beside[-1]} {y} H {target + back}"/>'
        yield f'<path class="tip" d="M {target} {y} l {back} -4 v 8 z"/>'
        yield from (f'<circle class="tip" cx="{x}" cy="{y}" r="3.5"/>' for x in beside)
    widest = max((beside[0] for beside in sides), key=lambda x: abs(x - target))
    yield f'<text class="event" x="{(target + widest) // 2}" y="{y - 6}">{event}</text>'


def _loop(event: str, target: int, _sources: Iterable[int], y: int) -> Iterator[str]:
    yield f'<path class="step" d="M {target} {y - 12} h 22 v 12 H {target + 8}"/>'
    yield f'<path class="tip" d="M {target} {y} l 8 -4 v 8 z"/>'
    yield f'<circle class="tip" cx="{target}" cy="{y - 12}" r="3.5"/>'
    yield f'<text class="event aside" x="{target + 28}" y="{y - 2}">{event}</text>'
