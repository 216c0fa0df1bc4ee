"""The miniport of ports: batches in, a ring out, the link, and the end of it all."""

import gc
import sys
from contextlib import nullcontext

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import Bridge, PortMiniport, PortMiniportStatistics
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import Miniport, Oid, PacketFilter, Protocol, open_stack
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Station
from tests.unit.drivers.scripted_port import ScriptedPort

pytestmark = pytest.mark.every_loop


def frame(number: int, size: int = 60) -> bytes:
    return b"\xff" * 6 + bytes.fromhex(f"02{number:010x}") + b"\x88\xb5" + bytes(size - 14)


FRAMES = [frame(number, 14 + number) for number in range(200)]


class Silent(Protocol):
    """Wants nothing until it says so."""

    packet_filter = PacketFilter(0)


@pytest.mark.parametrize("watched", [False, True])
async def test_frames_come_and_go_unchanged_and_in_order(*, watched: bool) -> None:
    station, port = Station(promiscuous=True), ScriptedPort()
    with verify() if watched else nullcontext(()) as findings:
        async with open_stack(station, PortMiniport(), nic=port) as stack:
            port.arrive(*FRAMES)
            assert station.received == FRAMES
            station.send(*FRAMES)
            await stack.run_until_idle()
            assert (port.sent, station.completed) == (FRAMES, [NdisStatus.SUCCESS] * 200)
            assert station.binding.maximum_frame_size == 1500
            assert await station.binding.query(Oid.GEN_RCV_OK) == 200
    assert not findings


async def test_frames_longer_than_the_mtu_pass_and_runts_are_counted() -> None:
    station, port, miniport = Station(promiscuous=True), ScriptedPort(), PortMiniport()
    async with open_stack(station, miniport, nic=port):
        long = frame(1, 65_553)
        port.arrive(frame(2, 14), frame(3)[:13], b"", long)
        assert station.received == [frame(2, 14), long]
        station.send(long)
        assert port.sent == [long]
        assert miniport.statistics().runts == 2
        assert await station.binding.query(Oid.GEN_RCV_ERROR) == 2


async def test_frames_are_let_in_while_somebody_wants_them() -> None:
    silent, port = Silent(), ScriptedPort()
    async with open_stack(silent, PortMiniport(), nic=port):
        port.arrive(frame(1))
        assert (port.lets_in, len(port.waiting)) == (False, 1)
        await silent.binding.set_filter(PacketFilter.PROMISCUOUS)
        assert port.lets_in
        await silent.binding.set_filter(PacketFilter(0))
        assert not port.lets_in


async def test_frames_wait_in_the_device_while_all_packets_are_lent() -> None:
    station, port = Station(promiscuous=True, keeps=True), ScriptedPort()
    async with open_stack(station, PortMiniport(slots=8), nic=port):
        port.arrive(*FRAMES[:20])
        assert (station.received, port.lets_in, len(port.waiting)) == (FRAMES[:8], False, 12)
        station.give_back()
        assert port.lets_in
        port.arrive()
        assert station.received == FRAMES[:16]


async def test_packets_wait_for_room_and_the_ring_has_an_end() -> None:
    station, port, miniport = Station(), ScriptedPort(), PortMiniport(ring=16)
    async with open_stack(station, miniport, nic=port) as stack:
        port.room = 3
        station.send(*FRAMES[:10])
        assert (port.sent, len(station.completed), miniport.statistics().waiting) == (FRAMES[:3], 3, 7)
        station.send(*FRAMES[10:25])
        assert station.completed[3:] == [NdisStatus.FAILURE] * 6
        assert (miniport.statistics().waiting, miniport.statistics().refused) == (16, 6)
        port.make_room(2)
        port.make_room(100)
        await stack.run_until_idle()
        assert port.sent == FRAMES[:19]
        assert station.completed[9:] == [NdisStatus.SUCCESS] * 16


async def test_a_frame_that_cannot_be_sent_is_no_obstacle() -> None:
    station, port, miniport = Station(), ScriptedPort(), PortMiniport()
    port.bad = set(FRAMES[3:5]) | {FRAMES[9]}
    async with open_stack(station, miniport, nic=port):
        station.send(*FRAMES[:10])
        assert port.sent == FRAMES[:3] + FRAMES[5:9]
        assert (miniport.statistics().failed, miniport.statistics().waiting) == (3, 0)
        assert station.completed.count(NdisStatus.FAILURE) == 3
        assert len(station.completed) == 10


async def test_what_waits_is_given_up_by_its_id_by_a_reset_and_at_the_end() -> None:
    station, port, miniport = Station(), ScriptedPort(), PortMiniport()
    async with open_stack(station, miniport, nic=port) as stack:
        port.room = 0
        station.send(*FRAMES[:3], cancel_ids=[7, 8, 7])
        station.binding.cancel_sends(7)
        assert (station.completed, miniport.statistics().waiting) == ([NdisStatus.REQUEST_ABORTED] * 2, 1)
        await stack.reset()
        assert (len(station.completed), miniport.statistics().waiting) == (3, 0)
    assert station.completed == [NdisStatus.REQUEST_ABORTED] * 3
    assert port.sent == []


async def test_a_port_that_takes_nothing_is_given_up_and_holds_up_no_end() -> None:
    station, port, miniport = Station(), ScriptedPort(), PortMiniport(patience_ms=1000)
    with use_clock(VirtualClock()) as clock:
        async with open_stack(station, miniport, nic=port):
            port.room = 1
            station.send(*FRAMES[:4])
            await clock.advance(0.9)
            port.make_room(1)
            await clock.advance(1.05)
            assert (len(port.sent), miniport.statistics().waiting) == (2, 2)
            await clock.advance(1.0)
            assert station.completed == [NdisStatus.SUCCESS] * 2 + [NdisStatus.FAILURE] * 2
            station.send(FRAMES[5])
            assert station.completed[4:] == [NdisStatus.FAILURE], "it is given up: at once"
            port.make_room(1)
            station.send(*FRAMES[6:8])
            assert (station.completed[5:], len(port.sent)) == ([NdisStatus.SUCCESS], 3), "it has taken one: others wait"
            assert miniport.statistics() == PortMiniportStatistics(waiting=1, refused=0, failed=3, runts=0)
    assert station.completed[6:] == [NdisStatus.FAILURE]


async def test_a_port_that_nobody_reads_holds_up_the_others_once() -> None:
    ports = tuple(ScriptedPort(name, number) for number, name in enumerate("abc", 1))
    a, b, stalled = ports
    miniports: tuple[Miniport, ...] = tuple(PortMiniport(name=port.name, slots=16, patience_ms=1000) for port in ports)
    with use_clock(VirtualClock()) as clock:
        async with open_stack(Bridge(), miniports, nic=ports):
            stalled.room = 0
            a.arrive(*FRAMES[:50])
            assert len(b.sent) == 16, "the stalled port has what else could carry frames"
            await clock.advance(1.05)
            a.arrive()
            for _ in range(20):
                a.arrive(*FRAMES[:50])
            assert len(b.sent) == 1050
            stalled.make_room(1000)
            a.arrive(FRAMES[0])
            assert stalled.sent == [FRAMES[0]]


async def test_frames_that_come_one_by_one_go_so_and_many_together() -> None:
    station, port = Station(), ScriptedPort()
    async with open_stack(station, PortMiniport(), nic=port):
        for count in (1, 1, 1, 1, 5, 40, 40, 1, 40):
            before = len(station.received)
            port.arrive(*FRAMES[:count])
            assert station.received[before:] == FRAMES[:count]


async def test_the_link_is_indicated_once_a_change() -> None:
    port = ScriptedPort()
    port.set_link(up=False)
    async with open_stack(Station(), PortMiniport(), nic=port) as stack:
        assert not stack.adapter.connected
        port.set_link(up=True)
        assert stack.link == "up"
        port.set_link(up=False)
        assert stack.link == "down"


async def test_a_device_that_goes_ends_the_stack_with_its_sentence() -> None:
    port = ScriptedPort()
    with pytest.raises(NdisError, match="it was taken away"):
        async with open_stack(Station(), PortMiniport(), nic=port):
            port.unplug_by_hand(NdisError("it was taken away"))
            await anyio.sleep_forever()


async def test_it_drives_ports_alone_and_one_port_each() -> None:
    with pytest.raises(NdisError, match="drives a Port, not 'cable'") as caught:
        async with open_stack(Station(), PortMiniport(), nic="cable"):
            pass
    assert caught.value.status is NdisStatus.ADAPTER_NOT_FOUND
    port = ScriptedPort()
    with pytest.raises(NdisError, match="has a driver already"):
        async with open_stack(Bridge(), (PortMiniport(), PortMiniport()), nic=(port, port)):
            pass
    async with open_stack(Station(), PortMiniport(), nic=port):
        pass


@pytest.mark.parametrize("watched", [False, True])
async def test_a_bridge_of_ports(*, watched: bool) -> None:
    ports = tuple(ScriptedPort(name, number) for number, name in enumerate("abc", 1))
    a, b, c = ports
    miniports: tuple[Miniport, ...] = tuple(PortMiniport(name=port.name) for port in ports)
    answers = [b"\x02\0\0\0\0\x07" + bytes.fromhex("020000000abc") + FRAMES[number][12:] for number in range(100)]
    with verify() if watched else nullcontext(()) as findings:
        bridge = Bridge()
        async with open_stack(bridge, miniports, nic=ports) as stack:
            a.arrive(*FRAMES[7:8], *FRAMES[:100])  # to all, from many
            assert b.sent == c.sent == [FRAMES[7], *FRAMES[:100]]
            b.arrive(*answers)
            await stack.run_until_idle()
            assert (a.sent, len(c.sent)) == (answers, 101)
            a.room = 50
            b.arrive(*answers)
            assert (len(a.sent), bridge.statistics().relayed) == (150, 50)
            a.make_room(100)
            await stack.run_until_idle()
            assert (a.sent, bridge.statistics().relayed) == ([*answers, *answers], 0)
            assert [port.received for port in bridge.statistics().ports] == [101, 200, 0]
    assert not findings


async def test_a_long_day_keeps_no_memory() -> None:
    """Links flap and devices fill up meanwhile: nothing piles up, and every packet comes home."""
    a, b = ScriptedPort("a", 1), ScriptedPort("b", 2)
    a.room = 1_000_000
    answer = b"\x02\0\0\0\0\x07" + bytes.fromhex("020000000abc") + FRAMES[0][12:]

    def hour() -> None:
        for number in range(20):
            a.arrive(*FRAMES)
            b.arrive(*[answer] * 40)
            b.room = 5
            a.arrive(*FRAMES[: 10 + number])
            b.set_link(up=False)
            b.make_room(1_000_000)
            b.set_link(up=True)
            a.sent.clear()
            b.sent.clear()
            a.calls.clear()
            b.calls.clear()

    bridge = Bridge()
    async with open_stack(bridge, (PortMiniport(name="a"), PortMiniport(name="b")), nic=(a, b)) as stack:
        for _ in range(3):
            hour()
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(10):
            hour()
        gc.collect()
        assert sys.getallocatedblocks() - before < 1500  # for 60,000 frames and 400 flaps
        await stack.run_until_idle()
        assert bridge.statistics().relayed == 0
        assert [port.failed + port.dropped for port in bridge.statistics().ports] == [0, 0]
