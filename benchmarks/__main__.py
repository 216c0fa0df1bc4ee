"""``python -m benchmarks``: list the suites, run one, or publish what runs have found."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path

from .harness import FULL, QUICK, Effort
from .report import environment, publish, summary, write_json
from .results import Row
from .table import markdown

SUITES = ("pools", "datapath", "real", "torture")
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    options = _parser().parse_args(arguments)
    if options.command is None:
        print("\n".join(f"{name:10} {_headline(name)}" for name in SUITES))
    elif options.command == "publish":
        publish(PAGE, options.files)
    else:
        _run(options.command, QUICK if options.quick else FULL, options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Without a command: list the suites.")
    commands = parser.add_subparsers(dest="command", metavar="command")
    for name in SUITES:
        suite = commands.add_parser(name, help=_headline(name))
        suite.add_argument("--quick", action="store_true", help="few rounds and small numbers, to see that it works")
        suite.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    publisher = commands.add_parser("publish", help=f"write the tables of docs/{PAGE.name} from files of --json")
    publisher.add_argument("files", nargs="+", type=Path, metavar="FILE", help="one for each column")
    return parser


def _headline(suite: str) -> str:
    return (import_module(f"benchmarks.{suite}").__doc__ or "").partition("\n")[0]


def _run(suite: str, effort: Effort, file: Path | None) -> None:
    print(", ".join(f"{name} {value}" for name, value in environment().items()), end="\n\n")
    logging.disable(logging.WARNING)  # pools are exhausted and closed here on purpose
    rows = list(_measure(suite, effort))
    print(markdown(Row.HEAD, (row.cells for row in rows)))
    print(f"\n{summary(rows)}" + ("; in a quick run verdicts mean little" if effort is QUICK else ""))
    if file is not None:
        write_json(file, suite, rows)


def _measure(suite: str, effort: Effort) -> Iterator[Row]:
    groups: Sequence[Callable[[Effort], Iterator[Row]]] = import_module(f"benchmarks.{suite}").GROUPS
    for number, group in enumerate(groups, 1):
        print(f"[{number}/{len(groups)}] {group.__doc__}", file=sys.stderr)
        yield from group(effort)


if __name__ == "__main__":
    main()
