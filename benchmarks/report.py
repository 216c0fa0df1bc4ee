"""A run as text, as a file, and as a part of the documentation."""

import json
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from .results import Row, Verdict
from .table import markdown, put_between_marks

__all__ = ["environment", "publish", "summary", "write_json"]

PACKAGES = (
    *("anyio", "trio", "uvloop", "aiologic", "psycopg-pool", "simloom", "simloop", "seedloop", "frontrun"),
    *("scapy", "python-pytuntap"),
)
MARKS = {
    Verdict.STRETCH: "★",
    Verdict.GOAL: "✓",
    Verdict.MISSED: "✗",
    Verdict.NO_GOAL: "",
    Verdict.NOT_INSTALLED: "peer not installed",
}


def environment() -> dict[str, str]:
    """Where the figures come from."""
    return {
        platform.python_implementation(): platform.python_version(),
        "loop": "asyncio",
        "system": f"{platform.system()} {platform.machine()}",
        **{package: _version(package) for package in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def summary(rows: Sequence[Row]) -> str:
    """How many rows came out how."""
    counts = {verdict: sum(row.verdict is verdict for row in rows) for verdict in Verdict}
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)


def write_json(file: Path, suite: str, rows: Iterable[Row]) -> None:
    """Keep a run for :func:`publish`, or for other eyes."""
    found = [
        {
            "what": row.subject,
            "against": row.against,
            "goal": row.goal_text,
            "measured": row.value_text,
            "value": row.value,
            "verdict": row.verdict,
            "note": row.note,
        }
        for row in rows
    ]
    file.write_text(json.dumps({"suite": suite, "environment": environment(), "rows": found}, indent=1) + "\n")


def publish(page: Path, files: Iterable[Path]) -> None:
    """Write the runs in these files into a page, one table for each suite, one column for each run.

    :raises ValueError: when the page has no place for a suite
    """
    suites: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        run = json.loads(file.read_text())
        suites.setdefault(run["suite"], []).append(run)
    for suite, runs in suites.items():
        put_between_marks(page, suite, _merged(runs))


def _merged(runs: Sequence[dict[str, Any]]) -> str:
    columns = [{(row["what"], row["against"]): row for row in run["rows"]} for run in runs]
    lines: list[tuple[str, ...]] = []
    for key, row in columns[0].items():
        cells = [_cell(column.get(key)) for column in columns]
        lines.append((row["what"], row["against"], row["goal"], *cells))
    heads = [" ".join(next(iter(run["environment"].items()))) for run in runs]
    where = "; ".join(f"{name} {value}" for name, value in list(runs[0]["environment"].items())[1:])
    return markdown(("what", "against", "goal (stretch)", *heads), lines) + f"\n\nMeasured with {where}."


def _cell(row: dict[str, Any] | None) -> str:
    return "" if row is None else f"{row['measured']} {MARKS[Verdict(row['verdict'])]}".strip()
