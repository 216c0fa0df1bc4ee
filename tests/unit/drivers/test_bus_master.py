"""The bus-master miniport: its traffic, its life, and what it does when something goes wrong."""

from contextlib import AbstractAsyncContextManager

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, observe
from asyncndis.drivers import BusMasterMiniport
from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.memory import Buffer, Packet
from asyncndis.ndis import Binding, Oid, PacketFilter, PowerState, Recognized, open_stack
from asyncndis.nic import BusMasterNic, Conditions, Loopback, Register, SimpleNic, Wire
from asyncndis.verifier import verify
from tests.unit.drivers.laboratory import Computer, Stalled, Station, computer, laboratory

pytestmark = pytest.mark.every_loop

OK = {NdisStatus.SUCCESS}
SUCCESS, ABORTED, FAILURE = NdisStatus.SUCCESS, NdisStatus.REQUEST_ABORTED, NdisStatus.FAILURE


async def test_a_hundred_packets_of_all_lengths_each_way() -> None:
    async with laboratory() as lab:
        for one, other in ((lab.left, lab.right), (lab.right, lab.left)):
            frames = [one.frame_to(other, number, 14 + number * 15) for number in range(101)]
            for frame in frames:
                assert await one.stack.binding.send_frame(frame) is SUCCESS
            await other.stack.run_until_idle()
            assert other.station.frames == [frame.ljust(60, b"\0") for frame in frames]
        assert str(lab.left.stack) == "Station > left > left [up]"
        assert repr(lab.left.miniport) == "<BusMasterMiniport 'left' on, link up>"


async def test_rings_wrap_and_packets_keep_their_order() -> None:
    async with laboratory(ring=8, burst=3) as lab:
        frames = [lab.left.frame_to(lab.right, number, 60 + number % 400) for number in range(300)]
        for start in range(0, 300, 7):
            lab.left.station.send(*frames[start : start + 7])
            await lab.settle()
        assert lab.right.station.frames == frames
        assert lab.left.station.was_in_order(300)
        assert lab.left.station.outcomes == OK


async def test_what_finds_the_ring_full_waits_its_turn() -> None:
    async with laboratory(left=Stalled, ring=8) as lab:
        frames = [lab.left.frame_to(lab.right, number) for number in range(100)]
        lab.left.station.send(*frames)
        assert lab.left.nic.rings()["tx"] == (8, 8)
        while lab.left.nic.step(4):
            await lab.settle()
        assert lab.left.station.was_in_order(100)
        assert lab.left.station.outcomes == OK
        assert lab.right.station.frames == frames


async def test_a_burst_beyond_the_receive_ring_is_lost_and_counted_and_the_next_one_comes() -> None:
    async with laboratory(left=Stalled, ring=32) as lab, computer_with_small_ring(lab.wire) as small:
        frames = [lab.left.frame_to(small, number) for number in range(20)]
        lab.left.station.send(*frames)
        lab.left.nic.step(20)
        await lab.settle()
        assert small.station.frames == frames[:4]
        assert await small.query(Oid.GEN_RCV_NO_BUFFER) == 16
        lab.left.station.send(*frames[4:8])
        lab.left.nic.step(4)
        await lab.settle()
        assert small.station.frames == frames[:8]
        assert await small.query(Oid.GEN_RCV_OK) == 8


def computer_with_small_ring(wire: Wire) -> AbstractAsyncContextManager[Computer]:
    nic = BusMasterNic("small", tx_ring=4, rx_ring=4, paced=False)
    wire.attach(nic)
    return computer("small", nic)


async def test_few_slots_left_are_not_lent_and_come_back_at_once() -> None:
    async with laboratory(ring=16) as lab:
        lab.right.station.keeps = True
        frames = [lab.left.frame_to(lab.right, number) for number in range(40)]
        for frame in frames:
            lab.left.station.send(frame)
            await lab.settle()
        assert lab.right.station.frames == frames
        assert len(lab.right.station.lent) == 14
        assert lab.right.stack.adapter.statistics().receives.low == 26
        lab.right.station.give_back(3)
        lab.left.station.send(*frames[:3])
        await lab.settle()
        assert len(lab.right.station.lent) == 14
        assert lab.right.station.frames == frames + frames[:3]


async def test_long_frames_are_mapped_each_fragment_with_a_descriptor() -> None:
    async with laboratory(left=Stalled, ring=16) as lab:
        frame = lab.left.frame_to(lab.right, length=1514)
        packet = lab.left.station.pack(frame[:14], frame[14:54], b"nothing", frame[54:700], frame[700:])
        list(packet)[2].adjust_length(0)
        lab.left.station.send_packed([packet])
        assert lab.left.nic.rings()["tx"] == (4, 16)  # the empty piece has none
        lab.left.nic.step()
        await lab.settle()
        assert lab.right.station.frames == [frame]


@pytest.mark.parametrize(
    ("length", "pieces", "why"),
    [(200, 5, "it is short"), (1500, 12, "the ring is too short"), (1000, 40, "there are no registers")],
)
async def test_other_chains_are_copied_into_one(length: int, pieces: int, why: str) -> None:
    async with laboratory(left=Stalled, ring=8 if "ring" in why else 64) as lab:
        frame = lab.left.frame_to(lab.right, length=length)
        size = -(-length // pieces)
        parts = [frame[start : start + size] for start in range(0, length, size)]
        lab.left.station.send_packed([lab.left.station.pack(*parts)])
        assert lab.left.nic.rings()["tx"][0] == 1
        lab.left.nic.step()
        await lab.settle()
        assert lab.right.station.frames == [frame]


async def test_jumbo_frames_over_several_pages() -> None:
    async with laboratory(max_frame=9018) as lab:
        assert await lab.left.query(Oid.GEN_MAXIMUM_FRAME_SIZE) == 9000
        frames = [lab.left.frame_to(lab.right, number, length) for number, length in enumerate((9014, 60, 5000, 9014))]
        lab.left.station.send(*frames)
        await lab.settle()
        assert lab.right.station.frames == frames


async def test_bytes_that_cannot_be_reached_fail_and_the_others_go() -> None:
    class OutOfReach(Probe):
        refused = 0

        def fails(self, operation: str, subject: object) -> bool:
            is_it = isinstance(subject, Buffer) and subject.length == 99
            return operation == "NdisQueryBufferSafe" and is_it

    with observe(OutOfReach()):
        async with laboratory() as lab:
            frames = [lab.left.frame_to(lab.right, number, 97 + number) for number in range(5)]
            lab.left.station.send(*frames)
            await lab.settle()
            assert lab.right.station.frames == [*frames[:2], *frames[3:]]
            assert dict(lab.left.station.statuses) == {0: SUCCESS, 1: SUCCESS, 2: FAILURE, 3: SUCCESS, 4: SUCCESS}


async def test_a_reset_gives_back_every_send_and_traffic_goes_on() -> None:
    async with laboratory(left=Stalled, ring=8) as lab:
        frames = [lab.left.frame_to(lab.right, number, 40 * number + 60) for number in range(30)]
        lab.left.station.send(*frames)
        lab.left.nic.step(3)
        await lab.settle()
        await lab.left.stack.reset()
        assert lab.left.station.was_in_order(30)
        assert [status for _, status in lab.left.station.statuses[3:]] == [ABORTED] * 27
        assert lab.left.station.changes == [NdisStatus.RESET_START, NdisStatus.RESET_END]
        lab.left.station.send(*frames[:8])
        lab.left.nic.step(8)
        lab.right.station.send(lab.right.frame_to(lab.left))
        await lab.settle()
        assert lab.right.station.frames[-8:] == frames[:8]
        assert lab.left.station.frames == [lab.right.frame_to(lab.left)]  # its filter is what it was
        assert await lab.left.query(Oid.GEN_XMIT_OK) == 11


async def test_a_protocol_resets_the_adapter_in_its_receive_handler() -> None:
    class Resetting(Station):
        def receive(self, binding: Binding, packet: Packet) -> int:
            if len(self.frames) == 2:
                assert binding.reset_nowait() == NdisStatus.PENDING
            return super().receive(binding, packet)

    async with laboratory(ring=8) as lab:
        nic = BusMasterNic("third", tx_ring=8, rx_ring=8, paced=False, check_rings=True)
        lab.wire.attach(nic)
        station = Resetting()
        async with open_stack(station, BusMasterMiniport(), nic=nic, name="third") as stack:
            frames = [lab.left.frame(stack.binding.address, number) for number in range(6)]
            lab.left.station.send(*frames)
            await lab.settle()
            assert station.frames == frames  # they had come before
            lab.left.station.send(*frames)
            await lab.settle()
            assert station.frames == frames * 2


async def test_a_stack_ends_while_frames_pour_in() -> None:
    async with laboratory(ring=8, paced=True, link_bits_per_second=10_000_000) as lab:
        nic = BusMasterNic("third", tx_ring=8, rx_ring=8, check_rings=True)
        lab.wire.attach(nic)
        async with computer("third", nic) as third, anyio.create_task_group() as group:
            group.start_soon(_pour, lab.left, lab.left.frame_to(third))
            while len(third.station.frames) < 50:
                await lab.clock.advance(0.001)
            third.station.send(*[third.frame_to(lab.left)] * 20)
            await third.stack.ndis.halt_adapter(third.stack.adapter)
            received = len(third.station.frames)
            assert len(third.station.statuses) == 20
            await lab.clock.advance(0.01)
            assert len(third.station.frames) == received
            assert not nic.line()
            group.cancel_scope.cancel()


async def _pour(sender: Computer, frame: bytes) -> None:
    while True:
        await sender.stack.binding.send_frame(frame)


async def test_the_link_goes_down_and_up() -> None:
    async with laboratory() as lab:
        lab.wire.set_up(False)
        await lab.settle()
        assert lab.left.stack.link == lab.right.stack.link == "down"
        lab.left.station.send(lab.left.frame_to(lab.right))
        await lab.settle()
        assert lab.left.station.outcomes == {FAILURE}
        assert await lab.left.query(Oid.GEN_XMIT_ERROR) == 1
        lab.wire.set_up(True)
        await lab.settle()
        lab.left.station.send(lab.left.frame_to(lab.right))
        await lab.settle()
        assert lab.left.station.changes == [NdisStatus.MEDIA_DISCONNECT, NdisStatus.MEDIA_CONNECT]
        assert lab.right.station.frames == [lab.left.frame_to(lab.right)]


async def test_a_nic_without_a_cable_starts_with_its_link_down() -> None:
    with verify() as findings:
        async with computer("alone", BusMasterNic("alone")) as alone:
            assert alone.stack.link == "down"
            assert repr(alone.miniport) == "<BusMasterMiniport 'alone' on, link down>"
            plug = Loopback(alone.nic)
            await alone.stack.run_until_idle()
            assert alone.stack.link == "up"
            plug.close()
    assert not findings, findings.report()


async def test_a_nic_that_hangs_is_reset() -> None:
    async with laboratory(left=Stalled) as lab:
        await lab.clock.advance(60)
        assert lab.left.stack.adapter.statistics().resets == 0
        lab.left.station.send(lab.left.frame_to(lab.right))
        await lab.clock.advance(3)
        lab.left.nic.step()  # it is slow, and does not hang
        await lab.settle()
        lab.left.station.send(lab.left.frame_to(lab.right))
        await lab.clock.advance(8)
        assert lab.left.station.statuses == [(0, SUCCESS), (1, ABORTED)]
        assert lab.left.stack.adapter.statistics().resets == 1


async def test_a_bad_wire_loses_and_doubles_and_the_counters_say_so() -> None:
    conditions = Conditions(loss=0.1, duplication=0.1, reordering=0.1, latency_us=50)
    async with laboratory(conditions, paced=True, link_bits_per_second=100_000_000) as lab:
        for start in range(0, 400, 8):
            lab.left.station.send(*[lab.left.frame_to(lab.right, number) for number in range(start, start + 8)])
            await lab.clock.advance(0.01)
        await lab.clock.advance(1)
        paths = lab.wire.statistics().paths
        assert lab.left.station.outcomes == OK
        assert paths.lost > 10
        assert paths.duplicated > 10
        assert len(lab.right.station.frames) == paths.delivered == await lab.right.query(Oid.GEN_RCV_OK)
        assert await lab.left.query(Oid.GEN_XMIT_OK) == 400


async def test_sends_that_wait_for_room_can_be_cancelled() -> None:
    async with laboratory(left=Stalled, ring=8) as lab:
        frame = lab.left.frame_to(lab.right)
        lab.left.station.send_packed([lab.left.station.pack(frame, cancel_id=7 + at % 2) for at in range(20)])
        lab.left.stack.binding.cancel_sends(7)
        assert lab.left.station.statuses == [(number, ABORTED) for number in range(8, 20, 2)]
        while lab.left.nic.step(4):
            await lab.settle()
        assert len(lab.right.station.frames) == 14


async def test_the_nic_is_pulled_out() -> None:
    async with laboratory(left=Stalled, ring=8) as lab:
        lab.left.station.send(*[lab.left.frame_to(lab.right, length=1000)] * 20)
        lab.left.nic.unplug()
        lab.wire.detach(lab.left.nic)
        assert lab.left.miniport.isr() == Recognized(False, False)
        await lab.left.stack.ndis.surprise_remove(lab.left.stack.adapter)
        assert lab.left.station.was_in_order(20)
        assert lab.left.station.outcomes == {ABORTED}
        assert repr(lab.left.miniport) == "<BusMasterMiniport 'left' gone, link up>"


async def test_it_sleeps_and_is_as_before_when_it_wakes() -> None:
    async with laboratory() as lab:
        group = b"\x01\0\x5e\0\0\x01"
        await lab.right.stack.binding.set_filter(PacketFilter.DIRECTED | PacketFilter.MULTICAST)
        await lab.right.stack.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, (group,))
        frames = [lab.left.frame_to(lab.right), lab.left.frame(group), lab.left.frame(b"\xff" * 6)]
        lab.left.station.send(*frames)
        await lab.settle()
        assert lab.right.station.frames == frames[:2]
        await lab.right.stack.ndis.set_power(lab.right.stack.adapter, PowerState.D3)
        lab.left.station.send(*frames)
        lab.wire.set_up(False)
        await lab.settle()
        assert lab.right.stack.link == "low power"
        await lab.right.stack.ndis.set_power(lab.right.stack.adapter, PowerState.D0)
        assert lab.right.stack.link == "down"
        lab.wire.set_up(True)
        lab.left.station.send(*frames)
        await lab.settle()
        assert lab.right.station.frames == frames[:2] * 2
        await lab.right.stack.binding.set(Oid.IEEE_802_3_MULTICAST_LIST, ())
        lab.left.station.send(*frames)
        await lab.settle()
        assert lab.right.station.frames == [*frames[:2] * 2, frames[0]]


async def test_it_answers_for_its_hardware() -> None:
    async with laboratory(link_bits_per_second=10_000_000, multicast_limit=4, max_frame=1018) as lab:
        nic = lab.left.nic
        assert await lab.left.query(Oid.IEEE_802_3_PERMANENT_ADDRESS) == nic.mac == lab.left.address
        assert await lab.left.query(Oid.GEN_LINK_SPEED) == 10_000_000
        assert await lab.left.query(Oid.GEN_MAXIMUM_FRAME_SIZE) == 1000
        assert await lab.left.query(Oid.IEEE_802_3_MAXIMUM_LIST_SIZE) == 4
        everything = PacketFilter.PROMISCUOUS | PacketFilter.DIRECTED
        await lab.left.stack.binding.set_filter(everything)
        assert nic.read(Register.RECEIVE_FILTER) == everything


async def test_counters_by_kind_go_on_over_resets() -> None:
    async with laboratory() as lab:
        await lab.right.stack.binding.set_filter(PacketFilter.DIRECTED | PacketFilter.BROADCAST)
        for _ in range(2):
            lab.left.station.send(lab.left.frame_to(lab.right), lab.left.frame(b"\xff" * 6, length=100))
            await lab.settle()
            await lab.left.stack.reset()
        assert await lab.left.query(Oid.GEN_DIRECTED_FRAMES_XMIT) == 2
        assert await lab.left.query(Oid.GEN_DIRECTED_BYTES_XMIT) == 128
        assert await lab.left.query(Oid.GEN_BROADCAST_FRAMES_XMIT) == 2
        assert await lab.left.query(Oid.GEN_BROADCAST_BYTES_XMIT) == 200
        assert await lab.right.query(Oid.GEN_DIRECTED_FRAMES_RCV) == 2
        assert await lab.right.query(Oid.GEN_BROADCAST_BYTES_RCV) == 200


async def test_it_answers_to_the_address_of_its_configuration() -> None:
    own = b"\x02\0\0\0\x12\x34"
    async with laboratory() as lab:
        nic = BusMasterNic("third", paced=False)
        lab.wire.attach(nic)
        async with computer("third", nic, configuration={"NetworkAddress": own.hex()}) as third:
            assert third.address == own
            assert await third.query(Oid.IEEE_802_3_PERMANENT_ADDRESS) == nic.mac
            lab.left.station.send(lab.left.frame(own))
            await lab.settle()
            assert third.station.frames == [lab.left.frame(own)]


async def test_the_system_shuts_down() -> None:
    async with computer("left", BusMasterNic("left")) as left:
        left.stack.ndis.shut_down()
        assert not left.nic.line()
        assert left.nic.read(Register.CONTROL) == left.nic.read(Register.INTERRUPT_MASK) == 0


async def test_an_interrupt_of_another_device_is_not_its_own() -> None:
    async with laboratory() as lab:
        assert lab.left.miniport.isr() == Recognized(False, False)


async def test_it_does_not_start_on_other_hardware() -> None:
    with pytest.raises(NdisError, match="drives a BusMasterNic") as caught:
        async with open_stack(BusMasterMiniport(), nic=SimpleNic("other")):
            pass
    assert caught.value.status is NdisStatus.ADAPTER_NOT_FOUND


class NthFails(Probe):
    """Lets one of the things fail that can."""

    def __init__(self, number: int) -> None:
        self.left = number

    def fails(self, operation: str, subject: object) -> bool:
        self.left -= 1
        return self.left == 0


async def test_it_leaves_nothing_behind_wherever_its_start_fails() -> None:
    failures = 0
    for number in range(1, 1000):
        plan = NthFails(number)
        with use_clock(VirtualClock()), verify() as findings, observe(plan):
            nic = BusMasterNic("left", tx_ring=4, rx_ring=4)
            try:
                async with open_stack(BusMasterMiniport(), nic=nic):
                    pass
            except NdisError:
                failures += 1
        assert not findings, findings.report()
        assert repr(nic).endswith("not plugged in>")
        if plan.left > 0:
            break
    assert failures > 10


async def test_closing_a_computer_whose_nic_hangs_is_no_fault_of_its_driver() -> None:
    """The check for hang frees the sends before the patience of the library ends."""
    with verify() as findings:
        async with laboratory(left=Stalled) as lab:
            lab.left.station.send(lab.left.frame_to(lab.right))
            lab.left.nic.step()
            await lab.settle()
            lab.left.station.send(lab.left.frame_to(lab.right))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(lab.left.stack.ndis.unbind, lab.left.stack.binding)
                await lab.clock.advance(10)
        assert lab.left.station.statuses[-1] == (1, ABORTED)
    assert not findings, findings.report()
