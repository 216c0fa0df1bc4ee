"""The send path against a simple oracle: what is accepted comes back exactly once, and reaches the wire in order."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from tests.support.scripted import (
    Arrays,
    Listener,
    Scripted,
    Serialized,
    SerializedArrays,
    frame,
    numbers,
    virtual_stack,
)

PENDING, SUCCESS, RESOURCES = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.RESOURCES
ABORTED = NdisStatus.REQUEST_ABORTED

STEPS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 6)),
    st.tuples(st.just("send one"), st.integers(0, 0)),
    st.tuples(st.just("complete"), st.integers(1, 4)),
    st.tuples(st.just("room"), st.integers(0, 3)),
    st.tuples(st.just("at once"), st.integers(0, 2)),
    st.tuples(st.just("cancel"), st.integers(1, 3)),
    st.tuples(st.just("reset"), st.integers(0, 0)),
)


class Oracle:
    """What is out, and what has come back.

    :ivar out: the numbers of the packets that were sent and are not back, in order
    :ivar back: how each came back
    """

    def __init__(self, rig: Scripted, protocol: Listener) -> None:
        self.rig, self.protocol = rig, protocol
        self.sent = 0
        self.out: list[int] = []
        self.back: dict[int, NdisStatus] = {}
        self.room = 3
        self.at_once = 0
        rig.answer = self.answer
        protocol.on_completion = self.completed

    def answer(self, _packet: Packet) -> NdisStatus:
        """What the miniport does: takes what it has room for, and some of it at once."""
        if self.at_once:
            self.at_once -= 1
            return SUCCESS
        if len(self.rig.given) < self.room or not self.rig.adapter.gate.serialized:
            return PENDING
        return RESOURCES

    def completed(self, packet: Packet, status: NdisStatus) -> None:
        (number,) = numbers([packet])
        assert number not in self.back, "once"
        self.out.remove(number)
        self.back[number] = status
        self.protocol.binding.frames.free(packet)

    def packets(self, count: int) -> list[Packet]:
        made: list[Packet] = []
        for _ in range(count):
            packet = self.protocol.binding.frames.allocate_nowait(frame(self.sent))
            packet.cancel_id = 1 + self.sent % 3
            self.out.append(self.sent)
            self.sent += 1
            made.append(packet)
        return made

    def step(self, name: str, number: int) -> None:
        binding = self.protocol.binding
        match name:
            case "send":
                binding.send_packets(self.packets(min(number, 60 - len(self.out))))
            case "send one":
                if len(self.out) < 60:
                    (packet,) = self.packets(1)
                    status = binding.send_nowait(packet)
                    if status is not PENDING:
                        self.completed(packet, status)
            case "complete":
                self.rig.complete(number)
            case "room":
                self.room = number
                self.rig.adapter.send_resources_available()
            case "at once":
                self.at_once = number
            case "cancel":
                binding.cancel_sends(number)
            case _:
                assert binding.reset_nowait() is PENDING

    def check(self) -> None:
        seen = self.rig.adapter.statistics().sends
        assert seen.in_flight == len(self.out)
        assert seen.in_flight == len(self.rig.given) + seen.queued
        assert self.protocol.binding.frames.outstanding == len(self.out)
        assert seen.sent + seen.failed == len(self.back)
        wire = numbers(self.rig.wire)
        reached = list(dict.fromkeys(wire))  # one that was refused for lack of resources comes again
        assert reached == sorted(reached), "in the order in which they were sent"
        if not self.rig.adapter.gate.serialized:
            assert wire == reached


@pytest.mark.parametrize("kind", [Scripted, Serialized, Arrays, SerializedArrays])
@given(steps=st.lists(STEPS, max_size=30))
@settings(max_examples=60, deadline=None)
def test_every_packet_comes_back_once_and_in_order(kind: type[Scripted], steps: list[tuple[str, int]]) -> None:
    async def live() -> None:
        rig, protocol = kind(), Listener()
        async with virtual_stack(protocol, rig):
            oracle = Oracle(rig, protocol)
            for name, number in steps:
                oracle.step(name, number)
                oracle.check()
            oracle.room = 99
            rig.adapter.send_resources_available()
            while rig.given:
                rig.complete()
            oracle.check()
            assert (oracle.out, sorted(oracle.back)) == ([], list(range(oracle.sent)))
            assert set(oracle.back.values()) <= {SUCCESS, ABORTED}

    asyncio.run(live())


def test_the_steps_are_all_tried() -> None:
    """A life with one of each, so that the oracle itself is right."""
    everything: Any = test_every_packet_comes_back_once_and_in_order
    steps = [("send", 6), ("at once", 1), ("send one", 0), ("complete", 2), ("cancel", 2), ("room", 2), ("reset", 0)]
    for kind in (Scripted, Serialized, Arrays, SerializedArrays):
        everything.hypothesis.inner_test(kind, steps)
