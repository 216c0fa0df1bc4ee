"""Taking turns, and peers that are not installed."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from benchmarks.harness import QUICK, Contender, Loop, Turns, race, take_turns
from benchmarks.results import Verdict, at_most


@asynccontextmanager
async def idle() -> AsyncGenerator[Loop]:
    async def loop(count: int) -> None:
        for _ in range(count):
            pass

    yield loop


def counting(seconds: float, order: list[float]) -> Callable[[], Awaitable[float]]:
    async def sample() -> float:
        order.append(seconds)
        return seconds

    return sample


def test_each_round_has_another_order_and_the_first_is_not_kept() -> None:
    order: list[float] = []
    turns = asyncio.run(take_turns({"a": counting(1, order), "b": counting(2, order)}, rounds=2))
    assert order == [1, 2, 2, 1, 1, 2]
    assert turns.seconds == {"a": [1, 1], "b": [2, 2]}


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    turns = Turns({"a": [1, 9, 2], "b": [2, 3, 2]})
    assert turns.ratio("a", "b") == 1
    assert turns.cost("what", "a", "b", at_most(1)).verdict is Verdict.GOAL
    assert turns.speed("what", "a", "b", at_most(1)).value == 1


def test_a_missing_peer_is_named() -> None:
    contenders = [Contender("ours", idle), Contender("peer", idle, "no_such_package")]
    row = asyncio.run(race(contenders, QUICK)).speed("what", "ours", "peer", at_most(1))
    assert (row.against, row.value, row.verdict) == ("peer", None, Verdict.NOT_INSTALLED)
