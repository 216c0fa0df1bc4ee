"""Bugs found: the schedules that each strategy and each peer takes to the first failure of each catalogue bug."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from statistics import median

from benchmarks.harness import Effort
from benchmarks.results import Row, at_least, at_most

from .hunters import OURS, PEERS, bugs
from .respondents import Respondent

__all__ = ["bugs_found", "median_of", "ratio_to_best"]

_CAP = 10_000
_SEEDS = 11
_SECONDS = 5.0
_GIVEN_UP_AFTER = 3

Medians = Mapping[str, float]
"""Of each bug: the median of the schedules that it took; infinite if it was not found."""


def bugs_found(effort: Effort) -> Iterator[Row]:
    """Bugs found (this takes some minutes)."""
    yield from asyncio.run(_rows(effort))


async def _rows(effort: Effort) -> Sequence[Row]:
    cap, seeds = _CAP // effort.shrink, max(_GIVEN_UP_AFTER, _SEEDS // effort.shrink)
    every = list(bugs())
    plain = [name for name, case in bugs().items() if not case.cancel and case.faults is None]
    ours = {strategy: await _hunt_all(strategy, every, seeds, cap) for strategy in OURS}
    peers = {
        name: await _hunt_all(name, plain, seeds, cap) for name, (package, _) in PEERS.items() if find_spec(package)
    }
    rows = [_found(f"bugs found, {name}", medians, cap, is_goal=name == "auto") for name, medians in ours.items()]
    rows.append(await _alarms(every, cap))
    rows += [_found(f"bugs found, {name}", medians, cap, is_goal=False) for name, medians in peers.items()]
    rows += [_against(name, ours["auto"], {name: peers[name]} if name in peers else {}) for name in PEERS]
    return [*rows, _against("the best of them for each bug", ours["auto"], peers)]


async def _hunt_all(hunter: str, names: Iterable[str], seeds: int, cap: int) -> Medians:
    respondent = Respondent("benchmarks.torture.hunters")
    try:
        return {name: await _hunt(respondent, hunter, name, seeds, cap) for name in names}
    finally:
        await respondent.close()


async def _hunt(respondent: Respondent, hunter: str, bug: str, seeds: int, cap: int) -> float:
    """The median over the seeds; where the first few find nothing, the others are spared."""
    taken: list[int | None] = []
    for seed in range(seeds):
        found: int | None = None
        with suppress(TimeoutError):
            found = await respondent.ask(hunter, bug, seed, cap, seconds=_SECONDS)
        taken.append(found)
        if len(taken) == _GIVEN_UP_AFTER and not any(taken):
            break
    return median_of(taken)


def median_of(taken: Iterable[int | None]) -> float:
    """The median of the schedules taken, where None is more than any."""
    return median(float("inf") if one is None else one for one in taken)


async def _alarms(names: Iterable[str], cap: int) -> Row:
    """How many fixed twins are reported, under the strategy that users get."""
    respondent = Respondent("benchmarks.torture.hunters")
    schedules = cap // 10
    try:
        reported = [name for name in names if await respondent.ask("auto", name, 0, schedules, True) is not None]
    finally:
        await respondent.close()
    return Row(
        "fixed twins reported, auto", f"{schedules:,} schedules", len(reported), at_most(0), "", ", ".join(reported)
    )


def _found(subject: str, medians: Medians, cap: int, *, is_goal: bool) -> Row:
    missed = [name for name, taken in medians.items() if taken > cap]
    found, goal = len(medians) - len(missed), at_least(len(medians)) if is_goal else None
    typical = f"median {median(medians.values()):.0f} schedules"
    note = f"{typical}; not: {', '.join(missed)}" if missed else typical
    return Row(subject, f"{len(medians)} bugs, {cap:,} schedules", found, goal, "", note)


def _against(name: str, ours: Medians, peers: Mapping[str, Medians]) -> Row:
    subject = "schedules to the first failure, auto"
    if not peers:
        return Row(subject, name, None, at_most(0.5))
    ratio, better = ratio_to_best(ours, list(peers.values()))
    return Row(subject, name, ratio, at_most(0.5), note=better)


def ratio_to_best(ours: Medians, peers: Sequence[Medians]) -> tuple[float, str]:
    """The median of the ratios of each bug to the best peer, over bugs that the peers do not all find at once.

    :returns: the ratio, and in words how often each side was ahead
    """
    best = {name: min(medians[name] for medians in peers) for name in peers[0]}
    infinite = float("inf")
    ratios = [
        ours[name] / taken if taken < infinite else 0.0
        for name, taken in best.items()
        if taken > 1 and (ours[name] < infinite or taken < infinite)
    ]
    ahead = sum(ratio < 1 for ratio in ratios)
    behind = sum(ratio > 1 for ratio in ratios)
    return median(ratios), f"fewer for {ahead}, more for {behind} of {len(ratios)}"
