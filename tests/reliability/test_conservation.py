"""Conservation: after each of a million operations, every descriptor is free, out, or on its way to somebody.

A seeded driver does whatever can be done to a pool, the tasks that wait included: they are run, served, cancelled and
closed by hand. Every so often everything comes back, and the pool has to be as new.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from random import Random
from typing import Any
from unittest.mock import patch

import pytest

from asyncndis.base import PoolExhausted, Probe, Profile, observe
from asyncndis.memory import Buffer, BufferPool, Watermarks
from tests.support.seats import HandHost, HandTask

OPERATIONS = 1_000_000
CAPACITY = 8
QUIET_EVERY = 5_000

POOLS: dict[str, dict[str, Any]] = {
    "plain": {},
    "with a reserve": {"reserve": 2},
    "with watermarks": {"watermarks": Watermarks(2, 6)},
    "tracked": {"track": True},
    "of NT": {"profile": Profile.NT},
    "observed": {},
}


@contextmanager
def made(kind: str) -> Generator[BufferPool]:
    creation = BufferPool.create(CAPACITY, **POOLS[kind])
    with patch("asyncndis.memory.pool.current_host", return_value=HandHost()):
        if kind == "observed":
            with observe(Probe()):
                yield creation._build()
        else:
            yield creation._build()


class Driver:
    """Does one thing after another to a pool, as its dice say."""

    def __init__(self, pool: BufferPool, seed: int) -> None:
        self.pool = pool
        self.dice = Random(seed)
        self.out: list[Buffer] = []
        self.waiting: list[HandTask[Any]] = []
        self.done: dict[str, int] = {}
        weights: list[tuple[Callable[[], None], int]] = [
            (self.allocate_nowait, 24),
            (self.free, 34),
            (self.allocate, 14),
            (self.allocate_many, 6),
            (self.run, 14),
            (self.cancel, 5),
            (self.emergency, 2),
            (self.close_coroutine, 1),
            (self.resize, 1),
        ]
        self._steps = [step for step, weight in weights for _ in range(weight)]

    def step(self) -> None:
        step = self._steps[int(self.dice.random() * len(self._steps))]
        self.done[step.__name__] = self.done.get(step.__name__, 0) + 1
        step()

    def _pick(self, items: list[Any]) -> Any:
        number = int(self.dice.random() * len(items))
        items[number], items[-1] = items[-1], items[number]
        return items.pop()

    def allocate_nowait(self) -> None:
        try:
            self.out.append(self.pool.allocate_nowait(b"frame"))
        except PoolExhausted:
            return

    def emergency(self) -> None:
        try:
            self.out.append(self.pool.allocate_emergency())
        except PoolExhausted:
            return

    def free(self) -> None:
        if self.out:
            self._pick(self.out).free()

    def allocate(self) -> None:
        self._start(HandTask(self.pool.allocate()))

    def allocate_many(self) -> None:
        self._start(HandTask(self.pool.allocate_many(int(self.dice.random() * 5))))

    def _start(self, task: HandTask[Any]) -> None:
        if task.seat is None:
            self._end(task)
        else:
            self.waiting.append(task)
            if len(self.waiting) > 20:
                self.cancel()

    def _end(self, task: HandTask[Any]) -> None:
        buffers: list[Buffer] = [task.result] if isinstance(task.result, Buffer) else task.result or []
        self.out += buffers

    def run(self) -> None:
        ready = [task for task in self.waiting if task.can_run()]
        if ready:
            task = self._pick(ready)
            self.waiting.remove(task)
            task.run()
            self._end(task)

    def cancel(self) -> None:
        """It may have been cancelled or served before; it is noticed later."""
        if self.waiting:
            self.waiting[int(self.dice.random() * len(self.waiting))].cancel()

    def close_coroutine(self) -> None:
        if self.waiting:
            self._pick(self.waiting).close()

    def resize(self) -> None:
        self.pool.resize(2 + int(self.dice.random() * 2 * CAPACITY))

    def come_to_rest(self) -> None:
        """Everybody is served or gives up, and everything comes back."""
        while self.waiting:
            task = self.waiting.pop()
            task.close()
        while self.out:
            self.out.pop().free()


def test_conservation_after_each_operation() -> None:
    for number, kind in enumerate(POOLS):
        with made(kind) as pool:
            driver = Driver(pool, number)
            for count in range(OPERATIONS // len(POOLS) + 1):
                driver.step()
                seen = pool.statistics()
                taken = seen.outstanding + seen.in_hand
                assert seen.free + taken == max(seen.capacity, taken), (kind, count, seen)
                assert seen.outstanding == len(driver.out), (kind, count, seen)
                assert seen.in_hand >= 0 <= seen.waiting, (kind, count, seen)
                if count % QUIET_EVERY == 0:
                    assert len(set(driver.out)) == len(driver.out), "one descriptor is out twice"
                    driver.come_to_rest()
                    seen = pool.statistics()
                    assert (seen.free, seen.waiting) == (seen.capacity, 0), (kind, count, seen)
        assert len(driver.done) == len(set(driver._steps)), "each kind of step was taken"


@pytest.mark.parametrize("kind", POOLS)
def test_the_driver_gets_everywhere(kind: str) -> None:
    """Waiting, serving, denying and collecting all happen, or the test above says little."""
    with made(kind) as pool:
        driver = Driver(pool, 1)
        in_hand = waiting = 0
        for _ in range(3_000):
            driver.step()
            in_hand = max(in_hand, pool.statistics().in_hand)
            waiting = max(waiting, pool.statistics().waiting)
        seen = pool.statistics()
        unlimited = kind == "of NT"
        assert (in_hand > 1, waiting > 5, seen.denied > 50, seen.delayed > 50) == (not unlimited,) * 4
        assert seen.max_outstanding >= CAPACITY
