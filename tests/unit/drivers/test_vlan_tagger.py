"""A tagger puts tags on and takes them off, without a copy, and lets only its VLAN pass."""

from ipaddress import IPv4Address

import pytest

from asyncndis.base import NdisStatus
from asyncndis.drivers import Ipv4Host, PassThrough, TagProtocol, VlanTag, VlanTagger, VlanTaggerStatistics, tag_frame
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.memory import Packet, PacketFlags, PerPacketInfo
from asyncndis.ndis import Binding, Oid, open_stack
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Port, Station, ethernet, join, mac

TAG = VlanTag(5, priority=3)


def tagged(frame: bytes, vlan: int = 5, protocol: TagProtocol = TagProtocol.CUSTOMER) -> bytes:
    return tag_frame(frame, VlanTag(vlan, protocol=protocol))


@pytest.mark.every_loop
async def test_tags_go_on_downwards_and_come_off_upwards() -> None:
    port, station, tagger = Port(1), Station(), VlanTagger(5, priority=3)
    up, down = ethernet(mac(1), mac(2), b"up"), ethernet(mac(2), mac(1), b"down")
    with verify() as findings:
        async with open_stack(station, tagger, port):
            station.send(down, down)
            assert port.sent == [tag_frame(down, TAG)] * 2
            port.arrive(tagged(up), tagged(up, 6), up, tagged(up, 5, TagProtocol.SERVICE), tagged(tagged(up, 9)))
            assert station.received == [up, tagged(up, 9)]
            assert tagger.statistics() == VlanTaggerStatistics(tagged=2, untagged=2, foreign=3, dropped=0)
            assert repr(tagger) == "<VlanTagger 'VlanTagger' VLAN 5, 2 frames tagged, 2 untagged>"
            assert station.completed == [NdisStatus.SUCCESS] * 2
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize("defers", [False, True])
async def test_a_packet_that_is_kept_goes_back_when_it_is_returned(defers: bool) -> None:
    port, station = Port(1), Station(keeps=True)
    frame = tagged(ethernet(mac(1), mac(2)))
    with verify() as findings:
        async with open_stack(station, PassThrough(), VlanTagger(5), port, defers=defers) as stack:
            port.arrive(frame, frame)
            assert port.rx.outstanding == 2
            station.give_back()
            await stack.run_until_idle()
            assert port.rx.outstanding == 0
            port.arrive(frame, low=True)
            assert (len(station.received), len(station.kept), port.rx.outstanding) == (3, 0, 0)
            station.keeps = False
            port.arrive(frame)
            await stack.run_until_idle()
            assert port.rx.outstanding == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_nothing_but_the_header_is_copied_and_information_goes_along() -> None:
    class Looking(Port):
        def release(self, status: NdisStatus = NdisStatus.SUCCESS, count: int | None = None) -> None:
            for packet in self.held:
                seen.append((packet.info(PerPacketInfo.CLASSIFICATION_HANDLE), packet.flag_bits))
                views.append([buffer.view() for buffer in packet])
                packet.set_info(PerPacketInfo.TCP_IP_CHECKSUM, "done")
            super().release(status, count)

    class Asking(Station):
        def send_complete(self, binding: Binding, packet: Packet, status: NdisStatus) -> None:
            answers.append(packet.info(PerPacketInfo.TCP_IP_CHECKSUM))
            super().send_complete(binding, packet, status)

    seen: list[tuple[object, int]] = []
    views: list[list[memoryview]] = []
    answers: list[object] = []
    payload = bytearray(ethernet(mac(2), mac(1)))
    station = Asking()
    with verify() as findings:
        async with open_stack(station, VlanTagger(5), Looking(1, holds=True)) as stack:
            packet = stack.binding.frames.allocate_nowait(payload)
            packet.set_info(PerPacketInfo.CLASSIFICATION_HANDLE, "gold")
            packet.set_flags(PacketFlags.DONT_LOOPBACK)
            assert stack.binding.send_nowait(packet) is NdisStatus.PENDING
            driver = stack.adapter.driver
            assert isinstance(driver, Looking)
            driver.release()
            assert seen == [("gold", PacketFlags.DONT_LOOPBACK)]
            assert [len(view) for view in views[0]] == [18, len(payload) - 14]
            payload[14] = 0xEE
            assert views[0][1][0] == 0xEE
            assert answers == ["done"]
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize(("below", "above"), [(1500, 1496), (1504, 1500)])
async def test_the_tag_needs_its_room(below: int, above: int) -> None:
    port, station = Port(1, size=below), Station()
    with verify() as findings:
        async with open_stack(station, VlanTagger(5), port) as stack:
            assert await stack.binding.query(Oid.GEN_MAXIMUM_FRAME_SIZE) == above
            assert await stack.binding.query(Oid.GEN_MAXIMUM_TOTAL_SIZE) == above + 14
            assert await stack.binding.query(Oid.GEN_LINK_SPEED) == port.link_speed
            longest = ethernet(mac(2), mac(1)).ljust(above + 14, b"x")
            assert station.send_one(longest) is NdisStatus.PENDING
            assert station.send_one(longest + b"x") is NdisStatus.INVALID_PACKET
            assert len(port.sent[0]) == below + 14
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_without_a_packet_a_frame_is_dropped() -> None:
    port, station, tagger = Port(1, holds=True), Station(keeps=True), VlanTagger(5, frames=2)
    with verify() as findings:
        async with open_stack(station, tagger, port):
            station.send(*[ethernet(mac(2), mac(1))] * 3)
            port.arrive(*[tagged(ethernet(mac(1), mac(2)))] * 3)
            assert station.completed == [NdisStatus.FAILURE]
            assert (len(station.received), tagger.statistics().dropped) == (2, 2)
            assert port.rx.outstanding == 2
            port.release()
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_a_reset_and_an_end_under_load_lose_nothing() -> None:
    port, station = Port(1, delay_ms=20), Station(keeps=True)
    with use_clock(VirtualClock()), verify() as findings:
        async with open_stack(station, VlanTagger(5), port) as stack:
            station.send(*[ethernet(mac(2), mac(1))] * 10)
            port.arrive(*[tagged(ethernet(mac(1), mac(2)))] * 10)
            await stack.binding.reset()
            assert station.completed == [NdisStatus.REQUEST_ABORTED] * 10
            station.send(*[ethernet(mac(2), mac(1))] * 10)
        assert station.completed[10:] == [NdisStatus.SUCCESS] * 10
        assert port.missed == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_two_hosts_meet_in_a_vlan_within_a_vlan() -> None:
    one, other = Port(1), Port(2)
    join(one, other)
    hosts = [Ipv4Host(f"10.0.0.{number}/24") for number in (1, 2)]
    with use_clock(VirtualClock()), verify() as findings:
        async with (
            open_stack(hosts[0], VlanTagger(5), VlanTagger(9), one),
            open_stack(hosts[1], VlanTagger(5), VlanTagger(9), other),
        ):
            assert await hosts[0].ping(IPv4Address("10.0.0.2"), bytes(1464)) == 0
    assert not findings, findings.report()


@pytest.mark.parametrize("vlan", [0, 4095, -1])
def test_numbers_that_are_no_vlan(vlan: int) -> None:
    with pytest.raises(ValueError, match="vlan"):
        VlanTagger(vlan)
