"""A bridge learns, floods, never sends back, changes nothing, and is a station itself."""

from contextlib import AsyncExitStack

import pytest

from asyncndis.base import NdisStatus
from asyncndis.drivers import Bridge, Ipv4Host, VlanTag, tag_frame
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.kernel.clock import MILLISECOND
from asyncndis.memory import PerPacketInfo
from asyncndis.ndis import Oid, PacketFilter, open_stack
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Port, Station, ethernet, join, mac

BROADCAST = b"\xff" * 6
GROUP = b"\x01\x00\x5e\x00\x00\x01"
A, B, C = mac(0xA), mac(0xB), mac(0xC)


def ports(count: int, **options: int | bool) -> tuple[Port, ...]:
    return tuple(Port(number + 1, name=f"p{number}", **options) for number in range(count))  # type: ignore[arg-type]  # by name


def sent(of: tuple[Port, ...]) -> list[int]:
    return [len(port.sent) for port in of]


@pytest.mark.every_loop
async def test_what_is_known_of_ways_changes_with_the_stations() -> None:
    below, bridge = ports(3), Bridge()
    async with open_stack(bridge, below):
        below[1].arrive(ethernet(A, B))
        for _ in range(3):
            below[0].arrive(ethernet(B, A))
        assert sent(below) == [1, 3, 1]
        below[2].arrive(ethernet(A, B))  # it has moved
        below[0].arrive(ethernet(B, A), ethernet(B, A))
        assert sent(below) == [2, 3, 3]
        below[1].arrive(ethernet(A, B))  # and back, which was known before
        below[0].arrive(ethernet(B, A))
        assert sent(below) == [3, 4, 3]


@pytest.mark.every_loop
async def test_it_learns_where_stations_are() -> None:
    below, bridge = ports(3), Bridge()
    with verify() as findings:
        async with open_stack(bridge, below) as stack:
            assert str(stack) == "Bridge > (p0, p1, p2) [up]"
            below[0].arrive(ethernet(B, A))  # unknown: to all others
            assert sent(below) == [0, 1, 1]
            below[1].arrive(ethernet(A, B), ethernet(A, B))
            assert sent(below) == [2, 1, 1]
            below[0].arrive(ethernet(B, A))
            assert sent(below) == [2, 2, 1]
            below[0].arrive(ethernet(A, C))  # both at one port: their business
            assert sent(below) == [2, 2, 1]
            below[2].arrive(ethernet(B, A))  # it has moved
            below[1].arrive(ethernet(A, B))
            assert sent(below) == [2, 3, 2]
            table = bridge.statistics().table
            assert (table.stations, table.learnt, table.moves) == (3, 3, 1)
            assert repr(bridge) == "<Bridge 'Bridge' of p0, p1, p2; 0 packets on their way>"
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize("destination", [BROADCAST, GROUP, mac(0x77)])
async def test_it_floods_but_not_back(destination: bytes) -> None:
    below = ports(4)
    with verify() as findings:
        async with open_stack(Bridge(), below):
            for port in below:
                port.arrive(ethernet(destination, A))
            assert sent(below) == [3, 3, 3, 3]
            assert all(port.rx.outstanding == 0 for port in below)
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_hub_learns_nothing() -> None:
    below, bridge = ports(3), Bridge(hub=True)
    with verify() as findings:
        async with open_stack(bridge, below):
            below[0].arrive(ethernet(B, A))
            below[1].arrive(ethernet(A, B))
            assert sent(below) == [1, 1, 2]
            assert bridge.statistics().table.stations == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_frames_are_unchanged_in_order_and_in_one_call() -> None:
    below = ports(2, size=9000)
    frames = [
        ethernet(B, A, bytes([number]) * size, ether_type)
        for number, (size, ether_type) in enumerate([(46, 0x0800), (9000, 0x0800), (1, 0x88CC), (1496, 0x86DD)])
    ]
    frames += [tag_frame(frames[0], VlanTag(7)), tag_frame(tag_frame(frames[2], VlanTag(7)), VlanTag(8))]
    with verify() as findings:
        async with open_stack(Bridge(), below):
            below[0].arrive(*frames)
            assert below[1].sent == frames
            assert below[1].calls == [len(frames)]
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_lent_packet_goes_back_when_all_ways_are_done_and_nothing_is_copied() -> None:
    below = ports(3, holds=True)
    with verify() as findings:
        async with open_stack(Bridge(), below):
            below[0].arrive(ethernet(B, A))
            assert below[0].rx.outstanding == 1
            first = below[1].held[0].first
            assert first is not None
            other = below[2].held[0].first
            assert other is not None
            assert first.memory is other.memory
            below[1].release()
            assert below[0].rx.outstanding == 1
            below[2].release(NdisStatus.FAILURE)
            assert below[0].rx.outstanding == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_port_low_on_packets_keeps_them() -> None:
    below = ports(3, holds=True)
    with verify() as findings:
        async with open_stack(Bridge(), below):
            below[0].arrive(ethernet(B, A, b"low"), low=True)
            assert below[0].rx.outstanding == 0
            for port in below:
                port.release()
            assert below[1].sent == below[2].sent == [ethernet(B, A, b"low")]
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize("low", [False, True])
async def test_without_a_packet_a_frame_is_dropped(low: bool) -> None:
    below, bridge = ports(2, holds=True), Bridge(frames=2)
    with verify() as findings:
        async with open_stack(bridge, below):
            below[0].arrive(*[ethernet(B, A)] * 5, low=low)
            assert below[0].rx.outstanding == (0 if low else 2)
            below[1].release()
            one, other = bridge.statistics().ports
            assert (one.received, other.sent, other.dropped, other.failed) == (5, 2, 3, 0)
            assert below[0].rx.outstanding == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_frame_too_long_for_a_port_fails_there() -> None:
    below, bridge = (Port(1, name="long", size=9000), Port(2, name="short")), Bridge()
    with verify() as findings:
        async with open_stack(Station(), bridge, below) as stack:
            assert await stack.binding.query(Oid.GEN_MAXIMUM_FRAME_SIZE) == 1500
            below[0].arrive(ethernet(B, A).ljust(4000, b"x"))
            assert (bridge.statistics().ports[1].failed, below[0].rx.outstanding) == (1, 0)
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_the_station_above_is_at_every_port() -> None:
    below, bridge, station = ports(2), Bridge(), Station(keeps=True)
    with verify() as findings:
        async with open_stack(station, bridge, below) as stack:
            assert stack.binding.address == below[0].permanent_address
            below[0].arrive(ethernet(mac(1), A), ethernet(BROADCAST, A), ethernet(mac(9), A))
            below[1].arrive(ethernet(mac(1), B))
            assert len(station.received) == 3
            assert sent(below) == [0, 2]  # what is for the station stays with it
            assert (below[0].rx.outstanding, below[1].rx.outstanding) == (2, 1)
            station.give_back()
            assert (below[0].rx.outstanding, below[1].rx.outstanding) == (0, 0)
            station.send(ethernet(A, mac(1)), ethernet(B, mac(1)), ethernet(BROADCAST, mac(1)))
            assert sent(below) == [2, 4]
            assert station.completed == [NdisStatus.SUCCESS] * 3
            assert len(station.received) == 4  # its own broadcast, as on any adapter
            below[0].arrive(ethernet(BROADCAST, A), low=True)
            assert (len(station.received), below[0].rx.outstanding) == (5, 0)
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_promiscuous_station_sees_everything_and_the_ports_keep_their_filter() -> None:
    below, station = ports(2), Station(promiscuous=True)
    with verify() as findings:
        async with open_stack(station, Bridge(), below) as stack:
            below[0].arrive(ethernet(B, A))
            assert len(station.received) == 1
            await stack.binding.set_filter(PacketFilter.DIRECTED)
            below[1].arrive(ethernet(A, B))
            assert (len(station.received), sent(below)) == (1, [1, 1])
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_what_the_station_sends_carries_its_information_and_fails_where_no_port_takes_it() -> None:
    class Looking(Port):
        def release(self, status: NdisStatus = NdisStatus.SUCCESS, count: int | None = None) -> None:
            seen.extend(packet.info(PerPacketInfo.CLASSIFICATION_HANDLE) for packet in self.held)
            super().release(status, count)

    seen: list[object] = []
    below, station = (Looking(1), Looking(2)), Station()
    with verify() as findings:
        async with open_stack(station, Bridge(frames=3), below) as stack:
            packet = stack.binding.frames.allocate_nowait(ethernet(B, mac(1)))
            packet.set_info(PerPacketInfo.CLASSIFICATION_HANDLE, "gold")
            stack.binding.send_packets([packet])
            assert seen == ["gold", "gold"]
            for port in below:
                port.holds = True
            station.send(*[ethernet(B, mac(1))] * 3)
            assert station.completed == [NdisStatus.SUCCESS, NdisStatus.FAILURE]
            below[0].release(NdisStatus.FAILURE)
            below[1].release()
            assert station.completed[2:] == [NdisStatus.FAILURE, NdisStatus.SUCCESS]
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_sends_of_the_station_are_cancelled_at_every_port() -> None:
    below, station = ports(3, holds=True), Station()
    with verify() as findings:
        async with open_stack(station, Bridge(), below) as stack:
            station.send(ethernet(B, mac(1)), ethernet(B, mac(1)), cancel_ids=(7, 8))
            stack.binding.cancel_sends(7)
            assert station.completed == [NdisStatus.REQUEST_ABORTED]
            for port in below:
                port.release()
            assert station.completed[1:] == [NdisStatus.SUCCESS]
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_it_has_a_link_while_a_port_has() -> None:
    below, bridge = ports(2), Bridge()
    with verify() as findings:
        async with open_stack(Station(), bridge, below) as stack:
            below[0].arrive(ethernet(B, A))
            below[1].arrive(ethernet(A, B))
            below[0].adapter.indicate_link(up=False)
            assert stack.top.connected
            assert bridge.statistics().table.stations == 1
            below[1].adapter.indicate_link(up=False)
            assert stack.link == "down"
            assert repr(stack.top).startswith("<Adapter 'Bridge' running, link down")
            below[0].adapter.indicate_link(up=True)
            assert repr(stack.top).startswith("<Adapter 'Bridge' running, link up")
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_stations_are_forgotten() -> None:
    below, bridge = ports(3), Bridge(ageing_seconds=10, stations=2)
    with use_clock(VirtualClock()) as clock, verify() as findings:
        async with open_stack(bridge, below):
            below[0].arrive(ethernet(B, A))
            await clock.advance(6)
            below[0].arrive(ethernet(B, A))
            await clock.advance(6)
            below[1].arrive(ethernet(A, B))
            assert sent(below) == [1, 2, 2]
            await clock.advance(11)
            below[1].arrive(ethernet(A, B))
            assert sent(below) == [2, 2, 3]
            for number in range(20):
                below[2].arrive(ethernet(A, mac(number)))
            assert bridge.statistics().table.stations == 2
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_port_that_goes_leaves_the_others() -> None:
    below, bridge, station = ports(3, holds=True), Bridge(), Station()
    with use_clock(VirtualClock()), verify() as findings:
        async with open_stack(station, bridge, below) as stack:
            below[1].arrive(ethernet(A, B))
            below[0].release()
            below[2].release()
            await stack.ndis.halt_adapter(stack.adapters[1])
            assert [port.name for port in bridge.statistics().ports] == ["p0", "p2"]
            assert bridge.statistics().table.stations == 0
            below[0].arrive(ethernet(B, A))
            below[2].release()
            assert sent(below) == [1, 0, 2]
            station.send(ethernet(BROADCAST, mac(1)))
            below[0].release()
            below[2].release()
            assert station.completed == [NdisStatus.SUCCESS]
            await stack.ndis.halt_adapter(stack.adapters[0])
            await stack.ndis.halt_adapter(stack.adapters[2])
            assert stack.top.state.value == "halted"
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_reset_completes_what_is_on_its_way() -> None:
    below, bridge, station = ports(2, holds=True), Bridge(), Station()
    with verify() as findings:
        async with open_stack(station, bridge, below) as stack:
            station.send(*[ethernet(BROADCAST, mac(1))] * 3)
            below[0].arrive(*[ethernet(B, A)] * 3)
            assert bridge.statistics().relayed == 9
            await stack.binding.reset()
            assert station.completed == [NdisStatus.REQUEST_ABORTED] * 3
            assert (bridge.statistics().relayed, below[0].rx.outstanding) == (0, 0)
            assert [port.adapter.resets.count for port in below] == [1, 1]
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_it_ends_under_load() -> None:
    below, bridge, station = ports(2, delay_ms=20), Bridge(), Station(keeps=True)
    with use_clock(VirtualClock()), verify() as findings:
        async with open_stack(station, bridge, below) as stack:
            station.send(*[ethernet(BROADCAST, mac(1))] * 10)
            below[0].arrive(*[ethernet(B, A)] * 10, *[ethernet(BROADCAST, A)] * 10)
            below[1].arrive(*[ethernet(A, B)] * 10, *[ethernet(mac(1), A)] * 10)
            await stack.ndis.halt_adapter(stack.top)
            below[0].arrive(ethernet(B, A))  # too late: the ports still receive
        assert station.completed == [NdisStatus.SUCCESS] * 10
        assert sent(below) == [20, 30]
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_its_halt_waits_for_what_is_on_its_way() -> None:
    below, bridge = ports(2, delay_ms=20), Bridge()
    assert repr(bridge) == "<Bridge 'Bridge' of no port; 0 packets on their way>"
    with use_clock(VirtualClock()) as clock, verify() as findings:
        async with open_stack(bridge, below):
            below[0].arrive(*[ethernet(B, A)] * 10)
            assert repr(bridge) == "<Bridge 'Bridge' of p0, p1; 10 packets on their way>"
            assert repr(bridge._relays) == "<Relays 10 packets on their way, 0 batches coming in>"
            assert repr(bridge._ports[bridge.below]) == "<BridgePort 'p0' 10 in, 0 out, 0 dropped>"
        assert clock.now() >= 20 * MILLISECOND
        assert (sent(below), len(bridge._relays)) == ([0, 10], 0)
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize("defers", [False, True])
async def test_three_hosts_over_a_chain_of_bridges(defers: bool) -> None:
    """host - bridge - bridge - host, and a host above the first bridge."""
    ends = ports(6)
    for one, other in ((0, 1), (2, 3), (4, 5)):
        join(ends[one], ends[other])
    hosts = [Ipv4Host(f"10.0.0.{number}/24") for number in (1, 2, 3)]
    with verify() as findings:
        async with AsyncExitStack() as stacks:
            for layers in (
                (hosts[0], ends[0]),
                (hosts[1], Bridge(), (ends[1], ends[2])),
                (Bridge(), (ends[3], ends[4])),
                (hosts[2], ends[5]),
            ):
                await stacks.enter_async_context(open_stack(*layers, defers=defers))
            for host in hosts:
                for number in (1, 2, 3):
                    if hosts[number - 1] is not host:
                        assert 0 <= await host.ping(f"10.0.0.{number}", bytes(1400)) < 1
    assert not findings, findings.report()


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="frames"):
        Bridge(frames=0)
