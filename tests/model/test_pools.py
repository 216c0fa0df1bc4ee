"""A buffer pool against the oracle: whatever is done to it, in whatever order, both say the same.

The tasks that wait are the pool's own coroutines, run by hand: served, cancelled and closed at any moment.
"""

import math
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncndis.base import PoolClosed, PoolExhausted, Probe, Profile, RuleViolation, StaleHandle, observe
from asyncndis.memory import Buffer, BufferPool, Watermarks
from tests.model.pool_oracle import PoolOracle, Request
from tests.support.seats import Cancelled, HandHost, HandTask

ERRORS = {"denied": PoolExhausted, "closed": PoolClosed, "gone": Cancelled}
TASKS_MAX = 12


@dataclass(eq=False)
class Taken:
    """A buffer that is out, with its handle if it has one."""

    buffer: Buffer
    handle: int = 0


class Pools(RuleBasedStateMachine):
    """One pool, one oracle, and tasks that wait."""

    pool: BufferPool
    oracle: PoolOracle[HandTask[Any]]

    def __init__(self) -> None:
        super().__init__()
        self.out: list[Taken] = []
        self.heard: list[str] = []
        self.stale: list[int] = []
        self.objects: set[Buffer] = set()
        self.is_observed = False

    @initialize(
        count=st.integers(0, 6),
        reserve=st.integers(0, 3),
        profile=st.sampled_from(Profile),
        marks=st.none() | st.tuples(st.integers(0, 4), st.integers(1, 6)),
        track=st.booleans(),
        observed=st.booleans(),
    )
    def create(
        self, count: int, reserve: int, profile: Profile, marks: tuple[int, int] | None, *, track: bool, observed: bool
    ) -> None:
        reserve = min(reserve, count)
        low, high = marks or (-1, math.inf)
        watermarks = None
        if marks is not None and low < high <= count:
            watermarks = Watermarks(
                marks[0], marks[1], lambda _: self.heard.append("low"), lambda _: self.heard.append("high")
            )
        self.is_observed = observed
        creation = BufferPool.create(count, profile=profile, reserve=reserve, watermarks=watermarks, track=track)
        with patch("asyncndis.memory.pool.current_host", return_value=HandHost()):
            if observed:
                with observe(Probe()):
                    self.pool = creation._build()
            else:
                self.pool = creation._build()
        marked = watermarks is not None
        self.oracle = PoolOracle(
            count, reserve, profile.enforces_buffer_count, low if marked else -1, high if marked else math.inf
        )

    def _is_open(self) -> bool:
        return not self.oracle.closed

    def _take(self, buffer: Buffer) -> None:
        assert all(buffer is not taken.buffer for taken in self.out), "handed out twice"
        if self.is_observed:
            assert buffer not in self.objects, "an object was used again"
            self.objects.add(buffer)
        self.out.append(Taken(buffer))

    @rule(emergency=st.booleans())
    def allocate_nowait(self, *, emergency: bool) -> None:
        allocate = self.pool.allocate_emergency if emergency else self.pool.allocate_nowait
        if self.oracle.closed:
            with pytest.raises(PoolClosed):
                allocate()
        elif self.oracle.take(emergency=emergency):
            self._take(allocate(b"frame"))
        else:
            with pytest.raises(PoolExhausted):
                allocate()

    @rule(count=st.integers(0, 6), in_bulk=st.booleans())
    @precondition(lambda self: len(self.oracle.line) < TASKS_MAX)
    def allocate(self, count: int, *, in_bulk: bool) -> None:
        if in_bulk and count != 1:
            task: HandTask[Any] = HandTask(self.pool.allocate_many(count))
        else:
            count, task = 1, HandTask(self.pool.allocate())
        outcome = self.oracle.wait(task, count)
        if outcome == "waits":
            assert task.seat is not None
        else:
            self._check_end(task, outcome)

    @rule(number=st.integers(0, TASKS_MAX))
    @precondition(lambda self: any(request.task.can_run() for request in self.oracle.line))
    def run(self, number: int) -> None:
        can_run = [request for request in self.oracle.line if not request.is_live]
        assert can_run == [request for request in self.oracle.line if request.task.can_run()]
        request = can_run[number % len(can_run)]
        request.task.run()
        self._check_end(request.task, self.oracle.run(request))

    def _check_end(self, task: HandTask[Any], outcome: str) -> None:
        note(f"{outcome}: {task.result!r} {task.error!r}")
        assert task.seat is None
        if outcome == "had":
            assert task.error is None
            buffers: list[Buffer] = [task.result] if isinstance(task.result, Buffer) else task.result or []
            for buffer in buffers:
                self._take(buffer)
        else:
            assert type(task.error) is ERRORS[outcome]

    def _waiting(self, number: int) -> Request[HandTask[Any]]:
        line = [request for request in self.oracle.line if not request.is_cancelled]
        return line[number % len(line)]

    @rule(number=st.integers(0, TASKS_MAX))
    @precondition(lambda self: any(not request.is_cancelled for request in self.oracle.line))
    def cancel(self, number: int) -> None:
        """Also who was served or sent home, and has not run since."""
        request = self._waiting(number)
        request.task.cancel()
        self.oracle.cancel(request)

    @rule(number=st.integers(0, TASKS_MAX))
    @precondition(lambda self: any(not request.is_cancelled for request in self.oracle.line))
    def close_coroutine(self, number: int) -> None:
        request = self._waiting(number)
        request.task.close()
        self.oracle.cancel(request)
        assert self.oracle.run(request) == "gone"

    @rule(number=st.integers(0, 20))
    @precondition(lambda self: self.out)
    def free(self, number: int) -> None:
        taken = self.out.pop(number % len(self.out))
        taken.buffer.free()
        self.oracle.free()
        if taken.handle:
            self.stale.append(taken.handle)
        if self.is_observed:
            with pytest.raises(RuleViolation):
                taken.buffer.free()

    @rule(number=st.integers(0, 20))
    @precondition(lambda self: self.out)
    def open_handle(self, number: int) -> None:
        taken = self.out[number % len(self.out)]
        taken.handle = self.pool.handle(taken.buffer)
        assert taken.handle not in self.stale

    @rule(count=st.integers(0, 8))
    @precondition(_is_open)
    def resize(self, count: int) -> None:
        if count < self.oracle.reserve:
            with pytest.raises(ValueError, match="too few"):
                self.pool.resize(count)
        else:
            self.pool.resize(count)
            self.oracle.resize(count)

    @rule()
    @precondition(lambda self: self._is_open() and len(self.oracle.line) > 2)
    def close(self) -> None:
        assert self.pool.close().count == self.oracle.out
        self.oracle.close()

    @invariant()
    def books_agree(self) -> None:
        seen, oracle = self.pool.statistics(), self.oracle
        assert seen.outstanding == oracle.out == len(self.out)
        assert seen.in_hand == oracle.in_hand
        assert seen.free == max(0, oracle.nominal - oracle.taken)
        assert (seen.capacity, seen.max_outstanding) == (oracle.nominal, oracle.peak)
        assert (seen.denied, seen.delayed) == (oracle.denied, oracle.delayed)
        assert sum(count for _, count in seen.waits) == oracle.arrived
        assert self.heard == oracle.calls
        assert self.pool.leaks().count == oracle.out

    @invariant()
    def the_line_agrees(self) -> None:
        for request in self.oracle.line:
            assert request.task.can_run() is not request.is_live
        noticed = len(self.oracle.live)
        cancelled = sum(request.is_cancelled for request in self.oracle.line)
        assert noticed <= self.pool.statistics().waiting <= noticed + cancelled

    @invariant()
    def handles_agree(self) -> None:
        for taken in self.out:
            if taken.handle:
                assert self.pool.resolve(taken.handle) is taken.buffer
        for handle in self.stale[-3:]:
            with pytest.raises(StaleHandle):
                self.pool.resolve(handle)

    def teardown(self) -> None:
        """Everybody goes home, everything comes back, and the pool is as new."""
        if not hasattr(self, "pool"):
            return
        for request in list(self.oracle.line):
            request.task.close()
        for taken in self.out:
            taken.buffer.free()
        seen = self.pool.statistics()
        assert (seen.outstanding, seen.in_hand, seen.waiting) == (0, 0, 0)
        assert seen.free == self.oracle.nominal


Pools.TestCase.settings = settings(max_examples=250, stateful_step_count=60, deadline=None)
TestPools = Pools.TestCase
