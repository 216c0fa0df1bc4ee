"""One run: both ways to run mean the same by the same choices, verdicts, and how a run is cleared away."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import chain, repeat
from typing import Any

import pytest

from asyncndis.torture import FailureKind, choose, explore
from asyncndis.torture.failures import Trouble
from asyncndis.torture.points import Point
from asyncndis.torture.search import Plan, simulated_runner
from asyncndis.torture.strategies.base import Redundant, Run, Strategy
from asyncndis.torture.strategies.replay import Replay
from tests.torture import faulty

Program = Callable[[], Awaitable[object]]


def verdict_of(program: Program, strategy: Strategy | None = None) -> tuple[Trouble | None, Run]:
    """What comes of one run, in stock asyncio's order or by a strategy."""
    by, record = strategy or Replay([]), Run(0)
    assert by.begin(0)
    with simulated_runner(program, Plan()) as runner:
        return runner.run(by, record), record


async def chooses() -> tuple[int, ...]:
    order: list[int] = []

    async def work(number: int) -> None:
        await asyncio.sleep(number % 2)
        order.append(number)

    await asyncio.gather(*map(work, range(4)))
    seen.append((*order, choose("a value", 300)))
    return tuple(order)


seen: list[tuple[int, ...]] = []


@pytest.mark.parametrize("seed", range(20))
def test_the_fast_way_and_the_slow_one_mean_the_same(seed: int) -> None:
    seen.clear()
    record = Run(0)
    with simulated_runner(chooses, Plan()) as runner:
        assert runner.walk(chain((seed * 37 % 256 for _ in range(3)), repeat(seed)), record) is None
        again = Run(0)
        strategy = Replay(record.tape)
        strategy.begin(0)
        assert runner.run(strategy, again) is None
    assert (again.tape, again.length) == (record.tape, record.length)
    assert seen[0] == seen[1]


async def cancelled() -> None:
    raise asyncio.CancelledError


async def fails() -> None:
    raise ValueError("that is it")


async def complains() -> None:
    asyncio.get_running_loop().call_exception_handler({"message": "a complaint"})


async def fails_in_a_callback() -> None:
    asyncio.get_running_loop().call_soon(divmod, 1, 0)
    await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("program", "kind", "said"),
    [
        (cancelled, FailureKind.EXCEPTION, "the program was cancelled"),
        (fails, FailureKind.EXCEPTION, "that is it"),
        (complains, FailureKind.UNRETRIEVED, "a complaint"),
        (fails_in_a_callback, FailureKind.UNRETRIEVED, "division or modulo by zero"),
        (faulty.nobody_asks, FailureKind.UNRETRIEVED, "nobody asks"),
        (faulty.forgets_to_await, FailureKind.NEVER_AWAITED, "coroutine sleep was never awaited"),
    ],
)
def test_verdicts(program: Program, kind: FailureKind, said: str) -> None:
    trouble, record = verdict_of(program)
    assert trouble is not None
    assert (trouble.kind, record.failed) == (kind, True)
    assert said in str(trouble.error)


def test_any_awaitable_is_a_program() -> None:
    class Odd:
        def __await__(self) -> Any:
            yield from asyncio.sleep(1).__await__()
            raise ValueError("from an awaitable")

    trouble, _ = verdict_of(Odd)
    assert trouble is not None
    assert str(trouble.error) == "from an awaitable"


def test_when_the_program_fails_its_tasks_are_cancelled_and_may_clean_up() -> None:
    ended: list[str] = []

    async def worker() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            ended.append("cleaned up")

    async def program() -> None:
        ended.clear()
        faulty.tasks.add(asyncio.create_task(worker()))
        await asyncio.sleep(0)
        raise ValueError

    trouble, _ = verdict_of(program)
    assert trouble is not None
    assert type(trouble.error) is ValueError
    assert ended == ["cleaned up"]


def test_what_is_alive_at_the_end_is_closed_in_the_name_of_its_task() -> None:
    closed: list[str] = []

    async def worker() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            task = asyncio.current_task()
            assert task is not None
            closed.append(task.get_name())

    async def program() -> None:
        await asyncio.gather(*(asyncio.create_task(worker(), name=name) for name in "ab"))

    trouble, _ = verdict_of(program)
    assert trouble is not None
    assert trouble.kind is FailureKind.DEADLOCK
    assert closed == ["a", "b"]


def test_how_a_coroutine_minds_being_closed_is_no_news() -> None:
    async def stubborn() -> None:
        for _ in range(3):
            try:
                await asyncio.Event().wait()
            finally:
                raise ValueError("never")

    trouble, _ = verdict_of(stubborn)
    assert trouble is not None
    assert trouble.kind is FailureKind.DEADLOCK


def test_many_ready_tasks_are_all_candidates() -> None:
    """More than a byte can tell apart."""
    first: set[int] = set()

    async def program() -> None:
        order: list[int] = []

        async def work(number: int) -> None:
            order.append(number)

        await asyncio.gather(*map(work, range(300)))
        first.add(order[0])

    assert explore(program, strategy="random", schedules=60).failure is None
    assert max(first) > 255
    assert len(first) > 30


def test_a_strategy_hears_of_each_step_and_may_end_a_run() -> None:
    class Impatient(Strategy):
        name = "impatient"
        wants_steps = True
        heard = 0

        def begin(self, number: int) -> bool:
            return number == 0

        def choose(self, point: Point) -> int:
            if self.heard == 3:
                raise Redundant
            return point.options - 1

        def stepped(self, step: object) -> None:
            self.heard += 1

    trouble, record = verdict_of(faulty.reversed_order, Impatient())
    assert (trouble, record.redundant, len(record.steps)) == (None, True, 3)
