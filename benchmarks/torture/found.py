"""Bugs found: the schedules that each strategy and each peer takes to the first failure of each catalogue bug."""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from math import inf
from statistics import median

from benchmarks.harness import Effort
from benchmarks.results import Row, at_least, at_most

from .hunters import OURS, PEERS, SYSTEMATIC, bugs
from .respondents import Respondent

__all__ = ["bugs_found", "median_of", "ratio_to_best"]

_CAP = 10_000
_SEEDS = 7
_SECONDS = 5.0
_GIVEN_UP_AFTER = 2

Medians = Mapping[str, float]
"""Of each bug: the median of the schedules that it took; infinite if it was not found."""


def bugs_found(effort: Effort) -> Iterator[Row]:
    """Bugs found (this takes ten minutes)."""
    yield from asyncio.run(_rows(effort))


async def _rows(effort: Effort) -> Sequence[Row]:
    cap, seeds = _CAP // effort.shrink, max(1, _SEEDS // effort.shrink)
    every = list(bugs())
    plain = [name for name, case in bugs().items() if not case.cancel and case.faults is None]
    here = [name for name, (package, _) in PEERS.items() if find_spec(package)]
    processors = asyncio.Semaphore(os.cpu_count() or 1)  # what counts is schedules, not seconds

    async def hunted(name: str) -> Medians:
        async with processors:
            return await _hunt_all(name, plain if name in here else every, 1 if name in SYSTEMATIC else seeds, cap)

    found = dict(zip([*OURS, *here], await asyncio.gather(*map(hunted, [*OURS, *here])), strict=True))
    peers = {name: found[name] for name in here}
    rows = [_found(f"bugs found, {name}", medians, cap, is_goal=name == "auto") for name, medians in found.items()]
    rows.append(await _alarms(every, cap // 10))
    rows += [_against(name, found["auto"], {name: peers[name]} if name in peers else {}) for name in PEERS]
    return [*rows, _against("the best of them for each bug", found["auto"], peers)]


async def _hunt_all(hunter: str, names: Iterable[str], seeds: int, cap: int) -> Medians:
    respondent = Respondent("hunters:hunt")
    try:
        return {name: await _hunt(respondent, hunter, name, seeds, cap) for name in names}
    finally:
        await respondent.close()


async def _hunt(respondent: Respondent, hunter: str, bug: str, seeds: int, cap: int) -> float:
    """The median over the seeds; where the first ones find nothing, the others are spared."""
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
    return median(inf if one is None else one for one in taken)


async def _alarms(names: Iterable[str], schedules: int) -> Row:
    """How many fixed twins are reported, under the strategy that users get."""
    respondent = Respondent("hunters:hunt")
    try:
        reported = [name for name in names if await respondent.ask("auto", name, 0, schedules, True) is not None]
    finally:
        await respondent.close()
    against = f"{schedules:,} schedules each"
    return Row("fixed twins reported, auto", against, len(reported), at_most(0), "", ", ".join(reported))


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
    ratio, note = ratio_to_best(ours, list(peers.values()))
    return Row(subject, name, ratio, at_most(0.5), note=note)


def ratio_to_best(ours: Medians, peers: Sequence[Medians]) -> tuple[float, str]:
    """Over the bugs that not every schedule shows: the median of ours to that of the best peer.

    :returns: the ratio of the medians, and in words what they are and how often each side was ahead
    """
    best = {name: min(medians[name] for medians in peers) for name in peers[0]}
    names = [name for name, taken in best.items() if max(taken, ours[name]) > 1]
    mine, theirs = median(ours[name] for name in names), median(best[name] for name in names)
    ahead, behind = (sum(sign * ours[name] < sign * best[name] for name in names) for sign in (1, -1))
    note = f"{mine:.0f} : {theirs:.0f}; fewer for {ahead}, more for {behind} of {len(names)} bugs"
    return (0.0 if theirs == inf else mine / theirs), note
