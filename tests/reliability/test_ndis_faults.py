"""Allocations that fail under a whole stack: each once, in turn; many, by chance. Nothing is lost, nothing stops."""

import random
from contextlib import suppress
from functools import partial

import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, observe
from asyncndis.kernel import VirtualClock, current_clock, use_clock
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Binding, Intermediate, MacOptions, Miniport, Oid, Protocol, Stack, open_stack
from tests.support.loops import LOOPS, run_on
from tests.support.scripted import frame

SUCCESS, RESOURCES = NdisStatus.SUCCESS, NdisStatus.RESOURCES
BROADCAST = b"\xff" * 6
CHANCES = [
    (0.01, "asyncio", 2_000),
    (0.05, "asyncio", 10_000),
    (0.2, "asyncio", 2_000),
    *((share, loop, 500) for share in (0.01, 0.05, 0.2) for loop in ("uvloop", "trio")),
]


class Refusing(Probe):
    """Has the environment say no: to the n-th call that can fail, or by chance."""

    def __init__(self, *, nth: int = 0, share: float = 0, seed: int = 0) -> None:
        self.nth = nth
        self.share = share
        self.random = random.Random(seed)
        self.asked = 0
        self.refused = 0
        self.is_on = True

    def fails(self, operation: str, subject: object) -> bool:
        if not self.is_on:
            return False
        self.asked += 1
        answer = self.asked == self.nth or self.random.random() < self.share
        self.refused += answer
        return answer


class Echoing(Miniport):
    """Sends at once; receives in packets, low on resources, or by showing frames; drops what it has no room for."""

    mac_options = MacOptions.NO_LOOPBACK | MacOptions.COPY_LOOKAHEAD_DATA

    async def initialize(self, adapter: Adapter) -> None:
        self.frames = await adapter.allocate_frames(4)
        self.block = adapter.allocate_shared_memory(64)
        self.registers = adapter.allocate_map_registers(2, 1514)
        self.dropped = 0

    def send(self, packet: Packet) -> NdisStatus:
        self.adapter.send_complete(packet)
        return NdisStatus.PENDING

    def receive(self, number: int) -> None:
        """One frame, in one of three ways."""
        data = frame(number, to=BROADCAST)
        way = number % 3
        if way == 0:
            body = memoryview(data)[14:]
            self.adapter.indicate_lookahead(data, memoryview(data)[:14], body[:16], len(body))
            self.adapter.indicate_receive_complete()
            return
        try:
            packet = self.frames.allocate_nowait(data)
        except NdisError:
            self.dropped += 1
            return
        packet.oob.status = SUCCESS if way == 1 else RESOURCES
        self.adapter.indicate(packet)
        if way == 2:
            self.frames.free(packet)

    def transfer_data(self, packet: Packet, context: object, offset: int, count: int) -> tuple[NdisStatus, int]:
        assert isinstance(context, bytearray)
        first = packet.first
        assert first is not None
        first.view()[:count] = context[14 + offset : 14 + offset + count]
        return SUCCESS, count

    def return_packet(self, packet: Packet) -> None:
        self.frames.free(packet)


class Answering(Protocol):
    """Answers each frame, if it can; one of its two kinds waits while it does."""

    def __init__(self, *, name: str = "answering") -> None:
        super().__init__(name=name)
        self.received = 0
        self.sent = 0
        self.unsent = 0

    def receive(self, binding: Binding, packet: Packet) -> int:
        self.received += 1
        try:
            reply = binding.frames.allocate_nowait(bytearray(packet.to_bytes()))
        except NdisError:
            self.unsent += 1
            return 0
        reply.swap_addresses()
        binding.send_packets([reply])
        return 0

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        self.sent += 1
        binding.frames.free(packet)


class Waiting(Answering):
    async def receive(self, binding: Binding, packet: Packet) -> None:  # type: ignore[override]  # handlers are either
        self.received += 1
        with suppress(NdisError):
            await binding.send_frame(frame())


async def exercise(stack: Stack, echoing: Echoing, count: int) -> None:
    """Traffic, questions and a reset."""
    for number in range(count):
        echoing.receive(number)
        if number % 4 == 0:
            await stack.run_until_idle()
    for binding in stack.bindings:
        with suppress(NdisError):
            await binding.query(Oid.GEN_LINK_SPEED)
        with suppress(NdisError):
            await binding.send_frame(frame(to=BROADCAST))
    with suppress(NdisError):
        await stack.reset()
    await stack.run_until_idle()


async def live(refusing: Refusing, count: int, *, while_starting: bool = True) -> tuple[bool, Echoing, list[Answering]]:
    """One life of a stack; whether it has started."""
    echoing, answering, waiting = Echoing(name="echoing"), Answering(), Waiting(name="waiting")
    opened: list[Stack] = []
    refusing.is_on = while_starting
    with use_clock(VirtualClock()), observe(refusing):
        try:
            drivers = (answering, waiting, Intermediate(name="one"), Intermediate(name="other"), echoing)
            async with open_stack(*drivers) as stack:
                opened.append(stack)
                bindings = list(stack.ndis.bindings)
                refusing.is_on = True
                await exercise(stack, echoing, count)
                refusing.is_on = False
                assert await stack.binding.send_frame(frame()) is SUCCESS, "the driver is still of use"
                echoing.receive(1)
                await stack.run_until_idle()
                assert all(binding.frames.outstanding == 0 for binding in bindings)
                assert echoing.frames.outstanding == 0
        except NdisError as error:
            if opened or error.status not in (RESOURCES, NdisStatus.FAILURE):
                raise  # only a start may fail
        assert current_clock().now() < 5_0000000, "nobody had to be patient"
    adapter = getattr(echoing, "adapter", None)
    assert adapter is None or adapter.claims.live() == []
    return bool(opened), echoing, [answering, waiting]


@pytest.mark.parametrize("loop", LOOPS)
def test_every_allocation_fails_once(loop: str) -> None:
    nth, lives = 1, 0
    while True:
        refusing = Refusing(nth=nth)
        started, _, _ = run_on(loop, partial(live, refusing, 6))
        if not refusing.refused:
            break
        lives += started
        nth += 1
    assert nth > 20
    assert lives > 10, "most of them only cost a frame"


@pytest.mark.parametrize(("share", "loop", "count"), CHANCES)
def test_low_resources_by_chance(share: float, loop: str, count: int) -> None:
    refusing = Refusing(share=share)
    started, echoing, protocols = run_on(loop, lambda: live(refusing, count, while_starting=False))
    assert started
    assert refusing.refused >= refusing.asked * share / 2
    for protocol in protocols:
        assert protocol.received > count / 4, "traffic goes on"
        assert protocol.sent + protocol.unsent <= protocol.received + 1
    assert echoing.dropped < count / 2
