"""The rings against two queues: whatever driver, device and wire do in turns, frames come out whole and in order."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from asyncndis.memory import Block
from asyncndis.nic import BusMasterNic, BusMasterState, DescriptorFlag, Register
from tests.unit.nic.computer import OWN, Driver, Sink, frame_of

PEER = b"\x02\0\0\0\0\x07"
SIZE = 8


@dataclass
class Saved:
    """What the model and the computer held when the device was saved."""

    device: BusMasterState
    sending: deque[tuple[bytes, int]]
    posted: deque[Block]
    lost: int
    tx_tail: int
    rx_tail: int
    memory: list[bytes]


class Rings(RuleBasedStateMachine):
    """The model: frames on their way, each with the descriptors that it takes."""

    @initialize(check=st.booleans(), windows=st.booleans())
    def begin(self, *, check: bool, windows: bool) -> None:
        self.nic = BusMasterNic("nic", paced=False, check_rings=check, max_frame=400)
        self.driver = Driver(self.nic, ring=SIZE)
        if windows:
            self.driver.computer.__dict__["window_at"] = self.window_at
        self.sink = Sink()
        self.nic.connect(self.sink)
        self.number = 0
        self.sending: deque[tuple[bytes, int]] = deque()  # frame, descriptors
        self.posted: deque[Block] = deque()
        self.lost = 0
        self.saved: Saved | None = None

    def window_at(self, address: int, length: int) -> tuple[int, memoryview]:
        for block in self.driver.computer.blocks:
            if 0 <= address - block.physical_address <= len(block) - length:
                return block.physical_address, block.view
        raise LookupError(address)

    def frame(self, destination: bytes, length: int) -> bytes:
        self.number += 1
        return frame_of(destination, self.number, length)

    @rule(length=st.integers(60, 400), cuts=st.lists(st.integers(1, 59), max_size=3, unique=True))
    def hand_over(self, length: int, cuts: list[int]) -> None:
        if sum(count for _, count in self.sending) + len(cuts) + 1 > SIZE:
            return
        frame = self.frame(PEER, length)
        places = [0, *sorted(cuts), length]
        self.driver.send(*[frame[start:stop] for start, stop in pairwise(places)])
        self.sending.append((frame, len(cuts) + 1))

    @rule(limit=st.integers(1, 5))
    def step(self, limit: int) -> None:
        first = self.nic.read(Register.TX_HEAD)
        expected = [self.sending.popleft() for _ in range(min(limit, len(self.sending)))]
        assert self.nic.step(limit) == len(expected)
        assert self.sink.frames == [frame for frame, _ in expected]
        self.sink.frames.clear()
        for _, count in expected:
            flags = [self.driver.sent(first + piece)[1] for piece in range(count)]
            assert flags == [DescriptorFlag.DONE] * (count - 1) + [DescriptorFlag.DONE | DescriptorFlag.END]
            first += count

    @rule(lengths=st.lists(st.integers(20, 200), max_size=4))
    def post(self, lengths: list[int]) -> None:
        self.posted += self.driver.post(*lengths[: SIZE - len(self.posted)])

    @rule(lengths=st.lists(st.integers(14, 400), max_size=4))
    def receive(self, lengths: list[int]) -> None:
        frames = [self.frame(self.nic.mac, length) for length in lengths]
        first = self.nic.read(Register.RX_HEAD)
        expected: list[tuple[bytes, list[Block]]] = []
        for frame in frames:
            if sum(map(len, self.posted)) < len(frame):
                self.lost += 1
                continue
            blocks: list[Block] = []
            while sum(map(len, blocks)) < len(frame):
                blocks.append(self.posted.popleft())
            expected.append((frame, blocks))
        assert self.nic.receive_many(frames) == len(expected)
        for frame, blocks in expected:
            found = b""
            for block in blocks:
                written, flags = self.driver.received(first)
                found += block.view[:written]
                assert bool(flags & DescriptorFlag.END) == (block is blocks[-1])
                assert flags & DescriptorFlag.DONE
                first += 1
            assert found == frame

    @rule()
    def save(self) -> None:
        self.saved = Saved(
            self.nic.save(),
            self.sending.copy(),
            self.posted.copy(),
            self.lost,
            self.driver.tx_tail,
            self.driver.rx_tail,
            [bytes(block.view) for block in self.driver.computer.blocks],
        )

    @precondition(lambda self: self.saved)
    @rule()
    def restore(self) -> None:
        saved = self.saved
        assert saved is not None
        del self.driver.computer.blocks[len(saved.memory) :]
        for block, content in zip(self.driver.computer.blocks, saved.memory, strict=True):
            block.view[:] = content
        self.sending, self.posted, self.lost = saved.sending.copy(), saved.posted.copy(), saved.lost
        self.driver.tx_tail, self.driver.rx_tail = saved.tx_tail, saved.rx_tail
        self.nic.restore(saved.device)
        assert self.nic.save() == saved.device

    @invariant()
    def nothing_is_lost_or_made_up(self) -> None:
        now = self.nic.statistics()
        assert now.tx_pending == sum(count for _, count in self.sending)
        assert now.rx_pending == len(self.posted)
        assert (now.rx_no_buffer, now.tx_errors, now.rx_errors) == (self.lost, 0, 0)

    @invariant()
    def the_device_owns_what_is_pending(self) -> None:
        now = self.nic.statistics()
        for ring, pending, head in (
            (self.driver.tx_ring, now.tx_pending, self.nic.read(Register.TX_HEAD)),
            (self.driver.rx_ring, now.rx_pending, self.nic.read(Register.RX_HEAD)),
        ):
            owned = [bool(self.driver.descriptor(ring, head + place)[1] & OWN) for place in range(SIZE)]
            assert owned == [True] * pending + [False] * (SIZE - pending)


TestRings = Rings.TestCase
TestRings.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
