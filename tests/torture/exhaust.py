"""Runs a program on the controlled loop under every schedule that a strategy makes, and collects what comes of it."""

from collections.abc import Awaitable, Callable

from asyncndis.torture.search import Plan, simulated_runner
from asyncndis.torture.strategies.base import Run, Strategy
from asyncndis.torture.tracking import Tracker

__all__ = ["Search", "exhaust"]


class Search:
    """What a strategy made of a program.

    :ivar outcomes: what the runs came to: the program's own outcome, and what went wrong
    :ivar runs: all runs
    """

    def __init__(self) -> None:
        self.outcomes: set[str] = set()
        self.runs: list[Run] = []

    @property
    def whole(self) -> list[Run]:
        """The runs that were not given up."""
        return [run for run in self.runs if not run.redundant]


def exhaust(
    program: Callable[[list[object]], Awaitable[object]], strategy: Strategy, most: int = 20_000, cancel: bool = False
) -> Search:
    """Run every schedule.

    :param program: given a list to which it adds what can be seen of the run
    """
    seen: list[object] = []
    search = Search()

    async def fresh() -> None:
        seen.clear()
        await program(seen)

    tracker = Tracker() if strategy.wants_footprints else None
    with simulated_runner(fresh, Plan(max_steps=300, cancel=cancel)) as runner:
        for number in range(most):
            if not strategy.begin(number):
                return search
            run = Run(number)
            trouble = runner.run(strategy, run, tracker)
            strategy.end(run)
            search.runs.append(run)
            if not run.redundant:
                search.outcomes.add(f"{seen} {trouble.kind if trouble else 'fine'}")
    raise AssertionError(f"no end after {most} schedules")
