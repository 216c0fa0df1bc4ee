"""The receive path by lookahead: transfers now, later, too late; and each style of miniport with each of protocol."""

from typing import Any

import pytest

from asyncndis.base import NdisStatus, RuleViolation
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, PacketFilter, Protocol, Transferred
from tests.support.scripted import Listener, Scripted, Shower, frame, numbers, virtual_stack

pytestmark = pytest.mark.every_loop

PENDING, SUCCESS, FAILURE = NdisStatus.PENDING, NdisStatus.SUCCESS, NdisStatus.FAILURE
ABORTED, RESOURCES = NdisStatus.REQUEST_ABORTED, NdisStatus.RESOURCES
BROADCAST = b"\xff" * 6
FRAME = bytes(BROADCAST + bytes.fromhex("02000000009888b5") + bytes(range(86)))


class Peeping(Protocol):
    """A protocol without a receive handler: it looks at frames, and asks for a part of each.

    :ivar wanted: offset and count; None where it does not ask
    """

    def __init__(self, *, name: str = "peeping", wanted: tuple[int, int] | None = None) -> None:
        super().__init__(name=name)
        self.wanted = wanted
        self.seen: list[tuple[bytes, bytes, int]] = []
        self.results: list[Transferred] = []
        self.arrived: list[tuple[NdisStatus, int, bytes]] = []
        self.batches = 0
        self.kept: list[memoryview] = []
        self.context: object = None

    def receive_lookahead(
        self, binding: Binding, context: object, header: memoryview, lookahead: memoryview, packet_size: int
    ) -> None:
        self.seen.append((bytes(header), bytes(lookahead), packet_size))
        self.kept += [header, lookahead]
        self.context = context
        if self.wanted is not None:
            packet = binding.frames.allocate_nowait(bytearray(packet_size))
            result = binding.transfer_data_nowait(context, *self.wanted, packet)
            self.results.append(result)
            if result.status is not PENDING:
                self.transfer_data_complete(binding, packet, result.status, result.bytes_transferred)

    def transfer_data_complete(self, binding: Binding, packet: Packet, status: NdisStatus, count: int) -> None:
        self.arrived.append((status, count, packet.to_bytes()[:count]))
        binding.frames.free(packet)

    def receive_complete(self, binding: Binding) -> None:
        self.batches += 1


async def test_a_frame_is_shown_and_its_bytes_are_gone_afterwards() -> None:
    async with virtual_stack(protocol := Peeping(), rig := Shower()):
        rig.show(FRAME)
        assert protocol.seen == [(FRAME[:14], FRAME[14:46], 86)]
        assert protocol.batches == 1
        for view in protocol.kept:
            with pytest.raises(ValueError, match="released memoryview"):
                bytes(view)
        with pytest.raises(RuleViolation, match="outside ProtocolReceive") as caught:
            packet = protocol.binding.frames.allocate_nowait(bytearray(9))
            try:
                protocol.binding.transfer_data_nowait(protocol.context, 0, 9, packet)
            finally:
                protocol.binding.frames.free(packet)
        assert caught.value.rule == "RCV-11"


@pytest.mark.parametrize("when", ["now", "later"])
@pytest.mark.parametrize(("offset", "count"), [(0, 86), (10, 20), (85, 1), (86, 0)])
async def test_a_transfer(when: str, offset: int, count: int) -> None:
    async with virtual_stack(protocol := Peeping(wanted=(offset, count)), rig := Shower()) as stack:
        rig.moves = when
        rig.show(FRAME)
        if when == "later":
            assert protocol.results == [(PENDING, 0)]
            assert not stack.adapter.is_at_rest
            rig.move()
        assert protocol.arrived == [(SUCCESS, count, FRAME[14 + offset : 14 + offset + count])]
        assert stack.adapter.is_at_rest


@pytest.mark.parametrize(("offset", "count"), [(0, 87), (86, 1), (2**31, 4), (50, 2**32 - 1)])
async def test_a_range_that_is_too_large(offset: int, count: int) -> None:
    async with virtual_stack(protocol := Peeping(wanted=(offset, count)), rig := Shower()):
        rig.show(FRAME)
        assert protocol.results == [(FAILURE, 0)]


async def test_completed_before_the_call_returns() -> None:
    async with virtual_stack(protocol := Peeping(wanted=(0, 8)), rig := Shower()):

        def complete(packet: Packet, data: bytes) -> tuple[NdisStatus, int]:
            rig.adapter.transfer_data_complete(packet, ABORTED, 0)
            return PENDING, 0

        rig.moves = complete
        rig.show(FRAME)
        assert protocol.results == [(PENDING, 0)]
        assert protocol.arrived == [(ABORTED, 0, b"")]


async def test_completed_and_answered_is_twice() -> None:
    with pytest.raises(RuleViolation, match="completed the transfer and answered SUCCESS") as caught:
        async with virtual_stack(protocol := Peeping(wanted=(0, 8)), rig := Shower()):

            def complete(packet: Packet, data: bytes) -> tuple[NdisStatus, int]:
                rig.adapter.transfer_data_complete(packet, SUCCESS, 8)
                return SUCCESS, 8

            rig.moves = complete
            rig.show(FRAME)
            assert protocol.results == [(PENDING, 0)], "the protocol is told once"
    assert caught.value.rule == "RCV-12"
    assert "in MiniportTransferData of rig" in caught.value.__notes__


async def test_what_may_not_be_completed() -> None:
    async with virtual_stack(Peeping(wanted=(0, 8)), rig := Shower()) as stack:
        rig.moves = "later"
        rig.show(FRAME)
        packet = rig.pending[0][0]
        with pytest.raises(ValueError, match="not a valid NdisStatus"):
            rig.adapter.transfer_data_complete(packet, 77, 8)
        with pytest.raises(TypeError, match="number of bytes"):
            rig.adapter.transfer_data_complete(packet, SUCCESS, "8")  # type: ignore[arg-type]  # bad input
        assert not stack.adapter.is_at_rest
        rig.move()
        with pytest.raises(RuleViolation, match="not pending; complete each once") as caught:
            rig.adapter.transfer_data_complete(packet, SUCCESS, 8)
        assert caught.value.rule == "RCV-12"
        with pytest.raises(TypeError, match="the packet of a transfer is a Packet"):
            rig.adapter.transfer_data_complete(b"x", SUCCESS, 8)  # type: ignore[arg-type]  # bad input


@pytest.mark.parametrize("answer", [(SUCCESS, "x"), (SUCCESS, 1, 2), None, (7, 0), "done"])
async def test_an_answer_that_is_none(answer: Any) -> None:
    with pytest.raises(TypeError, match="MiniportTransferData answered") as caught:
        async with virtual_stack(protocol := Peeping(wanted=(0, 8)), rig := Shower()):
            rig.moves = lambda _packet, _data: answer
            rig.show(FRAME)
            assert protocol.results == [(FAILURE, 0)]
    assert "in MiniportTransferData of rig" in caught.value.__notes__


async def test_a_miniport_that_transfers_nothing() -> None:
    class Mute(Scripted):
        def show(self, data: bytes) -> None:
            self.adapter.indicate_lookahead(data, memoryview(data)[:14], memoryview(data)[14:20], len(data) - 14)

    async with virtual_stack(protocol := Peeping(wanted=(0, 8)), rig := Mute()):
        rig.show(FRAME)
        assert protocol.results == [(FAILURE, 0)]


async def test_a_transfer_while_the_binding_closes_or_the_adapter_is_reset() -> None:
    class Resetting(Peeping):
        def receive_lookahead(
            self, binding: Binding, context: object, header: memoryview, lookahead: memoryview, packet_size: int
        ) -> None:
            if len(self.results) == 0:
                binding.closing_requested = True
            else:
                binding.reset_nowait()
            super().receive_lookahead(binding, context, header, lookahead, packet_size)
            binding.closing_requested = False

    async with virtual_stack(protocol := Resetting(wanted=(0, 8)), rig := Shower()):
        rig.show(FRAME)
        rig.reset_answer = PENDING
        rig.show(FRAME)
        assert protocol.results == [(ABORTED, 0), (NdisStatus.RESET_IN_PROGRESS, 0)]
        rig.adapter.reset_complete()


@pytest.mark.parametrize("kind", [Peeping, Listener])
async def test_a_transfer_that_is_never_completed(kind: Any) -> None:
    protocol = kind()
    protocol.wanted = (0, 8)
    with pytest.raises(RuleViolation, match=r"has not completed a transfer for .* in 5 s") as caught:
        async with virtual_stack(protocol, rig := Shower()):
            rig.moves = "later"
            rig.show(FRAME)
    assert caught.value.rule == "RCV-12"


async def test_a_reset_gives_pending_transfers_back() -> None:
    async with virtual_stack(protocol := Peeping(wanted=(0, 8)), rig := Shower()):
        rig.moves = "later"
        rig.show(FRAME)
        await protocol.binding.reset()
        assert protocol.arrived == [(ABORTED, 0, b"")]


@pytest.mark.parametrize("lookahead", [0, 32, 86])
@pytest.mark.parametrize("when", ["now", "later"])
async def test_a_protocol_that_takes_packets_from_a_miniport_that_shows_frames(when: str, lookahead: int) -> None:
    async with virtual_stack(protocol := Listener(promises=2), rig := Shower()) as stack:
        rig.moves = when
        rig.show(FRAME, lookahead=lookahead)
        rig.move()
        assert protocol.got == [FRAME]
        assert stack.binding.frames.outstanding == 1, "its copy"
        assert stack.binding.statistics().lent == 0
        protocol.give_back(1)
        with pytest.raises(RuleViolation, match=r"RCV-01|PKT-03|SEND-01"):
            stack.binding.frames.free(protocol.lent[0])
        protocol.give_back()
        assert stack.binding.frames.outstanding == 0
        protocol.promises = 0
        rig.show(FRAME, lookahead=lookahead)
        rig.move()
        assert protocol.got == [FRAME, FRAME]


async def test_a_copy_that_is_never_returned() -> None:
    with pytest.raises(RuleViolation, match="has not returned 1 packets") as caught:
        async with virtual_stack(Listener(promises=1), rig := Shower()):
            rig.show(FRAME, lookahead=86)
    assert caught.value.rule == "RCV-17"


async def test_a_copy_that_is_returned_inside_the_handler() -> None:
    class Hasty(Listener):
        def receive(self, binding: Binding, packet: Packet) -> int:
            binding.return_packet(packet)
            return 1

    with pytest.raises(RuleViolation, match="before its receive handler has answered") as caught:
        async with virtual_stack(Hasty(), rig := Shower()):
            rig.show(FRAME, lookahead=86)
    assert caught.value.rule == "RCV-08"


@pytest.mark.parametrize("lookahead", [32, 86])
async def test_a_copy_that_cannot_be_made_is_a_frame_less(lookahead: int) -> None:
    class Narrow(Listener):
        frame_count = 1

    async with virtual_stack(protocol := Narrow(promises=1), rig := Shower()) as stack:
        rig.show(FRAME, lookahead=lookahead)
        rig.show(FRAME, lookahead=lookahead)
        assert len(protocol.got) == 1
        assert stack.binding.statistics().received == 2
        protocol.give_back()


async def test_a_transfer_that_fails_is_a_frame_less() -> None:
    async with virtual_stack(protocol := Listener(), rig := Shower()):
        rig.moves = (FAILURE, 0)
        rig.show(FRAME)
        rig.moves = "later"
        rig.show(FRAME)
        rig.move(ABORTED)
        assert protocol.got == []


async def test_a_protocol_that_looks_and_a_miniport_that_indicates_packets() -> None:
    async with virtual_stack(protocol := Peeping(wanted=(2, 8)), rig := Scripted()):
        packet = rig.receive(FRAME)
        assert protocol.seen == [(FRAME[:14], FRAME[14:], 86)]
        assert protocol.arrived == [(SUCCESS, 8, FRAME[16:24])]
        assert rig.home == [packet]
        assert protocol.batches == 1
        assert protocol.binding.received_packet(protocol.context) is None, "only within the handler"
        protocol.wanted = (80, 7)
        rig.receive(FRAME)
        assert protocol.results[-1] == (FAILURE, 0)
        target = protocol.binding.frames.allocate_nowait(bytearray(9))
        with pytest.raises(RuleViolation, match="RCV-11"):
            protocol.binding.transfer_data_nowait(protocol.context, 0, 9, target)
        protocol.binding.frames.free(target)


async def test_the_packet_behind_a_frame() -> None:
    class Curious(Peeping):
        def receive_lookahead(
            self, binding: Binding, context: object, header: memoryview, lookahead: memoryview, packet_size: int
        ) -> None:
            self.behind = binding.received_packet(context)

    async with virtual_stack(protocol := Curious(), rig := Scripted()):
        packet = rig.receive(FRAME)
        assert protocol.behind is packet
    async with virtual_stack(protocol := Curious(), shower := Shower()):
        shower.show(FRAME)
        assert protocol.behind is None


async def test_only_those_who_want_a_frame_are_shown_it() -> None:
    one, other = Peeping(name="one"), Peeping(name="other")
    other.packet_filter = PacketFilter.DIRECTED
    async with virtual_stack(one, other, rig := Shower()):
        rig.show(FRAME)
        assert (len(one.seen), len(other.seen)) == (1, 0)
        assert (one.batches, other.batches) == (1, 0)


async def test_a_header_that_is_none() -> None:
    async with virtual_stack(rig := Shower()):
        with pytest.raises(RuleViolation, match="give all 14 of it") as caught:
            rig.adapter.indicate_lookahead(None, memoryview(bytes(13)), memoryview(b""), 0)
        assert caught.value.rule == "PKT-12"
        with pytest.raises(TypeError, match="packet_size"):
            rig.adapter.indicate_lookahead(None, memoryview(bytes(14)), memoryview(b""), None)  # type: ignore[arg-type]  # bad input


async def test_what_is_built_upon_the_bytes_does_not_disturb() -> None:
    class Stubborn(Peeping):
        def receive_lookahead(
            self, binding: Binding, context: object, header: memoryview, lookahead: memoryview, packet_size: int
        ) -> None:
            self.exported = memoryview(header).cast("B")
            self.hold = (bytearray().join([header]), header.obj)

    async with virtual_stack(Stubborn(), rig := Shower()):
        rig.show(FRAME)


async def test_one_frame_is_shown_within_another() -> None:
    """As where the wire loops what a protocol sends in its handler."""
    async with virtual_stack(protocol := Listener(), rig := Shower()):
        inner = bytes(frame(2, to=BROADCAST))

        def show(packet: Packet) -> int:
            if numbers([packet])[0] == 1:
                rig.show(inner)
            return 0

        protocol.promises = show
        rig.show(bytes(frame(1, to=BROADCAST)))
        assert numbers(protocol.got) == [1, 2]
