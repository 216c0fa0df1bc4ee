"""The task that paces a NIC: it sleeps without work, keeps the rate, and may be cancelled anywhere."""

from collections.abc import Sequence

import anyio
import pytest

from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.nic import BusMasterNic, Control, FrameFilter, Register, SimpleNic, Wire
from tests.support.cancelling import Scenario, cancel_at_each_await
from tests.support.loops import LOOPS, settle
from tests.unit.nic.computer import Driver, Sink, frame_of

PEER = b"\x02\0\0\0\0\x07"


@pytest.mark.every_loop
async def test_the_doorbell_wakes_it() -> None:
    nic = BusMasterNic("nic", paced=False)
    driver, sink = Driver(nic), Sink()
    nic.connect(sink)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(nic.run)
        await settle()
        for number in range(20):
            driver.send(frame_of(PEER, number))
            driver.send(frame_of(PEER, number))
            await settle()
            assert len(sink.frames) == 2 * number + 2
        nic.write(Register.CONTROL, 0)
        driver.send(frame_of(PEER))
        await settle()
        assert len(sink.frames) == 40
        nic.write(Register.CONTROL, Control.TX_ENABLE)
        await settle()
        assert len(sink.frames) == 41
        tasks.cancel_scope.cancel()


@pytest.mark.every_loop
async def test_the_rate_of_the_link() -> None:
    with use_clock(VirtualClock()) as clock:
        times: list[float] = []

        class Clocked(Sink):
            def carry(self, frames: Sequence[bytes]) -> int:
                times.extend([clock.now() / 10] * len(frames))
                return super().carry(frames)

        nic = SimpleNic("nic", tx_limit=100, link_bits_per_second=10_000_000, burst=1)
        nic.plug(None, lambda: None)
        nic.connect(Clocked())
        frame_us = (64 + 24) * 8 / 10
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(nic.run)
            for _ in range(10):
                nic.transmit_nowait(frame_of(PEER))
            await clock.advance(0.01)
            assert times == pytest.approx([number * frame_us for number in range(10)], abs=0.1)
            times.clear()
            for _ in range(2):
                nic.transmit_nowait(frame_of(PEER))
            await clock.advance(0.01)
            assert times == pytest.approx([10_000, 10_000 + frame_us], abs=0.1), "time without work is not made good"
            tasks.cancel_scope.cancel()


@pytest.mark.every_loop
async def test_bursts_and_the_rate_in_the_long_run() -> None:
    with use_clock(VirtualClock()) as clock:
        nic, sink = SimpleNic("nic", tx_limit=1000, link_bits_per_second=100_000_000, burst=32), Sink()
        nic.plug(None, lambda: None)
        nic.connect(sink)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(nic.run)
            for number in range(1000):
                nic.transmit_nowait(frame_of(PEER, number))
            await clock.advance(0.001)
            assert len(sink.frames) == 160, "five bursts in 1 ms; the sixth would begin after 1.126 ms"
            await clock.advance(1)
            assert len(sink.frames) == 1000
            tasks.cancel_scope.cancel()


@pytest.mark.every_loop
async def test_only_one_task_runs_a_nic() -> None:
    nic = BusMasterNic("nic")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(nic.run)
        await settle()
        with pytest.raises(RuntimeError, match="is run by another task already"):
            await nic.run()
        tasks.cancel_scope.cancel()
    with anyio.move_on_after(0):
        await nic.run()


@pytest.mark.every_loop
async def test_two_nics_on_the_clock_of_the_loop() -> None:
    left, right, wire = SimpleNic("left", tx_limit=8), SimpleNic("right", rx_limit=500), Wire()
    for nic in (left, right):
        nic.plug(None, lambda: None)
        nic.set_filter(FrameFilter.DIRECTED)
        wire.attach(nic)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(left.run)
        for number in range(300):
            await left.transmit(frame_of(right.mac, number))
        while left.statistics().tx_pending:
            await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert [right.poll() for _ in range(301)] == [*(frame_of(right.mac, number) for number in range(300)), None]


async def make() -> Driver:
    nic = BusMasterNic("nic", paced=False, burst=2, check_rings=True)
    driver = Driver(nic)
    nic.connect(Sink())
    for number in range(5):
        driver.send(frame_of(PEER, number))
    return driver


async def run(driver: Driver) -> None:
    with anyio.CancelScope() as scope:
        driver.on_interrupt = lambda: scope.cancel() if driver.nic.read(Register.TX_HEAD) == 8 else None
        await driver.nic.run()


async def send_more(driver: Driver) -> None:
    driver.nic.write(Register.INTERRUPT_CAUSE, 0xFF)
    driver.nic.write(Register.INTERRUPT_MASK_SET, 0xFF)
    for number in range(5, 8):
        await settle()
        driver.nic.write(Register.INTERRUPT_CAUSE, 0xFF)
        driver.send(frame_of(PEER, number))


async def finish_by_hand(driver: Driver) -> None:
    nic, link = driver.nic, driver.nic._link
    nic.read(Register.STATUS)  # the checker finds nothing
    while nic.step(3):
        pass
    assert isinstance(link, Sink)
    assert link.frames == [frame_of(PEER, number) for number in range(8)]
    assert (nic.read(Register.TX_HEAD), nic.statistics().tx_pending) == (8, 0)
    with anyio.move_on_after(0):
        await nic.run()


@pytest.mark.parametrize("loop", LOOPS)
def test_it_may_be_cancelled_anywhere(loop: str) -> None:
    record = cancel_at_each_await(Scenario("run", make, run, send_more, finish_by_hand), loop)
    assert record.suspensions >= 3
