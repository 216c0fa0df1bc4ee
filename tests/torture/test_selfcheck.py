"""The explorer against itself: generated programs run the same way twice, replay as they ran, and shrink."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.torture import explore, replay, shrink
from asyncndis.torture.describing import retrace
from asyncndis.torture.search import Plan, simulated_runner
from asyncndis.torture.strategies.base import Run
from asyncndis.torture.strategies.random_walk import RandomWalk

ACTS = ("yield", "lock", "signal", "wait", "put", "get", "add", "sleep", "cancel", "spawn")


@dataclass(frozen=True)
class Generated:
    """A program of some tasks over a lock, an event, a queue and a variable."""

    tasks: tuple[tuple[str, ...], ...]

    def program(self) -> Callable[[], Awaitable[object]]:
        async def run() -> None:
            world = _World()
            tasks = [asyncio.create_task(world.work(acts)) for acts in self.tasks]
            world.tasks += tasks
            world.event.set()
            for _ in self.tasks:
                world.queue.put_nowait(0)
            await asyncio.gather(*tasks, return_exceptions=True)
            assert world.total != 2, world.total

        return run


class _World:
    def __init__(self) -> None:
        self.lock, self.event, self.queue = asyncio.Lock(), asyncio.Event(), asyncio.Queue[int]()
        self.tasks: list[asyncio.Task[None]] = []
        self.total = 0

    async def work(self, acts: tuple[str, ...]) -> None:
        for act in acts:
            await getattr(self, f"do_{act}")()

    async def do_yield(self) -> None:
        await asyncio.sleep(0)

    async def do_lock(self) -> None:
        async with self.lock:
            await asyncio.sleep(0)

    async def do_signal(self) -> None:
        self.event.set()

    async def do_wait(self) -> None:
        await self.event.wait()

    async def do_put(self) -> None:
        await self.queue.put(1)

    async def do_get(self) -> None:
        if not self.queue.empty():
            self.queue.get_nowait()

    async def do_add(self) -> None:
        seen = self.total
        await asyncio.sleep(0)
        self.total = seen + 1

    async def do_sleep(self) -> None:
        await asyncio.sleep(1)

    async def do_cancel(self) -> None:
        self.tasks[0].cancel()

    async def do_spawn(self) -> None:
        await asyncio.create_task(self.do_yield())


programs = st.lists(st.lists(st.sampled_from(ACTS), max_size=5).map(tuple), min_size=1, max_size=4).map(
    lambda tasks: Generated(tuple(tasks))
)


@settings(deadline=None)
@given(programs, st.integers(0, 2**32))
def test_run_equals_run_equals_replay(generated: Generated, seed: int) -> None:
    with simulated_runner(generated.program(), Plan("random")) as runner:
        shapes: list[object] = []
        tape: list[int] = []
        for _ in range(2):
            strategy, record = RandomWalk(seed), Run(0)
            strategy.begin(0)
            trouble = runner.run(strategy, record)
            tape = list(record.tape)
            shapes.append((tape, record.length, trouble and trouble.identity))
        strategy, record = RandomWalk(seed), Run(0)
        strategy.begin(0)
        assert strategy.source is not None
        trouble = runner.walk(strategy.source, record)  # the fast way to run
        shapes.append((record.tape, record.length, trouble and trouble.identity))
        trouble, record = retrace(runner, tape)
        shapes.append((record.tape, record.length, trouble and trouble.identity))
        assert all(shape == shapes[0] for shape in shapes)


@settings(deadline=None, max_examples=15)
@given(programs)
def test_what_is_shrunk_still_fails_in_the_same_way(generated: Generated) -> None:
    program = generated.program()
    failure = explore(program, strategy="random", schedules=20, cancel=True).failure
    if failure is None:
        return
    again = replay(failure.replay, program)
    assert again is not None
    assert (again.kind, again.replay) == (failure.kind, failure.replay)
    assert shrink(failure, program).kind is failure.kind


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(st.sampled_from(("yield", "lock", "wait", "put", "sleep", "spawn")), max_size=5).map(tuple), max_size=4
    )
)
def test_what_does_not_depend_on_order_behaves_as_on_asyncio(tasks: list[tuple[str, ...]]) -> None:
    ends: list[object] = []

    async def program() -> None:
        world = _World()
        world.event.set()
        await asyncio.gather(*(world.work(tuple(act for act in acts if act != "sleep")) for acts in tasks))
        ends.append((world.queue.qsize(), world.event.is_set(), world.lock.locked()))

    result = explore(program, strategy="random", schedules=10)
    assert result.failure is None
    asyncio.run(program())
    assert len(set(ends)) == 1


SCRIPT = """
import asyncio, json
from hashlib import sha256
from asyncndis.torture import explore
from tests.torture import faulty
found = []
for program in (faulty.lost_update, faulty.reversed_order, faulty.careless_pool):
    failure = explore(program, strategy="random", schedules=3000, cancel=program is faulty.careless_pool).failure
    steps = repr([(step.actor, step.ready, step.woke) for step in failure.steps])
    found.append([failure.schedule, failure.replay, sha256(steps.encode()).hexdigest()[:8]])
print(json.dumps(found))
"""


RECORDED = [
    [1, "asyncndis1:Kkn-APqIlFnVL6CcAQMC", "b36a0a72"],
    [3, "asyncndis1:ZDHBAIEUytMiLKCcAQYGBAQCAg", "0ee47989"],
    [20, "asyncndis1:d_zjAeAVpVmd1KCcAQcE", "1cca601e"],
]
"""What all versions of Python find, by all hash seeds: schedule, line, digest of the steps."""


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_a_search_is_the_same_in_any_process_and_on_any_python(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.getcwd()}  # noqa: PTH109 - the root of the tests
    ran = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout) == RECORDED
