"""The vocabulary as reference tables in markdown: a section a family and a row a call, and a row a handler."""

import sys

from .callbacks import MINIPORT_CALLBACKS, PROTOCOL_CALLBACKS, Callback
from .vocabulary import Ddi, families

__all__ = ["render", "render_callbacks"]

_HEAD = """\
| call | awaited | IRQL | rules | object form |
| --- | --- | --- | --- | --- |
"""
_CALLBACK_HEAD = """\
| handler | member, since | returns | IRQL | rules | object form |
| --- | --- | --- | --- | --- | --- |
"""


def render() -> str:
    """The whole vocabulary; the calls are links to their entries, which name the source."""
    return "\n".join(_section(calls) for calls in families().values())


def render_callbacks() -> str:
    """The handlers of miniports and of protocols, in the order of their structures."""
    return "\n".join(
        f"### {title}\n\n{_CALLBACK_HEAD}{''.join(map(_callback_row, callbacks))}"
        for title, callbacks in (
            ("NDIS_MINIPORT_CHARACTERISTICS", MINIPORT_CALLBACKS),
            ("NDIS_PROTOCOL_CHARACTERISTICS", PROTOCOL_CALLBACKS),
        )
    )


def _section(calls: tuple[Ddi, ...]) -> str:
    title, _, _ = (sys.modules[calls[0].function.__module__].__doc__ or "").partition(".")
    return f"## {title}\n\n{_HEAD}{''.join(map(_row, calls))}"


def _row(call: Ddi) -> str:
    cells = (
        f"{{py:func}}`~asyncndis.ddi.{call.name}`",
        "yes" if call.awaited else "",
        call.irql,
        ", ".join(call.rules),
        f"`{call.maps_to}`",
    )
    return f"| {' | '.join(cells)} |\n"


def _callback_row(callback: Callback) -> str:
    major, minor = callback.since
    cells = (
        f"`{callback.signature}`",
        f"`{callback.member}`, {major}.{minor}",
        callback.returns,
        callback.irql,
        ", ".join(callback.rules),
        f"`{callback.maps_to}`",
    )
    return f"| {' | '.join(cells)} |\n"
