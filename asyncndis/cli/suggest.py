"""The answer to a name that does not exist: say so, and offer what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

import click

__all__ = ["unknown"]


def unknown(what: str, name: str, known: Iterable[str]) -> click.UsageError:
    """A usage error about an unknown name, with the nearest known ones."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    near = [by_lower[match] for match in get_close_matches(name.lower(), by_lower, n=3, cutoff=0.5)]
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    return click.UsageError(f"no {what} is called {name}{hint}")
