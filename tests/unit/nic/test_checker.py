"""The ring checker: each of its findings by a driver that is wrong, beside one that is right."""

from collections.abc import Callable

import pytest

from asyncndis.base import Probe, RuleViolation, observe
from asyncndis.nic import BusMasterNic, Control, Register
from tests.unit.nic.computer import END, OWN, Driver, Sink, frame_of

PEER = b"\x02\0\0\0\0\x07"


def checked(*, ring: int = 4) -> Driver:
    nic = BusMasterNic("nic", paced=False, check_rings=True)
    driver = Driver(nic, ring=ring)
    nic.connect(Sink())
    return driver


def ring_tx(driver: Driver, tail: int) -> None:
    driver.nic.write(Register.TX_TAIL, tail % 2**32)


def refill(driver: Driver, number: int, length: int = 64, flags: int = OWN | END) -> None:
    block = driver.computer.allocate(max(length, 1))
    driver.fill(driver.tx_ring, number, block.physical_address, length, flags)


def tail_goes_back(driver: Driver) -> None:
    driver.send(frame_of(PEER))
    ring_tx(driver, 0)


def tail_passes_head(driver: Driver) -> None:
    for number in range(5):
        refill(driver, number)
    ring_tx(driver, 5)


def not_filled_again(driver: Driver) -> None:
    driver.send(frame_of(PEER))
    driver.nic.step()
    for number in (1, 2, 3):
        refill(driver, number)
    ring_tx(driver, 5)  # the fifth is the first one, as the device left it


def length_not_filled_again(driver: Driver) -> None:
    driver.send(frame_of(PEER))
    driver.nic.step()
    for number in (1, 2, 3):
        refill(driver, number)
    driver.tx_ring.view[:8] = driver.tx_ring.view[16:24]
    ring_tx(driver, 5)


def without_own(driver: Driver) -> None:
    refill(driver, 0, flags=END)
    ring_tx(driver, 1)


def of_no_length(driver: Driver) -> None:
    refill(driver, 0, length=0)
    ring_tx(driver, 1)


def at_no_address(driver: Driver) -> None:
    driver.fill(driver.tx_ring, 0, 0x1000, 64)
    ring_tx(driver, 1)


def too_long_for_its_memory(driver: Driver) -> None:
    block = driver.computer.allocate(64)
    driver.fill(driver.rx_ring, 0, block.physical_address, 65)
    driver.nic.write(Register.RX_TAIL, 1)


def mapped_for_reading(driver: Driver) -> None:
    block = driver.computer.read_only(driver.computer.allocate(64))
    driver.fill(driver.rx_ring, 0, block.physical_address, 64)
    driver.nic.write(Register.RX_TAIL, 1)


def twice_the_same_memory(driver: Driver) -> None:
    block = driver.computer.allocate(128)
    for number in (0, 1):
        driver.fill(driver.rx_ring, number, block.physical_address + 32 * number, 64)
    driver.nic.write(Register.RX_TAIL, 2)


def touched_before_the_doorbell(driver: Driver) -> None:
    driver.send(frame_of(PEER))
    refill(driver, 0)
    driver.send(frame_of(PEER))


def touched_before_a_step(driver: Driver) -> None:
    driver.send(frame_of(PEER))
    driver.fill(driver.tx_ring, 0, driver.computer.blocks[-1].physical_address, 60)
    driver.nic.step()


def touched_before_a_frame_arrives(driver: Driver) -> None:
    driver.post(64, 64)
    driver.rx_ring.view[12] = 0
    driver.nic.receive(frame_of(driver.nic.mac))


def touched_before_a_register_is_read(driver: Driver) -> None:
    driver.post(64)
    driver.rx_ring.view[10] = 7
    driver.nic.read(Register.INTERRUPT_CAUSE)


def moved_while_on(driver: Driver) -> None:
    driver.nic.write(Register.RX_BASE_LOW, driver.tx_ring.physical_address, 8)


def wrong_before_it_was_on(driver: Driver) -> None:
    driver.nic.write(Register.CONTROL, 0)
    driver.nic.write(Register.TX_SIZE, 4)
    ring_tx(driver, 1)
    driver.nic.write(Register.CONTROL, Control.TX_ENABLE)


FINDINGS: list[tuple[Callable[[Driver], None], str]] = [
    (tail_goes_back, "DMA-06.*tx ring of nic: TAIL goes back from 1 to 0; it only counts on"),
    (tail_passes_head, "DMA-06.*TAIL goes from 0 to 5, past HEAD 0: only 4 of 4 descriptors are the driver's; wait"),
    (not_filled_again, "DMA-06.*the address of descriptor 0 was not filled since it came back; fill it anew"),
    (length_not_filled_again, "DMA-06.*the length of descriptor 0 was not filled since it came back; fill it anew"),
    (without_own, r"DMA-06.*the flags of descriptor 0 have no OWN \(0x2\); set it before the doorbell"),
    (of_no_length, "DMA-06.*the length of descriptor 0 is 0; leave empty pieces out"),
    (at_no_address, "DMA-05.*descriptor 0 names 64 bytes at 0x1000, which the device cannot reach; use the physical"),
    (too_long_for_its_memory, "DMA-05.*rx ring of nic.*descriptor 0 names 65 bytes"),
    (mapped_for_reading, "DMA-05.*descriptor 0 names memory at 0x.* that the device may only read; map it for writing"),
    (twice_the_same_memory, "DMA-06.*bytes at 0x.* of descriptor 1 are in use by descriptor 0 too; give each memory"),
    (touched_before_the_doorbell, "DMA-06.*the address of descriptor 0 was changed from 0x.* while the device owns"),
    (
        touched_before_a_step,
        "DMA-06.*the length of descriptor 0 was changed from 0x40 to 0x3c while the device owns it",
    ),
    (touched_before_a_frame_arrives, "DMA-06.*the flags of descriptor 0 was changed from 0x1 to 0x0"),
    (touched_before_a_register_is_read, "DMA-06.*the written of descriptor 0 was changed from 0x0 to 0x7"),
    (moved_while_on, "DMA-06.*rx ring of nic: its base or size is written while the device works it; switch it off"),
    (wrong_before_it_was_on, "DMA-06.*the flags of descriptor 0 have no OWN"),
]


@pytest.mark.parametrize(("wrong", "message"), FINDINGS, ids=[wrong.__name__ for wrong, _ in FINDINGS])
def test_findings(wrong: Callable[[Driver], None], message: str) -> None:
    with pytest.raises(RuleViolation, match=message) as caught:
        wrong(checked())
    assert caught.value.site.file.endswith(("test_checker.py", "computer.py")), "the driver's line is named"


@pytest.mark.parametrize("wrong", [without_own, of_no_length, at_no_address, tail_passes_head, tail_goes_back])
def test_a_doorbell_that_was_refused_was_not_heard(wrong: Callable[[Driver], None]) -> None:
    driver = checked()
    with pytest.raises(RuleViolation):
        wrong(driver)
    tail = driver.nic.read(Register.TX_TAIL)
    assert tail == (1 if wrong is tail_goes_back else 0)
    while driver.nic.step():
        pass
    driver.tx_tail = tail
    driver.send(frame_of(PEER))
    assert driver.nic.step() == 1


@pytest.mark.parametrize("ring", ["tx", "rx"])
def test_what_was_touched_is_reported_once(ring: str) -> None:
    driver = checked()
    driver.send(frame_of(PEER))
    driver.post(128)
    block = driver.computer.allocate(128)
    memory = driver.tx_ring if ring == "tx" else driver.rx_ring
    driver.fill(memory, 0, block.physical_address, 128, OWN | END)
    with pytest.raises(RuleViolation, match="the address of descriptor 0"):
        driver.nic.read(Register.STATUS)
    assert (driver.nic.step(), driver.nic.receive(frame_of(driver.nic.mac))) == (1, True)


def test_two_made_the_same_behind_its_back_come_back_all_the_same() -> None:
    driver = checked()
    driver.post(64, 64)
    driver.rx_ring.view[16:32] = driver.rx_ring.view[:16]
    with pytest.raises(RuleViolation, match="the address of descriptor 1 was changed"):
        driver.nic.read(Register.STATUS)
    assert driver.nic.receive_many([frame_of(driver.nic.mac)] * 2) == 2
    driver.post(64, 64, 64, 64)


def test_a_driver_that_keeps_the_rules() -> None:
    driver = checked()
    nic = driver.nic
    for number in range(50):
        driver.send(frame_of(PEER, number), b"x" * 40)
        driver.post(40, 64)
        assert nic.receive_many([frame_of(nic.mac, number)]) == 1
        assert nic.step() == 1
        assert nic.read(Register.TX_HEAD) == nic.read(Register.TX_TAIL) == 2 * number + 2
    nic.write(Register.CONTROL, 0)
    nic.write(Register.TX_SIZE, 2)
    assert (nic.statistics().tx_frames, nic.statistics().rx_frames) == (50, 50)


def test_memory_may_be_used_again_once_it_came_back() -> None:
    driver = checked()
    block = driver.computer.allocate(64)
    for number in range(9):
        driver.fill(driver.rx_ring, number, block.physical_address, 64, OWN)
        driver.nic.write(Register.RX_TAIL, number + 1)
        assert driver.nic.receive(frame_of(driver.nic.mac, number))
        assert bytes(block.view) == frame_of(driver.nic.mac, number)


def test_what_is_watched_shows_in_words() -> None:
    driver = checked()
    driver.send(frame_of(PEER))
    ring = driver.nic._tx
    assert repr(ring) == "<tx ring of nic 1 of 4 descriptors with the device, 0 given back>"
    assert repr(ring.checker) == "<RingChecker of tx ring of nic, 4 descriptors>"


def test_what_comes_back_is_poisoned() -> None:
    driver = checked()
    driver.send(frame_of(PEER))
    driver.nic.step()
    assert driver.tx_ring.view[:10] == b"\xff" * 10


def test_it_watches_where_a_probe_does() -> None:
    with observe(Probe()):
        driver = Driver(BusMasterNic("watched"), ring=4)
    with pytest.raises(RuleViolation, match="DMA-06"):
        without_own(driver)
    without_own(Driver(BusMasterNic("alone"), ring=4))
