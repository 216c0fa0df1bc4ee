"""The graph of lock orders, against an oracle that knows only reachability."""

import asyncio
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.base import Site
from asyncndis.kernel import SpinLock
from asyncndis.verifier import LockOrder, Step, verify

HERE = Site("ring.py", 7, "send")


def step(earlier: str, later: str) -> Step:
    return Step(earlier, later, None, HERE, "task")


def learnt(*steps: str) -> LockOrder[str]:
    order = LockOrder[str]()
    for earlier, later in map(tuple, steps):
        order.learn(earlier, later, step(earlier, later))
    return order


def names(steps: list[Step]) -> list[str]:
    return [taken.earlier + taken.later for taken in steps]


def test_steps_are_known_once_learnt() -> None:
    order = learnt("ab")
    assert order.knows("a", "b")
    assert not order.knows("b", "a")
    assert not order.knows("c", "a")


def test_the_shortest_way_is_found() -> None:
    order = learnt("ab", "bc", "cd", "bd", "da")
    assert names(order.way("a", "d")) == ["ab", "bd"]
    assert names(order.way("c", "b")) == ["cd", "da", "ab"]
    assert order.way("a", "z") == []
    assert order.way("z", "a") == []


def test_a_step_reads_as_a_line() -> None:
    assert str(step("a", "b")) == "a, then b at ring.py:7 by task"
    held = Step("a", "b", Site("ring.py", 3, "send"), HERE, "task")
    assert str(held) == "a (held since ring.py:3), then b at ring.py:7 by task"


def inversions(nestings: list[list[int]]) -> int:
    """How many steps close a cycle, by walking every path."""
    steps: set[tuple[int, int]] = set()

    def leads(start: int, end: int, tried: frozenset[int]) -> bool:
        nexts = {later for earlier, later in steps if earlier == start} - tried
        return end in nexts or any(leads(later, end, tried | nexts) for later in nexts)

    count = 0
    for earlier, later in (pair for nesting in nestings for pair in pairwise(nesting)):
        if (earlier, later) not in steps:
            count += leads(later, earlier, frozenset())
            steps.add((earlier, later))
    return count


async def take(nestings: list[list[int]]) -> None:
    locks = [SpinLock(f"lock {number}") for number in range(6)]
    for nesting in nestings:
        for number in nesting:
            locks[number].acquire_nowait()
        for number in reversed(nesting):
            locks[number].release()


nestings_of_locks = st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6, unique=True), max_size=8)


@given(nestings_of_locks)
@settings(deadline=None)
def test_every_inversion_is_found_and_nothing_else(nestings: list[list[int]]) -> None:
    with verify("LOCK") as findings:
        asyncio.run(take(nestings))
    assert set(findings.rules) <= {"LOCK-08"}
    assert sum(finding.times for finding in findings) == inversions(nestings)


@given(st.permutations(range(6)), st.lists(st.sets(st.integers(0, 5), min_size=1), max_size=8))
@settings(deadline=None)
def test_one_order_is_never_an_inversion(order: list[int], uses: list[set[int]]) -> None:
    with verify("LOCK") as findings:
        asyncio.run(take([sorted(use, key=order.index) for use in uses]))
    assert not findings
