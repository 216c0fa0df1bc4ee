"""An echo sends frames back to their stations, a batch in one call."""

import pytest

from asyncndis.drivers import Echo, EchoStatistics, PassThrough
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import open_stack
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Port, Station, ethernet, mac

BROADCAST = b"\xff" * 6


@pytest.mark.every_loop
@pytest.mark.parametrize("low", [False, True])
async def test_frames_go_back(low: bool) -> None:
    port, echo = Port(1), Echo()
    with verify() as findings:
        async with open_stack(echo, PassThrough(), port):
            port.arrive(
                ethernet(mac(1), mac(2), b"one"),
                ethernet(BROADCAST, mac(3), b"all"),
                ethernet(mac(1), mac(2), b"other", 0x88B6),
                ethernet(mac(1), mac(1), b"own"),
                ethernet(mac(1), BROADCAST, b"group"),
                low=low,
            )
            assert port.sent == [ethernet(mac(2), mac(1), b"one"), ethernet(mac(3), mac(1), b"all")]
            assert echo.statistics() == EchoStatistics(received=4, answered=2, dropped=0)
            assert repr(echo) == "<Echo 'Echo' of type 0x88b5, 2 of 4 answered>"
            assert port.rx.outstanding == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_batch_is_answered_in_one_call() -> None:
    port = Port(1)
    with verify() as findings:
        async with open_stack(Echo(0x9000), port):
            port.arrive(*[ethernet(mac(1), mac(2), bytes([number]), 0x9000) for number in range(10)])
            assert port.calls == [10]
            assert [frame[14] for frame in port.sent] == list(range(10))
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_an_echo_does_not_meet_itself() -> None:
    """NDIS shows a broadcast to all protocols of the adapter that it is sent on, and an answer to them as well."""
    port, echo, station = Port(1), Echo(), Station()
    with verify() as findings:
        async with open_stack(station, echo, port):
            station.send(ethernet(BROADCAST, mac(1)))
            assert (echo.statistics().received, echo.statistics().answered) == (1, 0)
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_without_a_packet_a_frame_is_not_answered() -> None:
    port, echo = Port(1, frames=100, holds=True), Echo()
    with verify() as findings:
        async with open_stack(echo, port):
            port.arrive(*[ethernet(mac(1), mac(2))] * (Echo.frame_count + 3))
            assert echo.statistics().dropped == 3
            port.release()
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_reset_and_an_end_under_load_lose_nothing() -> None:
    port, echo = Port(1, delay_ms=20), Echo()
    with use_clock(VirtualClock()), verify() as findings:
        async with open_stack(echo, port) as stack:
            port.arrive(*[ethernet(mac(1), mac(2))] * 5)
            await stack.reset()
            assert stack.binding.frames.outstanding == 0
            port.arrive(*[ethernet(mac(1), mac(2))] * 5)
            assert stack.binding.frames.outstanding == 5
        assert len(port.sent) == 5
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_it_answers_on_every_link_that_it_is_bound_to() -> None:
    ports = Port(1, name="left"), Port(2, name="right")
    with verify() as findings:
        async with open_stack(Echo(), ports):
            for port in ports:
                port.arrive(ethernet(port.adapter.current_address, mac(9)))
                assert len(port.sent) == 1
    assert not findings, findings.report()


def test_types_are_types() -> None:
    with pytest.raises(ValueError, match="ether_type"):
        Echo(0x5FF)
