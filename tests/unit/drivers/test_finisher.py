"""Large packets on ports that cannot segment: here, in part, for want of room, and never a frame twice."""

import pytest

from asyncndis.base import NdisStatus
from asyncndis.drivers import Bridge, PortMiniport
from asyncndis.ndis import open_stack
from asyncndis.nic.offload import NOTHING
from asyncndis.nic.segmentation import complete
from tests.unit.drivers.ports import Station
from tests.unit.drivers.scripted_port import ScriptedPort
from tests.unit.nic.large import Large, large

pytestmark = pytest.mark.every_loop
LARGE = large(is_udp=False, is_ipv6=False, payload=bytes(range(256)) * 4, size=100)
SEGMENTS = [bytes(frame) for frame in complete(LARGE.header, LARGE.frame)]
SMALL = b"\xff" * 6 + bytes.fromhex("020000000009 88b5") + bytes(46)


class Offloading(ScriptedPort):
    """A port with headers, both ways."""

    offloads = True
    lets_in_unfinished: bool | None = None

    def let_in_unfinished(self, wanted: bool) -> None:
        self.lets_in_unfinished = wanted


def whole(made: Large) -> bytes:
    return made.header + made.frame


async def test_a_port_that_offloads_gets_packets_whole_and_others_in_segments() -> None:
    one, two, plain = Offloading("one", 1), Offloading("two", 2), ScriptedPort("plain", 3)
    drivers = tuple(PortMiniport(name=port.name, unfinished=True) for port in (one, two, plain))
    async with open_stack(Bridge(hub=True), drivers, nic=(one, two, plain)) as stack:
        assert one.lets_in_unfinished
        one.arrive(NOTHING + SMALL, whole(LARGE), NOTHING + SMALL)
        plain.arrive(SMALL)
        await stack.run_until_idle()
        assert two.sent == [NOTHING + SMALL, whole(LARGE), NOTHING + SMALL, NOTHING + SMALL]
        assert plain.sent == [SMALL, *SEGMENTS, SMALL]
        assert one.sent == [NOTHING + SMALL]


async def test_packets_that_are_used_again_carry_nothing_of_what_they_carried() -> None:
    one, two = Offloading("one", 1), Offloading("two", 2)
    drivers = PortMiniport(name="one", unfinished=True, slots=1), PortMiniport(name="two", unfinished=True)
    async with open_stack(Bridge(frames=1), drivers, nic=(one, two)) as stack:
        for header_and_frame in (whole(LARGE), NOTHING + SMALL, whole(LARGE), NOTHING + SMALL):
            one.arrive(header_and_frame)
            await stack.run_until_idle()
        assert two.sent == [whole(LARGE), NOTHING + SMALL] * 2


async def test_who_does_not_want_unfinished_packets_gets_none() -> None:
    port, station = Offloading(), Station(promiscuous=True)
    async with open_stack(station, PortMiniport(), nic=port):
        assert port.lets_in_unfinished is False
        port.arrive(NOTHING + SMALL, NOTHING + SMALL[:13])
        assert station.received == [SMALL]
        station.send(SMALL)
        assert port.sent == [NOTHING + SMALL]


@pytest.mark.parametrize("room", range(1, len(SEGMENTS) + 2))
async def test_what_found_no_room_follows_later_and_nothing_twice(room: int) -> None:
    source, plain = Offloading("source", 1), ScriptedPort("plain", 2)
    drivers = PortMiniport(name="source", unfinished=True), PortMiniport(name="plain")
    async with open_stack(Bridge(), drivers, nic=(source, plain)) as stack:
        plain.room = room
        source.arrive(whole(LARGE), NOTHING + SMALL, whole(LARGE))
        everything = [*SEGMENTS, SMALL, *SEGMENTS]
        assert plain.sent == everything[:room]
        for _ in range(len(everything) - room):
            plain.make_room(1)
        await stack.run_until_idle()
        assert plain.sent == everything


async def test_a_packet_of_which_a_segment_is_lost_has_failed_and_the_rest_is_sent() -> None:
    source, plain = Offloading("source", 1), ScriptedPort("plain", 2)
    driver = PortMiniport(name="plain")
    async with open_stack(
        Bridge(), (PortMiniport(name="source", unfinished=True), driver), nic=(source, plain)
    ) as stack:
        plain.bad = {SEGMENTS[0], SEGMENTS[4]}
        source.arrive(whole(LARGE), NOTHING + SMALL)
        await stack.run_until_idle()
        assert plain.sent == [*SEGMENTS[1:4], *SEGMENTS[5:], SMALL]
        assert driver.statistics().failed == 1


async def test_what_was_given_up_half_way_is_forgotten() -> None:
    source, plain = Offloading("source", 1), ScriptedPort("plain", 2)
    driver = PortMiniport(name="plain", slots=4)
    bridge = Bridge(frames=1)
    async with open_stack(bridge, (PortMiniport(name="source", unfinished=True), driver), nic=(source, plain)) as stack:
        plain.room = 3
        source.arrive(whole(LARGE))
        assert driver.statistics().waiting == 1
        assert driver.reset() is NdisStatus.SUCCESS
        plain.room = 100
        source.arrive(whole(LARGE))
        await stack.run_until_idle()
        assert plain.sent == [*SEGMENTS[:3], *SEGMENTS]
