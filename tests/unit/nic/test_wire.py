"""Wires and plugs: who hears whom, what a cut does, and that a wire's count is that of its devices."""

import pytest

from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.nic import (
    BusMasterNic,
    Cause,
    Conditions,
    FrameFilter,
    Link,
    Loopback,
    PathStatistics,
    SimpleNic,
    Wire,
    WireStatistics,
)
from tests.unit.nic.computer import Driver, frame_of


def simple(name: str) -> SimpleNic:
    nic = SimpleNic(name, paced=False)
    nic.plug(None, lambda: None)
    nic.set_filter(FrameFilter.DIRECTED | FrameFilter.BROADCAST)
    return nic


def test_two_devices() -> None:
    left, right, wire = simple("left"), simple("right"), Wire(name="w")
    assert repr(wire) == "<Wire 'w' up, 0 frames, between: ->"
    wire.attach(left)
    wire.attach(right)
    assert (left.link_up, left.cause) == (True, Cause.LINK_CHANGE)
    frames = [frame_of(right.mac, number) for number in range(3)]
    for frame in frames:
        left.transmit_nowait(frame)
    assert left.step(9) == 3
    assert [right.poll() for _ in range(4)] == [*frames, None]
    assert wire.statistics() == WireStatistics(2, up=True, frames=3, paths=PathStatistics(entered=3, delivered=3))
    assert repr(wire) == "<Wire 'w' up, 3 frames, between: left, right>"


def test_all_others_hear() -> None:
    nics, wire = [simple(name) for name in "abc"], Wire()
    for nic in nics:
        wire.attach(nic)
    nics[0].transmit_nowait(frame_of(b"\xff" * 6))
    nics[1].transmit_nowait(frame_of(nics[2].mac))
    for nic in nics:
        nic.step()
    assert [nic.statistics().rx_pending for nic in nics] == [0, 1, 2]
    assert wire.statistics().paths == PathStatistics(entered=4, delivered=3, refused=1)


@pytest.mark.every_loop
async def test_cutting_mending_and_detaching() -> None:
    with use_clock(VirtualClock()) as clock:
        left, right, wire = simple("left"), simple("right"), Wire(Conditions(latency_us=10))
        wire.attach(left)
        wire.attach(right)
        left.transmit_nowait(frame_of(right.mac))
        left.step()
        wire.set_up(False)
        assert (left.link_up, right.link_up, repr(wire).startswith("<Wire 'wire' cut")) == (False, False, True)
        left.transmit_nowait(frame_of(right.mac))
        assert (left.step(), left.statistics().tx_no_carrier) == (1, 1)
        wire.set_up(True)
        assert left.link_up
        left.transmit_nowait(frame_of(right.mac))
        left.step()
        wire.detach(right)
        assert (right.link_up, left.link_up) == (False, True)
        assert await clock.run_until_idle() == 0
        assert wire.statistics() == WireStatistics(1, up=True, frames=2, paths=PathStatistics(entered=2, lost=2))
        wire.close()
        assert (left.link_up, wire.statistics().devices) == (False, 0)


class Stubborn(SimpleNic):
    """A device that keeps the end of its cable, and sends into it whatever it is told of the link."""

    end: Link

    def connect(self, link: Link | None) -> None:
        if link is not None:
            self.end = link
        super().connect(link)


def test_nothing_passes_a_wire_that_is_cut() -> None:
    device, peer, wire = Stubborn("stubborn"), simple("peer"), Wire()
    wire.attach(device)
    wire.attach(peer)
    assert device.end.carry([frame_of(peer.mac)]) == 1
    wire.set_up(False)
    assert device.end.carry([frame_of(peer.mac)]) == 0
    assert (wire.statistics().frames, peer.statistics().rx_frames) == (1, 1)


def test_a_device_attached_to_a_wire_that_is_cut() -> None:
    nic, wire = simple("nic"), Wire()
    wire.set_up(False)
    wire.attach(nic)
    assert not nic.link_up
    wire.set_up(True)
    assert nic.link_up


def test_bad_attachments() -> None:
    nic, wire = simple("nic"), Wire()
    with pytest.raises(ValueError, match="is not attached"):
        wire.detach(nic)
    wire.attach(nic)
    with pytest.raises(ValueError, match=r"is attached to .* already"):
        wire.attach(nic)
    with pytest.raises(TypeError, match="device is a Device, not int"):
        wire.attach(3)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(TypeError, match="conditions is a Conditions"):
        Wire(0.5)  # type: ignore[arg-type]  # the mistake that is tested


def test_loopback() -> None:
    nic = BusMasterNic("nic", paced=False)
    driver, plug = Driver(nic), Loopback(nic)
    blocks = driver.post(64, 64)
    for number in range(3):
        driver.send(frame_of(nic.mac, number))
    assert nic.step(9) == 3
    assert [bytes(block.view) for block in blocks] == [frame_of(nic.mac, number) for number in range(2)]
    assert (nic.statistics().rx_no_buffer, repr(plug)) == (1, "<Loopback on nic, 3 frames>")
    plug.close()
    assert not nic.link_up


def test_the_count_of_a_wire_is_that_of_its_devices() -> None:
    left, right = BusMasterNic("left", paced=False), BusMasterNic("right", paced=False)
    drivers, wire = [Driver(left), Driver(right)], Wire(Conditions(loss=0.2), seed=3)
    wire.attach(left)
    wire.attach(right)
    for number in range(200):
        for driver, peer in zip(drivers, (right, left), strict=True):
            driver.send(frame_of(peer.mac, number))
            driver.nic.step()
            if number % 3:
                driver.post(64)
    sides, counted = [left.statistics(), right.statistics()], wire.statistics()
    assert counted.frames == sum(side.tx_frames for side in sides) == 400
    assert counted.paths.delivered == sum(side.rx_frames for side in sides)
    assert counted.paths.refused == sum(side.rx_no_buffer for side in sides) > 0
    assert counted.paths.lost == 400 - counted.paths.delivered - counted.paths.refused > 0
