"""The simple NIC: its two queues, who waits for room in the first, and its interrupts."""

import anyio
import pytest

from asyncndis.base import NdisError, NdisStatus, Probe, RuleViolation, observe
from asyncndis.kernel import Irql, SpinLock, at_irql
from asyncndis.nic import Cause, FrameFilter, SimpleNic
from tests.support.cancelling import Scenario, cancel_at_each_await
from tests.support.loops import LOOPS, settle
from tests.unit.nic.computer import Sink, frame_of

PEER = b"\x02\0\0\0\0\x07"
GROUP = b"\x01\0\x5e\0\0\x01"


def connected(**options: object) -> tuple[SimpleNic, Sink, list[None]]:
    nic, sink, interrupts = SimpleNic("nic", paced=False, **options), Sink(), list[None]()  # type: ignore[arg-type]  # options of the test's own
    nic.plug(None, lambda: interrupts.append(None))
    nic.connect(sink)
    nic.acknowledge(Cause.LINK_CHANGE)
    return nic, sink, interrupts


def test_frames_are_sent_in_order_padded_and_copied() -> None:
    nic, sink, interrupts = connected()
    nic.enable_interrupts()
    memory = bytearray(frame_of(PEER, 1))
    for frame in (memory, frame_of(PEER, 2, 20), memoryview(frame_of(PEER, 3))):
        nic.transmit_nowait(frame)
    memory[:] = bytes(64)
    assert (nic.statistics().tx_pending, nic.step(), nic.step(5), nic.step()) == (3, 1, 2, 0)
    assert sink.frames == [frame_of(PEER, 1), frame_of(PEER, 2, 20).ljust(60, b"\0"), frame_of(PEER, 3)]
    assert (nic.cause, len(interrupts), nic.line()) == (Cause.TX_DONE | Cause.TX_QUEUE_EMPTY, 1, True)
    nic.acknowledge(nic.cause)
    assert not nic.line()


def test_a_full_queue_refuses() -> None:
    nic, _, _ = connected(tx_limit=2)
    nic.transmit_nowait(frame_of(PEER))
    nic.transmit_nowait(frame_of(PEER))
    with pytest.raises(NdisError, match="nic has 2 frames to send already; wait for TX_DONE") as caught:
        nic.transmit_nowait(frame_of(PEER))
    assert caught.value.status is NdisStatus.RESOURCES
    nic.step()
    nic.transmit_nowait(frame_of(PEER))


def test_received_frames_wait_for_the_driver() -> None:
    nic, _, interrupts = connected(rx_limit=2)
    nic.enable_interrupts(Cause.RX_DONE)
    assert not nic.receive(frame_of(nic.mac)), "no filter is set yet"
    nic.set_filter(FrameFilter.DIRECTED | FrameFilter.MULTICAST)
    nic.set_multicast([GROUP])
    frames = [frame_of(nic.mac, 1), frame_of(GROUP, 2), frame_of(nic.mac, 3)]
    assert nic.receive_many(frames) == 2
    assert (nic.cause, len(interrupts)) == (Cause.RX_DONE | Cause.RX_NO_DESCRIPTOR, 1)
    assert [nic.poll(), nic.poll(), nic.poll()] == [frames[0], frames[1], None]
    assert nic.rings() == {"tx": (0, 64), "rx": (0, 2)}
    now = nic.statistics()
    assert (now.rx_no_buffer, now.rx_filtered, now.rx_frames, now.rx_multicast_frames) == (1, 1, 2, 1)
    nic.disable_interrupts()
    nic.acknowledge(nic.cause)
    assert nic.receive(frames[0])
    assert (nic.line(), nic.cause) == (False, Cause.RX_DONE)


def test_interrupts_are_coalesced() -> None:
    nic, _, interrupts = connected()
    nic.enable_interrupts()
    nic.set_filter(FrameFilter.PROMISCUOUS)
    nic.coalesce(3, 0)
    for _ in range(5):
        nic.receive(frame_of(PEER))
        nic.acknowledge(nic.cause)
    assert len(interrupts) == 1


def test_bad_arguments() -> None:
    nic, _, _ = connected()
    for frame in (bytes(13), bytes(1519)):
        with pytest.raises(ValueError, match="a frame has from 14 to 1518 bytes"):
            nic.transmit_nowait(frame)
    for wrong in (None, 64, "frame"):
        with pytest.raises(TypeError):
            nic.transmit_nowait(wrong)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(ValueError, match="holds 32 group addresses, not 33; use ALL_MULTICAST"):
        nic.set_multicast([GROUP] * 33)
    with pytest.raises(ValueError, match="a group address has six bytes and an odd first one"):
        nic.set_multicast([PEER])
    with pytest.raises(ValueError, match="a receive filter is made of"):
        nic.set_filter(0x40)
    with pytest.raises(ValueError, match="tx_limit"):
        SimpleNic(tx_limit=0)
    assert nic.statistics().tx_pending == 0


def test_save_and_restore() -> None:
    nic, sink, _ = connected(tx_limit=4)
    nic.set_filter(FrameFilter.PROMISCUOUS)
    nic.set_multicast([GROUP])
    for number in range(3):
        nic.transmit_nowait(frame_of(PEER, number))
    nic.receive(frame_of(PEER))
    state = nic.save()
    outcomes: list[object] = []
    for _ in range(2):
        nic.step(2)
        nic.poll()
        nic.set_link(False)
        outcomes.append((tuple(sink.frames), nic.save(), nic.statistics()))
        sink.frames.clear()
        nic.restore(state)
        assert nic.save() == state
    assert outcomes[0] == outcomes[1]
    with pytest.raises(ValueError, match="cannot hold a state of 3 and 1 frames"):
        connected(tx_limit=2)[0].restore(state)


def test_taken_out_and_put_back() -> None:
    nic, sink, interrupts = connected()
    nic.enable_interrupts()
    nic.transmit_nowait(frame_of(PEER))
    nic.unplug()
    with pytest.raises(NdisError, match="cannot send; plug it in") as caught:
        nic.transmit_nowait(frame_of(PEER))
    assert caught.value.status is NdisStatus.ADAPTER_REMOVED
    assert (nic.step(), nic.receive(frame_of(nic.mac)), sink.frames, interrupts) == (0, False, [], [])
    nic.plug(None, lambda: None)
    nic.transmit_nowait(frame_of(PEER))
    assert nic.step() == 1


@pytest.mark.every_loop
async def test_waiting_for_room_is_first_come_first_served() -> None:
    nic, sink, _ = connected(tx_limit=2)
    async with anyio.create_task_group() as tasks:
        for number in range(6):
            tasks.start_soon(nic.transmit, frame_of(PEER, number))
            await settle()
        assert nic.statistics().tx_pending == 2
        nic.step(2)
        with pytest.raises(NdisError):
            nic.transmit_nowait(frame_of(PEER, 99))  # the room is promised to those who wait
        await settle()
        nic.step(2)
        await settle()
        nic.step(2)
    assert sink.frames == [frame_of(PEER, number) for number in range(6)]


@pytest.mark.every_loop
async def test_those_who_wait_hear_that_it_was_taken_out_or_reset() -> None:
    nic, _, _ = connected(tx_limit=1)
    errors: list[NdisStatus] = []

    async def send() -> None:
        try:
            await nic.transmit(frame_of(PEER))
        except NdisError as error:
            errors.append(error.status)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(send)
        await settle()
        with pytest.raises(ValueError, match="tasks that wait to transmit"):
            nic.restore(nic.save())
        nic.reset()
        await settle()
        assert (nic.statistics().tx_pending, errors) == (1, [])
        nic.unplug()
    assert errors == [NdisStatus.ADAPTER_REMOVED]


@pytest.mark.every_loop
async def test_waiting_is_illegal_at_dispatch_level_and_with_a_lock() -> None:
    nic, _, _ = connected()
    with at_irql(Irql.DISPATCH), pytest.raises(RuleViolation, match=r"IRQL-02.*use transmit_nowait"):
        await nic.transmit(frame_of(PEER))
    async with SpinLock("tx"):
        with pytest.raises(RuleViolation, match=r"LOCK-11.*it holds tx"):
            await nic.transmit(frame_of(PEER))
    assert nic.statistics().tx_pending == 0


@pytest.mark.every_loop
async def test_transmit_is_a_scheduling_point() -> None:
    asked: list[str] = []

    async def step_in(operation: str, subject: object) -> None:
        asked.append(operation)

    probe = Probe()
    probe.preempt = step_in
    with observe(probe):
        nic, _, _ = connected()
    await nic.transmit(frame_of(PEER))
    assert asked == ["SimpleNic.transmit"]


async def make() -> tuple[SimpleNic, Sink]:
    nic, sink, _ = connected(tx_limit=1)
    nic.transmit_nowait(frame_of(PEER, 0))
    return nic, sink


async def send_two(world: tuple[SimpleNic, Sink]) -> None:
    await world[0].transmit(frame_of(PEER, 1))
    await world[0].transmit(frame_of(PEER, 2))


async def send_third_and_step(world: tuple[SimpleNic, Sink]) -> None:
    nic, _ = world
    await settle()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(nic.transmit, frame_of(PEER, 3))
        for _ in range(6):
            await settle()
            nic.step()


async def nothing_is_lost(world: tuple[SimpleNic, Sink]) -> None:
    nic, sink = world
    numbers = [frame[17] for frame in sink.frames]
    assert nic.statistics().tx_pending == 0
    assert set(numbers) >= {0, 3}
    assert len(set(numbers)) == len(numbers)
    assert [number for number in numbers if number != 3] == sorted(set(numbers) - {3})


@pytest.mark.parametrize("loop", LOOPS)
def test_a_sender_may_be_cancelled_anywhere(loop: str) -> None:
    scenario = Scenario("transmit", make, send_two, send_third_and_step, nothing_is_lost)
    record = cancel_at_each_await(scenario, loop)
    assert record.suspensions >= 1
    assert record.interrupted > 0
