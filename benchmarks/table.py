"""A table as Markdown that reads as well in a terminal, and its place in a page."""

from collections.abc import Iterable, Sequence
from pathlib import Path

__all__ = ["markdown", "put_between_marks"]


def markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table with its columns in line."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    rule = ["-" * width for width in widths]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
        for line in (head, rule, *lines[1:])
    )


def put_between_marks(page: Path, name: str, text: str) -> None:
    """Put a text between the marks of that name in a page.

    :raises ValueError: when the page has no such marks
    """
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    before, found, rest = page.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} has no place for {name}: it needs {begin} and {end}")
    page.write_text(f"{before}{begin}\n\n{text}\n\n{end}{after}")
