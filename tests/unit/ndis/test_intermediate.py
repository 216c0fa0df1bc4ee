"""Intermediate drivers: everything passes through, however many there are; and ends in the right order."""

from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.memory import Packet
from asyncndis.ndis import Adapter, Binding, Intermediate, MacOptions, Oid, OidRequest, PacketFilter, RequestType
from tests.support.loops import settle
from tests.support.scripted import Listener, Scripted, Serialized, Shower, frame, numbers, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS = NdisStatus.PENDING, NdisStatus.SUCCESS
ABORTED, RESOURCES = NdisStatus.REQUEST_ABORTED, NdisStatus.RESOURCES
BROADCAST = b"\xff" * 6
LAYERS = range(5)


def between(count: int) -> list[Intermediate]:
    return [Intermediate(name=f"im{number}") for number in range(count)]


@pytest.mark.parametrize("kind", [Scripted, Serialized])
@pytest.mark.parametrize("count", LAYERS)
async def test_sends_pass_down_and_completions_up(count: int, kind: type[Scripted]) -> None:
    async with virtual_stack(protocol := Listener(), *between(count), rig := kind()) as stack:
        protocol.binding.send_packets([protocol.packet(number) for number in range(3)])
        assert numbers(rig.wire) == [0, 1, 2]
        assert [adapter.statistics().sends.in_flight for adapter in stack.adapters] == [3] * (count + 1)
        rig.complete(1, NdisStatus.FAILURE)
        rig.complete()
        assert protocol.statuses_of_sends == [NdisStatus.FAILURE, SUCCESS, SUCCESS]
        assert [adapter.statistics().sends.in_flight for adapter in stack.adapters] == [0] * (count + 1)
        protocol.free()
        for status in (SUCCESS, NdisStatus.INVALID_PACKET):
            rig.answer = status
            packet = protocol.packet()
            answer = protocol.binding.send_nowait(packet)
            assert status in (answer, *protocol.statuses_of_sends)
            if answer is PENDING:
                protocol.free()
            else:
                protocol.binding.frames.free(packet)


@pytest.mark.parametrize("count", LAYERS)
async def test_frames_pass_up_and_returns_down(count: int) -> None:
    async with virtual_stack(protocol := Listener(promises=2), *between(count), rig := Scripted()) as stack:
        lent = rig.receive(frame(1, to=BROADCAST))
        assert numbers(protocol.got) == [1]
        assert [adapter.statistics().receives.lent for adapter in stack.adapters] == [1] * (count + 1)
        protocol.give_back(1)
        assert rig.home == []
        protocol.give_back()
        assert rig.home == [lent]
        protocol.promises = 0
        inline = rig.receive(frame(3, to=BROADCAST))
        assert rig.home == [lent, inline]
        rig.receive(frame(4, to=BROADCAST), RESOURCES)
        assert numbers(protocol.got) == [1, 3, 4]
        assert protocol.low == [SUCCESS, SUCCESS, RESOURCES]


@pytest.mark.parametrize("count", LAYERS)
async def test_requests_pass_down_and_answers_up(count: int) -> None:
    class Late(Scripted):
        late = False

        def query_information(self, oid: int, buffer: memoryview) -> Any:
            return PENDING if self.late else super().query_information(oid, buffer)

        def set_information(self, oid: int, buffer: memoryview) -> Any:
            return PENDING if self.late else super().set_information(oid, buffer)

    async with virtual_stack(protocol := Listener(), *between(count), rig := Late()):
        assert await protocol.binding.query(Oid.GEN_LINK_SPEED) == 1_000_000_000
        await protocol.binding.set_filter(PacketFilter.DIRECTED)
        assert rig.packet_filter == PacketFilter.DIRECTED
        group = bytes.fromhex("01005e000001")
        await protocol.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, [group])
        assert rig.multicast_list == (group,)
        rig.late = True
        requests = [OidRequest(type_, 0xFF010203, bytearray(8)) for type_ in list(RequestType)[:2]]
        for request in requests:
            assert protocol.binding.request_nowait(request) is PENDING
        for request in requests:
            if request.is_query:
                rig.adapter.query_complete(SUCCESS, 3)
            else:
                rig.adapter.set_complete(SUCCESS, 3)
        assert protocol.answered == [(request, SUCCESS) for request in requests]
        rig.late = False


async def test_loopback_is_done_below_and_not_once_more() -> None:
    class Looping(Scripted):
        mac_options = MacOptions.NO_LOOPBACK

    one, other = Listener(name="one"), Listener(name="other")
    async with virtual_stack(one, other, *between(2), rig := Looping()) as stack:
        rig.answer = SUCCESS
        assert not await stack.binding.query(Oid.GEN_MAC_OPTIONS) & MacOptions.NO_LOOPBACK
        await one.binding.send_frame(frame(7, to=BROADCAST))
        assert (numbers(one.got), numbers(other.got)) == ([7], [7])


@pytest.mark.parametrize("count", range(1, 4))
async def test_resets_pass_down(count: int) -> None:
    async with virtual_stack(protocol := Listener(), *between(count), rig := Scripted()) as stack:
        protocol.binding.send_packets([protocol.packet()])
        await protocol.binding.reset()
        assert protocol.statuses_of_sends == [ABORTED]
        assert [adapter.resets.count for adapter in stack.adapters] == [1] * (count + 1)
        protocol.free()
        rig.reset_answer = NdisStatus.NOT_RESETTABLE
        with pytest.raises(NdisError, match="NOT_RESETTABLE"):
            await protocol.binding.reset()


async def test_status_passes_up() -> None:
    async with virtual_stack(protocol := Listener(), *between(2), rig := Scripted()) as stack:
        rig.adapter.indicate_link(up=False)
        assert protocol.statuses == [NdisStatus.MEDIA_DISCONNECT]
        assert protocol.confirmed == 1
        assert [adapter.connected for adapter in stack.adapters] == [False] * 3


@pytest.mark.parametrize("lookahead", [0, 46])
async def test_shown_frames_pass_up(lookahead: int) -> None:
    async with virtual_stack(protocol := Listener(promises=1), *between(2), rig := Shower()) as stack:
        rig.show(bytes(frame(1, to=BROADCAST)), lookahead=lookahead)
        assert numbers(protocol.got) == [1]
        protocol.give_back()
        protocol.promises = 0
        rig.show(bytes(frame(2, to=BROADCAST)), lookahead=lookahead)
        assert numbers(protocol.got) == [1, 2]
        assert all(binding.frames.outstanding == 0 for binding in stack.ndis.bindings)


async def test_a_send_handler_that_waits() -> None:
    class Slow(Intermediate):
        async def send(self, packet: Packet) -> Any:
            await settle()
            return await self.below.send(packet)

    async with virtual_stack(protocol := Listener(), Slow(name="slow"), rig := Scripted()) as stack:
        rig.answer = SUCCESS
        protocol.binding.send_packets([protocol.packet(number) for number in range(3)])
        await stack.run_until_idle()
        assert protocol.statuses_of_sends == [SUCCESS] * 3
        assert numbers(rig.wire) == [0, 1, 2]
        protocol.free()


@pytest.mark.parametrize("count", range(1, 5))
async def test_what_is_never_completed_below_is_taken_back_and_blamed_below(count: int) -> None:
    with pytest.raises(RuleViolation, match="rig has not completed 1 sends") as caught:
        async with virtual_stack(protocol := Listener(), *between(count), Scripted()) as stack:
            binding = protocol.binding
            binding.send_nowait(packet := protocol.packet())
            await stack.ndis.unbind(binding)
            assert protocol.completed == [(packet, ABORTED)]
            binding.frames.free(packet)
    assert caught.value.rule == "SEND-02"


@pytest.mark.parametrize("count", range(1, 3))
async def test_what_is_never_returned_above(count: int) -> None:
    rig = Scripted()
    with pytest.raises(RuleViolation, match="listener on im0 has not returned 1 packets") as caught:
        async with virtual_stack(Listener(promises=1), *between(count), rig):
            rig.receive(frame(to=BROADCAST))
    assert caught.value.rule == "RCV-17"
    assert len(rig.home) == 1


async def test_a_request_that_is_never_answered_below_is_blamed_below() -> None:
    from asyncndis.ndis import AdapterAttributes

    class Mute(Scripted):
        attributes = Scripted.attributes | AdapterAttributes.IGNORE_REQUEST_TIMEOUT

        def query_information(self, oid: int, buffer: memoryview) -> Any:
            return PENDING if oid == 0xFF010203 else super().query_information(oid, buffer)

    with pytest.raises(RuleViolation, match="rig has not answered") as caught:
        async with virtual_stack(protocol := Listener(), *between(2), Mute()) as stack:
            binding = protocol.binding
            request = OidRequest(RequestType.QUERY_INFORMATION, 0xFF010203, bytearray(4))
            binding.request_nowait(request)
            await stack.ndis.unbind(binding)
            assert protocol.answered == [(request, ABORTED)]
    assert caught.value.rule == "OID-06"


class Failing(Intermediate):
    """Fails in one step of its start.

    :ivar step: which
    """

    def __init__(self, step: str) -> None:
        super().__init__(name="failing")
        self.step = step

    async def bind(self, binding: Binding) -> None:
        if self.step == "before bind":
            raise NdisError("no", NdisStatus.NOT_ACCEPTED)
        await super().bind(binding)
        if self.step == "after bind":
            raise NdisError("no", NdisStatus.NOT_ACCEPTED)

    def initialize(self, adapter: Adapter) -> Any:
        return NdisStatus.NOT_ACCEPTED if self.step == "initialize" else SUCCESS

    def query(self, oid: int) -> Any:
        raise AssertionError("never asked")

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        return NdisStatus.NOT_ACCEPTED if self.step == "questions" else super().query_information(oid, buffer)


@pytest.mark.parametrize("miniports", [1, 2])
@pytest.mark.parametrize("step", ["before bind", "after bind", "initialize", "questions"])
async def test_a_start_that_fails_leaves_nothing_behind(step: str, miniports: int) -> None:
    rigs = [Scripted(name=f"rig{number}") for number in range(miniports)]
    failing = Failing(step)
    with pytest.raises(NdisError):
        async with virtual_stack(Listener(), Intermediate(name="top"), failing, tuple(rigs)):
            pass
    assert failing.lower == []
    for rig in rigs:
        assert rig.adapter.state.value == "halted"
        assert rig.adapter.bindings == []


async def test_several_below() -> None:
    one, other = Scripted(name="one"), Scripted(name="other")
    async with virtual_stack(protocol := Listener(), im := Intermediate(name="im"), (one, other)) as stack:
        assert len(im.lower) == 2
        assert im.below is im.lower[0]
        one.receive(frame(1, to=BROADCAST))
        await im.lower[1].set_filter(PacketFilter.BROADCAST)
        other.receive(frame(2, to=BROADCAST))
        assert numbers(protocol.got) == [1, 2]
        await stack.ndis.halt_adapter(other.adapter)
        assert stack.top.state.value == "running", "there is one more below"
        await stack.ndis.halt_adapter(one.adapter)
        assert stack.top.state.value == "halted"
        with pytest.raises(NdisError, match="im is bound to nothing below"):
            _ = im.below


async def test_removed_below() -> None:
    async with virtual_stack(protocol := Listener(), *between(2), rig := Scripted()) as stack:
        await stack.ndis.surprise_remove(rig.adapter)
        assert [adapter.state.value for adapter in stack.adapters] == ["halted"] * 3
        assert protocol.bindings == []


async def test_closed_by_two_ends_at_once() -> None:
    async with virtual_stack(Listener(), *between(2), rig := Scripted()) as stack:
        async with anyio.create_task_group() as tasks:
            for adapter in stack.adapters:
                tasks.start_soon(stack.ndis.halt_adapter, adapter)
        assert rig.adapter.state.value == "halted"
        assert stack.ndis.adapters == []
