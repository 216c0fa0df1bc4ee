"""A lookaside list against two sets: what is out, and what is kept."""

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncndis.base import NdisError, RuleViolation
from asyncndis.memory import Arena, Block, LookasideList, LookasideStatistics

SIZE = 16
ROOM = 5


class LookasideLists(RuleBasedStateMachine):
    """The model: entries that are out, and the entries kept, the last one on top."""

    @initialize(depth=st.integers(0, ROOM))
    def begin(self, depth: int) -> None:
        self.depth = depth
        self.arena = Arena(SIZE * ROOM)
        self.entries = LookasideList(SIZE, depth=depth, provider=self.arena)
        self.out: list[Block] = []
        self.kept: list[Block] = []
        self.hits = self.misses = 0

    @rule()
    def allocate(self) -> None:
        if self.kept:
            entry = self.entries.allocate()
            assert entry is self.kept.pop()
            self.hits += 1
        elif len(self.out) == ROOM:
            with pytest.raises(NdisError):
                self.entries.allocate()
            return
        else:
            entry = self.entries.allocate()
            self.misses += 1
        assert len(entry) == SIZE
        self.out.append(entry)

    @precondition(lambda self: self.out)
    @rule(number=st.integers(0, ROOM))
    def free(self, number: int) -> None:
        entry = self.out.pop(number % len(self.out))
        self.entries.free(entry)
        if len(self.kept) < self.depth:
            self.kept.append(entry)
        with pytest.raises(RuleViolation, match="POOL-17"):
            self.entries.free(entry)

    @invariant()
    def the_books_are_right(self) -> None:
        assert self.entries.statistics() == LookasideStatistics(len(self.kept), len(self.out), self.hits, self.misses)
        assert self.arena.statistics().blocks == len(self.kept) + len(self.out)

    def teardown(self) -> None:
        assert self.entries.delete() == len(self.out)
        assert self.arena.statistics().blocks == len(self.out)


TestLookasideLists = LookasideLists.TestCase
TestLookasideLists.settings = settings(max_examples=50, stateful_step_count=40, deadline=None)
