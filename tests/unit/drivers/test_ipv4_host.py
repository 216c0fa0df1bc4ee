"""A host on a link: it announces itself, answers, pings, and drops what it has no packet for."""

from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Any

import pytest
from anyio import create_task_group

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import Ipv4Host
from asyncndis.drivers.inet import (
    ArpOperation,
    ArpPacket,
    EthernetFrame,
    EtherType,
    HostEngine,
    IcmpMessage,
    IcmpType,
    IpProtocol,
    Ipv4Packet,
    UdpDatagram,
    Verdict,
)
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import Stack, open_stack
from asyncndis.verifier import verify
from tests.support.cancelling import Scenario, cancel_at_each_await
from tests.support.loops import LOOPS, settle
from tests.unit.drivers.ports import Port, Station, join, mac

NEIGHBOUR = "10.9.0.2"


def engine(clock: VirtualClock | None = None) -> HostEngine:
    """Who speaks to the host in these tests."""
    return HostEngine(mac(2), f"{NEIGHBOUR}/24", clock=clock)


def udp(payload: bytes, host: HostEngine) -> bytes:
    """A datagram for the echo port of 10.9.0.1."""
    address = IPv4Address("10.9.0.1")
    datagram = UdpDatagram(4000, 7, payload).emit(host.address, address)
    packet = Ipv4Packet(host.address, address, IpProtocol.UDP, datagram)
    return EthernetFrame(mac(1), mac(2), EtherType.IPV4, packet.emit()).emit()


@pytest.mark.every_loop
async def test_it_announces_itself_and_again_when_the_cable_is_back() -> None:
    port, host = Port(1), Ipv4Host("10.9.0.1/24")
    with verify() as findings:
        async with open_stack(host, port) as stack:
            announcement = ArpPacket.parse(EthernetFrame.parse(port.sent[0]).payload)
            assert (announcement.operation, announcement.sender) == (ArpOperation.REQUEST, announcement.target)
            port.adapter.indicate_link(up=False)
            port.adapter.indicate_link(up=True)
            assert port.sent == [port.sent[0]] * 2
            assert str(stack) == "Ipv4Host > port [up]"
            assert repr(host).startswith(
                "<Ipv4Host 'Ipv4Host' 1 bindings, <HostEngine 10.9.0.1/24 at 02:00:00:00:01:01"
            )
    assert not findings, findings.report()


@pytest.mark.every_loop
@pytest.mark.parametrize("low", [False, True])
async def test_it_answers_arp_icmp_echo_and_udp_echo(low: bool) -> None:
    port, host, peer = Port(1), Ipv4Host("10.9.0.1/24"), engine(VirtualClock())
    with verify() as findings:
        async with open_stack(host, port):
            port.arrive(*peer.ping("10.9.0.1", b"hello", sequence=7), low=low)
            requests = peer.receive(port.sent[-1])  # ARP is answered: the request may go
            port.sent.clear()
            port.arrive(*requests, udp(b"echo", peer), low=low)
            replies = [Ipv4Packet.parse(EthernetFrame.parse(frame).payload) for frame in port.sent]
            message = IcmpMessage.parse(replies[0].payload)
            assert (message.kind, message.sequence, message.payload) == (IcmpType.ECHO_REPLY, 7, b"hello")
            assert UdpDatagram.parse(replies[1].payload, replies[1].source, replies[1].destination).payload == b"echo"
            assert host.statistics().engine.malformed == 0
            assert port.rx.outstanding == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_hosts_ping_each_other_also_in_fragments() -> None:
    one, other = Port(1), Port(2)
    join(one, other)
    hosts = Ipv4Host("10.9.0.1/24"), Ipv4Host("10.9.0.2/24")
    with use_clock(VirtualClock()), verify() as findings:
        async with open_stack(hosts[0], one), open_stack(hosts[1], other):
            assert await hosts[0].ping(NEIGHBOUR) == 0
            assert await hosts[1].ping("10.9.0.1", bytes(range(256)) * 20) == 0
            async with create_task_group() as tasks:
                for _ in range(20):
                    tasks.start_soon(hosts[0].ping, NEIGHBOUR)
            assert hosts[0].statistics().waiting == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_it_sends_packets_of_its_own_mtu_and_says_what_it_was_asked() -> None:
    port, host, peer = Port(1), Ipv4Host("10.9.0.1/24", mtu=576), engine(VirtualClock())
    async with open_stack(host, port):
        port.arrive(*peer.ping("10.9.0.1", bytes(1000)))
        requests = peer.receive(port.sent[-1])
        port.sent.clear()
        port.arrive(*requests)
        assert [len(frame) <= 14 + 576 for frame in port.sent] == [True, True]
        assert host.verdicts() == {str(Verdict.ARP_ANSWERED): 1, str(Verdict.ECHO_ANSWERED): 1}


@pytest.mark.parametrize("mtu", [0, 67, 65_536])
def test_mtus_that_are_none(mtu: int) -> None:
    with pytest.raises(ValueError, match="mtu"):
        Ipv4Host("10.9.0.1/24", mtu=mtu)


@pytest.mark.every_loop
async def test_it_takes_the_time_that_it_takes() -> None:
    one, other = Port(1, delay_ms=30), Port(2)
    join(one, other)
    hosts = Ipv4Host("10.9.0.1/24"), Ipv4Host("10.9.0.2/24")
    times: list[float] = []

    async def ping(patience_ms: int) -> None:
        with suppress(TimeoutError):
            times.append(await hosts[0].ping(NEIGHBOUR, patience_ms=patience_ms))

    with use_clock(VirtualClock()) as clock, verify() as findings:
        async with open_stack(hosts[0], one), open_stack(hosts[1], other), create_task_group() as tasks:
            tasks.start_soon(ping, 100)
            await clock.advance(1)
            tasks.start_soon(ping, 20)
            await clock.advance(1)
            tasks.start_soon(ping, 31)
            await clock.advance(1)
            assert times == [0.06, 0.03]  # the first asked for the address before
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_nobody_answers() -> None:
    port, host = Port(1), Ipv4Host("10.9.0.1/24")
    with use_clock(VirtualClock()) as clock, verify() as findings:
        async with open_stack(host, port), create_task_group() as tasks:

            async def ping() -> None:
                with pytest.raises(TimeoutError, match=r"no answer from 10\.9\.0\.77 in 500 ms"):
                    await host.ping("10.9.0.77", patience_ms=500)

            tasks.start_soon(ping)
            await settle()
            assert host.statistics().waiting == 1
            await clock.advance(1)
            assert host.statistics().waiting == 0
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_bad_pings() -> None:
    host = Ipv4Host("10.9.0.1/24")
    with pytest.raises(NdisError, match="0 bindings"):
        await host.ping(NEIGHBOUR)
    async with open_stack(host, Port(1)):
        with pytest.raises(ValueError, match="neighbour"):
            await host.ping("192.168.0.1")
        with pytest.raises(ValueError, match="patience_ms"):
            await host.ping(NEIGHBOUR, patience_ms=0)
        assert host.statistics().waiting == 0


@pytest.mark.every_loop
async def test_without_a_packet_an_answer_is_dropped() -> None:
    port, host, peer = Port(1, frames=400, holds=True), Ipv4Host("10.9.0.1/24"), engine(VirtualClock())
    with verify() as findings:
        async with open_stack(host, port):
            port.release()
            port.arrive(*peer.ping("10.9.0.1"))
            peer.receive(port.held[0].to_bytes())
            port.release()
            port.arrive(*[peer.ping("10.9.0.1")[0] for _ in range(Ipv4Host.frame_count + 3)])
            assert host.statistics().dropped == 3
            assert host._engine.counters[Verdict.ECHO_ANSWERED] == Ipv4Host.frame_count + 3
            port.release()
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_while_the_adapter_is_reset_an_answer_is_dropped() -> None:
    class Slow(Port):
        def reset(self) -> NdisStatus:
            super().reset()
            return NdisStatus.PENDING

    port, host, peer = Slow(1), Ipv4Host("10.9.0.1/24"), engine(VirtualClock())
    with verify() as findings:
        async with open_stack(host, port) as stack, create_task_group() as tasks:
            tasks.start_soon(stack.reset)
            await settle()
            packet = port.rx.allocate_nowait(bytearray(peer.ping("10.9.0.1")[0]))
            port.adapter.indicate(packet)
            assert host.statistics().dropped == 1
            port.adapter.reset_complete()
    assert not findings, findings.report()


@pytest.mark.every_loop
async def test_an_address_is_at_home_on_one_link() -> None:
    with pytest.raises(NdisError, match="NOT_ACCEPTED"):
        async with open_stack(Ipv4Host("10.9.0.1/24"), (Port(1), Port(2))):
            pass


@pytest.mark.parametrize("address", ["10.9.0.1", "10.9.0.0/24", "224.0.0.1/24", "host"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|host"):
        Ipv4Host(address)


@dataclass
class World:
    """A host, and a neighbour that answers when the test lets it."""

    stack: Any
    opened: Stack
    host: Ipv4Host
    port: Port


@pytest.mark.parametrize("loop", LOOPS)
def test_a_ping_is_cancelled_at_each_await(loop: str) -> None:
    peer = engine(VirtualClock())

    async def make() -> World:
        port, host = Port(1), Ipv4Host("10.9.0.1/24")
        stack = open_stack(host, Station(), port)
        return World(stack, await stack.__aenter__(), host, port)

    async def act(world: World) -> None:
        await world.host.ping(NEIGHBOUR)

    async def help_it(world: World) -> None:
        for _ in range(3):
            await settle()
            frames, world.port.sent = world.port.sent, []
            for frame in frames:
                world.port.arrive(*peer.receive(frame))
        await settle()

    async def check(world: World) -> None:
        assert world.host.statistics().waiting == 0
        assert world.opened.binding.frames.outstanding == 0
        await world.stack.__aexit__(None, None, None)

    record = cancel_at_each_await(Scenario("ping", make, act, help_it, check), loop)
    assert record.suspensions >= 1
    assert "Ipv4Host.ping" in record.slept
