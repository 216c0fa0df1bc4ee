"""The bus-master NIC: what its registers say and do, and what becomes of descriptors and frames."""

from dataclasses import replace

import pytest

from asyncndis.base import RuleViolation
from asyncndis.nic import (
    BusMasterNic,
    Cause,
    Control,
    DescriptorFlag,
    FrameFilter,
    NicCounter,
    Register,
    Status,
    multicast_registers,
    words_of_mac,
)
from tests.unit.nic.computer import ALL_KINDS, END, OWN, Computer, Driver, Sink, frame_of

DONE = DescriptorFlag.DONE | DescriptorFlag.END
BUS_ERROR = DONE | DescriptorFlag.ERROR | DescriptorFlag.BUS
LENGTH_ERROR = DONE | DescriptorFlag.ERROR | DescriptorFlag.LENGTH
PEER = b"\x02\0\0\0\0\x07"
GROUP = b"\x01\0\x5e\0\0\x01"
ALL = b"\xff" * 6


def connected(*, ring: int = 8, **options: object) -> tuple[BusMasterNic, Driver, Sink]:
    nic = BusMasterNic("nic", paced=False, **options)  # type: ignore[arg-type]  # options of the test's own
    driver, sink = Driver(nic, ring=ring), Sink()
    nic.connect(sink)
    return nic, driver, sink


def test_after_power_up() -> None:
    nic = BusMasterNic("nic", tx_ring=16, rx_ring=32, mac=PEER, max_frame=9018)
    nic.plug(Computer(), lambda: None)
    low, high = words_of_mac(PEER)
    expected = {
        Register.CONTROL: 0,
        Register.STATUS: 0,
        Register.INTERRUPT_CAUSE: 0,
        Register.INTERRUPT_MASK: 0,
        Register.COALESCE_FRAMES: 1,
        Register.COALESCE_MICROSECONDS: 0,
        Register.RECEIVE_FILTER: 0,
        Register.MAC_LOW: low,
        Register.MAC_HIGH: high,
        Register.LINK_SPEED: 1_000_000,
        Register.MAX_FRAME: 9018,
        Register.TX_SIZE: 16,
        Register.RX_SIZE: 32,
        Register.TX_HEAD: 0,
        Register.RX_TAIL: 0,
    }
    assert {register: nic.read(register) for register in expected} == expected
    assert repr(nic) == "<BusMasterNic 'nic' 02:00:00:00:00:07 link down, sent 0 (0 pending), received 0>"


def test_the_address_comes_from_the_name_the_same_each_time() -> None:
    assert BusMasterNic("a").mac == BusMasterNic("a").mac != BusMasterNic("b").mac
    assert BusMasterNic("a").mac[:2] == b"\x02\0"


def test_registers_keep_what_was_written() -> None:
    nic, driver, _ = connected()
    nic.write(Register.MAC_LOW, 0x04030202)
    nic.write(Register.MAC_HIGH, 0x0605)
    nic.write(Register.COALESCE_FRAMES, 8)
    nic.write(Register.COALESCE_MICROSECONDS, 50)
    assert [nic.read(register) for register in (Register.MAC_LOW, Register.MAC_HIGH)] == [0x04030202, 0x0605]
    assert [nic.read(Register.COALESCE_FRAMES), nic.read(Register.COALESCE_MICROSECONDS)] == [8, 50]
    assert nic.read(Register.TX_BASE_LOW, 8) == driver.tx_ring.physical_address
    assert nic.read(Register.RX_BASE_HIGH) == driver.rx_ring.physical_address >> 32
    assert nic.read(Register.RX_BASE_LOW) == driver.rx_ring.physical_address & 0xFFFFFFFF
    assert nic.read(Register.CONTROL) == Control.TX_ENABLE | Control.RX_ENABLE
    assert nic.read(Register.RECEIVE_FILTER) == ALL_KINDS
    driver.nic.write(Register.INTERRUPT_MASK_SET, 0x0F)
    nic.write(Register.INTERRUPT_MASK_CLEAR, Cause.TX_DONE)
    masks = (Register.INTERRUPT_MASK, Register.INTERRUPT_MASK_SET, Register.INTERRUPT_MASK_CLEAR)
    assert [nic.read(mask) for mask in masks] == [0x0E] * 3


@pytest.mark.parametrize("offset", [0x034, 0x080, Register.COUNTERS + 8 * len(NicCounter), Register.MULTICAST + 256])
def test_no_such_register(offset: int) -> None:
    nic, _, _ = connected()
    with pytest.raises(ValueError, match=f"no register at {offset:#x}"):
        nic.read(offset)
    with pytest.raises(ValueError, match=f"no register to write at {offset:#x}"):
        nic.write(offset, 0)


@pytest.mark.parametrize("register", [Register.STATUS, Register.TX_HEAD, Register.COUNTERS, Register.LINK_SPEED])
def test_some_registers_are_read_only(register: Register) -> None:
    with pytest.raises(ValueError, match="no register to write"):
        connected()[0].write(register, 0)


def test_bad_accesses() -> None:
    nic, _, _ = connected()
    for offset, size in ((1, 4), (4, 8), (0, 2)):
        with pytest.raises(ValueError, match="a register access"):
            nic.read(offset, size)
    with pytest.raises(ValueError, match="value is from 0"):
        nic.write(0, 1 << 32)
    for register, value in ((Register.TX_SIZE, 3), (Register.TX_SIZE, 512), (Register.RECEIVE_FILTER, 0x10)):
        before = nic.read(register)
        with pytest.raises(ValueError, match=r"descriptors|receive filter"):
            nic.write(register, value)
        assert nic.read(register) == before


@pytest.mark.parametrize(
    "options",
    [
        {"tx_ring": 3}, {"rx_ring": 1}, {"mac": b"12345"}, {"mac": GROUP}, {"max_frame": 59}, {"burst": 0},
        {"link_bits_per_second": 0}, {"multicast_limit": -1},
    ],
)  # fmt: skip
def test_bad_options(options: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"from|power of two|group address"):
        BusMasterNic(**options)  # type: ignore[arg-type]  # the mistake that is tested


def test_a_frame_is_sent() -> None:
    nic, driver, sink = connected()
    frame = frame_of(PEER)
    driver.send(frame)
    assert sink.frames == []
    assert nic.read(Register.STATUS) == Status.LINK_UP | Status.TX_BUSY
    assert (nic.step(), nic.step()) == (1, 0)
    assert sink.frames == [frame]
    assert driver.sent(0)[1] == DONE
    assert (nic.read(Register.TX_HEAD), nic.read(Register.STATUS)) == (1, Status.LINK_UP)
    assert driver.cause & (Cause.TX_DONE | Cause.TX_QUEUE_EMPTY) == Cause.TX_DONE | Cause.TX_QUEUE_EMPTY


def test_a_frame_in_pieces_goes_when_all_of_it_is_there() -> None:
    nic, driver, sink = connected()
    frame = frame_of(PEER, length=100)
    first = driver.computer.allocate(14, frame[:14])
    driver.fill(driver.tx_ring, 0, first.physical_address, 14, OWN)
    nic.write(Register.TX_TAIL, 1)
    assert (nic.step(), nic.read(Register.TX_HEAD)) == (0, 0)
    driver.tx_tail = 1
    driver.send(frame[14:50], b"", frame[50:])
    assert nic.step() == 1
    assert sink.frames == [frame]
    assert [driver.sent(number)[1] for number in range(4)] == [DescriptorFlag.DONE] * 3 + [DONE]


def test_short_frames_are_padded_and_steps_are_limited() -> None:
    nic, driver, sink = connected()
    for number in range(5):
        driver.send(frame_of(PEER, number, length=20))
    assert [nic.step(2), nic.step(2), nic.step(2)] == [2, 2, 1]
    assert sink.frames == [frame_of(PEER, number, length=20).ljust(60, b"\0") for number in range(5)]


def test_the_whole_ring_is_used_and_wraps() -> None:
    nic, driver, sink = connected(ring=4)
    sent = [frame_of(PEER, number) for number in range(23)]
    left = sent.copy()
    while left:
        for frame in left[:4]:
            driver.send(frame)
        assert nic.statistics().tx_pending == len(left[:4])
        left = left[4:]
        while nic.step(3):
            pass
    assert sink.frames == sent


def test_positions_wrap_at_32_bits() -> None:
    nic, driver, sink = connected(ring=4)
    state = nic.save()
    nic.restore(replace(state, tx=replace(state.tx, head=2**32 - 2, tail=2**32 - 2)))
    for number in range(4):
        driver.tx_tail = number - 2
        block = driver.computer.allocate(64, frame_of(PEER, number))
        driver.fill(driver.tx_ring, number - 2, block.physical_address, 64)
        nic.write(Register.TX_TAIL, (number - 1) % 2**32)
    assert nic.step(9) == 4
    assert sink.frames == [frame_of(PEER, number) for number in range(4)]
    assert nic.read(Register.TX_HEAD) == 2


def test_what_the_driver_did_not_hand_over_is_left_alone() -> None:
    nic, driver, sink = connected()
    block = driver.computer.allocate(64, frame_of(PEER))
    driver.fill(driver.tx_ring, 0, block.physical_address, 64, END)
    nic.write(Register.TX_TAIL, 1)
    assert (nic.step(), sink.frames) == (0, [])
    nic.write(Register.TX_TAIL, 4_000_000_000)  # nonsense: hardware does not crash
    driver.fill(driver.tx_ring, 0, block.physical_address, 64)
    assert nic.step(99) == 1


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_bad_address_is_reported_and_the_ring_goes_on(pieces: int) -> None:
    nic, driver, sink = connected()
    for number in range(pieces):
        driver.fill(driver.tx_ring, number, 0x1000, 64, OWN | END if number == pieces - 1 else OWN)
    driver.tx_tail = pieces
    driver.send(frame_of(PEER))
    assert nic.step(9) == 2
    assert sink.frames == [frame_of(PEER)]
    assert driver.sent(pieces - 1)[1] == BUS_ERROR
    assert driver.cause & Cause.BUS_ERROR
    assert (nic.statistics().tx_errors, nic.statistics().tx_frames) == (1, 1)


@pytest.mark.parametrize("length", [13, 1519])
def test_a_wrong_length_is_reported(length: int) -> None:
    nic, driver, sink = connected()
    driver.send(bytes(length))
    assert nic.step() == 1
    assert (sink.frames, driver.sent(0)[1]) == ([], LENGTH_ERROR)
    assert driver.cause == Cause.LINK_CHANGE | Cause.TX_DONE | Cause.TX_QUEUE_EMPTY


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_violation_that_the_bus_reports_comes_through_and_loses_one_frame(pieces: int) -> None:
    nic, driver, sink = connected()
    driver.send(frame_of(PEER, 1))
    blocks = driver.send(*[frame_of(PEER, 2)] * pieces)
    driver.send(frame_of(PEER, 3))
    driver.computer.refused.add(blocks[0].physical_address)
    with pytest.raises(RuleViolation, match="DMA-01"):
        nic.step(9)
    assert sink.frames == [frame_of(PEER, 1)]
    assert driver.sent(1)[1] | END == BUS_ERROR
    assert nic.step(9) == 1
    assert sink.frames == [frame_of(PEER, 1), frame_of(PEER, 3)]


def test_without_carrier_frames_are_given_back() -> None:
    nic, driver, sink = connected()
    nic.set_link(False)
    driver.send(frame_of(PEER))
    driver.send(frame_of(PEER)[:30], frame_of(PEER)[30:])
    assert nic.step(9) == 2
    flags = DONE | DescriptorFlag.ERROR | DescriptorFlag.NO_CARRIER
    assert (sink.frames, driver.sent(0)[1], driver.sent(2)[1]) == ([], flags, flags)
    assert (nic.statistics().tx_no_carrier, nic.statistics().tx_frames) == (2, 0)


def test_a_frame_is_received() -> None:
    nic, driver, _ = connected()
    (block,) = driver.post(2048)
    frame = frame_of(nic.mac)
    assert nic.receive(frame)
    assert bytes(block.view[:64]) == frame
    assert driver.received(0) == (64, DONE)
    assert driver.cause & Cause.RX_DONE
    assert nic.statistics().rx_pending == 0


def test_a_long_frame_takes_several_descriptors() -> None:
    nic, driver, _ = connected()
    blocks = driver.post(40, 40, 40, 40)
    frame = frame_of(nic.mac, length=100)
    assert nic.receive(frame)
    assert b"".join(bytes(block.view) for block in blocks[:3])[:100] == frame
    assert [driver.received(number) for number in range(3)] == [
        (40, DescriptorFlag.DONE), (40, DescriptorFlag.DONE), (20, DONE),
    ]  # fmt: skip
    assert not nic.receive(frame), "one descriptor is left, which is too little"
    assert nic.receive(frame_of(nic.mac, length=40))
    assert nic.statistics().rx_no_buffer == 1


def test_out_of_descriptors() -> None:
    nic, driver, _ = connected()
    driver.post(2048, 2048)
    assert nic.receive_many([frame_of(nic.mac, number) for number in range(5)]) == 2
    assert driver.cause & Cause.RX_NO_DESCRIPTOR
    assert nic.statistics().rx_no_buffer == 3
    driver.fill(driver.rx_ring, 2, driver.post(64)[0].physical_address, 64, 0)
    assert not nic.receive(frame_of(nic.mac)), "it is not handed over without OWN"


@pytest.mark.parametrize("lengths", [[64], [32, 32]])
@pytest.mark.parametrize("kind", ["nowhere", "read only"])
def test_memory_that_cannot_be_written_loses_the_frame(kind: str, lengths: list[int]) -> None:
    nic, driver, _ = connected()
    for block in driver.post(*lengths):
        if kind == "nowhere":
            driver.computer.blocks.remove(block)
        else:
            driver.computer.read_only(block)
    driver.post(64)
    assert nic.receive_many([frame_of(nic.mac, 1), frame_of(nic.mac, 2)]) == 1
    assert driver.received(len(lengths) - 1) == (0, BUS_ERROR)
    assert driver.received(len(lengths)) == (64, DONE)
    assert (nic.statistics().rx_errors, nic.statistics().rx_frames) == (1, 1)
    assert driver.cause & Cause.BUS_ERROR


@pytest.mark.parametrize("lengths", [[64], [32, 32]])
def test_a_violation_while_receiving(lengths: list[int]) -> None:
    nic, driver, _ = connected()
    driver.post(64)
    driver.computer.refused.add(driver.post(*lengths)[0].physical_address)
    driver.post(64)
    with pytest.raises(RuleViolation, match="DMA-01"):
        nic.receive_many([frame_of(nic.mac, number) for number in range(2)])
    assert driver.received(0) == (64, DONE)
    assert nic.receive(frame_of(nic.mac))
    assert (nic.statistics().rx_errors, nic.statistics().rx_frames) == (1, 2)


def test_what_passes_the_filter() -> None:
    nic, driver, _ = connected(ring=16)
    driver.post(*[64] * 16)
    for register, value in multicast_registers(3, GROUP):
        nic.write(register, value)
    other = b"\x01\0\x5e\0\0\x02"
    frames = [frame_of(address) for address in (nic.mac, GROUP, other, ALL, PEER)]

    def passed(rule: int) -> list[bool]:
        nic.write(Register.RECEIVE_FILTER, rule)
        return [nic.receive(frame) for frame in frames]

    assert passed(0) == [False] * 5
    assert passed(FrameFilter.DIRECTED) == [True, False, False, False, False]
    assert passed(FrameFilter.MULTICAST) == [False, True, False, False, False]
    assert passed(FrameFilter.ALL_MULTICAST) == [False, True, True, False, False]
    assert passed(FrameFilter.BROADCAST) == [False, False, False, True, False]
    assert passed(FrameFilter.PROMISCUOUS) == [True] * 5
    assert nic.statistics().rx_filtered == 5 + 4 + 4 + 3 + 4
    for register, value in multicast_registers(3, None):
        assert nic.read(register) != 0
        nic.write(register, value)
    assert passed(FrameFilter.MULTICAST) == [False] * 5


def test_what_is_not_received_is_counted_by_its_reason() -> None:
    nic, driver, _ = connected()
    driver.post(2048)
    assert not nic.receive_many([])
    assert nic.receive_many([bytes(13), frame_of(nic.mac, length=1519), frame_of(PEER)]) == 0
    nic.set_link(False)
    assert not nic.receive(frame_of(nic.mac))
    nic.set_link(True)
    nic.write(Register.CONTROL, Control.TX_ENABLE)
    assert not nic.receive(frame_of(nic.mac))
    now = nic.statistics()
    assert (now.rx_errors, now.rx_oversize, now.rx_filtered, now.rx_off, now.rx_frames) == (1, 1, 1, 2, 0)
    with pytest.raises(TypeError, match="frame is a bytes"):
        nic.receive("frame")  # type: ignore[arg-type]  # the mistake that is tested


def test_counters_by_kind_and_as_registers() -> None:
    nic, driver, _ = connected()
    driver.post(*[128] * 3)
    for length, address in ((60, nic.mac), (70, GROUP), (80, ALL)):
        driver.send(frame_of(address, length=length))
        nic.write(Register.RECEIVE_FILTER, ALL_KINDS | FrameFilter.ALL_MULTICAST)
        nic.receive(frame_of(address, length=length))
    nic.step(9)
    now = nic.statistics()
    assert (now.tx_directed_bytes, now.tx_multicast_bytes, now.tx_broadcast_bytes) == (60, 70, 80)
    assert (now.rx_directed_frames, now.rx_multicast_frames, now.rx_broadcast_frames) == (1, 1, 1)
    assert (now.tx_frames, now.tx_bytes, now.rx_frames, now.rx_bytes) == (3, 210, 3, 210)
    assert nic.read(Register.COUNTERS + 8 * NicCounter.RX_MULTICAST_BYTES, 8) == 70
    assert nic.read(Register.COUNTERS + 8 * NicCounter.RX_MULTICAST_BYTES + 4) == 0
    assert nic.read(Register.COUNTERS + 8 * NicCounter.TX_BROADCAST_FRAMES) == 1


def test_the_interrupt_line() -> None:
    nic, driver, _ = connected()
    assert (driver.cause, nic.line(), driver.interrupts) == (Cause.LINK_CHANGE, False, 0)
    nic.write(Register.INTERRUPT_MASK_SET, Cause.LINK_CHANGE)
    assert (nic.line(), driver.interrupts) == (True, 1)
    nic.set_link(False)
    assert driver.interrupts == 1, "the line was up already"
    nic.write(Register.INTERRUPT_CAUSE, Cause.LINK_CHANGE)
    assert (nic.line(), driver.cause) == (False, Cause(0))
    nic.set_link(True)
    assert (driver.interrupts, nic.statistics().interrupts) == (2, 2)


def test_switching_off_keeps_the_ring_and_a_reset_does_not() -> None:
    nic, driver, sink = connected()
    driver.send(frame_of(PEER))
    nic.write(Register.CONTROL, 0)
    assert nic.step() == 0
    nic.write(Register.CONTROL, Control.TX_ENABLE)
    assert nic.step() == 1
    driver.send(frame_of(PEER))
    nic.write(Register.INTERRUPT_MASK_SET, 0xFF)
    nic.write(Register.CONTROL, Control.RESET)
    assert (nic.step(), nic.line(), nic.read(Register.TX_TAIL), nic.read(Register.TX_BASE_LOW, 8)) == (0, False, 0, 0)
    assert (nic.read(Register.CONTROL), nic.read(Register.STATUS)) == (0, Status.LINK_UP)
    assert nic.statistics().tx_frames == 0
    assert len(sink.frames) == 1


def test_moving_a_ring_starts_it_over_switched_off() -> None:
    nic, driver, _ = connected(check_rings=False)
    driver.send(frame_of(PEER))
    nic.write(Register.TX_SIZE, 4)
    assert (nic.read(Register.TX_TAIL), nic.read(Register.CONTROL), nic.step()) == (0, Control.RX_ENABLE, 0)


@pytest.mark.parametrize("kind", ["nowhere", "not aligned", "read only"])
def test_a_ring_that_the_bus_does_not_reach_stays_off(kind: str) -> None:
    nic = BusMasterNic("nic")
    driver = Driver(nic, on=False)
    address = driver.tx_ring.physical_address
    if kind == "read only":
        driver.computer.read_only(driver.tx_ring)
    elif kind == "nowhere":
        nic.write(Register.TX_BASE_LOW, 0x1000, 8)
    else:
        nic.write(Register.TX_BASE_LOW, address + 8, 8)
        nic.write(Register.TX_SIZE, 4)
    nic.write(Register.CONTROL, Control.TX_ENABLE | Control.RX_ENABLE)
    assert nic.read(Register.CONTROL) == Control.RX_ENABLE
    assert driver.cause == Cause.BUS_ERROR


def test_taken_out_by_surprise() -> None:
    nic, driver, _ = connected()
    driver.send(frame_of(PEER))
    nic.write(Register.INTERRUPT_MASK_SET, 0xFF)
    nic.unplug()
    assert (nic.read(Register.STATUS), nic.read(Register.TX_BASE_LOW, 8)) == (0xFFFFFFFF, 2**64 - 1)
    nic.write(Register.TX_TAIL, 3)
    nic.set_link(False)
    assert (nic.step(9), nic.receive(frame_of(nic.mac)), nic.line(), driver.interrupts) == (0, False, False, 1)
    assert "not plugged in" in repr(nic)
    Driver(nic, driver.computer)
    assert nic.read(Register.CONTROL) == Control.TX_ENABLE | Control.RX_ENABLE
    with pytest.raises(ValueError, match="is plugged in already"):
        nic.plug(driver.computer, lambda: None)


def test_bad_plugs() -> None:
    nic = BusMasterNic("nic")
    with pytest.raises(TypeError, match="bus is a Bus, not NoneType"):
        nic.plug(None, lambda: None)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(TypeError, match="on_interrupt is a function"):
        nic.plug(Computer(), None)  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(ValueError, match="plug it in first"):
        nic.restore(connected()[0].save())
    nic.plug(Computer(), lambda: None)


def test_save_and_restore() -> None:
    nic, driver, sink = connected(check_rings=True)
    for register, value in multicast_registers(0, GROUP):
        nic.write(register, value)
    for number in range(5):
        driver.send(frame_of(PEER, number))
    driver.post(2048, 2048)
    nic.step(2)
    state, memory = nic.save(), [bytes(block.view) for block in driver.computer.blocks]
    outcomes: list[object] = []
    for _ in range(2):
        sink.frames.clear()
        nic.step(2)
        nic.receive_many([frame_of(nic.mac), frame_of(GROUP), frame_of(ALL)])
        nic.set_link(False)
        nic.step(9)
        outcomes.append((tuple(sink.frames), nic.save(), nic.statistics(), driver.cause))
        for block, content in zip(driver.computer.blocks, memory, strict=True):
            block.view[:] = content
        nic.restore(state)
        assert nic.save() == state
    assert outcomes[0] == outcomes[1]


def test_what_a_debugger_sees() -> None:
    nic, driver, _ = connected(check_rings=True)
    for number in range(3):
        driver.send(frame_of(PEER, number))
    driver.post(2048, 2048)
    nic.step(2)
    assert nic.rings() == {"tx": (1, 8), "rx": (2, 8)}
    registers = nic.registers()
    assert (registers["TX_HEAD"], registers["TX_TAIL"], registers["RX_TAIL"]) == (2, 3, 2)
    assert registers == {name: nic.read(Register[name]) for name in registers}
