"""Loans of the receive path against a simple oracle: a packet is home when the last promise is kept, and not before."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.memory import Packet
from tests.support.scripted import Listener, Scripted, Serialized, frame, virtual_stack

SUCCESS, RESOURCES = NdisStatus.SUCCESS, NdisStatus.RESOURCES
PROTOCOLS = 3

STEPS = st.one_of(
    st.tuples(st.just("indicate"), st.lists(st.integers(0, 2), min_size=PROTOCOLS, max_size=PROTOCOLS)),
    st.tuples(st.just("low"), st.just([0] * PROTOCOLS)),
    st.tuples(st.just("return"), st.lists(st.integers(0, 9), min_size=2, max_size=2)),
    st.tuples(st.just("too often"), st.lists(st.integers(0, 9), min_size=1, max_size=1)),
)


class Oracle:
    """Who owes how many returns of which packet."""

    def __init__(self, rig: Scripted, protocols: list[Listener]) -> None:
        self.rig, self.protocols = rig, protocols
        self.owed: dict[Packet, list[int]] = {}
        self.promised = [0] * PROTOCOLS
        self.home = 0
        for number, protocol in enumerate(protocols):
            protocol.promises = lambda _packet, number=number: self.promised[number]

    def step(self, name: str, numbers: list[int]) -> None:
        match name:
            case "indicate":
                if self.rig.frames.outstanding < self.rig.frames.capacity:
                    self.indicate(numbers)
            case "low":
                if self.rig.frames.outstanding < self.rig.frames.capacity:
                    self.promised = numbers
                    self.rig.receive(frame(to=b"\xff" * 6), RESOURCES)
            case "return":
                self.give_back(*numbers)
            case _:
                self.give_back_too_often(*numbers)

    def indicate(self, promised: list[int]) -> None:
        self.promised = promised
        packet = self.rig.receive(frame(to=b"\xff" * 6))
        if any(promised):
            self.owed[packet] = list(promised)
        elif self.rig.adapter.gate.serialized:
            assert packet.oob.status == SUCCESS
            self.rig.frames.free(packet)
        else:
            self.home += 1

    def give_back(self, which: int, by: int) -> None:
        if self.owed:
            packet = list(self.owed)[which % len(self.owed)]
            owing = [number for number, owed in enumerate(self.owed[packet]) if owed]
            number = owing[by % len(owing)]
            self.protocols[number].binding.return_packet(packet)
            self.owed[packet][number] -= 1
            if not any(self.owed[packet]):
                del self.owed[packet]
                self.home += 1

    def give_back_too_often(self, which: int) -> None:
        for packet, owed in self.owed.items():
            number = which % PROTOCOLS
            if not owed[number]:
                with pytest.raises(RuleViolation, match="RCV-07"):
                    self.protocols[number].binding.return_packet(packet)

    def check(self) -> None:
        assert self.rig.adapter.statistics().receives.lent == len(self.owed)
        assert len(self.rig.home) == self.home
        assert self.rig.frames.outstanding == len(self.owed)
        for number, protocol in enumerate(self.protocols):
            assert protocol.binding.statistics().lent == sum(owed[number] > 0 for owed in self.owed.values())


@pytest.mark.parametrize("kind", [Scripted, Serialized])
@given(steps=st.lists(STEPS, max_size=30))
@settings(max_examples=60, deadline=None)
def test_a_packet_is_home_when_the_last_promise_is_kept(
    kind: type[Scripted], steps: list[tuple[str, list[int]]]
) -> None:
    async def live() -> None:
        rig, protocols = kind(), [Listener(name=f"p{number}") for number in range(PROTOCOLS)]
        async with virtual_stack(*protocols, rig):
            oracle = Oracle(rig, protocols)
            for name, numbers in steps:
                oracle.step(name, numbers)
                oracle.check()
            while oracle.owed:
                oracle.give_back(0, 0)
                oracle.check()

    asyncio.run(live())
