"""Devices around devices: transparent where nothing is asked of them, and nested."""

import pytest

from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.nic import Capture, Conditions, Direction, Faulty, FrameFilter, PathStatistics, SimpleNic, Wire
from tests.unit.nic.computer import frame_of

YEAR_2000 = 125_911_584_000_000_000


def simple(name: str) -> SimpleNic:
    nic = SimpleNic(name, paced=False)
    nic.plug(None, lambda: None)
    nic.set_filter(FrameFilter.DIRECTED)
    return nic


class Sight:
    """A sink that keeps what it is shown."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, Direction, bytes]] = []

    def __call__(self, timestamp: int, direction: Direction, frame: bytes) -> None:
        self.seen.append((timestamp, direction, frame))


def test_a_capture_sees_both_directions_before_the_frame_goes_on() -> None:
    with use_clock(VirtualClock()):
        nic, peer, wire, sight = simple("nic"), simple("peer"), Wire(), Sight()
        capture = Capture(nic, sight)
        wire.attach(capture)
        wire.attach(peer)
        out, back = frame_of(peer.mac), frame_of(nic.mac)
        nic.transmit_nowait(out)
        peer.transmit_nowait(back)
        assert (nic.step(), peer.step()) == (1, 1)
        assert (nic.poll(), peer.poll()) == (back, out)
        assert sight.seen == [(YEAR_2000, Direction.OUTBOUND, out), (YEAR_2000, Direction.INBOUND, back)]
        assert (capture.frames, capture.name) == (2, "nic")
        assert repr(capture).startswith("<Capture of <SimpleNic 'nic'")


@pytest.mark.every_loop
async def test_a_bad_cable_in_each_direction() -> None:
    with use_clock(VirtualClock()) as clock:
        nic, peer, wire = simple("nic"), simple("peer"), Wire()
        faulty = Faulty(nic, inward=Conditions(latency_us=10), outward=Conditions(loss=0.5), seed=1)
        wire.attach(faulty)
        wire.attach(peer)
        for number in range(50):
            nic.transmit_nowait(frame_of(peer.mac, number))
        nic.step(50)
        assert faulty.receive(frame_of(nic.mac))
        assert nic.poll() is None
        await clock.advance(0.00001)
        assert nic.poll() is not None
        arrived = peer.statistics().rx_frames
        assert 10 < arrived < 40
        assert faulty.statistics() == (
            PathStatistics(entered=1, delivered=1),
            PathStatistics(entered=50, delivered=arrived, lost=50 - arrived),
        )
        assert repr(faulty).startswith("<Faulty <SimpleNic 'nic'")


@pytest.mark.every_loop
async def test_nested_and_cut() -> None:
    with use_clock(VirtualClock()) as clock:
        nic, peer, wire, sight = simple("nic"), simple("peer"), Wire(), Sight()
        faulty = Faulty(nic, inward=Conditions(latency_us=10))
        wire.attach(Capture(faulty, sight))
        wire.attach(peer)
        peer.transmit_nowait(frame_of(nic.mac))
        peer.step()
        assert (len(sight.seen), nic.poll(), nic.link_up) == (1, None, True)
        wire.set_up(False)
        assert (nic.link_up, await clock.run_until_idle()) == (False, 0)
        assert faulty.statistics()[0].lost == 1
        wire.close()
        assert faulty.carry([frame_of(peer.mac)]) == 0


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match="device is a Device"):
        Faulty(None)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(TypeError, match="sink is a function"):
        Capture(simple("nic"), None)  # type: ignore[arg-type]  # the mistake that is tested
