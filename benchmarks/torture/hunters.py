"""Who looks for bugs, and in which way; each says how many schedules it took to the first failure.

The bugs are those of ``tests/torture/catalogue``. A hunter that knows nothing of injected cancellations or faults is
not asked for bugs that need one.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .sides import no_collection

if TYPE_CHECKING:
    from tests.torture.catalogue.cases import Case

__all__ = ["HUNTERS", "OURS", "PEERS", "SYSTEMATIC", "bugs", "hunt"]

Hunter = Callable[["Case", bool, int, int], int | None]
_FAR_APART = 1_000_000


def bugs() -> "Mapping[str, Case]":
    """The catalogue by name."""
    return {case.name: case for case in import_module("tests.torture.catalogue").CASES}


def hunt(hunter: str, bug: str, seed: int, cap: int, fixed: bool = False) -> int | None:
    """Look for a bug, or for something wrong in its fixed twin."""
    return HUNTERS[hunter](bugs()[bug], fixed, seed, cap)


def _ours(strategy: str) -> Hunter:
    def look(case: "Case", fixed: bool, seed: int, cap: int) -> int | None:
        from asyncndis.torture import explore

        program = case.fixed if fixed else case.buggy
        result = explore(program, strategy=strategy, schedules=cap, seed=seed, cancel=case.cancel, faults=case.faults)
        return None if result.failure is None else result.schedules

    return look


def _simloom(scheduler: str) -> Hunter:
    def look(case: "Case", fixed: bool, seed: int, cap: int) -> int | None:
        with no_collection("simloom._run", "simloom._loop"):
            found: Any = import_module("simloom").explore(
                case.fixed if fixed else case.buggy,
                runs=cap,
                start_seed=seed * _FAR_APART,
                scheduler=scheduler,
                world=False,
                max_steps_per_instant=20_000,
            )
        return found.runs if found.failed else None

    return look


def _simloop(policy: str) -> Hunter:
    def look(case: "Case", fixed: bool, seed: int, cap: int) -> int | None:
        first = seed * _FAR_APART
        with no_collection("simloop._loop"):
            report: Any = import_module("simloop").explore(
                case.fixed if fixed else case.buggy, range(first, first + cap), policy=policy
            )
        return None if report is None else report.seeds_passed + 1

    return look


def _seedloop(case: "Case", fixed: bool, seed: int, cap: int) -> int | None:
    """All its schedules are the same, so that a few are enough to know."""

    def in_world(_world: object) -> Any:
        return (case.fixed if fixed else case.buggy)()

    found: Any = import_module("seedloop").check(in_world, seeds=range(seed, seed + min(cap, 3)), on_failure="return")
    return None if found.failing_seed is None else found.checked


SYSTEMATIC = ("dfs", "dpor")
"""No seed changes what these do."""
OURS = ("auto", "random", "pct", "pos", "surw", *SYSTEMATIC)
PEERS: Mapping[str, tuple[str, Hunter]] = {
    "simloom, random": ("simloom", _simloom("random")),
    "simloom, pct": ("simloom", _simloom("pct:auto")),
    "simloop, random": ("simloop", _simloop("random")),
    "simloop, pct": ("simloop", _simloop("pct")),
    "seedloop": ("seedloop", _seedloop),
}
HUNTERS = {**{strategy: _ours(strategy) for strategy in OURS}, **{name: look for name, (_, look) in PEERS.items()}}
