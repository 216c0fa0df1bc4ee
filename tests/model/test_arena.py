"""An arena against a list of blocks: no overlap, nothing lost, and RESOURCES only when there is no room."""

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.memory import Arena, ArenaState, Block, HeapProvider

SIZE = 256


class Arenas(RuleBasedStateMachine):
    """The model: blocks that are out, with what was written to each; and what they were when the arena was saved."""

    @initialize()
    def begin(self) -> None:
        self.arena = Arena(SIZE)
        self.origin = self.arena.allocate(0).address
        self.arena.restore(Arena(SIZE).save())
        self.out: dict[Block, bytes] = {}
        self.saved: tuple[ArenaState, dict[Block, bytes]] = (self.arena.save(), {})
        self.written = 0

    def gaps(self) -> list[tuple[int, int]]:
        """The vacant pieces between the blocks, by offset."""
        taken = sorted((block.address - self.origin, max(len(block), 1)) for block in self.out)
        starts = [0, *(start + length for start, length in taken)]
        return list(zip(starts, [*(start for start, _ in taken), SIZE], strict=True))

    @rule(length=st.integers(0, SIZE // 2), alignment=st.sampled_from([1, 2, 16, 64]))
    def allocate(self, length: int, alignment: int) -> None:
        fits = any(-(-start // alignment) * alignment + max(length, 1) <= stop for start, stop in self.gaps())
        if not fits:
            with pytest.raises(NdisError) as caught:
                self.arena.allocate(length, alignment=alignment)
            assert caught.value.status is NdisStatus.RESOURCES
            return
        block = self.arena.allocate(length, alignment=alignment)
        assert (len(block), bytes(block.view)) == (length, bytes(length))
        assert (block.address % alignment, block.physical_address % alignment) == (0, 0)
        self.written += 1
        block.view[:] = bytes([self.written % 255 + 1]) * length
        self.out[block] = bytes(block.view)

    @precondition(lambda self: self.out)
    @rule(number=st.integers(0, 1 << 16))
    def free(self, number: int) -> None:
        block = list(self.out)[number % len(self.out)]
        self.arena.free(block)
        del self.out[block]
        with pytest.raises(RuleViolation, match="POOL-18"):
            self.arena.free(HeapProvider().allocate(len(block)))

    @rule()
    def save(self) -> None:
        self.saved = self.arena.save(), self.out.copy()

    @rule()
    def restore(self) -> None:
        state, self.out = self.saved[0], self.saved[1].copy()
        self.arena.restore(state)
        assert self.arena.save() == state

    @invariant()
    def blocks_keep_their_content(self) -> None:
        for block, content in self.out.items():
            assert bytes(block.view) == content
        assert all(start <= stop for start, stop in self.gaps()), "two blocks overlap"

    @invariant()
    def nothing_is_lost(self) -> None:
        seen = self.arena.statistics()
        assert (seen.used, seen.blocks) == (sum(map(len, self.out)), len(self.out))

    def teardown(self) -> None:
        for block in self.out:
            self.arena.free(block)
        assert len(self.arena.allocate(SIZE)) == SIZE


TestArenas = Arenas.TestCase
TestArenas.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
