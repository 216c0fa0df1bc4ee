"""Resets: asked for by a protocol or by the check for hang; at once, later, twice, never; and what is set anew."""

from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import VirtualClock, current_clock
from asyncndis.memory import Packet
from asyncndis.ndis import AdapterAttributes, Oid, OidRequest, PacketFilter, RequestType, ResetState
from tests.support.loops import settle
from tests.support.scripted import Arrays, Listener, Scripted, Serialized, SerializedArrays, numbers, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, FAILURE = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.FAILURE
ABORTED, RESOURCES = NdisStatus.REQUEST_ABORTED, NdisStatus.RESOURCES
GROUP = bytes.fromhex("01005e000001")
KINDS = [Scripted, Serialized, Arrays, SerializedArrays]
FINAL = [
    SUCCESS, FAILURE, NdisStatus.NOT_RESETTABLE, NdisStatus.RESET_IN_PROGRESS, NdisStatus.SOFT_ERRORS,
    NdisStatus.HARD_ERRORS,
]  # fmt: skip


async def advance(seconds: float) -> None:
    clock = current_clock()
    assert isinstance(clock, VirtualClock)
    await clock.advance(seconds)


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("status", FINAL)
async def test_every_status(status: NdisStatus, later: bool) -> None:
    async with virtual_stack(protocol := Listener(), rig := Scripted()) as stack:
        rig.reset_answer = PENDING if later else status
        assert protocol.binding.reset_nowait() is PENDING
        if later:
            assert protocol.statuses == [NdisStatus.RESET_START]
            assert protocol.binding.reset_nowait() is NdisStatus.RESET_IN_PROGRESS
            assert stack.adapter.resets.state is ResetState.PENDING
            rig.adapter.reset_complete(status)
        assert protocol.resets == [status]
        assert protocol.statuses == [NdisStatus.RESET_START, NdisStatus.RESET_END]
        assert protocol.confirmed == 2
        assert stack.adapter.statistics().resets == 1
        rig.reset_answer = status
        if status is SUCCESS:
            await protocol.binding.reset()
        else:
            with pytest.raises(NdisError, match=f"rig was not reset: {status.name}"):
                await protocol.binding.reset()
        assert stack.link == "up"


@pytest.mark.parametrize("kind", KINDS)
async def test_sends_that_are_outstanding_come_back_aborted(kind: type[Scripted]) -> None:
    async with virtual_stack(protocol := Listener(), rig := kind()):
        protocol.binding.send_packets([protocol.packet(number) for number in range(3)])
        await protocol.binding.reset()
        assert protocol.statuses_of_sends == [ABORTED] * 3
        assert numbers([packet for packet, _ in protocol.completed]) == [0, 1, 2]
        protocol.free()
        assert protocol.binding.send_nowait(protocol.packet()) is PENDING
        rig.complete()
        protocol.free()


@pytest.mark.parametrize("kind", [Serialized, SerializedArrays])
async def test_the_queue_of_a_serialized_miniport_comes_back_too(kind: type[Scripted]) -> None:
    async with virtual_stack(protocol := Listener(), rig := kind()) as stack:
        rig.answer = RESOURCES
        protocol.binding.send_packets([protocol.packet(number) for number in range(3)])
        rig.reset_answer = PENDING
        protocol.binding.reset_nowait()
        assert protocol.statuses_of_sends == [ABORTED] * 3
        protocol.free()
        rig.answer = SUCCESS
        rig.adapter.reset_complete()
        protocol.binding.send_packets([protocol.packet(4)])
        assert protocol.statuses_of_sends == [SUCCESS], "it is not stalled any more"
        assert stack.adapter.is_at_rest
        protocol.free()


async def test_what_a_handler_that_waits_has_not_seen_is_not_its_affair() -> None:
    class Slow(Scripted):
        go: anyio.Event

        async def send(self, packet: Packet) -> Any:
            self.given.append(packet)
            await self.go.wait()
            return PENDING

    async with virtual_stack(protocol := Listener(), rig := Slow()):
        rig.go = anyio.Event()
        protocol.binding.send_packets([protocol.packet(number) for number in range(3)])
        await settle()
        await protocol.binding.reset()
        assert protocol.statuses_of_sends == [ABORTED] * 3
        rig.go.set()
        await settle()
        assert len(rig.given) == 0
        protocol.free()


@pytest.mark.parametrize("kind", [Scripted, Arrays])
async def test_a_deserialized_miniport_completes_its_sends_itself(kind: type[Scripted]) -> None:
    class Forgetful(kind):  # type: ignore[valid-type,misc]  # one of the two
        def reset(self) -> NdisStatus:
            return SUCCESS

    with pytest.raises(RuleViolation, match="has ended its reset with 2 sends not completed") as caught:
        async with virtual_stack(protocol := Listener(), Forgetful()):
            protocol.binding.send_packets([protocol.packet(0), protocol.packet(1)])
            await protocol.binding.reset()
            assert protocol.statuses_of_sends == [ABORTED] * 2
            protocol.free()
    assert caught.value.rule == "SEND-16"


async def test_a_reset_that_failed_takes_no_sends() -> None:
    class Unable(Scripted):
        def reset(self) -> NdisStatus:
            return NdisStatus.NOT_RESETTABLE

    async with virtual_stack(protocol := Listener(), rig := Unable()):
        protocol.binding.send_nowait(protocol.packet())
        with pytest.raises(NdisError):
            await protocol.binding.reset()
        rig.complete()
        assert protocol.statuses_of_sends == [SUCCESS]
        protocol.free()


async def test_requests_come_back_aborted() -> None:
    class Mute(Scripted):
        def query_information(self, oid: int, buffer: memoryview) -> Any:
            return PENDING if oid == 0xFF010203 else super().query_information(oid, buffer)

    async with virtual_stack(protocol := Listener(), Mute()):
        requests = [OidRequest(RequestType.QUERY_INFORMATION, 0xFF010203, bytearray(4)) for _ in range(2)]
        for request in requests:
            protocol.binding.request_nowait(request)
        await protocol.binding.reset()
        assert protocol.answered == [(request, ABORTED) for request in requests]


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("lookahead", [0, 300])
async def test_addresses_are_set_anew(lookahead: int, later: bool) -> None:
    async with virtual_stack(protocol := Listener(), rig := Scripted()):
        await protocol.binding.set_filter(PacketFilter.MULTICAST)
        await protocol.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, [GROUP])
        if lookahead:
            await protocol.binding.set(Oid.GEN_CURRENT_LOOKAHEAD, lookahead)
        wanted: list[tuple[int, object]] = [
            (Oid.GEN_CURRENT_PACKET_FILTER, PacketFilter.MULTICAST),
            (Oid.IEEE_802_3_MULTICAST_LIST, (GROUP,)),
            (Oid.GEN_CURRENT_LOOKAHEAD, lookahead),
        ]
        rig.settings.clear()
        rig.reset_answer = PENDING if later else (SUCCESS, True)
        assert protocol.binding.reset_nowait() is PENDING
        if later:
            rig.adapter.reset_complete(SUCCESS, addressing_reset=True)
        assert rig.settings == wanted[: 3 if lookahead else 2]
        assert protocol.resets == [SUCCESS]
        rig.settings.clear()
        rig.reset_answer = (FAILURE, True)
        protocol.binding.reset_nowait()
        assert rig.settings == [], "nothing was reset"


async def test_addresses_are_set_anew_one_after_another() -> None:
    class Late(Scripted):
        late = False

        def set_information(self, oid: int, buffer: memoryview) -> Any:
            answer = super().set_information(oid, buffer)
            return PENDING if self.late else answer

    async with virtual_stack(protocol := Listener(), rig := Late()) as stack:
        rig.late = True
        rig.reset_answer = (SUCCESS, True)
        protocol.binding.reset_nowait()
        for _ in range(2):
            assert stack.adapter.resets.state is ResetState.REPLAYING
            packet = protocol.packet()
            assert protocol.binding.send_nowait(packet) is NdisStatus.RESET_IN_PROGRESS
            protocol.binding.frames.free(packet)
            assert protocol.resets == []
            rig.adapter.set_complete(SUCCESS)
        assert protocol.resets == [SUCCESS]
        rig.late = False


async def test_halted_while_addresses_are_set_anew() -> None:
    class Late(Scripted):
        late = False

        def set_information(self, oid: int, buffer: memoryview) -> Any:
            return PENDING if self.late else super().set_information(oid, buffer)

    async with virtual_stack(rig := Late()) as stack:
        rig.late = True
        rig.reset_answer = (SUCCESS, True)
        assert stack.adapter.resets.begin() is PENDING
        await stack.ndis.halt_adapter(stack.adapter)
        assert stack.adapter.resets.state is ResetState.IDLE
        assert current_clock().now() == 0
    protocol, rig = Listener(), Late()
    with pytest.raises(RuleViolation, match="has not answered <OidRequest set OID_GEN_CURRENT_PACKET_FILTER") as caught:
        async with virtual_stack(protocol, rig):
            rig.late = True
            rig.reset_answer = (SUCCESS, True)
            protocol.binding.reset_nowait()
    assert caught.value.rule == "OID-06"
    assert protocol.resets == [SUCCESS]


async def test_what_may_not_be_completed() -> None:
    async with virtual_stack(protocol := Listener(), rig := Scripted()):
        with pytest.raises(RuleViolation, match="none is pending") as caught:
            rig.adapter.reset_complete()
        assert caught.value.rule == "LIFE-14"
        rig.reset_answer = PENDING
        protocol.binding.reset_nowait()
        with pytest.raises(RuleViolation, match="completes a reset with PENDING"):
            rig.adapter.reset_complete(PENDING)
        with pytest.raises(ValueError, match="not a valid NdisStatus"):
            rig.adapter.reset_complete(3)
        rig.adapter.reset_complete()
        with pytest.raises(RuleViolation, match="exactly once"):
            rig.adapter.reset_complete()


async def test_completed_before_the_handler_returns() -> None:
    class Quick(Scripted):
        def reset(self) -> Any:
            self.adapter.reset_complete(self.reset_answer)
            return PENDING

    async with virtual_stack(protocol := Listener(), Quick()):
        await protocol.binding.reset()


async def test_completed_and_answered_is_twice() -> None:
    class Twice(Scripted):
        def reset(self) -> Any:
            self.adapter.reset_complete()
            return SUCCESS

    with pytest.raises(RuleViolation, match="MiniportReset of rig completed the reset and answered") as caught:
        async with virtual_stack(protocol := Listener(), Twice()):
            protocol.binding.reset_nowait()
    assert caught.value.rule == "LIFE-14"


@pytest.mark.parametrize("answer", [None, 5, "done", (SUCCESS, True, 1), object()])
async def test_an_answer_that_is_none(answer: Any) -> None:
    with pytest.raises(TypeError, match=r"MiniportReset answered .*; return an NdisStatus") as caught:
        async with virtual_stack(protocol := Listener(), rig := Scripted()):
            rig.reset_answer = answer
            protocol.binding.reset_nowait()
            assert protocol.resets == [FAILURE]
    assert "in MiniportReset of rig" in caught.value.__notes__


async def test_a_handler_that_waits() -> None:
    class Slow(Scripted):
        async def reset(self) -> Any:
            await settle()
            return Scripted.reset(self)

    async with virtual_stack(protocol := Listener(), rig := Slow()):
        protocol.binding.send_packets([protocol.packet()])
        await protocol.binding.reset()
        assert protocol.statuses_of_sends == [ABORTED]
        protocol.free()
        assert rig.given == []


async def test_a_reset_that_never_ends() -> None:
    """Whoever waits for it is told when the adapter halts."""
    async with virtual_stack(rig := Scripted()) as stack:
        rig.reset_answer = PENDING
        statuses: list[NdisStatus] = []

        async def reset() -> None:
            with pytest.raises(NdisError, match="rig was not reset: REQUEST_ABORTED") as caught:
                await stack.reset()
            statuses.append(caught.value.status)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reset)
            await settle()
            await stack.ndis.halt_adapter(stack.adapter)
        assert statuses == [ABORTED]
        with pytest.raises(RuleViolation, match="LIFE-14"):
            rig.adapter.reset_complete()


@pytest.mark.parametrize("hangs", [False, True], ids=["pending", "hangs"])
async def test_a_reset_that_never_ends_is_told_when_its_binding_closes(hangs: bool) -> None:
    class Stuck(Scripted):
        async def reset(self) -> Any:
            await anyio.sleep_forever()

    protocol, rig = Listener(), Stuck() if hangs else Scripted()
    with pytest.raises(RuleViolation, match="rig has not completed its reset in 5 s") as caught:
        async with virtual_stack(protocol, rig):
            rig.reset_answer = PENDING
            protocol.binding.reset_nowait()
            await settle()
    assert protocol.resets == [ABORTED]
    assert caught.value.rule == "LIFE-14"


async def test_abandoned_before_a_reset_handler_that_waits_has_begun() -> None:
    class Slow(Scripted):
        async def reset(self) -> Any:
            raise AssertionError("never called")

    async with virtual_stack(Slow()) as stack:
        assert stack.adapter.resets.begin() is PENDING
        stack.adapter.resets.abandon()
        await settle()


async def test_a_cancelled_waiter_goes_at_once() -> None:
    async with virtual_stack(protocol := Listener(), rig := Scripted()):
        rig.reset_answer = PENDING
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(protocol.binding.reset)
            await settle()
            tasks.cancel_scope.cancel()
        assert current_clock().now() == 0
        rig.adapter.reset_complete()


async def test_no_reset_of_an_adapter_that_does_not_run() -> None:
    async with virtual_stack(protocol := Listener(), rig := Scripted()) as stack:
        await stack.ndis.pause(stack.adapter)
        assert protocol.binding.reset_nowait() is NdisStatus.ADAPTER_NOT_READY
        with pytest.raises(NdisError, match="ADAPTER_NOT_READY"):
            await stack.reset()
        stack.ndis.resume(stack.adapter)
        rig.reset_answer = PENDING
        protocol.binding.reset_nowait()
        with pytest.raises(NdisError, match="RESET_IN_PROGRESS"):
            await stack.reset()
        rig.adapter.reset_complete()


class TestCheckForHang:
    @pytest.mark.parametrize(("seconds", "period"), [(0, 2), (1, 2), (2, 2), (3, 2), (5, 4), (60, 60)])
    async def test_its_period(self, seconds: int, period: int) -> None:
        class Checked(Scripted):
            check_for_hang_seconds = seconds
            times: list[float]

            def check_for_hang(self) -> bool:
                self.times.append(current_clock().now() / 1e7)
                return False

        rig = Checked()
        rig.times = []
        async with virtual_stack(rig) as stack:
            await advance(period * 3)
            assert rig.times == [period, 2 * period, 3 * period]
            assert stack.adapter.hang.checks == 3
            assert stack.adapter.resets.count == 0

    @pytest.mark.parametrize("kind", [Scripted, Serialized])
    async def test_one_that_hangs_is_reset(self, kind: type[Scripted]) -> None:
        class Hung(kind):  # type: ignore[valid-type,misc]  # one of the two
            def check_for_hang(self) -> bool:
                return True

        async with virtual_stack(protocol := Listener(), Hung()) as stack:
            await advance(2)
            assert stack.adapter.resets.count == 1
            assert protocol.statuses == [NdisStatus.RESET_START, NdisStatus.RESET_END]
            assert protocol.resets == []

    @pytest.mark.parametrize("answer", [None, NdisError("no idea")])
    async def test_one_that_does_not_know(self, answer: Any) -> None:
        class Unsure(Scripted):
            def check_for_hang(self) -> Any:
                if answer is not None:
                    raise answer

        async with virtual_stack(Unsure()) as stack:
            await advance(4)
            assert stack.adapter.resets.count == 0

    async def test_an_answer_that_is_none(self) -> None:
        class Odd(Scripted):
            def check_for_hang(self) -> Any:
                return "perhaps"

        with pytest.raises(TypeError, match="MiniportCheckForHang answered 'perhaps'; return a bool"):
            async with virtual_stack(Odd()):
                await advance(4)

    @pytest.mark.parametrize("ignores", [False, True])
    async def test_a_queue_that_does_not_move(self, ignores: bool) -> None:
        class Stalled(Serialized):
            attributes = Serialized.attributes | (AdapterAttributes.IGNORE_PACKET_TIMEOUT if ignores else 0)

        async with virtual_stack(protocol := Listener(), rig := Stalled()) as stack:
            rig.answer = RESOURCES
            protocol.binding.send_packets([protocol.packet()])
            await advance(2)
            assert stack.adapter.resets.count == 0
            await advance(2)
            assert stack.adapter.resets.count == (0 if ignores else 1)
            if ignores:
                rig.answer = SUCCESS
                rig.adapter.send_resources_available()
            assert protocol.statuses_of_sends == [SUCCESS if ignores else ABORTED]
            protocol.free()

    async def test_not_while_it_does_not_run(self) -> None:
        class Hung(Scripted):
            def check_for_hang(self) -> bool:
                return True

        async with virtual_stack(Hung()) as stack:
            await stack.ndis.pause(stack.adapter)
            await advance(10)
            assert stack.adapter.hang.checks == 0
