"""``asyncndis soak TARGET``: torture without an end, which continues where it stopped."""

import os
import re
from pathlib import Path
from typing import get_args

import click

from asyncndis.torture import Progress, Result, StaleReplay
from asyncndis.torture.exploring import Faults
from asyncndis.torture.journal import Journal
from asyncndis.torture.search import Plan
from asyncndis.torture.spread import Spread

from .figures import plural
from .silence import silent_log
from .targets import find_target

__all__ = ["soak"]

ENDLESS = 10**12
FOLDER = Path(".asyncndis") / "soak"


@click.command()
@click.argument("target")
@click.option("--hours", type=click.FloatRange(0, min_open=True), help="Stop after so many hours.  [default: Ctrl-C]")
@click.option("--strategy", default="auto", show_default=True, help="As for torture.")
@click.option("--seed", default=0, show_default=True, help="The seed of everything random.")
@click.option("--cancel/--no-cancel", default=False, help="Also cancel tasks, and let timers fire early.")
@click.option("--faults", type=click.Choice(get_args(Faults)), help="Also let operations of the environment fail.")
@click.option("--jobs", default=os.cpu_count() or 1, type=click.IntRange(1), help="How many processes search.")
@click.option("--journal", type=click.Path(dir_okay=False, path_type=Path), help="Where progress is kept.")
@click.pass_context
def soak(
    ctx: click.Context,
    /,
    target: str,
    hours: float | None,
    strategy: str,
    seed: int,
    cancel: bool,
    faults: Faults | None,
    jobs: int,
    journal: Path | None,
) -> None:
    """Run TARGET under new schedules until something is found. Stopped and started again, it goes on from there."""
    found = find_target(target)
    seconds = None if hours is None else hours * 3600
    plan = Plan(strategy, ENDLESS, seed, cancel=cancel, faults=faults, timeout=seconds)
    try:
        book = Journal(
            journal or FOLDER / f"{re.sub('[^a-zA-Z0-9]+', '-', target).strip('-')}.json", found.program, plan
        )
    except StaleReplay as stale:
        raise click.UsageError(str(stale)) from stale
    before = book.schedules
    click.echo(f"{target}: {plural(before, 'schedule')} done before" if before else f"{target}: begins")
    search = Spread(found.program, plan, jobs, progress=_Ticker(before), done=book.done, ran=book.add)
    try:
        with silent_log():
            result = search.run()
    except KeyboardInterrupt:
        result = search.result()
    _say(target, result, book.schedules)
    ctx.exit(0 if result.failure is None else 1)


class _Ticker:
    """A line each minute."""

    def __init__(self, before: int) -> None:
        self._before = before
        self._minutes = 0

    def __call__(self, known: Progress) -> None:
        """Tell how far it is, if a minute has passed."""
        if known.seconds // 60 > self._minutes:
            self._minutes = int(known.seconds // 60)
            rate = known.schedules / known.seconds
            click.echo(f"{self._before + known.schedules:,} schedules, {rate:,.0f}/s")


def _say(target: str, result: Result, total: int) -> None:
    if result.failure is not None:
        click.echo(f"{target}: schedule {result.failure.schedule} fails\n\n{result.failure.report()}")
    else:
        click.echo(f"{target}: {plural(total, 'schedule')} without a finding so far")
