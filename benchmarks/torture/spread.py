"""A search on several processes, and what an executor costs: by the wall clock, since the work is done elsewhere.

On a machine whose processors are busy otherwise these figures mean nothing.
"""

import gc
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from typing import Any

from benchmarks.harness import Effort
from benchmarks.results import Goal, Row, at_least, at_most, duration

from .scenarios import pooling

__all__ = ["spreading"]

_SCHEDULES = 40_000
_WARM = 2_000


def spreading(effort: Effort) -> Iterator[Row]:
    """Spread over processes (by the wall clock)."""
    schedules, rounds = _SCHEDULES // effort.shrink, effort.scene_rounds
    subject = f"{schedules:,} schedules of S2"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        ways = {"one process": _explore, "two processes": _with_jobs(2), "a pool of one process": _through(pool)}
        seconds = _turns(ways, schedules, rounds)
        yield _row(subject, seconds, "one process", "two processes", at_least(1.6))
        yield _row(subject, seconds, "a pool of one process", "one process", at_most(1.01))
        if find_spec("distributed") is None:
            yield Row(subject, "Dask", None, at_most(1.05))
            return
        with _dask() as cluster:  # whose client has threads here, so that one process here would be a slow one
            ways = {"a pool of one process": _through(pool), "Dask, one worker": _through(cluster)}
            seconds = _turns(ways, schedules, rounds)
        yield _row(subject, seconds, "Dask, one worker", "a pool of one process", at_most(1.05))


def _row(subject: str, seconds: Mapping[str, list[float]], slow: str, fast: str, goal: Goal) -> Row:
    """How much longer one takes than another."""
    ratio = median(one / other for one, other in zip(seconds[slow], seconds[fast], strict=True))
    return Row(
        subject, fast, ratio, goal, note=f"{duration(median(seconds[slow]))} : {duration(median(seconds[fast]))}"
    )


def _turns(ways: Mapping[str, Callable[[int], None]], schedules: int, rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for explore in ways.values():
        explore(_WARM)
    for _ in range(rounds):
        for name, explore in ways.items():
            gc.collect()
            started = perf_counter()
            explore(schedules)
            seconds[name].append(perf_counter() - started)
    return seconds


def _explore(schedules: int, *, jobs: int = 1, executor: Executor | None = None) -> None:
    from asyncndis.torture import explore

    result = explore(pooling, strategy="random", schedules=schedules, jobs=jobs, executor=executor)
    assert result.failure is None, result.failure.report()
    assert result.schedules == schedules


def _with_jobs(jobs: int) -> Callable[[int], None]:
    return lambda schedules: _explore(schedules, jobs=jobs)


def _through(executor: Executor) -> Callable[[int], None]:
    return lambda schedules: _explore(schedules, executor=executor)


@contextmanager
def _dask() -> Generator[Executor]:
    """The executor of a cluster with one worker process."""
    distributed: Any = import_module("distributed")
    with (
        distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
        client.get_executor() as executor,
    ):
        yield executor
