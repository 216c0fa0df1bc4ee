"""The record of a run: who could run, what was chosen, who woke whom, what was injected."""

import asyncio
from typing import Any

from asyncndis.torture import choose
from asyncndis.torture.points import CALLBACKS, CLOCK, INJECTOR, Kind, Point, Step
from asyncndis.torture.search import Plan, simulated_runner
from asyncndis.torture.strategies.base import Run, Strategy
from asyncndis.torture.strategies.replay import Replay


def record_of(program: Any, tape: list[int], **arguments: Any) -> Run:
    record, strategy = Run(0), Replay(tape)
    strategy.begin(0)
    with simulated_runner(program, Plan(**arguments)) as runner:
        runner.run(strategy, record)
    return record


async def sample() -> None:
    asyncio.get_running_loop().call_soon(len, "")
    tasks = [asyncio.create_task(asyncio.sleep(delay)) for delay in (0, 1)]
    choose("a value", 3)
    await asyncio.wait(tasks)


def test_steps_are_written_down_with_what_could_have_run_instead() -> None:
    record = record_of(sample, [2, 1])
    assert [(step.actor, step.ready) for step in record.steps] == [
        (0, (0,)),
        (1, (CALLBACKS, 1, 2)),
        (CALLBACKS, (CALLBACKS, 2, 1)),
        (2, (2, 1)),
        (1, (1,)),
        (CLOCK, (CLOCK,)),
        (2, (2,)),
        (0, (0,)),
    ]
    assert record.tape == [2, 1, 0, 0]
    assert [step.woke for step in record.steps] == [[CALLBACKS, 1, 2], [1], [], [], [], [2], [0], []]
    (value,) = record.steps[0].inner
    assert (value.kind, value.name, value.options, value.choice, value.position) == (Kind.VALUE, "a value", 3, 2, 0)
    decision = record.steps[1].decision
    assert decision is not None
    assert (decision.kind, decision.options, decision.choice, decision.position) == (Kind.RUN, 3, 1, 1)
    assert record.steps[0].decision is None
    assert record.length == len(record.steps)


def test_an_injection_is_a_step_and_wakes_whom_it_meets() -> None:
    async def program() -> None:
        worker = asyncio.create_task(asyncio.Event().wait(), name="worker")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await asyncio.wait([worker])

    record = record_of(program, [0, 0, 2], cancel=True)
    (injected,) = (step for step in record.steps if step.actor == INJECTOR)
    assert (injected.injected, injected.target, injected.woke) == ("cancel worker", 1, [1])
    assert injected.decision is not None
    assert injected.decision.choice >= len(injected.ready)


def test_a_point_tells_where_the_run_is() -> None:
    class Watching(Strategy):
        name = "watching"

        def begin(self, number: int) -> bool:
            return True

        def choose(self, point: Point) -> int:
            points.append((point.kind, point.actors, point.last, point.step, point.options, point.first_injection))
            return 0

        def stepped(self, step: Step) -> None:
            steps.append(step)

    points: list[Any] = []
    steps: list[Step] = []

    async def program() -> None:
        await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

    record = Run(0)
    with simulated_runner(program, Plan()) as runner:
        assert runner.run(Watching(), record) is None
    assert points == [
        (Kind.RUN, (1, 2), 0, 2, 2, 2),
        (Kind.RUN, (2, 1), 1, 3, 2, 2),
        (Kind.RUN, (1, 2), 2, 4, 2, 2),
    ]
    assert (steps, record.steps) == ([], [])  # nobody wanted them
