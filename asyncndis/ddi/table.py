"""The vocabulary as a reference table in markdown: one section a family, one row a call, for the documentation."""

import sys

from .vocabulary import Ddi, families

__all__ = ["render"]

_HEAD = """\
| call | awaited | IRQL | rules | object form |
| --- | --- | --- | --- | --- |
"""


def render() -> str:
    """The whole vocabulary; the calls are links to their entries, which name the source."""
    return "\n".join(_section(calls) for calls in families().values())


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
