"""Chains against lists: any mixture of linking, chaining, unchaining, adjusting, lending and freeing."""

from functools import partial

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncndis.base import Probe, RuleViolation, observe
from asyncndis.memory import Buffer, BufferState, Packet, PacketCounts, PacketEvent
from tests.unit.memory.making import buffer_pool, packet_pool

PACKETS = 3
BUFFERS = 8
CAPACITY = 6
pick = st.integers(0, 1 << 16)


class Chains(RuleBasedStateMachine):
    """The model: ``groups`` are linked buffers in no packet, ``chains`` the buffers of each packet.

    Counts are what the packet was last asked for; None where it has to count anew.
    """

    probe: Probe | None = None

    @initialize()
    def begin(self) -> None:
        self.buffers = buffer_pool(BUFFERS)
        if self.probe is None:
            packets = packet_pool(PACKETS)
        else:
            with observe(self.probe):
                packets = packet_pool(PACKETS)
        self.packets = [packets.allocate_nowait() for _ in range(PACKETS)]
        self.chains: list[list[Buffer]] = [[] for _ in self.packets]
        self.counts: list[PacketCounts | None] = [None] * PACKETS
        self.lent: set[int] = set()
        self.groups: list[list[Buffer]] = []

    def live(self) -> list[Buffer]:
        return [buffer for group in [*self.groups, *self.chains] for buffer in group]

    def place(self, number: int) -> tuple[int, Packet]:
        index = number % PACKETS
        return index, self.packets[index]

    def refused(self, index: int, packet: Packet, buffer: Buffer | None = None) -> bool:
        """Whether the packet is lent, and then that it cannot be edited."""
        if index not in self.lent:
            return False
        edits = [packet.unchain_at_front, packet.unchain_at_back, packet.unchain_all, packet.reinitialize]
        if buffer is not None:
            edits += [partial(packet.chain_at_front, buffer), partial(packet.chain_at_back, buffer)]
        for edit in edits:
            with pytest.raises(RuleViolation, match="SEND-01"):
                edit()
        return True

    @precondition(lambda self: len(self.live()) < BUFFERS)
    @rule(length=st.integers(0, CAPACITY))
    def allocate(self, length: int) -> None:
        buffer = self.buffers.allocate_nowait(bytearray(CAPACITY))
        if length < CAPACITY:
            buffer.adjust_length(length)
        self.groups.append([buffer])

    @precondition(lambda self: len(self.groups) > 1)
    @rule(first=pick, second=pick)
    def link(self, first: int, second: int) -> None:
        before, after = self.groups[first % len(self.groups)], self.groups[second % len(self.groups)]
        if before is after:
            with pytest.raises(RuleViolation, match="BUF-10"):
                before[-1].link(before[0])
            return
        before[-1].link(after[0])
        self.groups.remove(after)
        before += after

    @precondition(lambda self: self.groups)
    @rule(packet=pick, group=pick, at_front=st.booleans())
    def chain(self, packet: int, group: int, *, at_front: bool) -> None:
        index, target = self.place(packet)
        links = self.groups[group % len(self.groups)]
        if self.refused(index, target, links[0]):
            return
        if at_front:
            target.chain_at_front(links[0])
            self.chains[index][:0] = links
        else:
            target.chain_at_back(links[0])
            self.chains[index] += links
        self.groups.remove(links)
        self.counts[index] = None

    @rule(packet=pick, buffer=pick, at_front=st.booleans())
    def chain_what_is_taken(self, packet: int, buffer: int, *, at_front: bool) -> None:
        heads = [group[0] for group in self.groups]
        taken = [other for other in self.live() if other not in heads]
        index, target = self.place(packet)
        if taken and index not in self.lent:
            chaining = target.chain_at_front if at_front else target.chain_at_back
            with pytest.raises(RuleViolation, match="BUF-10"):
                chaining(taken[buffer % len(taken)])

    @rule(packet=pick, at_front=st.booleans())
    def unchain(self, packet: int, *, at_front: bool) -> None:
        index, target = self.place(packet)
        if self.refused(index, target):
            return
        chain = self.chains[index]
        expected = chain.pop(0 if at_front else -1) if chain else None
        assert (target.unchain_at_front() if at_front else target.unchain_at_back()) is expected
        if expected is not None:
            self.groups.append([expected])
            self.counts[index] = None

    @rule(packet=pick)
    def unchain_all(self, packet: int) -> None:
        index, target = self.place(packet)
        if not self.refused(index, target):
            assert target.unchain_all() == self.chains[index]
            self.release(index)

    @rule(packet=pick)
    def reinitialize(self, packet: int) -> None:
        index, target = self.place(packet)
        if not self.refused(index, target):
            target.reinitialize()
            self.release(index)

    def release(self, index: int) -> None:
        self.groups += [[buffer] for buffer in self.chains[index]]
        self.chains[index] = []
        self.counts[index] = None

    @precondition(lambda self: self.live())
    @rule(number=pick, length=st.integers(0, CAPACITY))
    def adjust(self, number: int, length: int) -> None:
        live = self.live()
        buffer = live[number % len(live)]
        if any(buffer in self.chains[index] for index in self.lent):
            with pytest.raises(RuleViolation, match="SEND-01"):
                buffer.adjust_length(length)
        else:
            buffer.adjust_length(length)

    @rule(packet=pick)
    def query(self, packet: int) -> None:
        index, target = self.place(packet)
        if self.counts[index] is None:
            chain = self.chains[index]
            first = chain[0] if chain else None
            self.counts[index] = PacketCounts(len(chain), len(chain), first, sum(buffer.length for buffer in chain))
        assert target.query() == self.counts[index]

    @rule(packet=pick)
    def recalculate(self, packet: int) -> None:
        index, target = self.place(packet)
        target.recalculate_counts()
        self.counts[index] = None

    @rule(packet=pick)
    def lend_or_return(self, packet: int) -> None:
        index, target = self.place(packet)
        target.transfer(PacketEvent.COMPLETE if index in self.lent else PacketEvent.SEND)
        self.lent ^= {index}

    @precondition(lambda self: self.live())
    @rule(number=pick)
    def free(self, number: int) -> None:
        live = self.live()
        buffer = live[number % len(live)]
        if [buffer] not in self.groups:
            with pytest.raises(RuleViolation, match="BUF-09"):
                buffer.free()
        elif buffer.length < CAPACITY:
            with pytest.raises(RuleViolation, match="BUF-08"):
                buffer.free()
        else:
            buffer.free()
            self.groups.remove([buffer])

    @rule(packet=pick)
    def free_packet(self, packet: int) -> None:
        index, target = self.place(packet)
        if index in self.lent or self.chains[index]:
            with pytest.raises(RuleViolation, match="SEND-01" if index in self.lent else "PKT-01"):
                target.free()
        else:
            target.free()
            self.packets[index] = target.pool.allocate_nowait()
            self.counts[index] = None

    @invariant()
    def the_chains_are_the_lists(self) -> None:
        for packet, chain in zip(self.packets, self.chains, strict=True):
            assert list(packet) == chain
            assert [packet.first, packet.last] == ([chain[0], chain[-1]] if chain else [None, None])
            assert all(buffer.packet is packet for buffer in chain)
            assert packet.to_bytes() == bytes(sum(buffer.length for buffer in chain))

    @invariant()
    def the_groups_are_linked(self) -> None:
        for group in self.groups:
            assert [buffer.next for buffer in group] == [*group[1:], None]
            assert all(buffer.packet is None for buffer in group)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self.buffers.outstanding == len(self.live())
        for buffer in self.live():
            is_chained = buffer.packet is not None
            is_adjusted = buffer.length < CAPACITY
            assert (
                buffer.state
                is {
                    (False, False): BufferState.ALLOCATED,
                    (False, True): BufferState.ADJUSTED,
                    (True, False): BufferState.CHAINED,
                    (True, True): BufferState.CHAINED_ADJUSTED,
                }[is_chained, is_adjusted]
            )


class WatchedChains(Chains):
    """The same on the careful ways."""

    probe = Probe()


for machine in (Chains, WatchedChains):
    machine.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestChains = Chains.TestCase
TestWatchedChains = WatchedChains.TestCase
