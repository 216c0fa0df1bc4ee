"""The send path: every answer of every kind of miniport, queueing, cancelling, and what is refused."""

from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import VirtualClock, current_clock, current_irql
from asyncndis.memory import BufferPool, Packet
from tests.support.loops import settle
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

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, RESOURCES = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.RESOURCES
ABORTED, FAILURE = NdisStatus.REQUEST_ABORTED, NdisStatus.FAILURE
KINDS = [Scripted, Serialized, Arrays, SerializedArrays]
SERIALIZED = [Serialized, SerializedArrays]
FINAL = [status for status in NdisStatus if status not in (PENDING, RESOURCES)]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_final_status_of_a_completion(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig) as stack:
        for status in FINAL:
            assert protocol.binding.send_nowait(protocol.packet()) is PENDING
            assert protocol.binding.statistics().sends == 1
            rig.complete(status=status)
            assert protocol.statuses_of_sends == [status]
            protocol.free()
        seen = stack.adapter.statistics().sends
        assert (seen.in_flight, seen.queued, seen.sent, seen.failed) == (0, 0, 1, len(FINAL) - 1)


@pytest.mark.parametrize("kind", [Scripted, Serialized])
async def test_every_final_status_of_an_answer_comes_back_from_the_call(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig):
        for status in FINAL:
            rig.answer = status
            packet = protocol.packet()
            assert protocol.binding.send_nowait(packet) is status
            assert protocol.completed == []
            protocol.binding.frames.free(packet)


@pytest.mark.parametrize("kind", [Arrays, SerializedArrays])
async def test_every_final_status_of_an_array(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig):
        for status in FINAL:
            rig.answer = status
            protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
            assert protocol.statuses_of_sends == [status, status]
            protocol.free()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_coroutine_gets_the_status_and_no_completion(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig):
        rig.answer = SUCCESS
        assert await protocol.binding.send_frame(frame()) is SUCCESS
        rig.answer = FAILURE
        with pytest.raises(NdisError, match="the packet was not sent: FAILURE") as caught:
            await protocol.binding.send_frame(frame())
        assert caught.value.status is FAILURE
        assert protocol.completed == []


@pytest.mark.parametrize("kind", KINDS)
async def test_completed_before_the_call_returns(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()

    def complete(packet: Packet) -> NdisStatus:
        rig.adapter.send_complete(packet, ABORTED)
        return PENDING

    async with virtual_stack(protocol, rig):
        rig.answer = complete
        assert protocol.binding.send_nowait(protocol.packet()) is PENDING
        assert protocol.statuses_of_sends == [ABORTED]
        rig.given.clear()
        protocol.free()
        with pytest.raises(NdisError, match="REQUEST_ABORTED"):
            await protocol.binding.send_frame(frame())
        rig.given.clear()
        packet = protocol.packet()

        def send_again(_packet: Packet, _status: NdisStatus) -> None:
            rig.answer = PENDING
            assert protocol.binding.send_nowait(packet) is PENDING

        protocol.on_completion = send_again
        assert protocol.binding.send_nowait(packet) is PENDING
        assert len(rig.wire) == 4, "a packet may be sent again from its own completion, before its first call returns"
        protocol.on_completion = None
        protocol.completed.clear()
        rig.given.clear()
        rig.adapter.send_complete(packet)
        protocol.free()


@pytest.mark.parametrize("kind", [Scripted, Serialized])
async def test_completed_and_answered_is_twice(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()

    def complete(packet: Packet) -> NdisStatus:
        rig.adapter.send_complete(packet)
        return SUCCESS

    with pytest.raises(RuleViolation, match=r"completed .* and answered SUCCESS") as caught:
        async with virtual_stack(protocol, rig):
            rig.answer = complete
            protocol.binding.send_nowait(protocol.packet())
            protocol.free()
    assert caught.value.rule == "SEND-04"
    assert "in MiniportSend of rig" in caught.value.__notes__


async def test_resources_after_completion_is_twice() -> None:
    rig, protocol = Serialized(), Listener()

    def complete(packet: Packet) -> NdisStatus:
        rig.adapter.send_complete(packet)
        return RESOURCES

    with pytest.raises(RuleViolation, match="SEND-04"):
        async with virtual_stack(protocol, rig):
            rig.answer = complete
            protocol.binding.send_nowait(protocol.packet())
            protocol.free()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_miniport_may_not_complete(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig):
        packet = protocol.packet()
        with pytest.raises(RuleViolation, match="does not have") as caught:
            rig.adapter.send_complete(packet)
        assert caught.value.rule == "SEND-02"
        protocol.binding.send_nowait(packet)
        for status in (PENDING, RESOURCES):
            with pytest.raises(RuleViolation, match=f"with {status.name}; a completion is final") as caught:
                rig.adapter.send_complete(packet, status)
            assert caught.value.rule == "SEND-03"
        with pytest.raises(ValueError, match="not a valid NdisStatus"):
            rig.adapter.send_complete(packet, 5)
        with pytest.raises(TypeError, match="a packet to complete is a Packet"):
            rig.adapter.sends.complete("packet", SUCCESS)  # type: ignore[arg-type]  # bad input
        rig.complete()
        with pytest.raises(RuleViolation, match="complete each packet exactly once"):
            rig.adapter.send_complete(packet)
        protocol.free()


async def test_several_are_completed_by_one_call() -> None:
    rig, protocol = Scripted(), Listener()
    async with virtual_stack(protocol, rig):
        protocol.binding.send_packets([protocol.packet(number) for number in range(3)])
        given, rig.given = rig.given, []
        rig.adapter.send_complete(given, FAILURE)
        assert protocol.completed == [(packet, FAILURE) for packet in given]
        protocol.free()


@pytest.mark.parametrize("kind", [Scripted, Arrays])
async def test_a_deserialized_miniport_may_not_answer_resources(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    rule = "SEND-08" if kind is Scripted else "SEND-03"
    with pytest.raises(RuleViolation, match=rule):
        async with virtual_stack(protocol, rig):
            rig.answer = RESOURCES
            assert protocol.binding.send_nowait(protocol.packet()) in (FAILURE, PENDING)
            await settle()
            rig.complete()


@pytest.mark.parametrize("kind", SERIALIZED)
async def test_after_resources_a_packet_and_all_behind_it_wait(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    room = 2

    def take(_packet: Packet) -> NdisStatus:
        nonlocal room
        room -= 1
        return PENDING if room >= 0 else RESOURCES

    async with virtual_stack(protocol, rig) as stack:
        rig.answer = take
        protocol.binding.send_packets([protocol.packet(number) for number in range(5)])
        assert numbers(rig.given) == [0, 1]
        seen = stack.adapter.statistics().sends
        assert (seen.in_flight, seen.queued) == (5, 3)
        assert seen.requeued >= 1
        room = 1
        rig.complete(1)
        assert numbers(rig.given) == [1, 2], "a completion makes room"
        room = 2
        rig.adapter.send_resources_available()
        assert numbers(rig.given) == [1, 2, 3, 4]
        protocol.binding.send_packets([protocol.packet(5)])
        assert numbers(rig.given) == [1, 2, 3, 4], "no room"
        room = 9
        while rig.given:
            rig.complete(1)
        assert numbers([packet for packet, _ in protocol.completed]) == [0, 1, 2, 3, 4, 5]
        protocol.free()


async def test_what_stands_behind_resources_in_an_array_has_to_be_refused_too() -> None:
    rig, protocol = SerializedArrays(), Listener()
    answers = iter([SUCCESS, RESOURCES, PENDING])
    with pytest.raises(RuleViolation, match="accepted a packet behind one that it marked RESOURCES") as caught:
        async with virtual_stack(protocol, rig):
            rig.answer = lambda _packet: next(answers)
            protocol.binding.send_packets([protocol.packet(number) for number in range(3)])
            assert protocol.statuses_of_sends == [SUCCESS]
            rig.answer = SUCCESS
            rig.adapter.send_resources_available()
            protocol.free()
    assert caught.value.rule == "SEND-07"
    assert "in MiniportSendPackets of rig" in caught.value.__notes__


async def test_an_array_element_without_a_status() -> None:
    class Forgetful(SerializedArrays):
        def send_packets(self, packets: Any) -> None:
            packets[0].oob.status = SUCCESS

    protocol = Listener()
    with pytest.raises(RuleViolation, match="set no status on") as caught:
        async with virtual_stack(protocol, Forgetful()):
            protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
            assert protocol.statuses_of_sends == [SUCCESS, FAILURE]
            protocol.free()
    assert caught.value.rule == "SEND-06"


@pytest.mark.parametrize("kind", [Arrays, SerializedArrays])
async def test_an_array_has_at_most_as_many_as_the_miniport_takes(kind: type[Arrays]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig):
        protocol.binding.send_packets([protocol.packet(number) for number in range(10)])
        assert rig.arrays == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
        rig.complete()
        protocol.free()


async def test_a_send_handler_that_waits_is_called_in_turn() -> None:
    class Slow(Scripted):
        async def send(self, packet: Packet) -> Any:
            assert current_irql() == 0
            await settle()
            return Scripted.send(self, packet)

    rig, protocol = Slow(), Listener()
    rig.answer = SUCCESS
    async with virtual_stack(protocol, rig) as stack:
        packets = [protocol.packet(number) for number in range(4)]
        assert protocol.binding.send_nowait(packets[0]) is PENDING
        protocol.binding.send_packets(packets[1:])
        assert stack.adapter.statistics().sends.in_flight == 4
        await stack.run_until_idle()
        assert [packet for packet, _ in protocol.completed] == packets
        assert numbers(rig.wire) == [0, 1, 2, 3]
        protocol.free()


async def test_arrays_for_a_handler_that_waits() -> None:
    class Slow(Arrays):
        async def send_packets(self, packets: Any) -> None:
            await settle()
            Arrays.send_packets(self, packets)

    rig, protocol = Slow(), Listener()
    rig.answer = SUCCESS
    async with virtual_stack(protocol, rig) as stack:
        protocol.binding.send_packets([protocol.packet(number) for number in range(6)])
        await stack.run_until_idle()
        assert rig.arrays == [[0, 1, 2, 3], [4, 5]]
        protocol.free()


@pytest.mark.parametrize("kind", [Arrays, SerializedArrays])
async def test_an_array_handler_that_raises_a_status_has_taken_nothing_more(kind: type[Arrays]) -> None:
    class Full(kind):  # type: ignore[valid-type,misc]  # one of the two
        def send_packets(self, packets: Any) -> None:
            self.adapter.send_complete(packets[0])
            raise NdisError("the ring is broken", NdisStatus.DEVICE_FAILED)

    protocol = Listener()
    async with virtual_stack(protocol, Full()):
        protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
        assert protocol.statuses_of_sends == [SUCCESS, NdisStatus.DEVICE_FAILED]
        protocol.free()


@pytest.mark.parametrize("kind", KINDS)
async def test_frames_that_are_no_frames(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig) as stack:
        async with BufferPool.create(2) as buffers:
            empty = protocol.packet()
            for buffer in empty.unchain_all():
                buffer.free()
            split = protocol.packet()
            split.chain_at_front(buffers.allocate_nowait(bytearray(13)))
            packets = [protocol.packet(size=1515), empty, split]
            for packet in packets:
                assert protocol.binding.send_nowait(packet) is NdisStatus.INVALID_PACKET
            protocol.binding.send_packets(packets)
            assert protocol.statuses_of_sends == [NdisStatus.INVALID_PACKET] * 3
            assert stack.adapter.statistics().sends.refused == 6
            split.unchain_at_front().free()  # type: ignore[union-attr]  # it was chained above
            protocol.free()
        longest = protocol.packet(size=1514)
        assert protocol.binding.send_nowait(longest) is PENDING
        rig.complete()
        protocol.free()
    assert rig.wire == [bytes(frame(size=1514))]


async def test_one_packet_of_an_array_may_not_be_sent() -> None:
    rig, protocol = Scripted(), Listener()
    async with virtual_stack(protocol, rig):
        packets = [protocol.packet(0), protocol.packet(1)]
        protocol.binding.send_nowait(packets[1])
        with pytest.raises(RuleViolation, match="SEND-01"):
            protocol.binding.send_packets(packets)
        assert numbers(rig.given) == [1, 0], "those before it are on their way"
        with pytest.raises(TypeError, match="a packet to send is a Packet"):
            protocol.binding.send_packets([b"frame"])  # type: ignore[list-item]  # bad input
        rig.complete()
        protocol.free()


@pytest.mark.parametrize("kind", SERIALIZED)
async def test_what_waits_in_the_queue_is_cancelled_by_its_id(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig):
        rig.answer = RESOURCES
        packets = [protocol.packet(number) for number in range(4)]
        for number, packet in enumerate(packets):
            packet.cancel_id = 7 if number % 2 else 8
        protocol.binding.send_packets(packets)
        protocol.binding.cancel_sends(7)
        assert protocol.completed == [(packets[1], ABORTED), (packets[3], ABORTED)]
        assert rig.cancelled == [7], "there are others, so the miniport is asked"
        rig.answer = SUCCESS
        rig.adapter.send_resources_available()
        assert numbers([packet for packet, _ in protocol.completed]) == [1, 3, 0, 2]
        protocol.binding.cancel_sends(8)
        assert rig.cancelled == [7], "nothing is out"
        with pytest.raises(RuleViolation, match="SEND-14"):
            protocol.binding.cancel_sends(0)
        protocol.free()


async def test_sends_of_another_binding_are_not_cancelled() -> None:
    rig, one, other = Serialized(), Listener(name="one"), Listener(name="other")
    async with virtual_stack(one, other, rig):
        rig.answer = RESOURCES
        packet = one.packet()
        packet.cancel_id = 7
        one.binding.send_nowait(packet)
        other.binding.cancel_sends(7)
        assert one.completed == []
        one.binding.cancel_sends(7)
        assert one.statuses_of_sends == [ABORTED]
        one.free()


@pytest.mark.parametrize("kind", KINDS)
async def test_a_packet_that_is_never_completed_is_taken_back_when_its_binding_closes(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    with pytest.raises(RuleViolation, match="rig has not completed 2 sends in 5 s") as caught:
        async with virtual_stack(protocol, rig) as stack:
            clock = current_clock()
            protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
            binding = protocol.binding
            before = clock.now()
            await stack.ndis.unbind(binding)
            assert round((clock.now() - before) / 1e7, 1) == 5
            assert [status for _, status in protocol.completed] == [ABORTED, ABORTED]
            for packet, _ in protocol.completed:
                binding.frames.free(packet)
            with pytest.raises(RuleViolation, match="SEND-02"):
                rig.complete(1)
    assert caught.value.rule == "SEND-02"


async def test_after_resources_nothing_ever_comes() -> None:
    rig, protocol = Serialized(), Listener()
    rig.check_for_hang_seconds = 60  # type: ignore[misc]  # no reset comes to the rescue
    with pytest.raises(RuleViolation, match="after RESOURCES call") as caught:
        async with virtual_stack(protocol, rig) as stack:
            rig.answer = RESOURCES
            binding = protocol.binding
            binding.send_nowait(protocol.packet())
            await stack.ndis.unbind(binding)
            binding.frames.free(protocol.completed[0][0])
    assert caught.value.rule == "SEND-09"


@pytest.mark.parametrize("kind", KINDS)
async def test_a_binding_closes_when_its_sends_are_completed(kind: type[Scripted]) -> None:
    rig, protocol = kind(), Listener()
    async with virtual_stack(protocol, rig) as stack:
        clock = current_clock()
        assert isinstance(clock, VirtualClock)
        binding = protocol.binding
        packet = protocol.packet()
        binding.send_nowait(packet)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stack.ndis.unbind, binding)
            await clock.advance(1)
            assert binding.state.value == "closing"
            assert packet.state.value == "sending"
            rig.complete()
        assert binding.state.value == "closed"
        binding.frames.free(packet)


async def test_what_a_binding_may_not_send() -> None:
    rig, protocol = Scripted(), Listener()
    async with virtual_stack(protocol, rig) as stack:
        binding = protocol.binding
        packet = protocol.packet()
        await stack.ndis.pause(stack.adapter)
        assert binding.send_nowait(packet) is NdisStatus.ADAPTER_NOT_READY
        stack.ndis.resume(stack.adapter)
        rig.reset_answer = PENDING
        assert binding.reset_nowait() is PENDING
        assert binding.send_nowait(packet) is NdisStatus.RESET_IN_PROGRESS
        rig.adapter.reset_complete()
        binding.closing_requested = True
        assert binding.send_nowait(packet) is NdisStatus.CLOSING
        binding.closing_requested = False
        binding.frames.free(packet)
        await stack.ndis.unbind(binding)
        with pytest.raises(RuleViolation, match="BIND-02"):
            binding.send_nowait(packet)


async def test_a_packet_that_is_waited_for_is_not_sent_again() -> None:
    rig, protocol = Scripted(), Listener()
    async with virtual_stack(protocol, rig):
        packet = protocol.packet()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(protocol.binding.send, packet)
            await settle()
            with pytest.raises(RuleViolation, match="sent again while it is waited for"):
                await protocol.binding.send(packet)
            rig.complete()
        protocol.binding.frames.free(packet)


async def test_a_cancelled_sender_waits_until_its_packet_is_back() -> None:
    rig, protocol = Scripted(), Listener()
    async with virtual_stack(protocol, rig):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(protocol.binding.send_frame, frame())
            await settle()
            tasks.cancel_scope.cancel()
            rig.complete()
        assert protocol.binding.frames.outstanding == 0
        assert rig.given == []


async def test_a_cancelled_sender_does_not_wait_for_ever() -> None:
    rig, protocol = Scripted(), Listener()
    with pytest.raises(RuleViolation, match="rig has not completed 1 sends in 5 s") as caught:
        async with virtual_stack(protocol, rig):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(protocol.binding.send_frame, frame())
                    await settle()
                    scope.cancel()
            assert protocol.binding.frames.outstanding == 0
    assert caught.value.rule == "SEND-02"
