"""A search over processes: nothing is lost and nothing runs twice, also when workers die; a soak goes on."""

import asyncio
import json
import os
import pickle
import signal
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from asyncndis.torture import Progress, StaleReplay, explore
from asyncndis.torture.journal import Journal
from asyncndis.torture.search import Plan
from asyncndis.torture.spread import Spread
from asyncndis.torture.units import Unit, run_unit
from tests.torture import faulty


async def quick() -> None:
    await asyncio.gather(*(asyncio.sleep(0) for _ in range(3)))


async def kill_once(marker: str) -> None:
    """Kills the process it runs in, the first time."""
    try:
        os.close(os.open(marker, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        await asyncio.sleep(0)
    else:
        os.kill(os.getpid(), signal.SIGKILL)


async def kill_always() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Inline(Executor):
    """Runs each unit at once, and fails those it is told to."""

    def __init__(self, failing: int = 0) -> None:
        self.units: list[Unit] = []
        self._failing = failing

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if self._failing:
            self._failing -= 1
            future.set_exception(ConnectionError("the worker is gone"))
        else:
            self.units.append(args[0])
            future.set_result(fn(*args))
        return future


def test_two_processes_run_all_schedules_once() -> None:
    ran: list[tuple[int, int]] = []
    result = Spread(quick, Plan("random", 5000), 2, ran=lambda first, count: ran.append((first, count))).run()
    assert result.schedules == 5000
    numbers = [number for first, count in ran for number in range(first, first + count)]
    assert sorted(numbers) == list(range(5000))


def test_the_failure_with_the_lowest_number_counts_wherever_it_is_found() -> None:
    alone = explore(faulty.reversed_order, strategy="random", schedules=4000)
    spread = explore(faulty.reversed_order, strategy="random", schedules=4000, jobs=2)
    assert alone.failure is not None
    assert spread.failure is not None
    assert (spread.failure.schedule, spread.failure.replay) == (alone.failure.schedule, alone.failure.replay)


def test_a_closure_runs_in_local_processes() -> None:
    limit = 0

    async def program() -> None:
        await asyncio.sleep(0)
        assert limit

    failure = explore(program, strategy="random", schedules=10, jobs=2).failure
    assert failure is not None
    assert "assert" in failure.report()


def test_a_worker_that_dies_costs_nothing(tmp_path: Path) -> None:
    program = partial(kill_once, str(tmp_path / "died"))
    result = explore(program, strategy="random", schedules=3000, jobs=2)
    assert (result.schedules, result.failure) == (3000, None)


def test_what_kills_every_worker_is_given_up() -> None:
    with pytest.raises(RuntimeError, match=r"ran schedules 0 to \d+ died 3 times"):
        explore(kill_always, strategy="random", schedules=10, jobs=2)


def test_any_executor_will_do_and_what_it_lost_runs_again() -> None:
    executor = Inline(failing=2)
    result = explore(quick, strategy="random", schedules=2500, executor=executor)
    assert result.schedules == 2500
    assert min(unit.first for unit in executor.units) == 0
    with ThreadPoolExecutor(1) as pool:
        assert explore(quick, strategy="random", schedules=50, executor=pool).schedules == 50


def test_a_program_that_cannot_be_sent_is_refused_with_the_way_out() -> None:
    async def inner() -> None:
        await asyncio.sleep(0)

    with pytest.raises(ValueError, match="make it a function at the top of a module"):
        explore(inner, executor=Inline())


def test_a_unit_that_runs_out_of_time_hands_on_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("asyncndis.torture.units.UNIT_SECONDS", 1e-9)
    unit = run_unit(Unit(quick, Plan("random", 100), 0, 100))
    assert unit.result.schedules == 1
    executor = Inline()
    assert explore(quick, strategy="random", schedules=20, executor=executor).schedules == 20
    assert len(executor.units) == 20


def test_an_interleaving_that_several_units_met_counts_once() -> None:
    alone = explore(quick, strategy="random", schedules=2500)
    spread = explore(quick, strategy="random", schedules=2500, executor=Inline())
    assert alone.statistics.distinct == 90
    for figure in ("distinct", "recorded", "steps", "unseen", "classes", "nondeterministic"):
        assert getattr(spread.statistics, figure) == getattr(alone.statistics, figure)


def test_what_a_unit_sends_is_bounded_by_its_schedules() -> None:
    unit = run_unit(Unit(quick, Plan("random", 1000), 0, 1000))
    assert len(pickle.dumps(unit)) < 1000 * 32


def test_progress_counts_all_workers() -> None:
    told: list[Progress] = []
    explore(quick, strategy="random", schedules=3000, jobs=2, progress=told.append)
    assert told[-1].schedules <= 3000


def test_errors_that_cannot_be_sent_are_told_in_words() -> None:
    failure = explore(_raises_what_cannot_be_sent, strategy="random", schedules=5, jobs=2).failure
    assert failure is not None
    assert "Unsendable: wires" in str(failure.error)


class Unsendable(Exception):
    def __init__(self) -> None:
        super().__init__("wires")
        self.wires = (wire for wire in "ab")


async def _raises_what_cannot_be_sent() -> None:
    raise Unsendable


# Dask


def test_a_cluster_whose_worker_is_killed_loses_nothing(tmp_path: Path) -> None:
    distributed: Any = pytest.importorskip("distributed", reason="the package distributed is not installed")
    program = partial(kill_once, str(tmp_path / "died"))
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        result = explore(program, strategy="random", schedules=3000, executor=client.get_executor())
    assert (result.schedules, result.failure) == (3000, None)


# The journal


def test_a_soak_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "soak.json"
    plan = Plan("random", 3000)
    journal = Journal(path, quick, plan)
    journal.add(0, 1000)
    journal.add(2000, 500)
    again = Journal(path, quick, plan)
    assert (again.done, again.schedules) == ([(0, 1000), (2000, 500)], 1500)
    ran: list[tuple[int, int]] = []

    def note(first: int, count: int) -> None:
        ran.append((first, count))
        again.add(first, count)

    executor = Inline()
    Spread(quick, plan, 1, executor, done=again.done, ran=note).run()
    assert sum(count for _, count in ran) == 1500
    assert Journal(path, quick, plan).done == [(0, 3000)]
    again.add(5, 0)
    assert not path.with_name("soak.json.new").exists()


def test_a_journal_of_another_search_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "soak.json"
    Journal(path, quick, Plan("random", 10)).add(0, 10)
    with pytest.raises(StaleReplay, match="differs in its seed"):
        Journal(path, quick, Plan("random", 10, seed=1))
    with pytest.raises(StaleReplay, match="differs in its name"):
        Journal(path, faulty.lost_update, Plan("random", 10))
    path.write_text(json.dumps([1, 2]))
    with pytest.raises(StaleReplay, match="is no journal"):
        Journal(path, quick, Plan("random", 10))
