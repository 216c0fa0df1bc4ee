"""The drivers over bus-master NICs: on real rings, with interrupts, through resets and to the end, nothing is lost."""

from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest
from anyio import create_task_group

from asyncndis.base import NdisError, NdisStatus
from asyncndis.drivers import Bridge, BusMasterMiniport, Ipv4Host, PassThrough, Shaper, VlanTagger
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.ndis import Intermediate, open_stack
from asyncndis.nic import BusMasterNic, Wire
from asyncndis.verifier import verify
from tests.unit.drivers.ports import Station, ethernet

pytestmark = pytest.mark.every_loop

KINDS: dict[str, Callable[[], Intermediate]] = {
    "PassThrough": PassThrough,
    "Shaper": lambda: Shaper("1Gbit"),
    "VlanTagger": lambda: VlanTagger(5),
    "Bridge": Bridge,
}
GONE = {NdisStatus.SUCCESS, NdisStatus.REQUEST_ABORTED, NdisStatus.FAILURE, NdisStatus.RESET_IN_PROGRESS}


def wired(*names: str) -> tuple[BusMasterNic, ...]:
    wire, nics = Wire(), tuple(BusMasterNic(name, tx_ring=16, rx_ring=32) for name in names)
    for nic in nics:
        wire.attach(nic)
    return nics


@pytest.mark.parametrize("kind", KINDS)
async def test_traffic_in_both_directions(kind: str) -> None:
    nics = wired("here", "there")
    one, other = Station(), Station()
    with use_clock(VirtualClock()) as clock, verify() as findings:
        async with (
            open_stack(one, KINDS[kind](), BusMasterMiniport(), nic=nics[0]),
            open_stack(other, KINDS[kind](), BusMasterMiniport(), nic=nics[1]),
        ):
            there, here = other.binding.address, one.binding.address
            onward = [ethernet(there, here, bytes([number])) for number in range(100)]
            back = [ethernet(here, there, bytes([number])) for number in range(100)]
            one.send(*onward)
            other.send(*back)
            await clock.advance(1)
            assert (one.received, other.received) == (back, onward)
            assert one.completed == other.completed == [NdisStatus.SUCCESS] * 100
    assert not findings, findings.report()


@pytest.mark.parametrize("kind", KINDS)
async def test_resets_and_the_end_under_load(kind: str) -> None:
    nics = wired("here", "there")
    one, other = Station(), Station(keeps=True)
    with use_clock(VirtualClock()) as clock, verify() as findings:
        async with (
            open_stack(one, KINDS[kind](), BusMasterMiniport(), nic=nics[0]) as near,
            open_stack(other, KINDS[kind](), BusMasterMiniport(), nic=nics[1]),
            create_task_group() as tasks,
        ):

            async def reset_from_above() -> None:
                await near.binding.reset()

            frame = ethernet(other.binding.address, one.binding.address)
            for reset in (near.reset, reset_from_above):
                one.send(*[frame] * 40)
                await clock.advance(0.00001)
                tasks.start_soon(reset)
                await clock.advance(1)
                other.give_back()
            one.send(*[frame] * 40)
        assert len(one.completed) == 120
        assert set(one.completed) <= GONE
    assert not findings, findings.report()


async def test_a_bridge_carries_more_than_it_has_packets_for() -> None:
    """What the rings or the pool of the bridge cannot take is dropped and counted, and everything comes home."""
    left, port_0 = wired("left", "port 0")
    right, port_1 = wired("right", "port 1")
    one, other, bridge = Station(), Station(), Bridge(frames=8)
    with use_clock(VirtualClock()) as clock, verify() as findings:
        async with AsyncExitStack() as stacks:
            ports = BusMasterMiniport(name="p0"), BusMasterMiniport(name="p1")
            await stacks.enter_async_context(open_stack(bridge, ports, nic=(port_0, port_1)))
            await stacks.enter_async_context(open_stack(one, BusMasterMiniport(), nic=left))
            await stacks.enter_async_context(open_stack(other, BusMasterMiniport(), nic=right))
            one.send(*[ethernet(other.binding.address, one.binding.address, bytes([n])) for n in range(200)])
            await clock.advance(1)
            into, out = bridge.statistics().ports
            assert into.received == 200 - port_0.statistics().rx_no_buffer
            assert out.sent + out.dropped == into.received
            assert len(other.received) == out.sent - out.failed > 0
            order = [frame[14] for frame in other.received]
            assert order == sorted(order)
            assert bridge.statistics().relayed == 0
    assert not findings, findings.report()


async def test_a_port_that_is_pulled_out_takes_only_its_own_frames_with_it() -> None:
    left, port_0 = wired("left", "port 0")
    right, port_1 = wired("right", "port 1")
    hosts = Ipv4Host("10.9.0.1/24"), Ipv4Host("10.9.0.2/24"), Ipv4Host("10.9.0.3/24")
    with use_clock(VirtualClock()), verify() as findings:
        async with AsyncExitStack() as stacks:
            ports = BusMasterMiniport(name="p0"), BusMasterMiniport(name="p1")
            middle = await stacks.enter_async_context(
                open_stack(hosts[2], Bridge(), ports, nic=(port_0, port_1), name="middle")
            )
            await stacks.enter_async_context(open_stack(hosts[0], BusMasterMiniport(), nic=left))
            await stacks.enter_async_context(open_stack(hosts[1], BusMasterMiniport(), nic=right))

            async def ping(host: Ipv4Host, address: str) -> bool:
                try:
                    await host.ping(address)
                except (TimeoutError, NdisError):
                    return False
                return True

            async def answered(host: Ipv4Host, address: str) -> bool:
                answers: list[bool] = []
                clock = middle.ndis.clock
                assert isinstance(clock, VirtualClock)

                async def ask() -> None:
                    answers.append(await ping(host, address))

                async with create_task_group() as tasks:
                    tasks.start_soon(ask)
                    await clock.advance(2)
                return answers == [True]

            assert await answered(hosts[0], "10.9.0.2")
            assert await answered(hosts[0], "10.9.0.3")
            await middle.ndis.surprise_remove(middle.adapters[1])
            assert not await answered(hosts[0], "10.9.0.2")
            assert await answered(hosts[0], "10.9.0.3")
    assert not findings, findings.report()
