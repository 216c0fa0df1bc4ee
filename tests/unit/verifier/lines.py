"""Finds the line of a test that carries a mark."""

import inspect
from collections.abc import Callable

from asyncndis.base import Site

__all__ = ["line_of", "place_of"]


def line_of(function: Callable[..., object], mark: str) -> tuple[str, int]:
    """File and line of the one line of a function that ends in a comment with this mark."""
    lines, first = inspect.getsourcelines(function)
    (number,) = [number for number, line in enumerate(lines, first) if line.rstrip().endswith(f"# {mark}")]
    return inspect.getfile(function), number


def place_of(site: Site | None) -> tuple[str, int] | None:
    return None if site is None else (site.file, site.line)
