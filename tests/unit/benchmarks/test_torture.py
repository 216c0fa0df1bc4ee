"""The sides of the explorer's comparisons run as many schedules as they are asked to, and their processes answer."""

import asyncio
import gc
from importlib import import_module
from importlib.util import find_spec
from math import inf

import pytest

from benchmarks.harness import QUICK
from benchmarks.torture.found import median_of, ratio_to_best
from benchmarks.torture.hunters import OURS, PEERS, hunt
from benchmarks.torture.processes import Measured, measure
from benchmarks.torture.respondents import Respondent
from benchmarks.torture.scenarios import SCENARIOS, Coroutines, Scenario, queueing
from benchmarks.torture.searches import SEARCHES, Search
from benchmarks.torture.sides import NOT_COLLECTING, SIDES
from benchmarks.torture.trampoline import drive

EXPLORERS = [name for name in SIDES if name != "a bare trampoline"]


def side_that_is_here(name: str) -> str:
    if not SIDES[name].is_here or (name == "ours" and find_spec("asyncndis.torture") is None):
        pytest.skip(f"{name} is not installed")
    return name


@pytest.mark.parametrize("name", EXPLORERS)
def test_a_side_runs_as_many_schedules_as_it_is_asked_to(name: str) -> None:
    side = SIDES[side_that_is_here(name)]
    runs = 0

    async def program() -> None:
        nonlocal runs
        runs += 1
        await asyncio.sleep(0)

    side.run(Scenario("counted", program), 5)
    assert runs == (7 if name == "ours" else 5)  # ours looks twice whether the program is deterministic


@pytest.mark.parametrize("name", ["ours", "simloom", "simloop"])
def test_a_side_does_not_hide_a_failure(name: str) -> None:
    side = SIDES[side_that_is_here(name)]

    async def program() -> None:
        raise ValueError

    with pytest.raises(AssertionError):
        side.run(Scenario("wrong", program), 1)


@pytest.mark.parametrize("scenario", [scenario for scenario in SCENARIOS.values() if scenario.program is not queueing])
def test_programs_end_on_a_plain_loop(scenario: Scenario) -> None:
    asyncio.run(scenario.program())


def test_the_trampoline_drives_tasks_that_wait_to_their_ends() -> None:
    ended: list[str] = []

    def make() -> Coroutines:
        lock = asyncio.Lock()

        async def work(name: str) -> None:
            async with lock:
                await asyncio.sleep(0)
                ended.append(name)

        return [work("first"), work("second"), work("third")]

    drive(make)
    assert ended == ["first", "second", "third"]
    with pytest.raises(RuntimeError, match="no running event loop"):
        asyncio.get_running_loop()


@pytest.mark.parametrize("peer", ["simloom", "simloop"])
def test_collecting_comes_back(peer: str) -> None:
    side_that_is_here(peer)
    SIDES[peer + NOT_COLLECTING].run(SCENARIOS["S1"], 1)
    assert import_module(f"{peer}._loop").gc is gc


def test_processes_answer_in_turns() -> None:
    things = [
        Measured("bare", "a bare trampoline", "S1"),
        Measured("loaded", "a bare trampoline", "S1", ("json", "no_such_module")),
    ]
    turns = asyncio.run(measure(things, QUICK))
    assert set(turns.seconds) == {"bare", "loaded"}
    assert all(0 < seconds < 0.1 for found in turns.seconds.values() for seconds in found)


def test_a_process_that_ends_is_named() -> None:
    with pytest.raises(RuntimeError, match=r"no answer to .*S3"):
        asyncio.run(measure([Measured("floor", "a bare trampoline", "S3")], QUICK))


def test_who_takes_too_long_is_stopped_and_begins_anew() -> None:
    async def main() -> None:
        respondent = Respondent("samples:sample")
        try:
            with pytest.raises(TimeoutError):
                await respondent.ask("a bare trampoline", "S1", 100, seconds=0.01)
            assert await respondent.ask("a bare trampoline", "S1", 0.001) > 0
        finally:
            await respondent.close()

    asyncio.run(main())


@pytest.mark.parametrize("name", OURS)
def test_our_hunters_find_a_lost_update_and_nothing_in_its_twin(name: str) -> None:
    assert 1 <= (hunt(name, "lost-update", 0, 100) or 0) <= 100
    assert hunt(name, "lost-update", 0, 20, fixed=True) is None


@pytest.mark.parametrize("name", PEERS)
def test_the_hunters_of_peers_answer(name: str) -> None:
    package, _ = PEERS[name]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    assert hunt(name, "lost-update", 0, 50) in (None, *range(1, 51))


def test_what_was_not_found_took_more_than_any_number() -> None:
    assert median_of([3, None, 1]) == 3
    assert median_of([3, None, None]) == inf


def test_a_bug_that_every_schedule_shows_is_not_compared() -> None:
    ours = {"shown at once": 1.0, "rare": 4.0, "rarer": 10.0}
    one = {"shown at once": 1.0, "rare": 30.0, "rarer": inf}
    other = {"shown at once": 1.0, "rare": 8.0, "rarer": 32.0}
    assert ratio_to_best(ours, [one, other]) == (7 / 20, "7 : 20; fewer for 2, more for 0 of 2 bugs")


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: search.name)
def test_the_programs_of_complete_searches_pass(search: Search) -> None:
    asyncio.run(search.program())
