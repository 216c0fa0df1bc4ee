"""Partial-order reduction: each class of schedules once, the same outcomes as exhaustive search, and no more."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from asyncndis.torture.exploring import explore
from asyncndis.torture.hooks import always
from asyncndis.torture.strategies.dfs import Dfs
from asyncndis.torture.strategies.dpor import Dpor
from tests.torture import programs
from tests.torture.abstract import Program, runs_of, trace_of
from tests.torture.exhaust import exhaust
from tests.torture.programs import conflicting, independent, locked, racing, spinning

OPERATIONS = st.sampled_from(["r x", "w x", "r y", "w y", "rw x", "rw z", "-", "choose", "set e", "wait e", "wait f"])
ABSTRACT = st.lists(st.lists(OPERATIONS, min_size=1, max_size=3), min_size=2, max_size=3)


class _Watching(Dfs):
    wants_steps = True


@example([["r x", "w y", "r x"], ["-", "w x"], ["rw x", "-"]])
@example([["set f"], ["choose", "r y", "wait f"], ["set f"]])
@example([["w y", "set e", "r x"], ["wait e", "w x"], ["w x", "r y"]])
@settings(max_examples=60, deadline=None)
@given(ABSTRACT)
def test_each_class_of_schedules_is_visited_exactly_once(program: Program) -> None:
    every = [(trace_of(run), repr(outcome)) for run, outcome in runs_of(program, _Watching())]
    strategy = Dpor()
    reduced = [(run, trace_of(run), repr(outcome)) for run, outcome in runs_of(program, strategy)]
    whole = [(trace, outcome) for run, trace, outcome in reduced if not run.redundant]
    assert strategy.covers_all
    assert strategy.redundant == len(reduced) - len(whole)
    assert {trace for trace, _ in whole} == {trace for trace, _ in every}
    assert len({trace for trace, _ in whole}) == len(whole)
    assert {outcome for _, outcome in whole} == {outcome for _, outcome in every}


@pytest.mark.parametrize(
    ("program", "most"),
    [
        ([["-"] * 3] * 2, 1),
        ([["r x"] * 3] * 3, 1),
        ([["w x"] * 3] * 2, 20),
        ([["w x"], ["r x"], ["r x"]], 4),
        ([["? x", "r y"], ["w y", "w x"]], 2),
        ([["? x"], ["? y", "w x"], ["w y"]], 4),
    ],
)
def test_nothing_is_tried_twice(program: Program, most: int) -> None:
    strategy = Dpor()
    assert len(list(runs_of(program, strategy))) == most
    assert strategy.covers_all


def test_a_run_that_the_bound_of_steps_ended_is_not_complete() -> None:
    strategy = Dpor()
    runs = list(runs_of([["? x"], ["r y"]], strategy))
    assert any(run.bounded for run, _ in runs)
    assert not strategy.covers_all


Task = list[str]
WORDS = ["read", "write", "add", "nap", "lock", "set", "wait", "put", "get", "mine", "pop", "sleep", "soon", "stop"]
TASKS = st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=2), min_size=2, max_size=3)


def _program(tasks: list[Task]) -> Callable[[list[object]], Awaitable[object]]:
    """A program whose tasks do as the words say; what each one saw, and what is left, can be seen."""

    async def run(seen: list[object]) -> None:
        shared = _Shared(len(tasks))
        seen.append(shared)
        shared.tasks += [asyncio.ensure_future(_do(shared, me, words)) for me, words in enumerate(tasks)]
        seen.append(await asyncio.gather(*shared.tasks, return_exceptions=True))

    return run


class _Shared:
    def __init__(self, tasks: int) -> None:
        self.x = 0
        self.items: list[int] = []
        self.seen: list[list[object]] = [[] for _ in range(tasks)]
        self.tasks: list[asyncio.Future[None]] = []
        self.lock, self.event, self.queue = asyncio.Lock(), asyncio.Event(), asyncio.Queue[int]()

    def __repr__(self) -> str:
        return f"{self.x} {self.items} {self.seen} {self.queue.qsize()}"


async def _do(shared: _Shared, me: int, words: Task) -> None:  # noqa: C901, PLR0912 - one word after the other
    for word in words:
        match word:
            case "read":
                shared.seen[me].append(shared.x)
            case "write":
                shared.x = me + 1
            case "add":
                before = shared.x
                await asyncio.sleep(0)
                shared.x = before * 2 + 1
            case "nap":
                await asyncio.sleep(0)
            case "lock":
                async with shared.lock:
                    shared.items.append(me)
                    await asyncio.sleep(0)
            case "set":
                shared.event.set()
            case "wait":
                await shared.event.wait()
            case "put":
                shared.queue.put_nowait(me)
            case "get":
                shared.seen[me].append(await shared.queue.get())
            case "mine":
                mine = [me]
                mine.append(len(mine))
                shared.seen[me].append(mine)
            case "pop":
                shared.seen[me].append(shared.items.pop() if shared.items else None)
            case "sleep":
                await asyncio.sleep(1)
            case "soon":
                asyncio.get_running_loop().call_soon(shared.items.append, me)
            case _:
                shared.tasks[me - 1].cancel()


@example([["pop"], ["nap", "soon"]])
@example([["stop"], ["sleep", "write"], ["read"]])
@settings(max_examples=25, deadline=None)
@given(TASKS)
def test_real_programs_come_to_the_same_as_under_exhaustive_search(tasks: list[Task]) -> None:
    program = _program(tasks)
    every, strategy = exhaust(program, Dfs()), Dpor()
    reduced = exhaust(program, strategy)
    assert strategy.covers_all
    assert reduced.outcomes == every.outcomes
    assert len(reduced.whole) <= len(every.runs)


@pytest.mark.parametrize(
    ("program", "most", "outcomes"),
    [(independent, 1, 1), (conflicting, 20, 20), (racing, 4, 2), (locked, 4, 1), (spinning, 5, 1)],
)
def test_programs_take_few_schedules(
    program: Callable[[list[object]], Awaitable[object]], most: int, outcomes: int
) -> None:
    strategy = Dpor()
    search = exhaust(program, strategy)
    assert strategy.covers_all
    assert len(search.runs) <= most
    assert len(search.outcomes) == outcomes


@pytest.mark.parametrize("name", sorted(set(programs.__all__) - {"spinning"}))
def test_typical_programs_come_to_the_same_as_under_exhaustive_search(name: str) -> None:
    program = getattr(programs, name)
    strategy = Dpor()
    reduced = exhaust(program, strategy)
    assert strategy.covers_all
    assert reduced.outcomes == exhaust(program, Dfs()).outcomes


def test_cancellations_are_tried_everywhere() -> None:
    every = exhaust(racing, Dfs(), cancel=True)
    reduced = exhaust(racing, Dpor(), cancel=True)
    assert reduced.outcomes == every.outcomes


def test_an_invariant_sees_every_state_between_steps_that_share_nothing_else() -> None:
    async def program(seen: list[object]) -> None:
        written = {"first": False, "second": False}
        always(lambda: written["first"] or not written["second"], "second before first")

        async def write(name: str) -> None:
            written[name] = True

        await asyncio.gather(write("first"), write("second"))

    assert {outcome.rpartition(" ")[2] for outcome in exhaust(program, Dpor()).outcomes} == {
        outcome.rpartition(" ")[2] for outcome in exhaust(program, Dfs()).outcomes
    }
    assert len(exhaust(program, Dpor()).outcomes) == 2


def test_a_search_finds_the_lost_update_and_says_that_there_is_no_other() -> None:
    async def checked(program: Callable[[list[object]], Awaitable[object]], expected: int) -> None:
        seen: list[object] = []
        await program(seen)
        assert seen == [expected]

    lost = explore(partial(checked, racing, 2), strategy="dpor")
    assert lost.failure is not None
    assert lost.failure.found_by == "dpor"
    assert not lost.complete
    kept = explore(partial(checked, locked, 2), strategy="dpor")
    assert kept.failure is None
    assert kept.complete


def test_the_order_of_elements_counts_as_soon_as_somebody_looks() -> None:
    def collecting(looks: bool) -> Callable[[list[object]], Awaitable[object]]:
        async def program(seen: list[object]) -> None:
            table: dict[str, int] = {}

            async def add(name: str) -> None:
                table[name] = len(name)

            await asyncio.gather(*map(add, ("a", "bb", "ccc")))
            seen.append(list(table) if looks else len(table))

        return program

    assert len(exhaust(collecting(looks=False), Dpor()).runs) == 1
    strategy = Dpor()
    assert exhaust(collecting(looks=True), strategy).outcomes == {
        f"[{list(order)}] fine" for order in itertools.permutations(["a", "bb", "ccc"])
    }
    assert strategy.restarts == 1
