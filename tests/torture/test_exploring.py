"""The contract: what is found, by which name, and what comes back."""

import asyncio
import pickle
import random
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from asyncndis.torture import (
    Failure,
    FailureKind,
    Progress,
    Result,
    StaleReplay,
    always,
    choose,
    eventually,
    explore,
    fault,
    replay,
    shrink,
)
from tests.torture import faulty

Program = Callable[[], Awaitable[object]]

KINDS: list[tuple[Program, FailureKind]] = [
    (faulty.lost_update, FailureKind.EXCEPTION),
    (faulty.reversed_order, FailureKind.EXCEPTION),
    (faulty.crossed_locks, FailureKind.DEADLOCK),
    (faulty.polite_forever, FailureKind.LIVELOCK),
    (faulty.spins_with_lock, FailureKind.STARVATION),
    (faulty.leaves_a_task, FailureKind.LEFT),
    (faulty.nobody_asks, FailureKind.UNRETRIEVED),
    (faulty.forgets_to_await, FailureKind.NEVER_AWAITED),
]


def failure_of(program: Program, **arguments: Any) -> Failure:
    arguments.setdefault("strategy", "random")
    failure = explore(program, **arguments).failure
    assert failure is not None
    return failure


@pytest.mark.parametrize(("program", "kind"), KINDS, ids=lambda value: getattr(value, "__name__", str(value)))
def test_each_kind_of_failure_is_found_and_replayed(program: Program, kind: FailureKind) -> None:
    failure = failure_of(program, max_steps=2000)
    assert failure.kind is kind
    again = replay(failure.replay, program)
    assert again is not None
    assert (again.kind, str(again.error), again.replay) == (kind, str(failure.error), failure.replay)


def test_a_program_that_is_right_passes() -> None:
    async def right() -> None:
        lock, total = asyncio.Lock(), 0

        async def add() -> None:
            nonlocal total
            async with lock:
                seen = total
                await asyncio.sleep(0)
                total = seen + 1

        await asyncio.gather(add(), add(), add())
        assert total == 3

    result = explore(right, schedules=300)
    assert result.failure is None
    assert result.schedules == 300 or result.complete


def test_a_deadlock_names_who_waits_for_what_and_who_holds_it() -> None:
    text = str(failure_of(faulty.crossed_locks).error)
    assert "left waits for Lock other, held by right in take (faulty.py:" in text
    assert "right waits for Lock other, held by left" in text
    assert "Task-0 waits for left and right in crossed_locks" in text


def test_a_report_shows_order_race_and_the_line_that_replays() -> None:
    failure = failure_of(faulty.lost_update)
    report = failure.report()
    assert report.startswith("exception: AssertionError")
    assert "total = seen + 1" in report
    assert "The race: at step" in report
    assert "goes first, the program passes" in report
    assert report.endswith(failure.replay)
    assert "\n" not in failure.replay


def test_what_shrinks_still_fails_and_has_fewest_switches() -> None:
    failure = failure_of(faulty.reversed_order, schedules=5000)
    actors = [step.actor for step in failure.minimal]
    assert len([1 for one, other in pairwise(actors) if one != other]) <= 5
    again = shrink(failure, faulty.reversed_order)
    assert again.kind is failure.kind
    assert replay(again.replay, faulty.reversed_order) is not None


def test_injected_cancellation_loses_what_was_handed_over() -> None:
    assert explore(faulty.careless_pool, strategy="random", schedules=100).failure is None
    failure = failure_of(faulty.careless_pool, cancel=True)
    assert failure.kind in {FailureKind.DEADLOCK, FailureKind.LEFT}
    assert any(step.injected.startswith("cancel") for step in failure.minimal)
    assert "Without it the program passes" in failure.report()
    assert explore(faulty.careful_pool, strategy="random", cancel=True).failure is None


def test_each_await_is_cancelled_once() -> None:
    result = explore(faulty.careful_pool, strategy="each", cancel=True)
    assert (result.exhausted, result.complete, result.failure) == (True, False, None)  # other orders were not tried
    assert result.schedules > 20
    assert explore(faulty.careless_pool, strategy="each", cancel=True).failure is not None


def test_a_task_born_while_all_are_cancelled_is_not_left_over() -> None:
    async def server() -> None:
        serving: list[asyncio.Task[object]] = []
        loop = asyncio.get_running_loop()
        loop.call_soon(lambda: serving.append(loop.create_task(asyncio.Event().wait())))
        while not serving:  # noqa: ASYNC110 - the callback makes a task, and there is nothing else to wait for
            await asyncio.sleep(0)
        serving.pop().cancel()

    assert explore(server, cancel=True).failure is None


@pytest.mark.parametrize("faults", ["nth", "sites", "random"])
def test_a_failed_operation_is_a_choice(faults: str) -> None:
    async def program() -> None:
        refused = [name for name in ("open", "read", "close") if fault(name)]
        assert refused != ["read"], "read failed"

    failure = failure_of(program, faults=faults)
    assert "(read: fails)" in failure.report()
    assert replay(failure.replay, program) is not None
    assert explore(program, strategy="random").failure is None


def test_values_are_chosen_explored_and_shrunk() -> None:
    async def program() -> None:
        one, two = choose("one", 10), choose("two", 10)
        assert one + two < 17

    failure = failure_of(program)
    assert sum(decision.choice for step in failure.minimal for decision in step.inner) == 17


def test_an_invariant_is_checked_after_every_step() -> None:
    async def program() -> None:
        balance = 1
        always(lambda: balance >= 0, "overdrawn")

        async def spend() -> None:
            nonlocal balance
            if balance:
                await asyncio.sleep(0)
                balance -= 1
                await asyncio.sleep(0)

        await asyncio.gather(spend(), spend())
        balance = 0

    failure = failure_of(program)
    assert (failure.kind, str(failure.error)) == (FailureKind.INVARIANT, "overdrawn")


def test_what_has_to_come_some_time() -> None:
    async def program(*, comes: bool) -> None:
        seen = False
        eventually(lambda: seen, "it never came")
        await asyncio.sleep(0)
        seen = comes
        await asyncio.sleep(0)
        seen = False

    assert explore(partial(program, comes=True), schedules=20).failure is None
    failure = failure_of(partial(program, comes=False))
    assert (failure.kind, str(failure.error)) == (FailureKind.INVARIANT, "it never came")


def test_time_is_virtual_and_moves_when_nothing_is_ready() -> None:
    async def program() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(asyncio.sleep(3600), asyncio.sleep(7200))
        assert loop.time() - began == 7200
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.Event().wait()

    assert explore(program, schedules=50).failure is None


def test_an_early_timer_is_an_injection() -> None:
    async def program() -> None:
        is_done = False

        async def work() -> None:
            nonlocal is_done
            for _ in range(3):
                await asyncio.sleep(0)
            is_done = True

        worker = asyncio.create_task(work())
        await asyncio.sleep(1)
        assert is_done, "a second was not enough"
        await worker

    assert explore(program, strategy="random", schedules=200).failure is None
    failure = failure_of(program, cancel=True, schedules=5000)
    assert "a second was not enough" in str(failure.error)


def test_a_search_tells_how_far_it_is() -> None:
    told: list[Progress] = []

    async def program() -> None:
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(5)))

    explore(program, strategy="random", schedules=20_000, progress=told.append)
    assert told
    assert told[0].planned == 20_000


def test_the_same_seed_searches_in_the_same_way() -> None:
    one, other = failure_of(faulty.reversed_order, seed=3), failure_of(faulty.reversed_order, seed=3)
    assert (one.schedule, one.replay) == (other.schedule, other.replay)


def test_where_a_program_is_not_deterministic_is_said() -> None:
    calls: list[int] = []

    async def program() -> None:
        calls.append(0)
        await asyncio.gather(*(asyncio.sleep(0) for _ in range(len(calls))))

    assert "the program is not deterministic" in explore(program, schedules=5).statistics.nondeterministic
    assert not explore(faulty.careful_pool, schedules=5).statistics.nondeterministic


def test_a_failure_that_does_not_come_again_is_reported_with_the_reason() -> None:
    calls: list[int] = []

    async def program() -> None:
        calls.append(0)
        await asyncio.sleep(0)
        assert len(calls) != 1

    report = failure_of(program).report()
    assert "Run once more, this schedule passes" in report


def test_a_line_of_another_program_is_refused() -> None:
    failure = failure_of(faulty.lost_update)
    with pytest.raises(StaleReplay, match="another program"):
        replay(failure.replay, faulty.crossed_locks)


def test_results_can_be_sent() -> None:
    result = explore(faulty.lost_update)
    sent: Result = pickle.loads(pickle.dumps(result))
    assert sent.failure is not None
    assert result.failure is not None
    assert sent.failure.replay == result.failure.replay


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"schedules": 0}, "schedules=0"),
        ({"max_steps": 0}, "max_steps=0"),
        ({"jobs": 0}, "jobs=0"),
        ({"strategy": "magic"}, "'magic' is not known"),
        ({"faults": "all"}, "faults='all'"),
        ({"timeout": 0}, "timeout=0"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        explore(faulty.lost_update, **arguments)


def test_a_program_is_a_callable() -> None:
    with pytest.raises(TypeError, match="async function without arguments"):
        explore(3)  # type: ignore[arg-type]  # that is what is tested


def test_a_program_gives_something_to_await_and_takes_no_arguments() -> None:
    async def needy(size: int) -> None: ...

    with pytest.raises(TypeError, match=r"needs 'size', and runs without arguments: bind it"):
        explore(needy)  # type: ignore[arg-type]  # that is what is tested
    with pytest.raises(TypeError, match="gave 3, which cannot be awaited"):
        explore(lambda: 3)  # type: ignore[arg-type,return-value]  # that is what is refused
    assert explore(partial(needy, 3)).complete


async def ask_from_inside() -> None:
    with pytest.raises(RuntimeError, match="from plain code"):
        explore(faulty.lost_update)


def test_a_search_inside_of_a_loop_is_refused() -> None:
    asyncio.run(ask_from_inside())


def test_a_program_that_draws_is_repeated_but_never_complete() -> None:
    drawn: list[float] = []

    async def program() -> None:
        drawn.append(random.random())
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

    result = explore(program)
    assert len(set(drawn)) == 1
    assert (result.complete, result.failure, result.statistics.nondeterministic) == (False, None, "")
    assert result.schedules < 1000
