"""The interrupt unit: causes against the mask, and coalescing by frames and by time."""

import pytest

from asyncndis.kernel import VirtualClock, use_clock
from asyncndis.nic import BusMasterNic, Cause, Register
from asyncndis.nic.interrupts import InterruptUnit
from tests.unit.nic.computer import Driver, Sink, frame_of

PEER = b"\x02\0\0\0\0\x07"


class Line:
    """A unit, and when its line went up."""

    def __init__(self) -> None:
        self.unit = InterruptUnit()
        self.unit.on_interrupt = self.up
        self.ups = 0

    def up(self) -> None:
        self.ups += 1
        assert self.unit.line()


def test_a_cause_is_kept_while_it_is_masked() -> None:
    line = Line()
    line.unit.set(Cause.RX_DONE)
    assert (line.unit.cause, line.unit.line(), line.ups) == (Cause.RX_DONE, False, 0)
    line.unit.enable(Cause.RX_DONE)
    assert (line.unit.line(), line.ups) == (True, 1)


def test_a_cause_between_acknowledging_and_enabling_is_not_lost() -> None:
    line = Line()
    line.unit.enable()
    line.unit.set(Cause.RX_DONE)
    line.unit.disable()
    seen = line.unit.cause
    line.unit.acknowledge(seen)
    line.unit.set(Cause.RX_DONE)  # while the driver works on what it has seen
    assert (line.unit.line(), line.ups) == (False, 1)
    line.unit.enable()
    assert (line.unit.line(), line.ups) == (True, 2)


def test_acknowledging_clears_only_what_was_seen() -> None:
    line = Line()
    line.unit.enable()
    line.unit.set(Cause.RX_DONE)
    seen = line.unit.cause
    line.unit.set(Cause.TX_DONE)
    line.unit.acknowledge(seen)
    assert (line.unit.cause, line.unit.line(), line.ups) == (Cause.TX_DONE, True, 1)


def test_a_cause_set_from_the_callback_is_seen_by_who_looks_again() -> None:
    line = Line()

    def serve() -> None:
        line.unit.acknowledge(line.unit.cause)
        if line.ups == 0:
            line.ups = 1
            line.unit.set(Cause.TX_DONE)

    line.unit.on_interrupt = serve
    line.unit.enable()
    line.unit.set(Cause.RX_DONE)
    assert (line.unit.line(), line.unit.cause, line.unit.raised) == (False, Cause(0), 2)


def test_coalescing_by_frames() -> None:
    line = Line()
    line.unit.enable()
    line.unit.coalesce(8, 0)
    for _ in range(3):
        line.unit.completed(Cause.RX_DONE, 2)
    assert (line.unit.cause, line.ups) == (Cause(0), 0)
    line.unit.completed(Cause.TX_DONE, 2)
    assert (line.unit.cause, line.ups) == (Cause.RX_DONE | Cause.TX_DONE, 1)
    line.unit.acknowledge(line.unit.cause)
    line.unit.completed(Cause.RX_DONE, 7)
    assert line.ups == 1, "counting begins anew"
    line.unit.set(Cause.LINK_CHANGE)
    assert (line.unit.cause, line.ups) == (Cause.RX_DONE | Cause.LINK_CHANGE, 2)
    line.unit.completed(Cause.RX_DONE, 7)
    line.unit.acknowledge(line.unit.cause)
    line.unit.coalesce(1, 0)
    assert (line.unit.cause, line.ups) == (Cause.RX_DONE, 3), "nothing stays behind when the rule changes"


@pytest.mark.every_loop
async def test_coalescing_by_time() -> None:
    with use_clock(VirtualClock()) as clock:
        line = Line()
        line.unit.enable()
        line.unit.coalesce(8, 100)
        line.unit.completed(Cause.RX_DONE, 1)
        await clock.advance(0.00006)
        line.unit.completed(Cause.RX_DONE, 1)
        await clock.advance(0.0000399)
        assert line.ups == 0
        await clock.advance(0.0000001)
        assert (line.unit.cause, line.ups) == (Cause.RX_DONE, 1)
        line.unit.acknowledge(line.unit.cause)
        line.unit.completed(Cause.RX_DONE, 8)
        line.unit.acknowledge(line.unit.cause)
        assert await clock.run_until_idle() == 0, "no alarm is left behind"
        assert line.ups == 2


@pytest.mark.every_loop
async def test_what_is_held_back_is_saved_with_its_time() -> None:
    with use_clock(VirtualClock()) as clock:
        line = Line()
        line.unit.enable()
        line.unit.coalesce(8, 100)
        line.unit.completed(Cause.RX_DONE, 1)
        await clock.advance(0.00003)
        state = line.unit.save()
        line.unit.reset()
        assert await clock.run_until_idle() == 0
        line.unit.restore(state)
        assert line.unit.save() == state
        assert (await clock.run_until_idle(), line.ups) == (0.00007, 1)


@pytest.mark.every_loop
async def test_a_nic_coalesces() -> None:
    with use_clock(VirtualClock()) as clock:
        nic = BusMasterNic("nic", paced=False)
        driver = Driver(nic)
        nic.connect(Sink())
        nic.write(Register.INTERRUPT_CAUSE, 0xFF)
        nic.write(Register.COALESCE_FRAMES, 4)
        nic.write(Register.COALESCE_MICROSECONDS, 20)
        nic.write(Register.INTERRUPT_MASK_SET, 0xFF)
        for number in range(3):
            driver.send(frame_of(PEER, number))
            nic.step()
        assert driver.interrupts == 0
        await clock.advance(0.00002)
        assert (driver.interrupts, driver.cause) == (1, Cause.TX_DONE | Cause.TX_QUEUE_EMPTY)


@pytest.mark.parametrize(("frames", "microseconds"), [(0, 0), (-1, 0), (1, 1_000_001)])
def test_bad_coalescing(frames: int, microseconds: int) -> None:
    line = Line()
    with pytest.raises(ValueError, match="from"):
        line.unit.coalesce(frames, microseconds)
    assert line.unit.coalescing == (1, 0)
