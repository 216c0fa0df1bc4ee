"""``asyncndis torture [TARGET]``: explore the schedules of a program, and say what breaks it in which order."""

import json
from collections.abc import Generator
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any, get_args

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from asyncndis.torture import Failure, Result, StaleReplay, explore, replay
from asyncndis.torture import Progress as Known
from asyncndis.torture.exploring import Faults

from .figures import plural
from .silence import silent_log
from .targets import Target, find_target, shipped_targets

__all__ = ["torture"]

INTERRUPTED = 130
TARGET_SCHEDULES = 1000
SHIPPED_SCHEDULES = 20
"""Of each scenario: a whole stack takes its time, and there are many."""


@click.command()
@click.argument("target", required=False)
@click.option("--schedules", type=click.IntRange(1), help="How many.  [default: 1000; 20 of each shipped scenario]")
@click.option("--strategy", default="auto", show_default=True, help="auto, random, pct, pos, surw, dfs, dpor or each.")
@click.option("--seed", default=0, show_default=True, help="The seed of everything random.")
@click.option(
    "--max-steps", default=20_000, show_default=True, type=click.IntRange(1), help="A run of more is endless."
)
@click.option("--cancel", is_flag=True, help="Also cancel tasks at their awaits, and let timers fire early.")
@click.option("--faults", type=click.Choice(get_args(Faults)), help="Also let operations of the environment fail.")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="How many processes search.")
@click.option("--dask", metavar="ADDRESS", help="Search on a Dask cluster: the address of its scheduler.")
@click.option("--timeout", type=click.FloatRange(0, min_open=True), help="How many seconds to search, per target.")
@click.option("--replay", "line", metavar="LINE", help="Replay a line of a report instead of searching.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_context
def torture(
    ctx: click.Context, /, target: str | None, line: str | None, dask: str | None, as_json: bool, **arguments: Any
) -> None:
    """Run TARGET under every schedule that matters: module:function, file.py::test, or a shipped scenario by name.

    Without a target all shipped scenarios run. Exit status 1 means that something was found.
    """
    targets = shipped_targets() if target is None else [find_target(target)]
    arguments["schedules"] = arguments["schedules"] or (SHIPPED_SCHEDULES if target is None else TARGET_SCHEDULES)
    if line is not None:
        _replay(ctx, targets, line, as_json)
        return
    found = False
    results: list[dict[str, object]] = []
    with ExitStack() as stack:
        if dask is not None:
            arguments["executor"] = stack.enter_context(_cluster(dask))
        for one in targets:
            result = _explore(ctx, one, arguments, as_json)
            found = found or result.failure is not None
            results.append(_facts(one, result))
            if not as_json:
                _say(one, result)
            if result.failure is not None:
                break
    if as_json:
        click.echo(json.dumps(results, indent=2))
    ctx.exit(1 if found else 0)


def _explore(ctx: click.Context, target: Target, arguments: dict[str, Any], as_json: bool) -> Result:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=as_json or not console.is_terminal) as bar:
        task = bar.add_task(target.name, total=arguments["schedules"], figures="")
        latest = Known(0, arguments["schedules"], 0, 0.0)

        def show(known: Known) -> None:
            nonlocal latest
            latest = known
            bar.update(task, completed=known.schedules, figures=_figures(known))

        try:
            with silent_log():
                return explore(target.program, progress=show, **arguments)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        except KeyboardInterrupt:
            bar.stop()
            click.echo(f"{target.name}: interrupted after {_counted(latest)}; no failure so far")
            ctx.exit(INTERRUPTED)


def _figures(known: Known) -> str:
    rate = known.schedules / known.seconds if known.seconds else 0
    return f"{rate:,.0f} schedules/s, {known.distinct:,} distinct"


def _counted(known: Known) -> str:
    return f"{plural(known.schedules, 'schedule')} in {known.seconds:.1f} s, {known.distinct:,} distinct interleavings"


def _say(target: Target, result: Result) -> None:
    statistics = result.statistics
    if result.failure is not None:
        number, strategy = result.failure.schedule, result.failure.found_by
        click.echo(f"{target.name}: schedule {number} fails ({strategy}, {statistics.seconds:.1f} s)\n")
        click.echo(result.failure.report())
        return
    rate = result.schedules / statistics.seconds if statistics.seconds else 0
    seen = "complete" if result.complete else f"{statistics.distinct:,} distinct, {_unseen(statistics.unseen)}"
    click.echo(
        f"{target.name}: {plural(result.schedules, 'schedule')} without a finding, {seen}"
        f" ({statistics.seconds:.1f} s, {rate:,.0f}/s)"
    )
    if statistics.nondeterministic:
        click.echo(f"  {statistics.nondeterministic}")


def _unseen(share: float) -> str:
    if share >= 1:
        return "nearly all unseen"
    return f"about {100 * share:.2g} % unseen" if share else "nothing new in sight"


def _replay(ctx: click.Context, targets: list[Target], line: str, as_json: bool) -> None:
    failure: Failure | None = None
    for one in targets:
        try:
            with silent_log():
                failure = replay(line, one.program)
            break
        except StaleReplay as stale:
            if one is targets[-1]:
                raise click.UsageError(str(stale)) from stale
    if as_json:
        click.echo(json.dumps(None if failure is None else _facts_of(failure), indent=2))
    else:
        click.echo("The program passes this schedule now." if failure is None else failure.report())
    ctx.exit(0 if failure is None else 1)


def _facts(target: Target, result: Result) -> dict[str, object]:
    statistics = result.statistics
    return {
        "target": target.name,
        "schedules": result.schedules,
        "complete": result.complete,
        "failure": None if result.failure is None else _facts_of(result.failure),
        "seconds": round(statistics.seconds, 3),
        "distinct": statistics.distinct,
        "strategy": statistics.strategy,
    }


def _facts_of(failure: Failure) -> dict[str, object]:
    return {
        "kind": str(failure.kind),
        "error": f"{type(failure.error).__name__}: {failure.error}",
        "schedule": failure.schedule,
        "found_by": failure.found_by,
        "replay": failure.replay,
        "steps": [
            {
                "actor": step.actor,
                "injected": step.injected,
                "lines": [f"{line.filename}:{line.number}" for line in step.lines],
            }
            for step in failure.minimal
        ],
        "report": failure.report(),
    }


@contextmanager
def _cluster(address: str) -> Generator[Executor]:
    """The executor of a Dask cluster while the block runs."""
    try:
        distributed: Any = import_module("distributed")
    except ModuleNotFoundError:
        raise click.UsageError("--dask needs the package distributed: pip install 'asyncndis[dask]'") from None
    try:
        client = distributed.Client(address, timeout="10s")
    except (OSError, TimeoutError, ValueError) as error:
        raise click.UsageError(f"there is no Dask scheduler at {address}: {error}") from error
    with client:
        yield client.get_executor()
