"""A shaper keeps what is sent to its rate, in order, and gives up what waits when it is told to."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.drivers import PassThrough, Shaper
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.kernel.clock import MILLISECOND
from asyncndis.memory import Packet
from asyncndis.ndis import Binding, open_stack
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Port, Station, ethernet, mac

ABORTED = NdisStatus.REQUEST_ABORTED


class Stopwatch(Port):
    """A port that notes when it sends, in milliseconds."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(1)
        self.clock = clock
        self.times: list[float] = []

    def release(self, status: NdisStatus = NdisStatus.SUCCESS, count: int | None = None) -> None:
        self.times += [self.clock.now() / MILLISECOND] * len(self.held)
        super().release(status, count)


def frame(number: int, length: int = 1250) -> bytes:
    return ethernet(mac(2), mac(1), bytes([number])).ljust(length, b"\0")


def numbers(frames: list[bytes]) -> list[int]:
    return [frame[14] for frame in frames]


@pytest.mark.every_loop
async def test_the_rate_and_the_order_are_kept() -> None:
    with use_clock(VirtualClock()) as clock, verify() as findings:
        port, station, shaper = Stopwatch(clock), Station(), Shaper("10Mbit", burst=2500)
        async with open_stack(station, shaper, port):
            station.send(*[frame(number) for number in range(20)])  # a millisecond each
            assert len(port.sent) == 2
            assert repr(shaper) == "<Shaper 'Shaper' 10000000 bit/s, 18 of 256 waiting>"
            await clock.advance(0.005)
            station.send(frame(20))
            await clock.advance(1)
            assert numbers(port.sent) == list(range(21))
            assert port.times == [0, 0, *range(1, 20)]
            assert station.completed == [NdisStatus.SUCCESS] * 21
            statistics = shaper.statistics()
            assert (statistics.queued, statistics.passed, statistics.delayed) == (0, 21, 19)
            assert statistics.bucket is not None
            assert statistics.bucket.taken == 21 * 1250
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_what_finds_the_queue_full_fails() -> None:
    with use_clock(VirtualClock()) as clock, verify() as findings:
        port, station, shaper = Port(1), Station(), Shaper("10Mbit", burst=1514, queue=3)
        async with open_stack(station, shaper, port):
            station.send(*[frame(number, 1514) for number in range(6)])
            assert sorted(station.completed) == [NdisStatus.SUCCESS, NdisStatus.FAILURE, NdisStatus.FAILURE]
            await clock.advance(1)
            assert numbers(port.sent) == [0, 1, 2, 3]
            assert shaper.statistics().dropped == 2
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_what_waits_is_cancelled_by_its_id() -> None:
    with use_clock(VirtualClock()) as clock, verify() as findings:
        port, station, shaper = Port(1, holds=True), Station(), Shaper("10Mbit", burst=1514)
        async with open_stack(station, shaper, port) as stack:
            station.send(*[frame(number, 1514) for number in range(5)], cancel_ids=(7, 8, 7, 8, 9))
            stack.binding.cancel_sends(7)
            assert station.completed == [ABORTED] * 2  # one that waited, and one that was below already
            stack.binding.cancel_sends(5)
            await clock.advance(1)
            assert numbers([packet.to_bytes() for packet in port.held]) == [1, 3, 4]
            port.release()
            assert shaper.statistics().aborted == 1
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_reset_gives_up_what_waits() -> None:
    with use_clock(VirtualClock()) as clock, verify() as findings:
        port, station, shaper = Port(1, holds=True), Station(), Shaper("10Mbit", burst=1514)
        async with open_stack(station, shaper, port) as stack:
            station.send(*[frame(number, 1514) for number in range(5)])
            await stack.binding.reset()
            assert station.completed == [ABORTED] * 5
            port.holds = False
            await clock.advance(0.002)
            station.send(frame(9, 1514))
            assert numbers(port.sent) == [9]
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize("delay_ms", [0, 30])
async def test_a_stack_that_closes_gives_up_what_waits(delay_ms: int) -> None:
    """Its packets would take 20 minutes."""
    with use_clock(VirtualClock()) as clock, verify() as findings:
        port, station, shaper = Port(1, delay_ms=delay_ms), Station(), Shaper("1kbit", burst=1514, queue=100)
        async with open_stack(station, shaper, PassThrough(), port):
            station.send(*[frame(number, 1514) for number in range(100)])
        assert clock.now() < 2000 * MILLISECOND
        assert station.completed.count(ABORTED) == 99
        assert station.completed.count(NdisStatus.SUCCESS) == 1
        assert shaper.statistics().queued == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_an_adapter_that_is_halted_under_load_loses_nothing() -> None:
    with use_clock(VirtualClock()), verify() as findings:
        port, station = Port(1, delay_ms=1), Station()
        async with open_stack(station, Shaper("1Mbit"), port) as stack:
            station.send(*[frame(number) for number in range(50)])
            await stack.ndis.halt_adapter(stack.adapter)
            assert len(station.completed) == 50
            assert set(station.completed) <= {ABORTED, NdisStatus.SUCCESS}
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_sender_that_goes_on_in_its_completion_keeps_its_order() -> None:
    class Endless(Station):
        next_number = 1

        def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
            super().send_complete(binding, packet, status)
            if self.next_number < 30:
                self.next_number += 1
                self.send(frame(self.next_number - 1))

    with use_clock(VirtualClock()) as clock, verify() as findings:
        port, station = Stopwatch(clock), Endless()
        async with open_stack(station, Shaper("10Mbit", burst=3750), port):
            station.send(frame(0))
            await clock.advance(1)
            assert numbers(port.sent) == list(range(30))
            assert port.times[-1] == 27
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_received_frames_are_not_delayed() -> None:
    with verify() as findings:
        port, station = Port(1), Station()
        async with open_stack(station, Shaper("1kbit"), port):
            port.arrive(*[ethernet(mac(1), mac(2))] * 50)
            assert len(station.received) == 50
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_burst_that_the_longest_frame_cannot_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="burst is 1514 bytes at least"):
        async with open_stack(Station(), Shaper("1Mbit", burst=1500), Port(1)):
            pass


@pytest.mark.parametrize(
    ("rate", "options"), [("10", {}), ("fast", {}), (0, {}), ("1Mbit", {"burst": 0}), ("1Mbit", {"queue": 0})]
)
def test_bad_input(rate: str | int, options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"rate|burst|queue"):
        Shaper(rate, **options)  # type: ignore[arg-type]  # integers by name
