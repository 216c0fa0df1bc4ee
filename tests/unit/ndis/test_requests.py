"""OID requests: one at a time, answered now or later or never, and what a binding wants for itself."""

from typing import Any

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, RuleViolation
from asyncndis.kernel import VirtualClock, current_clock
from asyncndis.ndis import Miniport, Oid, OidRequest, PacketFilter, RequestState, RequestType
from tests.support.loops import settle
from tests.support.scripted import Listener, Scripted, Serialized, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, FAILURE = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.FAILURE
ABORTED, SHORT = NdisStatus.REQUEST_ABORTED, NdisStatus.BUFFER_TOO_SHORT
VENDOR = 0xFF01_0203
QUERY, SET = RequestType.QUERY_INFORMATION, RequestType.SET_INFORMATION
GROUP = bytes.fromhex("01005e000001")


class Asked(Scripted):
    """Answers the OID of a vendor as a test says.

    :ivar reply: what it answers; a function makes it up
    :ivar asked: what it was asked
    """

    def __init__(self, *, name: str = "rig") -> None:
        super().__init__(name=name)
        self.reply: Any = PENDING
        self.asked: list[tuple[str, memoryview]] = []

    def query_information(self, oid: int, buffer: memoryview) -> Any:
        return self.answer_for("query", buffer) if oid == VENDOR else super().query_information(oid, buffer)

    def set_information(self, oid: int, buffer: memoryview) -> Any:
        return self.answer_for("set", buffer) if oid == VENDOR else super().set_information(oid, buffer)

    def answer_for(self, verb: str, buffer: memoryview) -> Any:
        self.asked.append((verb, buffer))
        return self.reply(buffer) if callable(self.reply) else self.reply


class SerializedAsked(Asked):
    attributes = Serialized.attributes


def query(size: int = 8) -> OidRequest:
    return OidRequest(QUERY, VENDOR, bytearray(size))


def setting(data: bytes = b"abcd") -> OidRequest:
    return OidRequest(SET, VENDOR, data)


@pytest.mark.parametrize("kind", [Asked, SerializedAsked])
async def test_answered_at_once(kind: type[Asked]) -> None:
    async with virtual_stack(protocol := Listener(), rig := kind()):

        def fill(buffer: memoryview) -> Any:
            buffer[:3] = b"abc"
            return SUCCESS, 3

        rig.reply = fill
        request = query()
        assert protocol.binding.request_nowait(request) is SUCCESS
        assert (bytes(request.buffer[:3]), request.bytes_written, request.state) == (b"abc", 3, RequestState.IDLE)
        assert await protocol.binding.query(VENDOR) == b"abc"
        rig.reply = (SUCCESS, 4)
        request = setting()
        assert await protocol.binding.request(request) is SUCCESS
        assert (request.bytes_read, request.bytes_written) == (4, 0)
        await protocol.binding.set(VENDOR, b"abcd")
        for status in NdisStatus:
            rig.reply = status
            if status not in (PENDING, SUCCESS):
                assert protocol.binding.request_nowait(query()) is status
                with pytest.raises(NdisError) as caught:
                    await protocol.binding.query(VENDOR)
                assert caught.value.status is status
        assert protocol.answered == []


@pytest.mark.parametrize("kind", [Asked, SerializedAsked])
async def test_answered_later_one_after_another(kind: type[Asked]) -> None:
    one, other = Listener(name="one"), Listener(name="other")
    async with virtual_stack(one, other, rig := kind()) as stack:
        requests = [query(), setting(), query()]
        assert one.binding.request_nowait(requests[0]) is PENDING
        assert other.binding.request_nowait(requests[1]) is PENDING
        assert one.binding.request_nowait(requests[2]) is PENDING
        assert [request.state for request in requests] == [
            RequestState.PENDING,
            RequestState.QUEUED,
            RequestState.QUEUED,
        ]
        assert stack.adapter.statistics().requests == 3
        assert one.binding.statistics().requests == 2
        assert [verb for verb, _ in rig.asked] == ["query"], "one at a time"
        with pytest.raises(RuleViolation, match="submitted again before it was completed") as caught:
            one.binding.request_nowait(requests[0])
        assert caught.value.rule == "OID-12"
        with pytest.raises(RuleViolation, match="OID-12"):
            other.binding.request_nowait(requests[2])
        rig.adapter.query_complete(SUCCESS, 2)
        assert one.answered == [(requests[0], SUCCESS)]
        assert requests[0].bytes_written == 2
        with pytest.raises(RuleViolation, match="NdisMQueryInformationComplete with no such request") as caught:
            rig.adapter.query_complete(SUCCESS)
        assert caught.value.rule == "OID-02"
        rig.adapter.set_complete(NdisStatus.INVALID_DATA)
        assert other.answered == [(requests[1], NdisStatus.INVALID_DATA)]
        rig.adapter.query_complete(SHORT, 0, 99)
        assert (one.answered[1], requests[2].bytes_needed) == ((requests[2], SHORT), 99)
        for call in (rig.adapter.query_complete, rig.adapter.set_complete):
            with pytest.raises(RuleViolation, match="OID-02"):
                call(SUCCESS)


@pytest.mark.parametrize("kind", [Asked, SerializedAsked])
async def test_completed_before_the_handler_returns(kind: type[Asked]) -> None:
    async with virtual_stack(protocol := Listener(), rig := kind()):

        def complete(_buffer: memoryview) -> NdisStatus:
            rig.adapter.query_complete(SUCCESS, 1)
            return PENDING

        rig.reply = complete
        assert protocol.binding.request_nowait(query()) is SUCCESS, "known when the call returns"
        assert protocol.answered == []


async def test_completed_and_answered_is_twice() -> None:
    with pytest.raises(RuleViolation, match=r"completed .* and answered SUCCESS") as caught:
        async with virtual_stack(protocol := Listener(), rig := Asked()):

            def complete(_buffer: memoryview) -> NdisStatus:
                rig.adapter.query_complete(SUCCESS, 1)
                return SUCCESS

            rig.reply = complete
            assert protocol.binding.request_nowait(query()) is SUCCESS
    assert caught.value.rule == "OID-02"
    assert "in MiniportQueryInformation of rig" in caught.value.__notes__


async def test_what_a_completion_may_not_say() -> None:
    async with virtual_stack(protocol := Listener(), rig := Asked()):
        request = query()
        protocol.binding.request_nowait(request)
        with pytest.raises(RuleViolation, match="OID-03"):
            rig.adapter.query_complete(PENDING)
        with pytest.raises(ValueError, match="not a valid NdisStatus"):
            rig.adapter.query_complete(99)
        for count in (-1, "8", None):
            with pytest.raises((TypeError, ValueError), match="number of bytes"):
                rig.adapter.query_complete(SUCCESS, count)  # type: ignore[arg-type]  # bad input
        assert request.state.value == "pending at the miniport"
        rig.adapter.query_complete(SUCCESS)
        assert request.state.value == "with its protocol"


@pytest.mark.parametrize("later", [False, True])
async def test_more_bytes_than_there_is_room_for(later: bool) -> None:
    with pytest.raises(RuleViolation, match="says that it used 9 bytes") as caught:
        async with virtual_stack(protocol := Listener(), rig := Asked()):
            rig.reply = PENDING if later else (SUCCESS, 9)
            request = query()
            protocol.binding.request_nowait(request)
            if later:
                rig.adapter.query_complete(SUCCESS, 9)
            assert request.bytes_written == 8
    assert caught.value.rule == "OID-04"
    assert "in MiniportQueryInformation of rig" in caught.value.__notes__


@pytest.mark.parametrize("reply", [None, 77, "fine", (), (SUCCESS, "3"), (SUCCESS, -1), (SUCCESS, 1.5), object()])
async def test_an_answer_that_is_none(reply: Any) -> None:
    with pytest.raises(TypeError, match="MiniportSetInformation answered") as caught:
        async with virtual_stack(protocol := Listener(), rig := Asked()):
            rig.reply = reply
            assert protocol.binding.request_nowait(setting()) is FAILURE
    assert "in MiniportSetInformation of rig" in caught.value.__notes__


async def test_a_buffer_that_is_too_short_is_made_longer() -> None:
    async with virtual_stack(protocol := Listener(), rig := Asked()):

        def fill(buffer: memoryview) -> Any:
            if len(buffer) < 300:
                return SHORT, 0, 300
            buffer[:] = bytes(300)
            return SUCCESS, 300

        rig.reply = fill
        assert await protocol.binding.query(VENDOR) == bytes(300)
        assert len(rig.asked) == 2
        for needed in (0, 10, 1 << 20):
            rig.reply = (SHORT, 0, needed)
            with pytest.raises(NdisError, match="answered BUFFER_TOO_SHORT"):
                await protocol.binding.query(VENDOR)


async def test_a_handler_that_waits() -> None:
    class Slow(Asked):
        async def query_information(self, oid: int, buffer: memoryview) -> Any:
            if oid == VENDOR:
                await settle()
                buffer[:1] = b"x"
                return SUCCESS, 1
            return Miniport.query_information(self, oid, buffer)

    async with virtual_stack(protocol := Listener(), Slow()):
        request = query()
        assert protocol.binding.request_nowait(request) is PENDING
        assert await protocol.binding.query(VENDOR) == b"x"
        assert protocol.answered == [(request, SUCCESS)]


async def test_a_request_that_is_never_answered_is_aborted_by_a_reset() -> None:
    """Two checks in a row find it; what comes later is for nobody (OID-06)."""
    async with virtual_stack(protocol := Listener(), rig := Asked()) as stack:
        clock = current_clock()
        assert isinstance(clock, VirtualClock)
        requests = [query(), setting()]
        for request in requests:
            protocol.binding.request_nowait(request)
        await clock.advance(2)
        assert stack.adapter.resets.count == 0
        await clock.advance(2)
        assert stack.adapter.resets.count == 1
        assert protocol.answered == [(request, ABORTED) for request in requests]
        rig.adapter.query_complete(SUCCESS, 4)
        assert len(protocol.answered) == 2
        with pytest.raises(RuleViolation, match="OID-02"):
            rig.adapter.query_complete(SUCCESS, 4)


async def test_a_handler_that_hangs_is_aborted_by_a_reset() -> None:
    class Hanging(Asked):
        done: anyio.Event

        async def set_information(self, oid: int, buffer: memoryview) -> Any:
            if oid == VENDOR:
                await self.done.wait()
                return SUCCESS
            return Miniport.set_information(self, oid, buffer)

    async with virtual_stack(protocol := Listener(), rig := Hanging(), patience=60) as stack:
        rig.done = anyio.Event()
        clock = current_clock()
        assert isinstance(clock, VirtualClock)
        requests = [setting(), setting(), setting()]
        protocol.binding.request_nowait(requests[0])
        await settle()
        await clock.advance(4)
        for request in requests[1:]:  # they wait for a handler that still hangs
            protocol.binding.request_nowait(request)
        await clock.advance(4)
        assert [status for _, status in protocol.answered] == [ABORTED] * 3
        rig.done.set()
        await settle()
        assert protocol.binding.request_nowait(setting()) is PENDING
        await stack.run_until_idle()
        assert protocol.answered[-1][1] is SUCCESS


async def test_timeouts_that_a_miniport_has_ndis_ignore() -> None:
    from asyncndis.ndis import AdapterAttributes

    class Patient(Asked):
        attributes = Asked.attributes | AdapterAttributes.IGNORE_REQUEST_TIMEOUT

    with pytest.raises(RuleViolation, match=r"rig has not answered .* in 5 s") as caught:
        async with virtual_stack(protocol := Listener(), rig := Patient()) as stack:
            clock = current_clock()
            assert isinstance(clock, VirtualClock)
            protocol.binding.request_nowait(query())
            await clock.advance(100)
            assert stack.adapter.resets.count == 0
            assert stack.adapter.hang.checks >= 50
            assert len(rig.asked) == 1
            await stack.ndis.unbind(protocol.binding)
            assert protocol.answered[0][1] is ABORTED
    assert caught.value.rule == "OID-06"
    assert caught.value.site is not None
    assert "query_information" in caught.value.site.function


async def test_a_cancelled_asker() -> None:
    async with virtual_stack(protocol := Listener(), rig := Asked(), patience=1):
        for _ in range(2):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(protocol.binding.query, VENDOR)
                await settle()
                tasks.cancel_scope.cancel()
                rig.adapter.query_complete(SUCCESS)


async def test_a_cancelled_asker_does_not_wait_for_ever() -> None:
    with pytest.raises(RuleViolation, match="in 1 s; complete every request") as caught:
        async with virtual_stack(protocol := Listener(), rig := Asked(), patience=1):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(protocol.binding.query, VENDOR)
                tasks.start_soon(protocol.binding.set, VENDOR, b"x")
                await settle()
                tasks.cancel_scope.cancel()
            assert rig.adapter.requests.outstanding == 0
    assert caught.value.rule == "OID-06"


async def test_requests_while_the_adapter_is_not_there() -> None:
    async with virtual_stack(protocol := Listener(), rig := Asked()) as stack:
        binding = protocol.binding
        rig.reset_answer = PENDING
        binding.reset_nowait()
        assert binding.request_nowait(query()) is NdisStatus.RESET_IN_PROGRESS
        rig.adapter.reset_complete()
        await stack.ndis.pause(stack.adapter)
        rig.reply = SUCCESS
        assert binding.request_nowait(query()) is SUCCESS, "a paused adapter answers"
        await stack.ndis.unbind(binding)
        for call in (binding.request_nowait,):
            with pytest.raises(RuleViolation, match="BIND-02"):
                call(query())
        with pytest.raises(RuleViolation, match="BIND-02"):
            await binding.query(VENDOR)


def test_what_is_no_request() -> None:
    with pytest.raises(TypeError, match="the buffer of a query is writable"):
        OidRequest(QUERY, VENDOR, b"fixed")
    with pytest.raises(ValueError, match="valid RequestType"):
        OidRequest(99, VENDOR, bytearray(1))  # type: ignore[arg-type]  # bad input
    with pytest.raises(ValueError, match="oid"):
        OidRequest(QUERY, -1, bytearray(1))
    assert repr(query()) == "<OidRequest query OID 0xff010203 of 8 bytes, with its protocol>"


class TestWhatABindingWants:
    async def test_the_miniport_is_set_to_what_all_want(self) -> None:
        one, other = Listener(name="one"), Listener(name="other")
        async with virtual_stack(one, other, rig := Scripted()):
            await one.binding.set_filter(PacketFilter.MULTICAST)
            await other.binding.set_filter(PacketFilter.DIRECTED)
            await one.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, [GROUP])
            await other.binding.set(Oid.GEN_CURRENT_LOOKAHEAD, 300)
            await one.binding.set(Oid.GEN_CURRENT_LOOKAHEAD, 200)
            assert rig.packet_filter == PacketFilter.MULTICAST | PacketFilter.DIRECTED
            assert rig.multicast_list == (GROUP,)
            assert rig.settings[-1] == (Oid.GEN_CURRENT_LOOKAHEAD, 300)
            assert await one.binding.query(Oid.GEN_CURRENT_PACKET_FILTER) == PacketFilter.MULTICAST
            assert await other.binding.query(Oid.IEEE_802_3_MULTICAST_LIST) == ()
            assert await one.binding.query(Oid.GEN_CURRENT_LOOKAHEAD) == 200
            await one.binding.set(Oid.GEN_PROTOCOL_OPTIONS, 1)
            with pytest.raises(NdisError, match="NOT_SUPPORTED"):
                await one.binding.query(Oid.GEN_PROTOCOL_OPTIONS)
            request = OidRequest(QUERY, Oid.GEN_CURRENT_PACKET_FILTER, bytearray(2))
            assert one.binding.request_nowait(request) is SHORT
            assert request.bytes_needed == 4

    @pytest.mark.parametrize(
        ("oid", "data", "status"),
        [
            (Oid.IEEE_802_3_MULTICAST_LIST, b"12345", NdisStatus.INVALID_LENGTH),
            (Oid.IEEE_802_3_MULTICAST_LIST, bytes(6), NdisStatus.INVALID_DATA),
            (Oid.GEN_CURRENT_PACKET_FILTER, b"1", NdisStatus.INVALID_LENGTH),
            (Oid.GEN_CURRENT_LOOKAHEAD, b"", NdisStatus.INVALID_LENGTH),
            (Oid.GEN_CURRENT_LOOKAHEAD, b"\xff\xff\x00\x00", NdisStatus.INVALID_DATA),
        ],
    )
    async def test_what_it_cannot_want(self, oid: Oid, data: bytes, status: NdisStatus) -> None:
        async with virtual_stack(protocol := Listener(), Scripted()):
            request = OidRequest(SET, oid, data)
            before = protocol.binding.filter, protocol.binding.lookahead
            assert protocol.binding.request_nowait(request) is status
            assert request.state is RequestState.IDLE
            assert (protocol.binding.filter, protocol.binding.lookahead) == before

    @pytest.mark.parametrize("later", [False, True])
    async def test_what_the_miniport_refuses_nobody_gets(self, later: bool) -> None:
        class Refusing(Scripted):
            refuses = False

            def set_information(self, oid: int, buffer: memoryview) -> Any:
                if not self.refuses:
                    return super().set_information(oid, buffer)
                return PENDING if later else FAILURE

        async with virtual_stack(protocol := Listener(), rig := Refusing()):
            binding = protocol.binding
            await binding.set(Oid.IEEE_802_3_MULTICAST_LIST, [GROUP])
            rig.refuses = True
            other = bytes.fromhex("01005e000002")
            requests = [
                OidRequest(SET, Oid.GEN_CURRENT_PACKET_FILTER, bytes([1, 0, 0, 0])),
                OidRequest(SET, Oid.IEEE_802_3_MULTICAST_LIST, other),
                OidRequest(SET, Oid.GEN_CURRENT_LOOKAHEAD, bytes([0, 1, 0, 0])),
            ]
            before = binding.filter.packet_filter
            statuses = [binding.request_nowait(request) for request in requests]
            if later:
                assert statuses == [PENDING] * 3
                assert [request.state for request in requests] == [RequestState.QUEUED] * 3
                for _ in requests:
                    rig.adapter.set_complete(FAILURE)
                assert protocol.answered == [(request, FAILURE) for request in requests]
            else:
                assert statuses == [FAILURE] * 3
            assert (binding.filter.packet_filter, binding.filter.multicast_list) == (before, (GROUP,))
            assert binding.lookahead == 0
            rig.refuses = False

    async def test_one_that_is_refused_does_not_undo_another(self) -> None:
        class Late(Scripted):
            late = False

            def set_information(self, oid: int, buffer: memoryview) -> Any:
                return PENDING if self.late else super().set_information(oid, buffer)

        async with virtual_stack(protocol := Listener(), rig := Late()):
            binding = protocol.binding
            rig.late = True
            binding.request_nowait(OidRequest(SET, Oid.GEN_CURRENT_PACKET_FILTER, bytes([1, 0, 0, 0])))
            binding.request_nowait(OidRequest(SET, Oid.IEEE_802_3_MULTICAST_LIST, GROUP))
            rig.adapter.set_complete(FAILURE)
            rig.adapter.set_complete(SUCCESS, 6)
            rig.late = False
            assert binding.filter.packet_filter == protocol.packet_filter
            assert binding.filter.multicast_list == (GROUP,)

    async def test_a_pending_wish_is_taken_back_when_its_asker_is_cancelled(self) -> None:
        class Late(Scripted):
            late = False

            def set_information(self, oid: int, buffer: memoryview) -> Any:
                return PENDING if self.late else super().set_information(oid, buffer)

        with pytest.raises(RuleViolation, match="OID-06"):
            async with virtual_stack(protocol := Listener(), rig := Late(), patience=1):
                rig.late = True
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(protocol.binding.set_filter, PacketFilter.DIRECTED)
                    await settle()
                    tasks.cancel_scope.cancel()
                rig.late = False
                assert protocol.binding.filter.packet_filter == protocol.packet_filter
