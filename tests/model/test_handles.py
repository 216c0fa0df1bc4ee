"""Handle tables against a dictionary: what was opened and not closed is found, everything else is stale."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from asyncndis.base import HandleTable, StaleHandle


class Handles(RuleBasedStateMachine):
    """One table, one dictionary, and every handle there ever was."""

    live = Bundle("live")
    closed = Bundle("closed")

    def __init__(self) -> None:
        super().__init__()
        self.table: HandleTable[object] = HandleTable("buffer", "BUF-05")
        self.model: dict[int, object] = {}
        self.seen: set[int] = set()
        self.most = 0

    @rule(target=live)
    def open(self) -> int:
        subject = object()
        handle = self.table.open(subject)
        assert handle not in self.seen, "a handle was given out twice"
        assert handle > 0
        self.seen.add(handle)
        self.model[handle] = subject
        self.most = max(self.most, len(self.model))
        return handle

    @rule(target=closed, handle=consumes(live))
    def close(self, handle: int) -> int:
        assert self.table.close(handle) is self.model.pop(handle)
        return handle

    @rule(handle=live)
    def resolve(self, handle: int) -> None:
        assert self.table.resolve(handle) is self.model[handle]

    @rule(handle=closed)
    def use_closed(self, handle: int) -> None:
        for use in (self.table.resolve, self.table.close):
            with pytest.raises(StaleHandle):
                use(handle)

    @rule(handle=st.integers(-(2**70), 2**70) | st.integers(0, 2**36))
    def guess(self, handle: int) -> None:
        if handle in self.model:
            assert self.table.resolve(handle) is self.model[handle]
        else:
            with pytest.raises(StaleHandle):
                self.table.resolve(handle)

    @invariant()
    def counts_agree(self) -> None:
        assert len(self.table) == len(self.model)

    @invariant()
    def slots_are_used_again(self) -> None:
        """The table is as large as the most that were ever open at once, not as all that ever were."""
        assert len({handle & 0xFFFFFFFF for handle in self.seen}) == self.most


Handles.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestHandles = Handles.TestCase
