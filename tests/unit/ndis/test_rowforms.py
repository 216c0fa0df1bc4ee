"""Row forms: drivers that take several packets in one call, with the outcome of taking them one by one."""

from collections.abc import Sequence

import pytest

from asyncndis.base import NdisStatus
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, FramePool, MacOptions, Miniport, PacketFilter, Protocol, open_stack
from asyncndis.ndis.rowforms import row_form
from asyncndis.verifier import verify
from tests.unit.kernel.expecting import breaks

FRAMES = [b"\xff" * 6 + bytes([2, 0, 0, 0, 0, number]) + b"\x88\xb5" + bytes(46) for number in range(10)]

pytestmark = pytest.mark.every_loop


class Echoing(Miniport):
    """Indicates what it is told to, and completes what it is sent, in rows."""

    mac_options = MacOptions.COPY_LOOKAHEAD_DATA  # nothing is looped back

    rx: FramePool

    async def initialize(self, adapter: object) -> None:
        self.rx = await self.adapter.allocate_frames(64)
        self.calls: list[str] = []
        self.sent: list[bytes] = []

    def send_packets(self, packets: Sequence[Packet]) -> None:
        self.sent += [packet.to_bytes() for packet in packets]
        self.adapter.send_complete(packets, NdisStatus.SUCCESS)

    def return_packet(self, packet: Packet) -> None:
        self.calls.append("one")
        self.rx.free(packet)

    def return_row(self, packets: Sequence[Packet]) -> None:
        self.calls.append(f"{len(packets)} back")
        self.rx.free_row(packets)

    def arrive(self, frames: Sequence[bytes] = FRAMES) -> None:
        self.adapter.indicate(self.rx.allocate_row(frames))


class Taker(Protocol):
    """Takes rows, and keeps every second packet."""

    packet_filter = PacketFilter.PROMISCUOUS

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.kept: list[Packet] = []
        self.takes_rows = True

    def receive(self, binding: Binding, packet: Packet) -> int:
        self.calls.append("one")
        if packet.head(14)[11] & 1:
            return 0
        self.kept.append(packet)
        return 1

    def receive_row(self, binding: Binding, packets: Sequence[Packet]) -> Sequence[Packet] | None:
        if not self.takes_rows:
            return None
        self.calls.append(f"{len(packets)} at once")
        kept = list(packets[::2])
        self.kept += kept
        return kept

    def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
        self.calls.append("sent")
        binding.frames.free(packet)

    def send_complete_row(self, binding: Binding, packets: Sequence[Packet], status: NdisStatus) -> None:
        self.calls.append(f"{len(packets)} sent")
        binding.frames.free_row(packets)

    def unbind(self, binding: Binding) -> None:
        kept, self.kept = self.kept, []
        binding.return_packets(kept)


class Overriding(Taker):
    """Overrides the handler alone: the row form of its base would go past it."""

    def receive(self, binding: Binding, packet: Packet) -> int:
        self.calls.append("mine")
        return 0


def test_the_row_form_of_a_handler() -> None:
    assert row_form(Taker(), "receive_row", "receive") is Taker.receive_row
    assert row_form(Overriding(), "receive_row", "receive") is None
    assert row_form(Overriding(), "send_complete_row", "send_complete") is Taker.send_complete_row
    assert row_form(Protocol(), "receive_row", "receive") is None
    assert row_form(None, "receive_row", "receive") is None


async def test_rows_are_received_kept_and_returned() -> None:
    taker, miniport = Taker(), Echoing()
    async with open_stack(taker, miniport) as stack:
        miniport.arrive()
        assert (taker.calls, miniport.calls) == (["10 at once"], ["5 back"])
        assert (stack.adapter.receives.lent, stack.adapter.receives.of_binding(taker.binding)) == (5, 5)
        assert stack.adapter.receives.statistics().delivered == 10
        first, *rest = taker.kept
        assert taker.binding.has(first)
        taker.binding.return_packet(first)
        with breaks("RCV-07"):
            taker.binding.return_packet(first)
        with breaks("RCV-07"):
            taker.binding.return_packets([*rest[:2], rest[1]])
        assert stack.adapter.receives.lent == 2
        taker.binding.return_packets(rest[2:])
        assert (miniport.calls[1:], miniport.rx.outstanding) == (["1 back", "one", "one", "2 back"], 0)
        taker.kept = []
        miniport.arrive()
    assert miniport.rx.outstanding == 0


async def test_rows_of_different_times_are_returned_together() -> None:
    taker, miniport = Taker(), Echoing()
    async with open_stack(taker, miniport):
        miniport.arrive()
        miniport.arrive()
        taker.unbind(taker.binding)
        assert miniport.rx.outstanding == 0
        assert miniport.calls == ["5 back", "5 back", *["one"] * 10]


async def test_what_a_protocol_never_returns_is_taken_back() -> None:
    taker, miniport = Taker(), Echoing()
    taker.unbind = lambda binding: None  # type: ignore[method-assign]  # it forgets what it has
    with breaks("RCV-17"):
        async with open_stack(taker, miniport, patience=0.01):
            miniport.arrive()
    assert miniport.rx.outstanding == 0


async def test_rows_are_sent_and_completed() -> None:
    taker, miniport = Taker(), Echoing()
    async with open_stack(taker, miniport) as stack:
        taker.binding.send_packets(taker.binding.frames.allocate_row(FRAMES))
        assert (miniport.sent, taker.calls[-1], taker.binding.frames.outstanding) == (FRAMES, "10 sent", 0)
        assert stack.adapter.sends.statistics().sent == 10
        taker.takes_rows = False
        miniport.arrive()
        assert taker.calls[-10:] == ["one"] * 10
        assert len(taker.kept) == 5


@pytest.mark.parametrize("kind", [Taker, Overriding])
async def test_one_by_one_where_somebody_watches_or_the_handler_is_overridden(kind: type[Taker]) -> None:
    with verify() as findings:
        taker, miniport = kind(), Echoing()
        async with open_stack(taker, miniport):
            miniport.arrive()
            taker.binding.send_packets(taker.binding.frames.allocate_row(FRAMES))
            assert [call for call in taker.calls if "at once" in call or "10" in call] == []
    assert not findings
    overriding, miniport = Overriding(), Echoing()
    async with open_stack(overriding, miniport):
        miniport.arrive()
        assert overriding.calls == ["mine"] * 10


async def test_a_row_form_that_fails_ends_the_stack_and_keeps_nothing() -> None:
    class Broken(Taker):
        def receive_row(self, binding: Binding, packets: Sequence[Packet]) -> Sequence[Packet] | None:
            raise ZeroDivisionError("a fault of the driver")

    miniport = Echoing()
    with pytest.raises(ZeroDivisionError):
        async with open_stack(Broken(), miniport):
            miniport.arrive()
            assert miniport.rx.outstanding == 0
