"""The receive path in packets: lending, returning, copying; with any number of protocols, at once or deferred."""

from collections.abc import Callable
from itertools import product
from typing import Any

import anyio
import pytest

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.kernel import Irql, current_clock, current_irql
from asyncndis.memory import Packet, PacketPool
from asyncndis.ndis import Adapter, Binding, PacketFilter, Protocol
from tests.support.loops import settle
from tests.support.scripted import ELSEWHERE, Listener, Scripted, Serialized, frame, numbers, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, RESOURCES = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.RESOURCES
KINDS = [Scripted, Serialized]
BROADCAST = b"\xff" * 6


def broadcast(number: int = 0, *, size: int = 60) -> bytearray:
    return frame(number, to=BROADCAST, size=size)


def unless_low(count: int) -> Callable[[Packet], int]:
    """Promise to return each packet so often, but not what may not be kept (RCV-06)."""
    return lambda packet: 0 if packet.oob.status == RESOURCES else count


@pytest.mark.parametrize("defers", [False, True], ids=["inline", "deferred"])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_combination_of_protocols_and_returns(kind: type[Scripted], defers: bool) -> None:
    for counts in (counts for many in range(4) for counts in product(range(3), repeat=many)):
        rig = kind()
        protocols = [Listener(name=f"p{number}", promises=unless_low(count)) for number, count in enumerate(counts)]
        async with virtual_stack(*protocols, rig, defers=defers) as stack:
            packets = [rig.make(broadcast(number)) for number in range(2)]
            low = rig.make(broadcast(2), RESOURCES)
            rig.adapter.indicate([*packets, low])
            rig.frames.free(low)
            assert all(numbers(protocol.got) == [0, 1, 2] for protocol in protocols)
            if any(counts):
                assert rig.home == []
                assert stack.adapter.statistics().receives.lent == 2
                for protocol in protocols:
                    assert protocol.binding.statistics().lent == (2 if protocol.lent else 0)
                    protocol.give_back()
                await stack.run_until_idle()
                assert rig.home == packets
            elif kind is Serialized:
                assert [packet.oob.status for packet in packets] == [SUCCESS, SUCCESS]
                assert rig.home == [], "a serialized miniport reads the status"
                for packet in packets:
                    rig.frames.free(packet)
            else:
                await stack.run_until_idle()
                assert rig.home == packets
            assert rig.frames.outstanding == 0
            seen = stack.adapter.statistics().receives
            assert (seen.lent, seen.indicated, seen.delivered, seen.low) == (0, 3, 3 * len(counts), 1)
            assert seen.unwanted == (0 if counts else 3)


async def test_a_serialized_miniport_reads_what_became_of_each() -> None:
    rig, protocol = Serialized(), Listener(promises=lambda packet: numbers([packet])[0])
    async with virtual_stack(protocol, rig):
        packets = [rig.make(broadcast(number)) for number in range(2)]
        rig.adapter.indicate(packets)
        assert [packet.oob.status for packet in packets] == [SUCCESS, PENDING]
        rig.frames.free(packets[0])
        protocol.give_back()
        assert rig.home == [packets[1]]


async def test_a_packet_comes_back_with_the_last_return() -> None:
    rig, one, other = Scripted(), Listener(name="one", promises=2), Listener(name="other", promises=1)
    async with virtual_stack(one, other, rig):
        packet = rig.receive(broadcast())
        one.give_back(1)
        other.give_back()
        assert rig.home == []
        with pytest.raises(RuleViolation, match=r"SEND-01|RCV-01"):
            rig.frames.free(packet)
        one.give_back()
        assert rig.home == [packet]


async def test_returned_more_often_than_promised() -> None:
    rig, one, other = Scripted(), Listener(name="one", promises=1), Listener(name="other", promises=1)
    async with virtual_stack(one, other, rig):
        packet = rig.receive(broadcast())
        one.give_back()
        with pytest.raises(RuleViolation, match="more often than it said") as caught:
            one.binding.return_packet(packet)
        assert caught.value.rule == "RCV-07"
        other.give_back()
        with pytest.raises(RuleViolation, match="RCV-07"):
            other.binding.return_packet(packet)
        with pytest.raises(TypeError, match="a packet to return is a Packet"):
            one.binding.return_packets([b"x"])  # type: ignore[list-item]  # bad input
        assert rig.home == [packet]


async def test_returned_inside_the_handler() -> None:
    class Hasty(Listener):
        def receive(self, binding: Binding, packet: Packet) -> int:
            binding.return_packet(packet)
            return 1

    with pytest.raises(RuleViolation, match="before its ProtocolReceivePacket has answered") as caught:
        async with virtual_stack(Hasty(name="hasty"), rig := Scripted()):
            rig.receive(broadcast())
    assert caught.value.rule == "RCV-08"
    assert "in ProtocolReceivePacket of hasty" in caught.value.__notes__


async def test_returned_by_one_while_another_is_given_it() -> None:
    rig, keeper = Scripted(), Listener(name="keeper", promises=1)

    class Trigger(Listener):
        def receive(self, binding: Binding, packet: Packet) -> int:
            keeper.give_back()
            assert rig.home == [], "the indication still runs"
            return 0

    async with virtual_stack(keeper, Trigger(), rig):
        packet = rig.receive(broadcast())
        assert rig.home == [packet]


async def test_returned_while_the_next_is_indicated() -> None:
    rig = Serialized()
    protocol = Listener(promises=1)

    class Later(Listener):
        def receive(self, binding: Binding, packet: Packet) -> int:
            super().receive(binding, packet)
            if len(self.lent) == 2:
                self.give_back(1)
            return 1

    protocol = Later(promises=1)
    async with virtual_stack(protocol, rig):
        packets = [rig.make(broadcast(number)) for number in range(2)]
        rig.adapter.indicate(packets)
        assert rig.home == packets[:1]
        protocol.give_back()


@pytest.mark.parametrize("kind", KINDS)
async def test_never_returned(kind: type[Scripted]) -> None:
    rig, protocol, clock = kind(), Listener(promises=1), current_clock()
    with pytest.raises(RuleViolation, match="has not returned 2 packets in 5 s") as caught:
        async with virtual_stack(protocol, rig):
            clock = current_clock()
            rig.receive(broadcast(0))
            rig.receive(broadcast(1))
    assert caught.value.rule == "RCV-17"
    assert round(clock.now() / 1e7) == 5
    assert len(rig.home) == 2, "taken from the protocol, and brought home"


async def test_a_promise_to_return_what_is_to_be_copied() -> None:
    rig, protocol = Scripted(), Listener(promises=1)
    with pytest.raises(RuleViolation, match="copy it there and then, and answer 0") as caught:
        async with virtual_stack(protocol, rig):
            rig.receive(broadcast(), RESOURCES)
            assert rig.frames.outstanding == 0
    assert caught.value.rule == "RCV-06"
    assert "in ProtocolReceivePacket of listener" in caught.value.__notes__


@pytest.mark.parametrize("answer", [-1, "twice", 1.5, object()])
async def test_an_answer_that_is_no_count(answer: Any) -> None:
    rig, protocol = Scripted(), Listener()

    class Odd(Listener):
        def receive(self, binding: Binding, packet: Packet) -> Any:
            return answer

    protocol = Odd(name="odd")
    with pytest.raises(TypeError, match="answer how often the packet will be returned") as caught:
        async with virtual_stack(protocol, rig):
            rig.receive(broadcast())
            assert rig.frames.outstanding == 0
    assert "in ProtocolReceivePacket of odd" in caught.value.__notes__


async def test_what_may_not_be_indicated() -> None:
    rig, protocol = Scripted(), Listener(promises=lambda packet: packet.oob.status != RESOURCES)
    async with virtual_stack(protocol, rig) as stack:
        packet = rig.make(broadcast(), PENDING)
        with pytest.raises(RuleViolation, match="set SUCCESS to lend it, or RESOURCES") as caught:
            rig.adapter.indicate(packet)
        assert caught.value.rule == "RCV-02"
        low = rig.make(broadcast(), RESOURCES)
        packet.oob.status = SUCCESS
        with pytest.raises(RuleViolation, match="behind one with RESOURCES"):
            rig.adapter.indicate([low, packet])
        rig.frames.free(low)
        rig.adapter.indicate(packet)
        with pytest.raises(RuleViolation, match="RCV-01"):
            rig.adapter.indicate(packet)
        with pytest.raises(TypeError, match="a packet to indicate is a Packet"):
            rig.adapter.indicate([b"frame"])  # type: ignore[list-item]  # bad input
        short = rig.make(broadcast()[:13])
        with pytest.raises(RuleViolation, match="without a whole MAC header") as caught:
            rig.adapter.indicate(short)
        assert caught.value.rule == "PKT-12"
        rig.frames.free(short)
        async with PacketPool.create(1, protocol_reserved_length=32) as pool:
            empty = pool.allocate_nowait()
            with pytest.raises(RuleViolation, match="PKT-12"):
                rig.adapter.indicate(empty)
            empty.free()
        protocol.give_back()
        assert stack.adapter.statistics().receives.indicated == 2


async def test_nothing_is_indicated_before_the_adapter_runs_or_when_it_halts() -> None:
    class Early(Scripted):
        async def initialize(self, adapter: Adapter) -> None:
            await super().initialize(adapter)
            packet = self.make(broadcast())
            with pytest.raises(RuleViolation, match="while it is initializing") as caught:
                adapter.indicate(packet)
            assert caught.value.rule == "RCV-16"
            self.frames.free(packet)

        async def halt(self) -> None:
            packet = self.make(broadcast())
            with pytest.raises(RuleViolation, match="while it is halting"):
                self.adapter.indicate(packet)
            with pytest.raises(RuleViolation, match="RCV-16"):
                self.adapter.indicate_lookahead(None, memoryview(b""), memoryview(b""), 0)
            self.frames.free(packet)
            await super().halt()

    async with virtual_stack(Early()):
        pass


async def test_each_binding_has_a_filter_of_its_own() -> None:
    rig = Scripted()
    everything, mine, nothing = (Listener(name=name) for name in ("everything", "mine", "nothing"))
    everything.packet_filter = PacketFilter.PROMISCUOUS
    mine.packet_filter = PacketFilter.DIRECTED
    nothing.packet_filter = PacketFilter(0)
    async with virtual_stack(everything, mine, nothing, rig) as stack:
        for number, to in enumerate((BROADCAST, stack.binding.address, ELSEWHERE)):
            rig.receive(frame(number, to=to))
        assert [numbers(one.got) for one in (everything, mine, nothing)] == [[0, 1, 2], [1], []]
        assert rig.packet_filter == PacketFilter.PROMISCUOUS | PacketFilter.DIRECTED
        await stack.ndis.unbind(everything.binding)
        assert rig.packet_filter == PacketFilter.DIRECTED, "what the others want"


async def test_each_protocol_has_an_ether_type_of_its_own() -> None:
    class Ours(Listener, ether_type=0x88B5):
        pass

    class Others(Listener, ether_type=0x0800):
        pass

    ours, others, rig = Ours(name="ours"), Others(name="others"), Scripted()
    async with virtual_stack(ours, others, rig):
        rig.receive(broadcast())
        assert (len(ours.got), len(others.got)) == (1, 0)


class Waiting(Protocol):
    """Receives in a coroutine."""

    def __init__(self, *, name: str = "waiting") -> None:
        super().__init__(name=name)
        self.got: list[int] = []
        self.gate = anyio.Event()
        self.at: list[int] = []

    async def receive(self, binding: Binding, packet: Packet) -> None:
        self.at.append(current_irql())
        await self.gate.wait()
        self.got += numbers([packet])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_handler_that_waits_has_packets_in_turn_until_it_ends(kind: type[Scripted]) -> None:
    rig = kind()
    async with virtual_stack(protocol := Waiting(), rig) as stack:
        packets = [rig.make(broadcast(number)) for number in range(3)]
        rig.adapter.indicate(packets)
        await settle()
        assert rig.home == []
        assert protocol.binding.statistics().lent == 3
        protocol.gate.set()
        await stack.run_until_idle()
        assert protocol.got == [0, 1, 2]
        assert rig.home == packets
        assert protocol.at == [Irql.PASSIVE] * 3


async def test_a_handler_that_waits_gets_a_copy_of_what_may_not_be_kept() -> None:
    async with virtual_stack(protocol := Waiting(), rig := Scripted()) as stack:
        rig.receive(broadcast(1), RESOURCES)
        assert rig.frames.outstanding == 0
        protocol.gate.set()
        await settle()
        assert protocol.got == [1]
        assert stack.binding.frames.outstanding == 0


async def test_a_handler_that_waits_for_ever_is_given_up() -> None:
    rig, protocol = Scripted(), Waiting()
    with pytest.raises(RuleViolation, match="has not returned 2 packets in 5 s") as caught:
        async with virtual_stack(protocol, rig):
            rig.receive(broadcast(0))
            rig.receive(broadcast(1))
            await settle()
    assert caught.value.rule == "RCV-17"
    assert protocol.got == []
    assert len(rig.home) == 2


async def test_a_handler_that_waits_and_keeps_nothing_is_given_up_too() -> None:
    class Stuck(Listener):
        async def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:  # type: ignore[override]  # either
            self.binding.frames.free(packet)
            await anyio.sleep_forever()

    with pytest.raises(RuleViolation, match="has a handler that does not end in 5 s") as caught:
        async with virtual_stack(protocol := Stuck(), rig := Scripted()):
            rig.answer = SUCCESS
            protocol.binding.send_packets([protocol.packet()])
            await settle()
    assert caught.value.rule == "RCV-17"


async def test_a_binding_closes_as_soon_as_its_handler_has_ended() -> None:
    async with virtual_stack(protocol := Waiting(), rig := Scripted()) as stack:
        rig.receive(broadcast())
        await settle()
        binding = protocol.binding
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stack.ndis.unbind, binding)
            protocol.gate.set()
        assert current_clock().now() < 1e7
        assert protocol.got == [0]


async def test_unbound_during_a_receive() -> None:
    """What a protocol has at that time it returns; it is given nothing more."""
    rig, protocol = Scripted(), Listener(promises=1)
    async with virtual_stack(protocol, rig) as stack:
        binding = protocol.binding
        rig.receive(broadcast(0))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stack.ndis.unbind, binding)
            while binding.state.value == "open":
                await settle()
            rig.receive(broadcast(1))
            assert len(rig.home) == 1, "nobody wants it"
            for packet in protocol.lent:
                binding.return_packet(packet)
        assert numbers(protocol.got) == [0]
        assert stack.adapter.statistics().receives.unwanted == 1


@pytest.mark.parametrize("waits", [False, True], ids=["plain", "waits"])
async def test_deferred_returns_are_waited_for_before_the_pool_goes(waits: bool) -> None:
    class Slow(Scripted):
        async def return_packet(self, packet: Packet) -> None:  # type: ignore[override]  # handlers are either
            await settle()
            Scripted.return_packet(self, packet)

    rig, protocol = Slow() if waits else Scripted(), Listener(promises=1)
    async with virtual_stack(protocol, rig, defers=not waits):
        packet = rig.receive(broadcast())
        protocol.give_back()
        assert rig.home == []
        assert rig.adapter.receives.lent == 1
    assert rig.home == [packet]


async def test_halt_that_does_not_wait_for_what_is_on_its_way_home() -> None:
    class Hasty(Scripted):
        async def halt(self) -> None:
            await self.adapter.claims.release_all()

        async def return_packet(self, packet: Packet) -> None:  # type: ignore[override]  # handlers are either
            await anyio.sleep_forever()

    rig, protocol = Hasty(), Listener(promises=1)
    with pytest.raises(RuleViolation, match="did not wait for 1 packets to come home") as caught:
        async with virtual_stack(protocol, rig):
            rig.receive(broadcast())
            protocol.give_back()
            await settle()
    assert caught.value.rule == "LIFE-04"
