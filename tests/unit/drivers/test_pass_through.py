"""A pass-through changes nothing: frames, requests, cancellations, resets and status go through it."""

import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import PassThrough, PassThroughStatistics
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import Oid, open_stack
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Port, Station, ethernet, join, mac

pytestmark = pytest.mark.every_loop


async def test_frames_pass_both_ways() -> None:
    near, far = Port(1), Port(2)
    join(near, far)
    one, other, driver = Station(), Station(), PassThrough()
    with verify() as findings:
        async with open_stack(one, driver, near) as stack, open_stack(other, far):
            assert str(stack) == "Station > PassThrough > port [up]"
            assert repr(driver) == "<PassThrough 'PassThrough' 0 frames down, 0 up>"
            frames = [ethernet(mac(2), mac(1), bytes([number])) for number in range(5)]
            one.send(*frames)
            assert (other.received, near.calls) == (frames, [5])
            other.send(ethernet(mac(1), mac(2)))
            assert one.received == [ethernet(mac(1), mac(2))]
            assert driver.statistics() == PassThroughStatistics(down=5, up=1)
            assert one.completed == [NdisStatus.SUCCESS] * 5
    assert not findings, findings.report()


async def test_a_packet_that_is_kept_goes_back_when_it_is_returned() -> None:
    port, station = Port(1), Station(keeps=True)
    with verify() as findings:
        async with open_stack(station, PassThrough(), PassThrough(), port):
            port.arrive(ethernet(mac(1), mac(9)), ethernet(mac(1), mac(9)))
            assert port.rx.outstanding == 2
            station.give_back()
            assert port.rx.outstanding == 0
            port.arrive(ethernet(mac(1), mac(9)), low=True)
            assert (len(station.received), port.rx.outstanding) == (3, 0)
    assert not findings, findings.report()


@pytest.mark.parametrize("keeps", [False, True])
async def test_returns_may_be_deferred(keeps: bool) -> None:
    port, station = Port(1), Station(keeps=keeps)
    with verify() as findings:
        async with open_stack(station, PassThrough(), PassThrough(), port, defers=True) as stack:
            port.arrive(ethernet(mac(1), mac(9)), ethernet(mac(1), mac(9)))
            assert port.rx.outstanding == 2
            station.give_back()
            await stack.run_until_idle()
            assert port.rx.outstanding == 0
    assert not findings, findings.report()


async def test_requests_cancellations_and_status_pass() -> None:
    port, station = Port(1, holds=True), Station()
    with verify() as findings:
        async with open_stack(station, PassThrough(), port) as stack:
            assert await stack.binding.query(Oid.GEN_LINK_SPEED) == port.link_speed
            station.send(ethernet(mac(2), mac(1)), ethernet(mac(2), mac(1)), cancel_ids=(7, 8))
            stack.binding.cancel_sends(7)
            assert station.completed == [NdisStatus.REQUEST_ABORTED]
            port.adapter.indicate_link(up=False)
            assert not stack.top.connected
            port.release()
            assert station.completed == [NdisStatus.REQUEST_ABORTED, NdisStatus.SUCCESS]
    assert not findings, findings.report()


async def test_a_reset_gives_back_what_is_below() -> None:
    port, station = Port(1, holds=True), Station()
    with verify() as findings:
        async with open_stack(station, PassThrough(), port) as stack:
            station.send(*[ethernet(mac(2), mac(1))] * 3)
            await stack.binding.reset()
            assert station.completed == [NdisStatus.REQUEST_ABORTED] * 3
            assert (port.adapter.resets.count, stack.top.resets.count) == (1, 1)
    assert not findings, findings.report()


async def test_a_third_one_in_a_row_sends_packets_of_its_own_and_fails_without_any() -> None:
    """Two drivers can reuse a packet; the copies of the lowest are limited."""
    port, station = Port(1, holds=True), Station()
    with verify() as findings:
        async with open_stack(station, PassThrough(), PassThrough(), PassThrough(name="lowest"), port):
            station.send(*[ethernet(mac(2), mac(1))] * (PassThrough.frame_count + 2))
            assert station.completed == [NdisStatus.FAILURE] * 2
            port.release()
            assert station.completed.count(NdisStatus.SUCCESS) == PassThrough.frame_count == len(port.sent)
            status = station.send_one(ethernet(mac(2), mac(1)))
            assert status is NdisStatus.PENDING
            port.release()
    assert not findings, findings.report()


async def test_it_ends_under_load() -> None:
    port, station = Port(1, delay_ms=20), Station()
    with use_clock(VirtualClock()), verify() as findings:
        async with open_stack(station, PassThrough(), port):
            station.send(*[ethernet(mac(2), mac(1))] * 10)
            assert station.completed == []
        assert station.completed == [NdisStatus.SUCCESS] * 10
    assert not findings, findings.report()


async def test_without_an_adapter_below_there_is_nothing_to_send_to() -> None:
    with pytest.raises(NdisError) as caught:
        PassThrough().below.cancel_sends(1)
    assert caught.value.status is NdisStatus.ADAPTER_NOT_OPEN
